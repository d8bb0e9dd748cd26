/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_input.h"

#define HEX64 "0123456789ABCDEFfedcba98765432100123456789abcdef0123456789ABCDEF"

static char big_body[160 * 1024];

static enum sts_err exchanged(const char *body)
{
	return read_answer("token-exchange", 200, body);
}

static void token_exchange(void)
{
	CHECK_INT(exchanged("{\"access_token\":\"" OPAQUE
			    "\",\"issued_token_type\":\"x\",\"token_type\":\"N_A\","
			    "\"expires_in\":300,\"more\":{\"access_token\":7}}\n"),
		  STS_OK);
	CHECK(sts_slice_eq(answer.token, OPAQUE));
	CHECK_INT(answer.lifetime_s, 300);
	CHECK_INT(answer.expires_s, NOW + 300);
	CHECK_INT(answer.http_status, 200);
	CHECK_INT(answer.retry_after_s, -1);
	CHECK_INT(answer.clock_skew_s, 0);
	CHECK(!answer.has_thumbprint);
	CHECK_STR(answer.sts_error, "");
	sts_json_close();

	CHECK_INT(exchanged("{\"access_token\":\"" OPAQUE "\",\"expires_in\":\"299.5\"}"), STS_OK);
	CHECK_INT(answer.lifetime_s, 299);
	CHECK(!answer.is_assumed);
	CHECK_INT(answer.not_before_s, 0);
	CHECK_INT(exchanged("{\"access_token\":\"" OPAQUE "\",\"expires_in\":null}"), STS_OK);
	CHECK_INT(answer.lifetime_s, STS_PROTOCOL_TTL_S);
	CHECK(answer.is_assumed);
	prepare("token-exchange", 201, STS_SLICE("{\"access_token\":\"" OPAQUE "\"}"));
	input.default_ttl_s = 77;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 77);
	CHECK(answer.is_assumed);
	/* This lifetime is documented. */
	CHECK_INT(read_answer("octo-sts", 200, "{\"token\":\"ghs_x\"}"), STS_OK);
	CHECK_INT(answer.lifetime_s, 3600);
	CHECK(!answer.is_assumed);
	sts_json_close();
}

static void openunison(void)
{
	static const uint8_t thumbprint[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
					     0xcd, 0xef, 0xfe, 0xdc, 0xba};
	char body[2048];
	const char *token = jwt("{\"exp\":1768234500,\"iat\":1768233600}");

	snprintf(body, sizeof(body),
		 "{\"displayName\":\"a:b:c\",\"token\":{\"expires\":\"2026-01-12T16:14:00Z\","
		 "\"jwt\":\"%s\","
		 "\"thumbprint\":\"" HEX64 "\",\"certificate\":\"-----BEGIN\\n\"}}\n",
		 token);
	CHECK_INT(read_answer("openunison", 200, body), STS_OK);
	CHECK(sts_slice_eq(answer.token, token));
	CHECK_INT(answer.lifetime_s, 840); /* the earlier of the two */
	CHECK_INT(answer.expires_s, NOW + 840);
	CHECK(answer.has_thumbprint);
	CHECK(memcmp(answer.thumbprint, thumbprint, sizeof(thumbprint)) == 0);
	sts_json_close();

	/* This is an answer of a server before 1.0.48, with escapes as it writes them. */
	snprintf(body, sizeof(body),
		 "{\"token\":{\"expires\":\"2026-01-12T16:15:00Z\",\"jwt\":\"a\\u003d\\u003db\"}}");
	CHECK_INT(read_answer("openunison", 200, body), STS_OK);
	CHECK(sts_slice_eq(answer.token, "a==b"));
	CHECK(!answer.has_thumbprint);
	sts_json_close();
}

static void token_field(void)
{
	prepare("token-exchange", 200,
		STS_SLICE("{\"access_token\":7,\"id_token\":\"id\",\"expires_in\":60}"));
	input.token_pointer = "/id_token";
	CHECK_INT(read_prepared(), STS_OK);
	CHECK(sts_slice_eq(answer.token, "id"));
	sts_json_close();
}

