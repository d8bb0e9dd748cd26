/* SPDX-License-Identifier: Apache-2.0 */
#include "token/jwt_times.h"

#include "base/base64.h"
#include "base64url.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EXP      1768234289
#define E        "{\"exp\":1768234289,\"n\":"

static char scratch[4096], made[4096];
static struct sts_error error;

static struct sts_slice token_of(struct sts_slice claims)
{
	struct sts_text text;

	sts_text_init(&text, made, sizeof(made));
	sts_text_add_str(&text, "eyJhbGciOiJIUzI1NiJ9.");
	base64url_encode(&text, claims.data, claims.len);
	sts_text_add_str(&text, ".c2ln");
	return (struct sts_slice){text.data, text.len};
}

static enum sts_err read_times(struct sts_slice token, struct sts_jwt_claims *times)
{
	*times = (struct sts_jwt_claims){1, 2, 3, false, false};
	return sts_jwt_times(token, scratch, sizeof(scratch), times, &error);
}

static void times(void)
{
	static const struct {
		const char *claims;
		enum sts_err err;
		int64_t exp_s, nbf_s, iat_s;
	} rows[] = {
		{"{}", STS_OK, -1, -1, -1},
		{"{\"exp\":1768234289,\"nbf\":1768233329,\"iat\":1768233389}", STS_OK, 1768234289,
		 1768233329, 1768233389},
		{"{\"exp\":1768234289.9,\"iat\":1.768233389e9}", STS_OK, 1768234289, -1,
		 1768233389},
		{"{\"exp\":null}", STS_OK, -1, -1, -1},
		{"{\"EXP\":5,\"x\":{\"exp\":6},\"y\":\"exp\",\"expx\":7}", STS_OK, -1, -1, -1},
		{"{\"exp\":0}", STS_OK, 0, -1, -1},
		{"{\"exp\":-1}", STS_OK, 0, -1, -1},
		{"{\"exp\":-1e300}", STS_OK, 0, -1, -1},
		{"{\"exp\":1e300}", STS_OK, 253402300799, -1, -1},
		{"{\"exp\":253402300799.5}", STS_OK, 253402300799, -1, -1},
		{"{\"exp\":\"1768234289\",\"iat\":7}", STS_OK, 1768234289, -1, 7},
		{"{\"exp\":\"1768234289.5\"}", STS_OK, 1768234289, -1, -1},
		{"{\"exp\":\"2026-01-12T16:11:29Z\"}", STS_OK, 1768234289, -1, -1},
		{"{\"exp\":9,\"nbf\":true,\"iat\":[7]}", STS_ETOKEN, 9, -1, -1},
		{"{\"exp\":9,\"nbf\":3,\"nbf\":4,\"iat\":\"x\"}", STS_ETOKEN, 9, -1, -1},
		{" { \"exp\" : 9 , \"nbf\" : 3 } ", STS_OK, 9, 3, -1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_jwt_claims t;

		CHECK_INT(read_times(token_of(sts_slice_of(rows[i].claims)), &t), rows[i].err);
		CHECK_INT(t.exp_s, rows[i].exp_s);
		CHECK_INT(t.nbf_s, rows[i].nbf_s);
		CHECK_INT(t.iat_s, rows[i].iat_s);
		CHECK(t.is_jwt && !t.is_exp_bad);
	}
}

/*
 * Claims that json.h refuses. The letters say which libraries take such a token and go by its exp:
 *   P PyJWT 2.15, J joserfc 1.8, O python-jose 3.5, j jose 6.2 (npm), w jsonwebtoken 9 (npm),
 *   G golang-jwt 5 with a map, S golang-jwt 5 with its struct
 * They were asked once, with tokens that they could verify. A row without a letter is read because
 * there is no reason to refuse it.
 */
static void lenient(void)
{
	static const struct {
		const char *libraries;
		struct sts_slice claims;
	} rows[] = {
		{"PJOjwGS", STS_SLICE(E "\"\\ud83d\"}")}, /* half a surrogate pair */
		{"PJOjwGS", STS_SLICE(E "\"\\u0000\"}")}, /* NUL */
		{"PJOjwGS", STS_SLICE(E "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}")}, /* 17 levels */
		{"PJOjwGS", STS_SLICE(E "12345678901234567890123456789012345678901234567890"
					"123456789012345}")}, /* 65 digits */
		{"PJOjwS", STS_SLICE(E "1e400}")},
		{"wGS", STS_SLICE(E "\"\xff\xfe\"}")}, /* not UTF-8 */
		{"PJO", STS_SLICE(E "NaN}")},
		{"PJOjwGS", STS_SLICE("{\"\\u0065x\\u0070\":1768234289,\"n\":\"\\udc00\"}")},
		{"PJj", STS_SLICE("\xef\xbb\xbf{\"exp\":1768234289}")}, /* a byte order mark */
		/* UTF-16, of both orders, with a byte order mark and without, and UTF-32 */
		{"PJ",
		 STS_SLICE("{\0\"\0e\0x\0p\0\"\0:\0001\0007\0006\0008\0002\0003\0004\0002\0008"
			   "\0009\0}\0")},
		{"PJ", STS_SLICE("\xfe\xff\0{\0\"\0e\0x\0p\0\"\0:\0001\0007\0006\0008\0002\0003"
				 "\0004\0002\0008\0009\0}")},
		{"PJ", STS_SLICE("\0\0\0{\0\0\0\"\0\0\0e\0\0\0x\0\0\0p\0\0\0\"\0\0\0:\0\0\0001"
				 "\0\0\0007\0\0\0006\0\0\0008\0\0\0002\0\0\0003\0\0\0004\0\0\0002"
				 "\0\0\0008\0\0\0009\0\0\0}")},
		{"", STS_SLICE(E "01}")},
		{"", STS_SLICE(E "\"\x01\n\"}")},
		{"", STS_SLICE(E "\"\\x41\"}")},
		{"", STS_SLICE("{\"exp\":1768234289,}")},
		{"", STS_SLICE("{\"exp\":1768234289} x")},
		/* Brackets and quotation marks inside of strings, and in nested values. */
		{"PJOjwGS", STS_SLICE("{\"a\":\"}\\\"{[\",\"b\":{\"exp\":1,\"c\":\"]}\\\\\"},"
				      "\"exp\":1768234289,\"n\":\"\\ud800\"}")},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_jwt_claims t;
		enum sts_err err = read_times(token_of(rows[i].claims), &t);

		if (err != STS_OK || t.exp_s != EXP)
			printf("# row %zu (%s): %lld\n", i, rows[i].libraries, (long long)t.exp_s);
		CHECK_INT(err, STS_OK);
		CHECK_INT(t.exp_s, EXP);
		CHECK(t.is_jwt);
	}
}

/* The base64 of {"exp":1768234289,...}, as it is not in RFC 7515. The letters are those above. */
static void odd_base64(void)
{
	static const char *const rows[] = {
		/* {"exp":1768234289,"n":"xyz"} with padding: POj */
		"e30.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifQ==.c2ln",
		"e30=.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifQ==.c2ln=",
		"e30.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifQ=.c2ln",
		/* {"exp":1768234289,"n":"???>>>"} in the other alphabet: O */
		"e30.eyJleHAiOjE3NjgyMzQyODksIm4iOiI/Pz8+Pj4ifQ.c2l/",
		/* the bits that are left over are not zero: OjwGS */
		"e30.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifR.c2ln",
		/* a character too many: w */
		"e30.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifQAAA.c2ln",
		/* a character of no alphabet: older versions of P, and Buffer.from() of Node.js */
		"e30.eyJleHAi!OjE3NjgyMzQyODksIm4iOiJ4eXoifQ.c2ln",
		/* a header that is not base64 */
		"!.eyJleHAiOjE3NjgyMzQyODksIm4iOiJ4eXoifQ.",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_jwt_claims t;

		CHECK_INT(read_times(sts_slice_of(rows[i]), &t), STS_OK);
		if (t.exp_s != EXP)
			printf("# %s\n", rows[i]);
		CHECK_INT(t.exp_s, EXP);
	}
}

/* An exp that is not a time. Some libraries take the last one of two, or a longer number. */
static void bad_exp(void)
{
	static const char *const rows[] = {
		"{\"exp\":1768234289,\"exp\":9}",
		"{\"exp\":1768234289,\"\\u0065xp\":9}",
		"{\"exp\":null,\"exp\":9}",
		"{\"exp\":[9],\"exp\":9}",
		"{\"exp\":\"soon\"}",
		"{\"exp\":\"\"}",
		"{\"exp\":\" 9\"}",
		"{\"exp\":\"-1\"}",
		"{\"exp\":\"1768234289000\"}",
		"{\"exp\":\"9\\u00e9\"}",
		"{\"exp\":\"9\\n\"}",
		"{\"exp\":true}",
		"{\"exp\":[9]}",
		"{\"exp\":{\"exp\":9}}",
		"{\"exp\":1e400}",
		"{\"exp\":-1e400}",
		"{\"exp\":NaN}",
		"{\"exp\":Infinity}",
		"{\"exp\":+9}",
		"{\"exp\":0x9}",
		"{\"exp\":}",
		"{\"exp\":1768234289."
		"0000000000000000000000000000000000000000000000000000000}", /* 66 bytes */
		"{\"nbf\":1,\"exp\":\"1234567890123456789012345678901234567890123456789012345678901"
		"2345\"}",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_jwt_claims t;

		CHECK_INT(read_times(token_of(sts_slice_of(rows[i])), &t), STS_ETOKEN);
		CHECK_STR(error.msg, "the token is no JWT: one of its times is not a time, or "
				     "appears twice");
		if (!t.is_exp_bad)
			printf("# %s\n", rows[i]);
		CHECK(t.is_jwt && t.is_exp_bad);
		CHECK_INT(t.exp_s, -1);
	}
}

static void no_jwt(void)
{
	static const char *const tokens[] = {"",
					     ".",
					     "..",
					     "e30",
					     "e30.e30",
					     ".e30.c2ln",
					     "e30.e30.c2ln.x",
					     "e30..c2ln",
					     "e30.e30.c2ln.",
					     "e30.a.b.c.d"};
	static const char *const claims[] = {"[]",
					     "7",
					     " ",
					     "<html>",
					     "\"exp\"",
					     "{\"exp\":9",
					     "{\"exp",
					     "{\"exp\"",
					     "{\"exp\":",
					     "{\"exp\":[9",
					     "{\"exp\":{\"a\":\"}",
					     "{exp:9}",
					     "{'exp':9}",
					     "{\"exp\" 9}",
					     "{\"exp\":9 \"nbf\":9}",
					     "{,\"exp\":9}",
					     "{\"exp\":9]",
					     "{\"exp\":\"9",
					     "{\"exp\\",
					     "{\"exp\\u",
					     "{\"exp\\u00",
					     "x{\"exp\":9}"};
	struct sts_jwt_claims t;

	for (size_t i = 0; i < COUNT(tokens) + COUNT(claims); i++) {
		struct sts_slice token =
			i < COUNT(tokens) ? sts_slice_of(tokens[i])
					  : token_of(sts_slice_of(claims[i - COUNT(tokens)]));

		if (read_times(token, &t) != STS_ETOKEN)
			printf("# %zu\n", i);
		CHECK_INT(read_times(token, &t), STS_ETOKEN);
		CHECK(t.exp_s == -1 && t.nbf_s == -1 && t.iat_s == -1);
		CHECK(!t.is_jwt && !t.is_exp_bad);
	}
}

static void memory(void)
{
	static const char claims[] = "{\"exp\":9}";
	struct sts_jwt_claims t;
	struct sts_slice token = token_of(STS_SLICE(claims));

	CHECK_INT(sts_jwt_times(token, scratch, sizeof(claims) - 1, &t, NULL), STS_OK);
	CHECK_INT(t.exp_s, 9);
	CHECK_INT(sts_jwt_times(token, scratch, sizeof(claims) - 2, &t, &error), STS_ETOOBIG);
	CHECK_INT(t.exp_s, -1);
	CHECK_INT(sts_jwt_times(token, NULL, 0, &t, NULL), STS_ETOOBIG);
}

static const struct sts_test tests[] = {
	{"the times are read", times},
	{"claims that only lenient libraries read", lenient},
	{"base64 that only lenient libraries read", odd_base64},
	{"an exp that is not a time", bad_exp},
	{"what is not a JWT", no_jwt},
	{"memory that is too small", memory},
};

STS_TEST_MAIN(tests)
