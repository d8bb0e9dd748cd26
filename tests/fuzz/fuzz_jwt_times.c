/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times of a JWT. After a first byte of '{' the input is the text of the claims, which is
 * encoded here. The reader of times is compared with json.h: what json.h accepts has the same times
 * here. The same text in base64 with padding, and of the other alphabet, has the same times, too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "base64url.h"
#include "json_xml/json.h"
#include "token/expiry.h"
#include "token/jwt_times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (32 * 1024)

static char made[2 * INPUT_MAX], scratch[INPUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const struct sts_jwt_claims *a, const struct sts_jwt_claims *b)
{
	return a->exp_s == b->exp_s && a->nbf_s == b->nbf_s && a->iat_s == b->iat_s &&
	       a->is_jwt == b->is_jwt && a->is_exp_bad == b->is_exp_bad;
}

/* The time that json.h finds; -1 where there is none. */
static int64_t strict_time(const struct sts_json *root, const char *pointer, bool *bad)
{
	const struct sts_json *v;
	double number;
	int64_t seconds = -1;

	*bad = sts_json_at(root, pointer, &v, NULL) != STS_OK;
	if (*bad || !v)
		return -1;
	if (sts_json_number(v, &number))
		return number <= 0                         ? 0
		       : number >= (double)STS_EPOCH_MAX_S ? STS_EPOCH_MAX_S
							   : (int64_t)number;
	*bad = !sts_expiry_value(v, STS_EXPIRY_ABSOLUTE, &seconds);
	return *bad ? -1 : seconds;
}

static void compare(struct sts_slice claims, const struct sts_jwt_claims *times)
{
	const struct sts_json *root;
	bool exp_bad, bad;

	if (sts_json_parse(claims, &root, NULL) != STS_OK ||
	    sts_json_kind(root) != STS_JSON_OBJECT) {
		sts_json_close();
		return;
	}
	require(times->is_jwt);
	require(times->exp_s == strict_time(root, "/exp", &exp_bad));
	require(times->is_exp_bad == exp_bad);
	require(times->nbf_s == strict_time(root, "/nbf", &bad));
	require(times->iat_s == strict_time(root, "/iat", &bad));
	sts_json_close();
}

static struct sts_slice encode(struct sts_slice claims, bool odd)
{
	struct sts_text t;

	sts_text_init(&t, made, sizeof(made));
	sts_text_add_str(&t, "e30.");
	if (odd)
		sts_base64_encode(&t, claims.data, claims.len);
	else
		base64url_encode(&t, claims.data, claims.len);
	sts_text_add_str(&t, ".");
	return (struct sts_slice){t.data, t.len};
}

static void check_range(int64_t t)
{
	require(t >= -1 && t <= STS_EPOCH_MAX_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice input = {(const char *)data, size};
	struct sts_jwt_claims times, again;
	bool is_clear = size > 0 && data[0] == '{';

	if (size > INPUT_MAX)
		return 0;
	enum sts_err err = sts_jwt_times(is_clear ? encode(input, false) : input, scratch,
					 sizeof(scratch), &times, NULL);

	require(err == STS_OK || err == STS_ETOKEN);
	require(err != STS_OK || (times.is_jwt && !times.is_exp_bad));
	require(times.is_jwt || (times.exp_s == -1 && times.nbf_s == -1 && times.iat_s == -1));
	require(!times.is_exp_bad || times.exp_s == -1);
	check_range(times.exp_s);
	check_range(times.nbf_s);
	check_range(times.iat_s);
	if (!is_clear)
		return 0;
	require(sts_jwt_times(encode(input, true), scratch, sizeof(scratch), &again, NULL) == err);
	require(same(&times, &again));
	/* The claims stand in scratch without the NUL bytes that they had. */
	if (!memchr(data, '\0', size))
		compare(input, &times);
	return 0;
}