/* The user names the field. */
static void expiry_field(void)
{
	prepare("token-exchange", 200,
		STS_SLICE("{\"access_token\":\"t\",\"expires_in\":7,\"a\":{\"b\":1768233660}}"));
	input.expiry_pointer = "/a/b";
	input.expiry_kind = STS_EXPIRY_ABSOLUTE;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.expires_s, NOW + 60);
	input.expiry_kind = STS_EXPIRY_LIFETIME;
	CHECK_INT(read_prepared(), STS_EANSWER);
	CHECK_STR(error.msg, "the answer's /a/b is a time, where a lifetime is wanted: "
			     "--expiry-field absolute: reads it");
	input.body = STS_SLICE("{\"access_token\":\"t\",\"a\":{\"b\":2147483647}}");
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 2147483647);
	/* The node's clock was never set: a lifetime is near its time. */
	input.body = STS_SLICE("{\"access_token\":\"t\",\"a\":{\"b\":900}}");
	input.sent_real_ms = input.received_real_ms = 600 * 1000;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(answer.expires_s, 1500);
	input.expiry_pointer = "/a";
	CHECK_INT(read_prepared(), STS_EANSWER);
	CHECK_STR(error.msg, "the answer's a is an object, where a number of seconds up to 100 "
			     "years is wanted");
	sts_json_close();
}

/* The token's own exp counts, measured by the Date of the answer. */
static void clocks(void)
{
	char body[1024];

	snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"expires_in\":3600}",
		 jwt("{\"exp\":1768234500}"));
	prepare("token-exchange", 200, sts_slice_of(body));
	input.sent_real_ms -= 7200 * 1000;
	input.received_real_ms -= 7200 * 1000;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(answer.expires_s, NOW - 7200 + 900);
	CHECK_INT(answer.clock_skew_s, 7200);

	prepare("token-exchange", 200, sts_slice_of(body));
	head.date = STS_SLICE("yesterday");
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(answer.clock_skew_s, 0);
	sts_json_close();

	/* The exp has passed by the node's clock, and by it alone. */
	prepare("token-exchange", 200, sts_slice_of(body));
	input.sent_real_ms += 1200 * 1000;
	input.received_real_ms += 1200 * 1000;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(answer.expires_s, NOW + 1200 + 900);

	/* A token that is not valid yet. */
	snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"expires_in\":3600}",
		 jwt("{\"exp\":1768237200,\"nbf\":1768234140}"));
	prepare("token-exchange", 200, sts_slice_of(body));
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.not_before_s, NOW + 540);
	input.sent_real_ms -= 60 * 1000;
	input.received_real_ms -= 60 * 1000;
	CHECK_INT(read_prepared(), STS_OK);
	CHECK_INT(answer.not_before_s, NOW + 480);

	prepare("token-exchange", 503, STS_SLICE(""));
	input.sent_real_ms += 3600 * 1000;
	input.received_real_ms += 3600 * 1000;
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_INT(answer.clock_skew_s, -3600);
}

struct bad_row {
	const char *protocol, *body;
	enum sts_err err;
	const char *msg;
};

