/* SPDX-License-Identifier: Apache-2.0 */
#include "token/jwt.h"

#include "base64url.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      1768233600

static char token_buf[128 * 1024], scratch[64 * 1024], shown_buf[64 * 1024];
static struct sts_error error;
static struct sts_text shown;

/* Make a token of a header and claims in clear text. */
static struct sts_slice token_of(const char *header, const char *claims, const char *signature)
{
	struct sts_text text;

	sts_text_init(&text, token_buf, sizeof(token_buf));
	base64url_encode(&text, header, strlen(header));
	sts_text_add_char(&text, '.');
	base64url_encode(&text, claims, strlen(claims));
	sts_text_add_char(&text, '.');
	sts_text_add_str(&text, signature);
	CHECK(!text.overflow);
	return (struct sts_slice){text.data, text.len};
}

static struct sts_slice claims_only(const char *claims)
{
	return token_of("{\"alg\":\"RS256\"}", claims, "c2ln");
}

static void split(void)
{
	struct sts_slice token = token_of("{\"alg\":\"x\"}", "{\"a\":1}", "AA");
	struct sts_jwt jwt;

	CHECK_INT(sts_jwt_split(token, scratch, sizeof(scratch), &jwt, NULL), STS_OK);
	CHECK(sts_slice_eq(jwt.header, "{\"alg\":\"x\"}"));
	CHECK(sts_slice_eq(jwt.claims, "{\"a\":1}"));
	/* The memory is exactly as large as both parts need. */
	CHECK_INT(sts_jwt_split(token, scratch, 11 + 7, &jwt, NULL), STS_OK);
	CHECK_INT(sts_jwt_split(token, scratch, 11 + 6, &jwt, &error), STS_ETOOBIG);
	CHECK_INT(sts_jwt_split(token, scratch, 10, &jwt, NULL), STS_ETOOBIG);
	CHECK_INT(sts_jwt_split(token, NULL, 0, &jwt, NULL), STS_ETOOBIG);
	for (size_t len = 20; len < 24; len++) { /* of claims, which need 0 to 3 bytes of a group */
		char claims[24] = {0};

		memset(claims, 'a', len);
		token = token_of("{}", claims, "");
		CHECK_INT(sts_jwt_split(token, scratch, 2 + len, &jwt, NULL), STS_OK);
		CHECK_INT(sts_jwt_split(token, scratch, 2 + len - 1, &jwt, NULL), STS_ETOOBIG);
	}
	token = token_of("{}", "{}", "");
	CHECK_INT(sts_jwt_split(token, scratch, sizeof(scratch), &jwt, NULL), STS_OK);
	CHECK(sts_slice_eq(jwt.claims, "{}"));
}

static void no_jwt(void)
{
	static const char *const texts[] = {
		"",
		".",
		"..",
		"...",
		"a",
		"e30",
		"e30.e30",
		"e30..c2ln",
		".e30.c2ln",
		"e30.e30.c2ln.x",
		"e30.e30.c2ln.",
		"e30.e30.c2ln.a.b",
		"e3.e30.c2ln",
		"e30=.e30.c2ln",
		"e30.e30.c2ln=",
		"e30.e30.c2 n",
		"e30.e30.c2\n",
		"e+0.e30.x",
		"e30.e/0.x",
		"e31.e30.x",
		"e.e30.x",
		"e30.e30.a/b",
		"\xc3\xa9.e30.x",
	};
	struct sts_jwt jwt;
	bool has = true;

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct sts_slice token = sts_slice_of(texts[i]);

		if (sts_jwt_split(token, scratch, sizeof(scratch), &jwt, &error) != STS_ETOKEN)
			printf("# %s\n", texts[i]);
		CHECK_INT(sts_jwt_split(token, scratch, sizeof(scratch), &jwt, &error), STS_ETOKEN);
		CHECK_INT(error.code, STS_ETOKEN);
		CHECK_INT(sts_jwt_has_audience(token, STS_SLICE("a"), scratch, sizeof(scratch),
					       &has, NULL),
			  STS_ETOKEN);
		CHECK(!has);
	}
	CHECK_INT(sts_jwt_split((struct sts_slice){"e30.e30.c2\0n", 11}, scratch, sizeof(scratch),
				&jwt, NULL),
		  STS_ETOKEN);
}

