/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt_sign.h"

#include "jsonout.h"

bool mock_jwt_sign(struct sts_text *out, const struct mock_signer *signer, enum mock_alg alg,
		   const char *kid, struct sts_slice claims)
{
	char header_buf[512];
	uint8_t signature[MOCK_SIGNATURE_BYTES];
	size_t start = out->len, signature_len = 0;
	struct sts_text header;

	sts_text_init(&header, header_buf, sizeof(header_buf));
	sts_text_addf(&header, "{\"alg\":\"%s\"", mock_alg_name(alg));
	if (kid) {
		sts_text_add_str(&header, ",\"kid\":");
		mock_json_add_string(&header, sts_slice_of(kid), false);
	}
	sts_text_add_str(&header, ",\"typ\":\"JWT\"}");
	mock_add_base64url(out, header.data, header.len);
	sts_text_add_char(out, '.');
	mock_add_base64url(out, claims.data, claims.len);
	if (alg != MOCK_ALG_NONE) {
		signature_len = mock_sign(signer, out->data + start, out->len - start, true,
					  signature);
		if (signature_len == 0)
			return false;
	}
	sts_text_add_char(out, '.');
	mock_add_base64url(out, signature, signature_len);
	return !out->overflow;
}