static void bad_answers(void)
{
	static const struct bad_row rows[] = {
		{"openunison", "", STS_EEMPTY,
		 "the STS answered with no body (status 200): is the URL's path right?"},
		{"openunison", " \r\n", STS_EEMPTY,
		 "the STS answered with no body (status 200): is the URL's path right?"},
		{"openunison", "\n<html>", STS_EHTML, "the answer (status 200) is a web page"},
		{"openunison", "<?xml version=\"1.0\"?>\n<Error/>", STS_EJSON,
		 "the answer (status 200) is XML, where JSON was expected"},
		{"openunison", "it works", STS_EJSON, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a", STS_EJSON, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\\u0000\"}}", STS_EJSON, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"jwt\":\"b\"}}", STS_EJSON, NULL},
		{"openunison", "[]", STS_EANSWER, "the answer (status 200) has no /token/jwt"},
		{"openunison", "{}", STS_EANSWER, "the answer (status 200) has no /token/jwt"},
		{"openunison", "{\"token\":\"x\"}", STS_EANSWER,
		 "the answer (status 200) has no /token/jwt"},
		{"openunison", "{\"token\":{\"JWT\":\"x\"}}", STS_EANSWER,
		 "the answer (status 200) has no /token/jwt"},
		{"openunison", "{\"token\":{\"jwt\":null}}", STS_EANSWER,
		 "the answer (status 200) has no /token/jwt"},
		{"openunison", "{\"token\":{\"jwt\":7}}", STS_EANSWER,
		 "the answer's /token/jwt is a number, where a string is wanted"},
		{"openunison", "{\"token\":{\"jwt\":[]}}", STS_EANSWER,
		 "the answer's /token/jwt is an array, where a string is wanted"},
		{"openunison", "{\"token\":{\"jwt\":true}}", STS_EANSWER,
		 "the answer's /token/jwt is a boolean, where a string is wanted"},
		{"openunison", "{\"token\":{\"jwt\":\"\"}}", STS_ETOKEN,
		 "the answer's /token/jwt is empty"},
		{"openunison", "{\"token\":{\"jwt\":\"a b\"}}", STS_ETOKEN,
		 "the answer's /token/jwt has white space in it, or a byte that is not printable "
		 "ASCII"},
		{"openunison", "{\"token\":{\"jwt\":\"a\\n\"}}", STS_ETOKEN, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\\u007f\"}}", STS_ETOKEN, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"\xc3\xa9\"}}", STS_ETOKEN, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"expires\":{}}}", STS_EANSWER,
		 "the answer's /token/expires is an object, where a time up to 9999 (RFC 3339, or "
		 "seconds "
		 "since 1970) is wanted"},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"expires\":\"soon\"}}", STS_EANSWER,
		 "the answer's /token/expires is a string, where a time up to 9999 (RFC 3339, or "
		 "seconds "
		 "since 1970) is wanted"},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"expires\":true}}", STS_EANSWER, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"expires\":1,\"expires\":2}}", STS_EJSON,
		 NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"expires\":\"2026-01-12T16:00:00Z\"}}",
		 STS_ELIFETIME,
		 "the returned token has no life left: it ended at 2026-01-12T16:00:00Z, 0 s ago "
		 "by the "
		 "node's clock and 0 s ago by the answer's Date"},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"thumbprint\":7}}", STS_EANSWER,
		 "the answer's /token/thumbprint is a number, where a string is wanted"},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"thumbprint\":\"../../etc/passwd\"}}",
		 STS_ETOKEN, "the answer's /token/thumbprint is not 64 hexadecimal digits"},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"thumbprint\":\"\"}}", STS_ETOKEN, NULL},
		{"openunison", "{\"token\":{\"jwt\":\"a\",\"thumbprint\":\"" HEX64 "0\"}}",
		 STS_ETOKEN, NULL},
		{"openunison",
		 "{\"token\":{\"jwt\":\"a\",\"thumbprint\":"
		 "\"g123456789ABCDEFfedcba98765432100123456789abcdef0123456789ABCDEF\"}}",
		 STS_ETOKEN, NULL},
		{"token-exchange", "{\"access_token\":\"a\",\"expires_in\":0}", STS_ELIFETIME,
		 "the returned token's lifetime is 0 s"},
		{"token-exchange", "{\"access_token\":\"a\",\"expires_in\":-5}", STS_ELIFETIME,
		 "the returned token's lifetime is -5 s"},
		{"token-exchange", "{\"access_token\":\"a\",\"expires_in\":[1]}", STS_EANSWER,
		 "the answer's expires_in is an array, where a number of seconds up to 100 years "
		 "is wanted"},
		{"token-exchange", "{\"access_token\":\"a\",\"expires_in\":1e400}", STS_EJSON,
		 NULL},
		/* These errors come with status 200. */
		{"token-exchange", REFUSAL("invalid_grant", "no such rule"), STS_EREFUSED,
		 "the answer (status 200) has no access_token: invalid_grant: no such rule"},
		{"token-exchange", "{\"error\":\"something\"}", STS_EANSWER,
		 "the answer (status 200) has no access_token: something"},
		{"token-exchange", "{\"error\":\"server_error\"}", STS_EBUSY,
		 "the answer (status 200) has no access_token: server_error"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum sts_err err = read_answer(rows[i].protocol, 200, rows[i].body);

		if (err != rows[i].err)
			printf("# %s: %s\n", rows[i].body, error.msg);
		CHECK_INT(err, rows[i].err);
		CHECK_INT(error.code, rows[i].err);
		CHECK(!rows[i].msg || strcmp(error.msg, rows[i].msg) == 0);
		if (rows[i].msg && strcmp(error.msg, rows[i].msg) != 0)
			printf("# %s\n", error.msg);
		CHECK(error.msg[0] && answer.token.len == 0);
		CHECK_INT(answer.http_status, 200);
	}
	CHECK_INT(read_answer("openunison", 204, ""), STS_EEMPTY);
	CHECK_STR(error.msg,
		  "the STS answered with no body (status 204): is the URL's path right?");
	/* The code of an error that came with status 200 is kept. */
	read_answer("token-exchange", 200, "{\"error\":\"something\"}");
	CHECK_STR(answer.sts_error, "something");
}

