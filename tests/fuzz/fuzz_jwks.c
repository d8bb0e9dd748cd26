/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token, a line feed, and a document of an issuer. If the first byte is '{', the first line is
 * the text of a header instead, and the token is made here with claims and a signature. The token
 * is verified with the document as a JWKS, and the document is read as that of an issuer. An error
 * is one of those that the headers name, and its message is printable.
 */
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "verify/issuer.h"
#include "verify/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (32 * 1024)

static char made[2 * INPUT_MAX], scratch[2 * INPUT_MAX], copy[INPUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct sts_slice encode(struct sts_slice header)
{
	struct sts_text t;

	sts_text_init(&t, made, sizeof(made));
	base64url_encode(&t, header.data, header.len);
	sts_text_add_str(&t, ".e30.");
	for (int i = 0; i < 86; i++)
		sts_text_add_char(&t, "AQgw"[i % 4]);
	return (struct sts_slice){t.data, t.len};
}

static void check(enum sts_err err, const struct sts_error *e)
{
	if (err == STS_OK)
		return;
	require(e->code == err && e->detail >= 0 && e->detail < STS_VERIFY__COUNT);
	require(err == STS_ETOKEN || err == STS_ETOOBIG || err == STS_EANSWER || err == STS_EJSON ||
		err == STS_EHTML || err == STS_EEMPTY);
	for (const char *c = e->msg; *c; c++)
		require(*c >= ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice document = {(const char *)data, size}, token;
	struct sts_issuer_document read;
	struct sts_jws jws;
	struct sts_error e = {0};
	enum sts_err err;

	if (size > INPUT_MAX || !sts_slice_take_line(&document, &token))
		return 0;
	if (sts_slice_starts(token, "{"))
		token = encode(token);
	err = sts_jws_read(token, scratch, sizeof(scratch), &jws, &e);
	check(err, &e);
	if (err == STS_OK) {
		require(jws.signature_len > 0 && jws.signature_len <= sizeof(jws.signature));
		require(strlen(sts_jws_algorithm(&jws)) == 5);
		check(sts_jws_verify(&jws, document, &e), &e);
	}
	if (document.len == 0)
		return 0;
	memcpy(copy, document.data, document.len);
	err = sts_issuer_read(copy, document.len, STS_SLICE("https://sts.example"), &read, &e);
	check(err, &e);
	if (err == STS_OK) {
		require((read.keys.len > 0) != (read.keys_url.len > 0));
		check(sts_jws_read(token, scratch, sizeof(scratch), &jws, &e) == STS_OK
			      ? sts_jws_verify(&jws, read.keys, &e)
			      : STS_OK,
		      &e);
	}
	return 0;
}
