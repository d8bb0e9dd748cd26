/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/claims.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      1768233600

static struct sts_error error;

static enum sts_err judge(const char *json, const char *audience)
{
	error.detail = -1;
	return sts_claims_judge(sts_slice_of(json), sts_slice_of(audience), NOW, &error);
}

static void issuers(void)
{
	static const struct {
		const char *claims, *wanted;
		enum sts_err err;
	} rows[] = {
		{"{\"iss\":\"https://a\"}", "https://a", STS_OK},
		{"{\"iss\":\"https://a\"}", "", STS_OK},
		{"{\"iss\":\"https://a\"}", "https://a/", STS_ETOKEN},
		{"{\"iss\":\"https://a\"}", "https://A", STS_ETOKEN},
		{"{\"iss\":\"https://a\"}", "https://", STS_ETOKEN},
		{"{\"iss\":[\"https://a\"]}", "https://a", STS_ETOKEN},
		{"{\"iss\":[\"https://a\"]}", "", STS_ETOKEN},
		{"{\"iss\":\"https://a\",\"iss\":\"https://a\"}", "https://a", STS_ETOKEN},
		{"{\"iss\":null}", "https://a", STS_ETOKEN},
		{"{}", "https://a", STS_ETOKEN},
		{"{}", "", STS_OK},
	};
	const struct sts_json *claims;
	struct sts_slice issuer;

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(sts_jwt_open_part(sts_slice_of(rows[i].claims), &claims, NULL), STS_OK);
		CHECK_INT(sts_claims_issuer(claims, sts_slice_of(rows[i].wanted), &issuer, &error),
			  rows[i].err);
		if (rows[i].err == STS_OK)
			CHECK(sts_slice_eq(issuer, i < 2 ? "https://a" : ""));
		else
			CHECK_INT(error.detail, STS_VERIFY_ISSUER);
		sts_json_close();
	}
}

static void audiences(void)
{
	CHECK_INT(judge("{\"aud\":\"a\"}", "a"), STS_OK);
	CHECK_INT(judge("{\"aud\":[\"b\",\"a\"]}", "a"), STS_OK);
	CHECK_INT(judge("{\"aud\":[\"b\"]}", NULL), STS_OK);
	CHECK_INT(judge("{}", NULL), STS_OK);
	CHECK_INT(judge("{\"aud\":[\"b\"]}", "a"), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_AUDIENCE);
	CHECK_INT(judge("{\"aud\":\"a b\"}", "a"), STS_ETOKEN);
	CHECK_INT(judge("{\"aud\":\"a\",\"aud\":\"a\"}", "a"), STS_ETOKEN);
	CHECK_INT(judge("{}", "a"), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_AUDIENCE);
}

static void times(void)
{
	static const struct {
		const char *format;
		long long from_now_s;
		int why; /* STS_VERIFY__COUNT: none */
	} rows[] = {
		{"{\"exp\":%lld}", 1, STS_VERIFY__COUNT},
		{"{\"exp\":%lld}", -59, STS_VERIFY__COUNT},
		{"{\"exp\":%lld}", -60, STS_VERIFY_EXPIRED},
		{"{\"exp\":%lld.9}", -61, STS_VERIFY_EXPIRED},
		{"{\"exp\":%llde3}", 0, STS_VERIFY__COUNT},
		{"{\"exp\":-%lld}", 0, STS_VERIFY_EXPIRED},
		{"{\"exp\":0,\"x\":%lld}", 0, STS_VERIFY_EXPIRED},
		{"{\"exp\":1e300,\"x\":%lld}", 0, STS_VERIFY__COUNT},
		{"{\"exp\":\"%lld\"}", 100, STS_VERIFY_MALFORMED},
		{"{\"exp\":\"%lld\"}", -60, STS_VERIFY_MALFORMED},
		{"{\"exp\":\"2099-01-01T00:00:00Z\",\"x\":%lld}", 0, STS_VERIFY_MALFORMED},
		{"{\"exp\":\"x%lld\"}", 100, STS_VERIFY_MALFORMED},
		{"{\"exp\":true,\"x\":%lld}", 0, STS_VERIFY_MALFORMED},
		{"{\"exp\":%lld,\"exp\":1}", 100, STS_VERIFY_MALFORMED},
		{"{\"exp\":null,\"x\":%lld}", 0, STS_VERIFY_MALFORMED}, /* it is not "never" */
		{"{\"x\":%lld,\"\\u0065xp\":null}", 0, STS_VERIFY_MALFORMED},
		{"{\"nbf\":null,\"x\":%lld}", 0, STS_VERIFY_MALFORMED},
		{"{\"nbf\":\"%lld\"}", -60, STS_VERIFY_MALFORMED},
		{"{\"iat\":null,\"x\":%lld}", 0, STS_VERIFY_MALFORMED},
		{"{\"iat\":\"%lld\"}", -60, STS_VERIFY_MALFORMED},
		{"{\"x\":{\"exp\":null},\"exp\":%lld}", 60, STS_VERIFY__COUNT},
		{"{\"nbf\":%lld}", 60, STS_VERIFY__COUNT},
		{"{\"nbf\":%lld}", 61, STS_VERIFY_EARLY},
		{"{\"nbf\":[%lld]}", 0, STS_VERIFY_MALFORMED},
		{"{\"iat\":%lld}", 60, STS_VERIFY__COUNT},
		{"{\"iat\":%lld}", 61, STS_VERIFY_EARLY},
		{"{\"iat\":{\"x\":%lld}}", 0, STS_VERIFY_MALFORMED},
	};
	char json[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(json, sizeof(json), rows[i].format, NOW + rows[i].from_now_s);
#pragma GCC diagnostic pop
		CHECK_INT(judge(json, NULL),
			  rows[i].why == STS_VERIFY__COUNT ? STS_OK : STS_ETOKEN);
		if (rows[i].why != STS_VERIFY__COUNT)
			CHECK_INT(error.detail, rows[i].why);
	}
	judge("{\"exp\":1768233300}", NULL);
	CHECK_STR(error.msg, "it cannot be used now: expired 5 min ago");
	judge("{\"nbf\":1768233900}", NULL);
	CHECK_STR(error.msg, "it cannot be used now: not valid for another 5 min");
	judge("{\"iat\":1768233900}", NULL);
	CHECK_STR(error.msg, "it cannot be used now: issued in the future, in 5 min");
}

static const struct sts_test tests[] = {
	{"issuers", issuers},
	{"audiences", audiences},
	{"times", times},
};

STS_TEST_MAIN(tests)