static void token_size(void)
{
	static char token[STS_TOKEN_MAX_BYTES + 1];

	memset(token, 'a', sizeof(token));
	for (size_t extra = 0; extra < 2; extra++) {
		snprintf(big_body, sizeof(big_body), "{\"access_token\":\"%.*s\"}",
			 (int)(STS_TOKEN_MAX_BYTES + extra), token);
		CHECK_INT(exchanged(big_body), extra ? STS_ETOKEN : STS_OK);
	}
	CHECK_STR(error.msg, "the answer's access_token is over 64 KiB");
	CHECK(sts_answer_token_ok(STS_SLICE("!~")));
	CHECK(!sts_answer_token_ok(STS_SLICE("")));
	CHECK(!sts_answer_token_ok((struct sts_slice){NULL, 0}));
	CHECK(!sts_answer_token_ok(STS_SLICE("a\0b")));
	CHECK(!sts_answer_token_ok(STS_SLICE("a\x80")));
}

#define OAUTH(code) REFUSAL(code, "no such rule")

#define SENT " (sent: a head of 9000 bytes, a body of 70, a subject token of 46)"

static void statuses(void)
{
	static const struct {
		int status;
		const char *body;
		enum sts_err err;
		const char *msg, *sts_error;
	} rows[] = {
		{400, "", STS_ESTATUS, "unexpected status 400 with no body", ""},
		{400, "bad", STS_ESTATUS, "unexpected status 400: bad", ""},
		{400, "<html>bad", STS_EHTML, "unexpected status 400: a web page", ""},
		{400, "{\"error\":", STS_ESTATUS, "unexpected status 400", ""},
		{400, "{\"error\":{\"code\":7}}", STS_ESTATUS, "unexpected status 400", ""},
		{400, OAUTH("invalid_request"), STS_EREFUSED,
		 "unexpected status 400: invalid_request: no such rule", "invalid_request"},
		{400, OAUTH("temporarily_unavailable"), STS_EBUSY,
		 "unexpected status 400: temporarily_unavailable: no such rule",
		 "temporarily_unavailable"},
		{400, "{\"error\":\"Bad Request\"}", STS_ESTATUS,
		 "unexpected status 400: Bad Request", ""},
		{400, "{\"error\":\"Bad Request\",\"message\":\"x\"}", STS_ESTATUS,
		 "unexpected status 400: x", ""},
		{400,
		 "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"m\"}}",
		 STS_EREFUSED, "unexpected status 400: INVALID_ARGUMENT: m", "INVALID_ARGUMENT"},
		{400, "{\"errors\":[\"no such role\"]}", STS_EREFUSED,
		 "unexpected status 400: no such role", ""},
		{400, "{\"type\":\"about:blank\",\"detail\":\"no such tenant\"}", STS_EREFUSED,
		 "unexpected status 400: no such tenant", ""},
		{400, "{\"errors\":[]}", STS_ESTATUS, "unexpected status 400", ""},
		{400, "{\"error\":\"a\",\"error\":\"b\"}", STS_ESTATUS, "unexpected status 400",
		 ""},
		{401, "", STS_EUNAUTHORIZED, "unexpected status 401", ""},
		{401, OAUTH("invalid_client"), STS_ECLIENT,
		 "unexpected status 401: invalid_client: no such rule", "invalid_client"},
		{403, "", STS_EDENIED, "unexpected status 403", ""},
		{403, OAUTH("access_denied"), STS_EDENIED,
		 "unexpected status 403: access_denied: no such rule", "access_denied"},
		{404, "not here", STS_ENOTFOUND, "unexpected status 404: not here", ""},
		{404, "{\"status\":404,\"error\":\"Not Found\",\"path\":\"/x\"}", STS_ENOTFOUND,
		 "unexpected status 404: Not Found", ""},
		{404, OAUTH("invalid_target"), STS_EREFUSED,
		 "unexpected status 404: invalid_target: no such rule", "invalid_target"},
		{404, "{\"errors\":[\"no handler\"]}", STS_ENOTFOUND,
		 "unexpected status 404: no handler", ""},
		{405, "", STS_ESTATUS, "unexpected status 405", ""},
		{405, "{\"message\":\"no\"}", STS_ESTATUS, "unexpected status 405: no", ""},
		{408, "", STS_EBUSY, "unexpected status 408", ""},
		{413, "", STS_EREQUEST_TOOBIG, "unexpected status 413" SENT, ""},
		{413, OAUTH("too_big"), STS_EREQUEST_TOOBIG,
		 "unexpected status 413: too_big: no such rule" SENT, "too_big"},
		{413, OAUTH("temporarily_unavailable"), STS_EBUSY,
		 "unexpected status 413: temporarily_unavailable: no such rule",
		 "temporarily_unavailable"},
		{414, "no", STS_EREQUEST_TOOBIG, "unexpected status 414: no" SENT, ""},
		{431, "<html>", STS_EREQUEST_TOOBIG, "unexpected status 431: a web page" SENT, ""},
		{400, "<html><title>400 Request Header Or Cookie Too Large</title></html>",
		 STS_EREQUEST_TOOBIG,
		 "unexpected status 400: a web page \"400 Request Header Or Cookie Too "
		 "Large\"" SENT,
		 ""},
		{418, "", STS_ESTATUS, "unexpected status 418", ""},
		{422, "", STS_ESTATUS, "unexpected status 422", ""},
		{422, OAUTH("x"), STS_EREFUSED, "unexpected status 422: x: no such rule", "x"},
		{425, "", STS_EBUSY, "unexpected status 425", ""},
		{429, OAUTH("slow_down"), STS_EBUSY,
		 "unexpected status 429: slow_down: no such rule", "slow_down"},
		{500, "<html>oops", STS_EBUSY, "unexpected status 500: a web page", ""},
		{502, OAUTH("access_denied"), STS_EBUSY,
		 "unexpected status 502: access_denied: no such rule", "access_denied"},
		{599, "", STS_EBUSY, "unexpected status 599", ""},
		{300, "", STS_EREDIRECT, "unexpected status 300: a redirect", ""},
		{399, "", STS_EREDIRECT, "unexpected status 399: a redirect", ""},
		{304, OAUTH("x"), STS_EREDIRECT, "unexpected status 304: a redirect", "x"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare("token-exchange", rows[i].status, sts_slice_of(rows[i].body));
		input.request_head_bytes = 9000;
		input.request_body_bytes = 70;
		CHECK_INT(read_prepared(), rows[i].err);
		CHECK_STR(error.msg, rows[i].msg);
		CHECK_INT(error.detail, rows[i].status);
		CHECK_INT(answer.http_status, rows[i].status);
		CHECK_STR(answer.sts_error, rows[i].sts_error);
	}
}

/* The error tells what was refused: the client's credentials, the subject token, or the request. */
static void who_is_refused(void)
{
	static const struct {
		const char *protocol;
		int status;
		const char *body;
		enum sts_err err;
	} rows[] = {
		{"token-exchange", 401, OAUTH("invalid_client"), STS_ECLIENT},
		{"token-exchange", 400, OAUTH("invalid_client"), STS_ECLIENT},
		{"token-exchange", 401, OAUTH("unauthorized_client"), STS_ECLIENT},
		{"token-exchange", 400, OAUTH("unauthorized_client"), STS_EREFUSED},
		{"token-exchange", 401, OAUTH("invalid_token"), STS_EUNAUTHORIZED},
		{"token-exchange", 503, OAUTH("invalid_client"), STS_EBUSY},
		{"anthropic", 401, OAUTH("invalid_client"), STS_EUNAUTHORIZED},
		/* Here the subject token is the client's credential. An STS that takes it once must
		 * not be asked again. */
		{"client-assertion", 401, OAUTH("invalid_client"), STS_EREFUSED},
		{"client-assertion", 401, "", STS_EREFUSED},
		{"client-assertion", 403, "", STS_EDENIED},
		/* A code that stands for a 401 has the same meaning as a 401. */
		{"client-assertion", 401, OAUTH("InvalidIdentityToken"), STS_EREFUSED},
		{"client-assertion", 400, OAUTH("InvalidIdentityToken"), STS_EREFUSED},
		{"client-assertion", 200, OAUTH("InvalidIdentityToken"), STS_EREFUSED},
		{"token-exchange", 400, OAUTH("InvalidIdentityToken"), STS_EUNAUTHORIZED},
		{"entra", 401, OAUTH("invalid_client"), STS_EUNAUTHORIZED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare(rows[i].protocol, rows[i].status, sts_slice_of(rows[i].body));
		CHECK_INT(read_prepared(), rows[i].err);
	}
}

static void redirects(void)
{
	prepare("openunison", 302, STS_SLICE("<html>"));
	head.location = STS_SLICE("https://other.test/login?secret=y");
	CHECK_INT(read_prepared(), STS_EREDIRECT);
	CHECK_STR(error.msg, "unexpected status 302: a redirect to https://other.test/login");
	prepare("openunison", 307, STS_SLICE(""));
	head.location = STS_SLICE("/elsewhere");
	CHECK_INT(read_prepared(), STS_EREDIRECT);
	CHECK_STR(error.msg, "unexpected status 307: a redirect to /elsewhere at the same host");
	prepare("openunison", 308, STS_SLICE(""));
	head.location = STS_SLICE("https://" SUBJECT ".test/");
	CHECK_INT(read_prepared(), STS_EREDIRECT);
	CHECK_STR(error.msg, "unexpected status 308: a redirect");
}

static void retry_after(void)
{
	prepare("openunison", 503, STS_SLICE(""));
	head.retry_after = STS_SLICE("17");
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_INT(answer.retry_after_s, 17);
	prepare("openunison", 403, STS_SLICE(""));
	head.retry_after = STS_SLICE("Mon, 12 Jan 2026 16:00:30 GMT");
	CHECK_INT(read_prepared(), STS_EDENIED);
	CHECK_INT(answer.retry_after_s, 30);
}

static enum sts_err expecting(const char *token, const char *audience, const char *issuer,
			      int64_t max_lifetime_s)
{
	static char body[2048];

	snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"expires_in\":900}", token);
	prepare("token-exchange", 200, sts_slice_of(body));
	input.expect_audience = sts_slice_of(audience);
	input.expect_issuer = sts_slice_of(issuer);
	input.max_lifetime_s = max_lifetime_s;
	return read_prepared();
}

/* The time is 1768233600, which prepare() sets. */
static void max_lifetime(void)
{
	/* The exp of a JWT counts, even if the answer says that the token ends earlier. */
	CHECK_INT(expecting(jwt("{\"exp\":1768237200}"), NULL, NULL, 3600), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(expecting(jwt("{\"exp\":1768237300}"), NULL, NULL, 3600), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token lives 3700 s, and at most 3600 s are allowed "
			     "(--max-lifetime)");
	/* With this iat the lifetime looks short. */
	CHECK_INT(expecting(jwt("{\"exp\":1768237300,\"iat\":1768237000}"), NULL, NULL, 3600),
		  STS_EEXPECT);
	/* This token ends earlier than the answer says. */
	CHECK_INT(expecting(jwt("{\"exp\":1768233700}"), NULL, NULL, 100), STS_OK);
	CHECK_INT(expecting(OPAQUE, NULL, NULL, 900), STS_OK);
	CHECK_INT(expecting(OPAQUE, NULL, NULL, 899), STS_EEXPECT);

	prepare("token-exchange", 200, STS_SLICE("{\"access_token\":\"" OPAQUE "\"}"));
	CHECK_INT(read_prepared(), STS_OK);
	prepare("token-exchange", 200, STS_SLICE("{\"access_token\":\"" OPAQUE "\"}"));
	input.max_lifetime_s = 3600;
	CHECK_INT(read_prepared(), STS_EEXPECT);
	CHECK_STR(error.msg, "nothing tells how long the returned token lives, so its lifetime "
			     "cannot be checked");
}

/* Claims that json.h refuses, and libraries of services do not. */
static void malformed_claims(void)
{
	static const char surrogate[] =
		"{\"exp\":%s,\"aud\":\"a\",\"iss\":\"i\",\"n\":\"\\ud83d\"}";
	char claims[128];

	snprintf(claims, sizeof(claims), surrogate, "1768230000");
	CHECK_INT(expecting(jwt(claims), NULL, NULL, 0), STS_ELIFETIME);
	snprintf(claims, sizeof(claims), surrogate, "1768233700");
	CHECK_INT(expecting(jwt(claims), NULL, NULL, 100), STS_OK);
	CHECK_INT(answer.lifetime_s, 100);
	CHECK_INT(expecting(jwt(claims), NULL, NULL, 99), STS_EEXPECT);
	CHECK_INT(expecting(jwt(claims), "a", NULL, 0), STS_EEXPECT);
	CHECK_STR(error.msg,
		  "the returned token is a malformed JWT, so its audience cannot be checked");
	CHECK_INT(expecting(jwt(claims), NULL, "i", 0), STS_EEXPECT);
	CHECK_STR(error.msg,
		  "the returned token is a malformed JWT, so its issuer cannot be checked");
	snprintf(claims, sizeof(claims), surrogate, "1768233700,\"exp\":9");
	CHECK_INT(expecting(jwt(claims), NULL, NULL, 0), STS_ETOKEN);
	snprintf(claims, sizeof(claims), surrogate, "1e400");
	CHECK_INT(expecting(jwt(claims), NULL, NULL, 0), STS_ETOKEN);
	CHECK_STR(error.msg, "the returned token's exp is not a time, or appears twice");
	/* {"exp":1768233700} with padding */
	CHECK_INT(expecting("e30.eyJleHAiOjE3NjgyMzM3MDB9.c2ln", NULL, NULL, 0), STS_OK);
	CHECK_INT(answer.lifetime_s, 100);
	CHECK_INT(expecting("e30=.eyJleHAiOjE3NjgyMzM3MDAsIm4iOiIifQ==.c2ln=", NULL, NULL, 0),
		  STS_OK);
	CHECK_INT(answer.lifetime_s, 100);
}

static void expectations(void)
{
	static const char good[] = "{\"iss\":\"https://i.test\",\"aud\":[\"a\",\"b\"]}";

	CHECK_INT(expecting(jwt(good), "b", "https://i.test", 900), STS_OK);
	CHECK_INT(expecting(jwt(good), "c", "https://i.test", 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token's audience is not c (--expect-audience)");
	CHECK_INT(expecting(jwt(good), NULL, "https://i.test/", 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token's issuer is https://i.test, not https://i.test/ "
			     "(--expect-issuer)");
	CHECK_INT(expecting(jwt("{\"aud\":\"a/\\n\"}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token's audience is a/\\x0A, not a (--expect-audience)");
	CHECK_INT(expecting(jwt("{\"aud\":\"eyJhbGci\"}"), "a", NULL, 0), STS_EEXPECT);
	/* What is there might be a token. */
	CHECK_STR(error.msg, "the returned token's audience is not a (--expect-audience)");
	CHECK_INT(expecting(jwt("{\"aud\":[]}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"aud\":[[\"a\"],{\"a\":1},7,null]}"), "a", NULL, 0),
		  STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"aud\":{\"a\":\"a\"}}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"aud\":\"a\",\"aud\":\"b\"}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"aud\":\"A\"}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"aud\":\"ab\"}"), "a", NULL, 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{\"iss\":[\"i\"]}"), NULL, "i", 0), STS_EEXPECT);
	CHECK_INT(expecting(jwt("{}"), NULL, "i", 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token's issuer is not i (--expect-issuer)");
	CHECK_INT(expecting(jwt(good), NULL, NULL, 899), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token lives 900 s, and at most 899 s are allowed "
			     "(--max-lifetime)");
	CHECK_INT(expecting(OPAQUE, NULL, NULL, 0), STS_OK);
	CHECK_INT(expecting(OPAQUE, "a", NULL, 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token is no JWT, so its audience cannot be checked");
	CHECK_INT(expecting(OPAQUE, NULL, "i", 0), STS_EEXPECT);
	CHECK_STR(error.msg, "the returned token is no JWT, so its issuer cannot be checked");

	/* A time of the wrong type is not a reason to fail, and the other times count. */
	CHECK_INT(expecting(jwt("{\"exp\":1768233700,\"iat\":\"x\"}"), NULL, NULL, 0), STS_OK);
	CHECK_INT(answer.lifetime_s, 100);
	/* The exception is exp: a token whose exp cannot be read is refused. */
	CHECK_INT(expecting(jwt("{\"exp\":\"1768233700\"}"), NULL, NULL, 0), STS_OK);
	CHECK_INT(answer.lifetime_s, 100);
	CHECK_INT(expecting(jwt("{\"exp\":1768233700,\"exp\":1768234400}"), NULL, NULL, 0),
		  STS_ETOKEN);
	CHECK_INT(expecting(jwt("{\"exp\":\"soon\"}"), NULL, NULL, 0), STS_ETOKEN);
	CHECK_INT(expecting(jwt("{\"exp\":true}"), NULL, NULL, 0), STS_ETOKEN);
	CHECK_STR(error.msg, "the returned token's exp is not a time, or appears twice");
	CHECK_INT(expecting(jwt("{\"exp\":null}"), NULL, NULL, 0), STS_OK);
	CHECK_INT(answer.lifetime_s, 900);
	CHECK_INT(expecting(jwt("{\"exp\":1768233600}"), NULL, NULL, 0), STS_ELIFETIME);
	CHECK(strstr(error.msg, "2026-01-12T16:00:00Z"));
	max_lifetime();
	malformed_claims();
	CHECK_INT(expecting(SUBJECT, NULL, NULL, 0), STS_ETOKEN);
	sts_json_close();
}

static const struct sts_test tests[] = {
	{"token-exchange", token_exchange},
	{"openunison", openunison},
	{"a token in another field", token_field},
	{"--expiry-field", expiry_field},
	{"clocks that differ", clocks},
	{"answers with status 200 that cannot be used", bad_answers},
	{"answers of 64 KiB", token_size},
	{"what each status means", statuses},
	{"who or what was refused", who_is_refused},
	{"redirects are refused", redirects},
	{"Retry-After is read", retry_after},
	{"audience, issuer and lifetime that are expected", expectations},
};

STS_TEST_MAIN(tests)
