/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/sigcert.h"

#include "json_xml/json.h"

/* The end of an exchange URL of OpenUnison. */
#define TAIL "/token/user"

bool sts_sigcert_url(const char *exchange_url, struct sts_url *url)
{
	struct sts_slice text = sts_slice_of(exchange_url);
	size_t tail = sizeof(TAIL) - 1;
	char buf[STS_URL_MAX_BYTES];
	struct sts_text changed;

	if (text.len < tail ||
	    !sts_slice_eq((struct sts_slice){text.data + text.len - tail, tail}, TAIL))
		return false;
	sts_text_init(&changed, buf, sizeof(buf));
	sts_text_add(&changed, text.data, text.len - tail);
	sts_text_addf(&changed, "/sig-cert");
	return !changed.overflow &&
	       sts_url_parse((struct sts_slice){buf, changed.len}, url, NULL) == STS_OK;
}

static bool read_thumbprint(struct sts_slice body, uint8_t *out)
{
	const struct sts_json *root, *value;
	struct sts_slice hex;
	bool ok = sts_json_parse(body, &root, NULL) == STS_OK &&
		  sts_json_at(root, "/thumbprint", &value, NULL) == STS_OK && value &&
		  sts_json_string(value, &hex) && sts_hex_decode(hex, out, STS_THUMBPRINT_BYTES);

	sts_json_close();
	return ok;
}

enum sts_err sts_sigcert_read(const struct sts_http_head *head, struct sts_slice body,
			      uint8_t *thumbprint, bool *found, struct sts_error *e)
{
	*found = false;
	if (head->status >= 200 && head->status < 300)
		*found = read_thumbprint(body, thumbprint);
	else if (head->status != 404 && (head->status < 300 || head->status >= 400))
		return sts_fail(e, STS_EBUSY, head->status, "unexpected status %d", head->status);
	return STS_OK;
}