static bool has_audience(const char *claims, const char *audience)
{
	bool has = false;

	CHECK_INT(sts_jwt_has_audience(claims_only(claims), sts_slice_of(audience), scratch,
				       sizeof(scratch), &has, NULL),
		  STS_OK);
	return has;
}

static bool has_issuer(const char *claims, const char *issuer)
{
	bool has = false;

	CHECK_INT(sts_jwt_has_issuer(claims_only(claims), sts_slice_of(issuer), scratch,
				     sizeof(scratch), &has, NULL),
		  STS_OK);
	return has;
}

static void audience_and_issuer(void)
{
	CHECK(has_audience("{\"aud\":\"a\"}", "a"));
	CHECK(has_audience("{\"aud\":[\"b\",\"a\"]}", "a"));
	CHECK(has_audience("{\"aud\":[7,null,[\"x\"],\"a\"]}", "a"));
	CHECK(!has_audience("{\"aud\":[[\"a\"]]}", "a"));
	CHECK(!has_audience("{\"aud\":{\"a\":\"a\"}}", "a"));
	CHECK(!has_audience("{\"aud\":\"ab\"}", "a"));
	CHECK(!has_audience("{\"aud\":\"A\"}", "a"));
	CHECK(!has_audience("{\"aud\":[]}", "a"));
	CHECK(!has_audience("{\"aud\":null}", "a"));
	CHECK(!has_audience("{}", "a"));
	CHECK(!has_audience("{\"aud\":\"a\",\"aud\":\"a\"}", "a"));
	CHECK(has_issuer("{\"iss\":\"https://sts.test/x\"}", "https://sts.test/x"));
	CHECK(!has_issuer("{\"iss\":\"https://sts.test/x/\"}", "https://sts.test/x"));
	CHECK(!has_issuer("{\"iss\":[\"https://sts.test/x\"]}", "https://sts.test/x"));
	CHECK(!has_issuer("{}", ""));
}

static enum sts_err describe(struct sts_slice token, bool json)
{
	sts_text_init(&shown, shown_buf, sizeof(shown_buf));
	return sts_jwt_describe(token, false, NOW, json, scratch, sizeof(scratch), &shown, &error);
}

static void description(void)
{
	struct sts_slice token =
		token_of("{\"alg\":\"RS256\",\"kid\":\"CN=a, O=b c\"}",
			 "{\"iss\":\"https://"
			 "sts.test\",\"aud\":[\"a\",\"b\"],\"exp\":1768234400,\"nbf\":1768233500,"
			 "\"iat\":1768233540.25,\"n\":{\"deep\":[[],{},[{\"x\":null}]],\"t\":true,"
			 "\"f\":false},\"e\":\"\\u00fc\\n\"}",
			 "c2lnbmF0dXJl");

	CHECK_INT(describe(token, false), STS_OK);
	CHECK_STR(shown_buf, "header:\n"
			     "  {\n"
			     "    \"alg\": \"RS256\",\n"
			     "    \"kid\": \"CN=a, O=b c\"\n"
			     "  }\n"
			     "claims:\n"
			     "  {\n"
			     "    \"iss\": \"https://sts.test\",\n"
			     "    \"aud\": [\n"
			     "      \"a\",\n"
			     "      \"b\"\n"
			     "    ],\n"
			     "    \"exp\": 1768234400,\n"
			     "    \"nbf\": 1768233500,\n"
			     "    \"iat\": 1768233540.25,\n"
			     "    \"n\": {\n"
			     "      \"deep\": [\n"
			     "        [],\n"
			     "        {},\n"
			     "        [\n"
			     "          {\n"
			     "            \"x\": null\n"
			     "          }\n"
			     "        ]\n"
			     "      ],\n"
			     "      \"t\": true,\n"
			     "      \"f\": false\n"
			     "    },\n"
			     "    \"e\": \"\\u00FC\\n\"\n"
			     "  }\n"
			     "exp: 2026-01-12T16:13:20Z (expires in 13 min 20 s)\n"
			     "nbf: 2026-01-12T15:58:20Z (valid for 1 min 40 s already)\n"
			     "iat: 2026-01-12T15:59:00Z (issued 1 min ago)\n"
			     "signature: \"RS256\", key \"CN=a, O=b c\" (not verified)\n");
	CHECK_INT(describe(token, true), STS_OK);
	CHECK_STR(shown_buf,
		  "{\"header\":{\"alg\":\"RS256\",\"kid\":\"CN=a, O=b c\"},"
		  "\"claims\":{\"iss\":\"https://"
		  "sts.test\",\"aud\":[\"a\",\"b\"],\"exp\":1768234400,\"nbf\":1768233500,"
		  "\"iat\":1768233540.25,\"n\":{\"deep\":[[],{},[{\"x\":null}]],\"t\":true,\"f\":"
		  "false},"
		  "\"e\":\"\\u00FC\\n\"},\"alg\":\"RS256\",\"kid\":\"CN=a, O=b "
		  "c\",\"expires\":\"2026-01-12T16:13:20Z\","
		  "\"expires_in_s\":800,\"not_before\":\"2026-01-12T15:58:20Z\",\"issued_at\":"
		  "\"2026-01-12T15:59:00Z\","
		  "\"verified\":false}\n");
}

