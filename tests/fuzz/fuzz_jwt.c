/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JWT. After a first byte of '{' the input is the text of the header, a line feed and the text of
 * the claims, which are encoded here. The parts of a token join to the same bytes again. A
 * description is printable, and a description in JSON is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "base64url.h"
#include "token/jwt.h"
#include "token/jwt_times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW       1768233600
#define INPUT_MAX (32 * 1024)

static char made[2 * INPUT_MAX], joined[2 * INPUT_MAX], scratch[2 * INPUT_MAX], shown[1024 * 1024];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static struct sts_slice encode(struct sts_slice clear)
{
	const char *end = memchr(clear.data, '\n', clear.len);
	size_t header = end ? (size_t)(end - clear.data) : clear.len;
	size_t claims = end ? clear.len - header - 1 : 0;
	struct sts_text t;

	sts_text_init(&t, made, sizeof(made));
	base64url_encode(&t, clear.data, header);
	sts_text_add_char(&t, '.');
	base64url_encode(&t, clear.data + clear.len - claims, claims);
	sts_text_add_str(&t, ".c2ln");
	return (struct sts_slice){t.data, t.len};
}

static void check_split(struct sts_slice token, const struct sts_jwt *jwt)
{
	struct sts_text t;

	sts_text_init(&t, joined, sizeof(joined));
	base64url_encode(&t, jwt->header.data, jwt->header.len);
	sts_text_add_char(&t, '.');
	base64url_encode(&t, jwt->claims.data, jwt->claims.len);
	sts_text_add_char(&t, '.');
	require(t.len <= token.len && memcmp(t.data, token.data, t.len) == 0);
	require(sts_slice_has_only((struct sts_slice){token.data + t.len, token.len - t.len},
				   "-_"));
}

static void check_time(int64_t t)
{
	require(t >= -1 && t <= STS_EPOCH_MAX_S);
}

static void check_shown(struct sts_slice token, bool json)
{
	const struct sts_json *root;
	struct sts_text t;
	struct sts_error e = {0};

	sts_text_init(&t, shown, sizeof(shown));
	enum sts_err err = sts_jwt_describe(token, false, NOW, json, scratch, sizeof(scratch), &t,
					    &e);

	if (err != STS_OK) {
		require(e.code == err && (err == STS_ETOKEN || err == STS_ETOOBIG));
		return;
	}
	for (size_t i = 0; i < t.len; i++)
		require((t.data[i] >= ' ' && t.data[i] <= '~') || t.data[i] == '\n');
	require(t.data[t.len - 1] == '\n');
	if (!json)
		return;
	/* The document stands one level deeper and in a larger text, so that it may be out of a
	 * bound of the reader. */
	err = sts_json_parse((struct sts_slice){t.data, t.len}, &root, &e);
	require(err == STS_OK || err == STS_ETOOBIG || strstr(e.msg, "levels"));
	sts_json_close();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice token = {(const char *)data, size};
	struct sts_jwt_claims times;
	struct sts_jwt jwt;
	bool has = false;

	if (size > INPUT_MAX)
		return 0;
	if (size > 0 && data[0] == '{')
		token = encode(token);
	if (sts_jwt_split(token, scratch, sizeof(scratch), &jwt, NULL) == STS_OK)
		check_split(token, &jwt);

	enum sts_err err = sts_jwt_times(token, scratch, sizeof(scratch), &times, NULL);

	require(err == STS_OK || err == STS_ETOKEN || err == STS_ETOOBIG);
	check_time(times.exp_s);
	check_time(times.nbf_s);
	check_time(times.iat_s);
	sts_jwt_has_audience(token, STS_SLICE("aud"), scratch, sizeof(scratch), &has, NULL);
	sts_jwt_has_issuer(token, STS_SLICE("iss"), scratch, sizeof(scratch), &has, NULL);
	check_shown(token, false);
	check_shown(token, true);
	return 0;
}