static void description_of_odd_ones(void)
{
	struct sts_slice token =
		token_of("{}", "{\"exp\":1768233400,\"nbf\":1768233700,\"iat\":1768233700}", "");
	char claims[64];

	CHECK_INT(describe(token, false), STS_OK);
	CHECK(strstr(shown_buf, "(expired 3 min 20 s ago)\n"));
	CHECK(strstr(shown_buf, "(not valid for another 1 min 40 s)\n"));
	CHECK(strstr(shown_buf, "(issued in the future, in 1 min 40 s)\n"));
	CHECK(strstr(shown_buf, "signature: no algorithm named (not verified)\n"));

	token = token_of("{}", "{\"iat\":0,\"nbf\":0}", "");
	CHECK_INT(describe(token, false), STS_OK);
	CHECK(strstr(shown_buf, "exp: none\nnbf: 1970-01-01T00:00:00Z ("));
	CHECK(strstr(shown_buf, "\niat: 1970-01-01T00:00:00Z ("));
	CHECK_INT(describe(token, true), STS_OK);
	CHECK(strstr(shown_buf, "\"not_before\":\"1970-01-01T00:00:00Z\","));

	token = token_of("{\"alg\":7,\"kid\":null}", "{\"exp\":\"x\",\"nbf\":[1],\"iat\":false}",
			 "");
	CHECK_INT(describe(token, false), STS_OK);
	CHECK(strstr(shown_buf, "exp: none\nnbf: none\niat: none\nsignature: no algorithm"));
	CHECK_INT(describe(token, true), STS_OK);
	CHECK(strstr(shown_buf, ",\"alg\":null,\"kid\":null,\"expires\":null,\"expires_in_s\":null,"
				"\"not_before\":null,\"issued_at\":null,"));

	/* The second in which a token begins to be valid, and the one before. NOW is an integer. */
	for (int i = 0; i < 2; i++) {
		snprintf(claims, sizeof(claims), "{\"nbf\":%lld}", (long long)NOW + i);
		CHECK_INT(describe(token_of("{}", claims, ""), false), STS_OK);
		CHECK(strstr(shown_buf, i == 0 ? "(valid for 0 s already)\n"
					       : "(not valid for another 1 s)\n"));
	}

	/* Control characters of terminals are escaped, in keys too. */
	token = token_of("{\"\\u001b[2J\":\"\\u001b]0;x\\u0007\"}",
			 "{\"a\\\"\\\\\":\"\\u202e\\ud83d\\ude00\\u007f\"}", "");
	CHECK_INT(describe(token, false), STS_OK);
	CHECK(strstr(shown_buf, "\"\\u001B[2J\": \"\\u001B]0;x\\u0007\""));
	CHECK(strstr(shown_buf, "\"a\\\"\\\\\": \"\\u202E\\uD83D\\uDE00\\u007F\""));
}

/* The claims have more values than there is memory for. */
static void too_many_claims(void)
{
	static char claims[1 + 3 * 16384];
	const struct sts_json *root;

	claims[0] = '[';
	for (size_t i = 1; i < sizeof(claims); i++)
		claims[i] = ",[]"[i % 3];
	claims[sizeof(claims) - 1] = ']';
	CHECK_INT(sts_jwt_open_part((struct sts_slice){claims, sizeof(claims)}, &root, &error),
		  STS_ETOOBIG);
	CHECK_STR(error.msg, "the token is too big to be read");
}

static void description_refused(void)
{
	char long_kid[2000];

	CHECK_INT(describe(STS_SLICE("opaque"), false), STS_ETOKEN);
	CHECK_INT(describe(token_of("[]", "{}", ""), false), STS_ETOKEN);
	CHECK_INT(describe(token_of("{}", "[]", ""), true), STS_ETOKEN);
	CHECK_INT(describe(token_of("{}", "{", ""), true), STS_ETOKEN);
	sts_text_init(&shown, shown_buf, 20);
	CHECK_INT(sts_jwt_describe(token_of("{}", "{}", ""), false, NOW, true, scratch,
				   sizeof(scratch), &shown, &error),
		  STS_ETOOBIG);

	/* The value is too long for the summary, and is still shown in the header. */
	memset(long_kid, 'k', sizeof(long_kid));
	memcpy(long_kid, "{\"kid\":\"", 8);
	memcpy(long_kid + sizeof(long_kid) - 3, "\"}", 3);
	CHECK_INT(describe(token_of(long_kid, "{}", ""), true), STS_OK);
	CHECK(strstr(shown_buf, ",\"kid\":null,") && strstr(shown_buf, "kkkkk"));
}

static void numbers(void)
{
	static const struct {
		const char *number, *shown;
	} rows[] = {
		{"0", "0"},
		{"-0", "0"},
		{"-7", "-7"},
		{"1.5", "1.5"},
		{"-0.25", "-0.25"},
		{"0.1", "0.1"},
		{"1e3", "1000"},
		{"1e-3", "0.001"},
		{"0.000000001", "1e-9"},
		{"2.5e-7", "2.5e-7"},
		{"1768233389.123456", "1768233389.123456"},
		{"1768233389.987654", "1768233389.987654"},
		{"1000000", "1000000"},
		{"9007199254740993", "9007199254740992"},
		{"1e18", "1000000000000000000"},
		{"1e300", "1e300"},
		{"-1.5e300", "-1.5e300"},
		{"0.9999999999", "1"},
		{"9.9999999999", "10"},
		{"123456.000000001", "123456.000000001"},
		{"1e-300", "1e-300"},
		{"9.9999999999e299", "1e300"},
		{"1.79769313480e308", "1.797693134e308"},
	};
	char claims[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		char want[64];

		snprintf(claims, sizeof(claims), "{\"x\":%s}", rows[i].number);
		snprintf(want, sizeof(want), "\"claims\":{\"x\":%s},", rows[i].shown);
		CHECK_INT(describe(claims_only(claims), true), STS_OK);
		if (!strstr(shown_buf, want))
			printf("# %s: %s", rows[i].number, shown_buf);
		CHECK(strstr(shown_buf, want));
	}
}

static void deep(void)
{
	static const char open[] = "[[[[[[[[[[[[[[[",
			  close[] = "]]]]]]]]]]]]]]]"; /* 15, and the object */
	char claims[128];

	snprintf(claims, sizeof(claims), "{\"x\":%s1%s}", open, close);
	CHECK_INT(describe(claims_only(claims), true), STS_OK);
	CHECK(strstr(shown_buf, claims));
	snprintf(claims, sizeof(claims), "{\"x\":[%s1%s]}", open, close);
	CHECK_INT(describe(claims_only(claims), true), STS_ETOKEN);
}

static const struct sts_test tests[] = {
	{"a token is split into its parts", split},
	{"what is not a JWT", no_jwt},
	{"audience and issuer of a token", audience_and_issuer},
	{"a token is described", description},
	{"odd tokens are described", description_of_odd_ones},
	{"a token that is not described", description_refused},
	{"claims of too many values", too_many_claims},
	{"numbers are shown as they are written", numbers},
	{"claims that are as deep as JSON may be", deep},
};

STS_TEST_MAIN(tests)
