/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_input.h"

#include "base/timefmt.h"

static struct sts_subject subject;

/* Read a refusal. The answer's Date is NOW + skew_s, and skew_s is INT64_MIN for no Date. The
 * node's clock is at NOW. */
static enum sts_err refused(const char *protocol, int status, const char *body, int64_t skew_s)
{
	static const char *const months[] = {"Jan", "Feb"};
	static char date[40];
	char text[STS_RFC3339_BYTES];

	prepare(protocol, status, sts_slice_of(body));
	input.subject = &subject;
	if (skew_s == INT64_MIN) {
		head.date = (struct sts_slice){NULL, 0};
	} else {
		sts_rfc3339_format(NOW + skew_s, text);
		snprintf(date, sizeof(date), "Mon, %.2s %s %.4s %.8s GMT", text + 8,
			 months[text[6] - '1'], text, text + 11);
		head.date = sts_slice_of(date);
	}
	return read_prepared();
}

/* The subject token was issued so long after NOW, and lives for an hour. */
static void issued(int64_t after_s)
{
	subject = (struct sts_subject){.token = STS_SLICE(SUBJECT),
				       .nbf_s = NOW + after_s,
				       .iat_s = NOW + after_s,
				       .exp_s = NOW + after_s + 3600};
}

#define REFUSED "{\"error\":\"invalid_grant\"}"

/* The Date is before nbf or iat: the next attempt is made when it is not any more. */
static void early_by_date(void)
{
	issued(5);
	CHECK_INT(refused("token-exchange", 400, REFUSED, 0), STS_EEARLY);
	CHECK_STR(error.msg, "unexpected status 400: invalid_grant (the subject token is valid "
			     "from 2026-01-12T16:00:05Z, 5 s after the STS's Date)");
	CHECK_INT(answer.retry_after_s, 6);
	CHECK_STR(answer.sts_error, "invalid_grant");
	subject.nbf_s = NOW - 60;
	CHECK_INT(refused("token-exchange", 401, "", 0), STS_EEARLY);
	CHECK_INT(answer.retry_after_s, 6);
	subject.iat_s = -1;
	CHECK_INT(refused("token-exchange", 401, "", 0), STS_EUNAUTHORIZED);
	CHECK_STR(error.msg, "unexpected status 401");
	CHECK_INT(answer.retry_after_s, -1);
	/* The STS is behind, and the node is not. */
	issued(-10);
	CHECK_INT(refused("openunison", 401, "", -100), STS_EEARLY);
	CHECK_STR(error.msg, "unexpected status 401 (the subject token is valid from "
			     "2026-01-12T15:59:50Z, 1 min 30 s after the STS's Date; the node's "
			     "clock is 1 min 40 s ahead of it)");
	CHECK_INT(answer.retry_after_s, 91);
	/* A wait has its bound, and a longer wait that the STS asks for counts. */
	issued(3000);
	CHECK_INT(refused("token-exchange", 403, "", 0), STS_EEARLY);
	CHECK_INT(answer.retry_after_s, 300);
	issued(5);
	prepare("token-exchange", 422, STS_SLICE(""));
	input.subject = &subject;
	head.retry_after = STS_SLICE("20");
	CHECK_INT(read_prepared(), STS_EEARLY);
	CHECK_INT(answer.retry_after_s, 20);
	CHECK_INT(refused("token-exchange", 400, "", 0), STS_EEARLY);
	CHECK_INT(refused("token-exchange", 422, "", 0), STS_EEARLY);
	CHECK_INT(refused("token-exchange", 409, "", 0), STS_ESTATUS);
	/* One second is enough to be valid. */
	issued(0);
	CHECK_INT(refused("token-exchange", 400, REFUSED, 0), STS_EREFUSED);
}

/* Words that have no room are cut before the explanation, also where they are cut at a space. */
static void cut_words(void)
{
	char body[400];

	issued(-10);
	for (int i = 0; i < 2; i++) {
		snprintf(body, sizeof(body), REFUSAL("%.*s", "%s"), 40 + i,
			 "cccccccccccccccccccccccccccccccccccccccccccccccc",
			 "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
			 "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a");
		CHECK_INT(refused("openunison", 401, body, -100), STS_EEARLY);
		CHECK(strstr(error.msg, " a a (the subject token is valid from "));
		CHECK(strstr(error.msg, " ahead of it)"));
		CHECK(strlen(error.msg) >= STS_ERROR_TEXT_MAX_BYTES - 2);
	}
}

/* Without a Date, or with one that is too far away to be right, the node's clock counts. */
static void early_by_clock(void)
{
	issued(5);
	CHECK_INT(refused("token-exchange", 400, REFUSED, INT64_MIN), STS_EEARLY);
	CHECK_STR(error.msg, "unexpected status 400: invalid_grant (the subject token is valid "
			     "from 2026-01-12T16:00:05Z, 5 s after the node's time)");
	CHECK_INT(answer.retry_after_s, 6);
	CHECK_INT(refused("token-exchange", 400, REFUSED, 25 * 3600), STS_EEARLY);
	issued(-5);
	CHECK_INT(refused("token-exchange", 400, REFUSED, INT64_MIN), STS_EREFUSED);
	CHECK_INT(refused("token-exchange", 400, REFUSED, -25 * 3600), STS_EREFUSED);
	CHECK_STR(error.msg, "unexpected status 400: invalid_grant");
}

/* The Date says nothing: what the STS says counts. Hints count only if the token is young. */
static void early_by_words(void)
{
	static const struct {
		const char *words;
		bool young, old; /* is it early then? */
	} rows[] = {
		{"token is not valid yet", true, true},
		{"Token Not Yet Valid (nbf)", true, true},
		{"Token used before issued", true, true},
		{"The Token can't be used before Mon Jan 12", true, true},
		{"validation failed, token issued in the future (iat)", true, true},
		{"\\\"nbf\\\" claim timestamp check failed", true, false},
		{"AADSTS700024: Client assertion is not within its valid time range.", true, false},
		{"bad iat", true, false},
		{"The token cannot be used yet", true, true},
		{"JWT must not be accepted before 2026-01-12T16:00:09Z", true, true},
		{"Token is not active", true, false},
		{"jwt not active", true, false},
		{"the user is not active", false, false},
		{"this assertion was used before", false, false},
		{"the associated role", false, false},
		{"a fiat", false, false},
		{"the iats", false, false},
		{"x509: certificate has expired or is not yet valid", false, false},
		{"no such role", false, false},
	};
	char body[200];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(body, sizeof(body), "{\"error\":\"a\",\"error_description\":\"%s\"}",
			 rows[i].words);
		issued(-3);
		CHECK_INT(refused("client-assertion", 401, body, 0) == STS_EEARLY, rows[i].young);
		CHECK_INT(answer.retry_after_s, -1);
		issued(-300);
		CHECK_INT(refused("client-assertion", 401, body, 0) == STS_EEARLY, rows[i].old);
		/* By the node's clock it is young, and the STS's Date may be a gateway's. */
		issued(-3);
		CHECK_INT(refused("client-assertion", 401, body, 600) == STS_EEARLY, rows[i].young);
	}
	/* What is searched of a text has its bound. */
	for (size_t from = 1000; from < 1006; from++) {
		char text[1040];

		issued(-3);
		memset(text, '.', from);
		snprintf(text + from, sizeof(text) - from, "token is not valid yet");
		CHECK_INT(refused("custom", 401, text, 0) == STS_EEARLY,
			  from + strlen(text + from) <= STS_REASON_WORDS_MAX_BYTES);
	}
	issued(-3);
	CHECK_INT(refused("vault", 400, "{\"errors\":[\"token not yet valid\"]}", 0), STS_EEARLY);
	CHECK_STR(error.msg, "unexpected status 400: token not yet valid (the subject token is "
			     "valid since 2026-01-12T15:59:57Z, 3 s before the STS's Date)");
	/* An opaque token has no times. */
	subject = (struct sts_subject){.nbf_s = -1, .iat_s = -1, .exp_s = -1};
	CHECK_INT(refused("vault", 400, "{\"errors\":[\"token not yet valid\"]}", 0), STS_EEARLY);
	CHECK_STR(error.msg, "unexpected status 400: token not yet valid");
}

/* The subject token has expired. Only another token helps, so the class of the error stays. */
static void late(void)
{
	issued(-3700);
	CHECK_INT(refused("token-exchange", 401, REFUSED, 0), STS_EUNAUTHORIZED);
	CHECK_STR(error.msg, "unexpected status 401: invalid_grant (the subject token expired at "
			     "2026-01-12T15:58:20Z, 1 min 40 s before the STS's Date)");
	CHECK_INT(answer.retry_after_s, -1);
	/* The clocks do not agree about it. */
	issued(-3000);
	CHECK_INT(refused("token-exchange", 403, "", 1200), STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403 (the subject token expired at "
			     "2026-01-12T16:10:00Z, 10 min before the STS's Date; the node's "
			     "clock is 20 min behind it)");
	CHECK_INT(refused("aws", 400, "{\"Error\":{\"Code\":\"ExpiredTokenException\"}}", 0),
		  STS_EREFUSED);
	CHECK_STR(error.msg, "unexpected status 400: ExpiredTokenException (the subject token "
			     "expires at 2026-01-12T16:10:00Z, 10 min after the STS's Date)");
	CHECK_INT(refused("entra", 401,
			  "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700024: "
			  "Client assertion is not within its valid time range.\"}",
			  0),
		  STS_EUNAUTHORIZED);
	CHECK_STR(error.msg,
		  "unexpected status 401: invalid_client: AADSTS700024: Client "
		  "assertion is not within its valid time range. (the subject token expires at "
		  "2026-01-12T16:10:00Z, 10 min after the STS's Date)");
	/* By the node's clock the token is young, but it has expired by the Date. */
	issued(-3);
	CHECK_INT(refused("entra", 401, "{\"error_description\":\"AADSTS700024\"}", 7200),
		  STS_EUNAUTHORIZED);
	CHECK(strstr(error.msg, "expired at 2026-01-12T16:59:57Z, 1 h before the STS's Date"));
	/* At exp it is over (RFC 7519 section 4.1.4). */
	issued(-3600);
	CHECK_INT(refused("token-exchange", 401, "", INT64_MIN), STS_EUNAUTHORIZED);
	CHECK(strstr(error.msg, "expired at 2026-01-12T16:00:00Z, 0 s before the node's time"));
}

/* A sentence that lists all causes of a refusal says nothing of the time, unless the token is young
 * or near its end. */
static void by_a_list_of_causes(void)
{
#define HYDRA \
	"The provided authorization grant (e.g., authorization code, resource owner credentials) " \
	"or refresh token is invalid, expired, revoked, does not match the redirection URI"
	static const char *const lists[] = {
		HYDRA,
		"The access token provided is expired, revoked, malformed, or invalid",
		"invalid or expired token",
		"token is malformed or has expired",
		"the assertion is expired or not yet valid",
		"Token has expired or is not yet valid",
	};
	char body[400];

	for (size_t i = 0; i < COUNT(lists); i++) {
		bool both = strstr(lists[i], "yet") != NULL;

		snprintf(body, sizeof(body),
			 "{\"error\":\"invalid_grant\",\"error_description\":\"%s\"}", lists[i]);
		issued(-1800);
		CHECK_INT(refused("jwt-bearer", 400, body, 0), STS_EREFUSED);
		CHECK(!strstr(error.msg, "the subject token"));
		/* Before and after a minute before the end, by the node's clock or by the Date. */
		issued(-3539);
		CHECK_INT(refused("jwt-bearer", 400, body, 0), STS_EREFUSED);
		CHECK(!strstr(error.msg, "the subject token"));
		CHECK_INT(refused("jwt-bearer", 400, body, 1), STS_EREFUSED);
		CHECK(strstr(error.msg, "(the subject token expires at 2026-01-12T16:01:01Z, 1 min "
					"after the STS's Date"));
		issued(-3540);
		CHECK_INT(refused("jwt-bearer", 400, body, -120), STS_EREFUSED);
		CHECK(strstr(error.msg, "(the subject token expires at 2026-01-12T16:01:00Z, 3 min "
					"after the STS's Date; the node's clock is 2 min ahead of "
					"it)"));
		issued(-3601);
		CHECK_INT(refused("jwt-bearer", 400, body, 0), STS_EREFUSED);
		CHECK(strstr(error.msg, "(the subject token expired at"));
		/* While it is young, it may be not valid yet. */
		issued(-3);
		CHECK_INT(refused("jwt-bearer", 400, body, 0), both ? STS_EEARLY : STS_EREFUSED);
	}
	/* "expired" alone is said of this token. */
	issued(-1800);
	CHECK_INT(
		refused("vault", 400,
			"{\"errors\":[\"invalid expiration time (exp) claim: token is expired\"]}",
			0),
		STS_EREFUSED);
	CHECK(strstr(error.msg,
		     "(the subject token expires at 2026-01-12T16:30:00Z, 30 min after"));
}

/* The words of the answer give way to what the program says, and no space is left where they end.
 * They are words of one letter, so that every second length ends with a space. */
static void room_for_the_times(void)
{
	char body[300] = "{\"error\":\"invalid_grant\",\"error_description\":\"";
	size_t first = strlen(body);
	unsigned cut = 0;

	issued(5);
	for (size_t len = 0; first + len + 3 < sizeof(body); len++) {
		memcpy(body + first + len, "\"}", 3);
		CHECK_INT(refused("token-exchange", 400, body, 0), STS_EEARLY);
		const char *tail = strstr(error.msg, " (the subject token is valid from ");
		CHECK(tail && tail[-1] != ' ');
		CHECK(error.msg[strlen(error.msg) - 1] == ')');
		/* The last letter that there is room for stays. */
		if (tail && len % 2 == 1 && tail[-1] == 'z')
			cut = (unsigned)len;
		body[first + len] = len % 2 == 0 ? 'z' : ' ';
	}
	CHECK(cut > 0);
}

/* Nothing changes where time is no reason. */
static void no_reason(void)
{
	static const struct {
		int status;
		const char *body;
		enum sts_err err;
	} rows[] = {
		{500, "", STS_EBUSY},     {429, REFUSED, STS_EBUSY},
		{404, "", STS_ENOTFOUND}, {405, "", STS_ESTATUS},
		{302, "", STS_EREDIRECT}, {401, "{\"error\":\"invalid_client\"}", STS_ECLIENT},
	};

	issued(5);
	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(refused("token-exchange", rows[i].status, rows[i].body, 0), rows[i].err);
		CHECK(!strstr(error.msg, "the subject token"));
	}
	issued(-60);
	CHECK_INT(refused("token-exchange", 403, "{\"error\":\"access_denied\"}", 120),
		  STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403: access_denied");
}

/* The words are cut where the explanation needs the room, whatever they are. */
static void long_words(void)
{
	char body[2000];
	struct sts_text text;

	sts_text_init(&text, body, sizeof(body));
	sts_text_add_str(&text, "{\"error\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
				"\"error_description\":\"");
	for (int i = 0; i < 200; i++)
		sts_text_add_str(&text, "words ");
	sts_text_add_str(&text, "\"}");
	issued(-10);
	CHECK_INT(refused("token-exchange", 400, body, -80000), STS_EEARLY);
	CHECK(strstr(error.msg, "22 h 13 min after the STS's Date; the node's clock is 22 h 13 "
				"min ahead of it)"));
	CHECK(strncmp(error.msg, "unexpected status 400: aaaa", 27) == 0);
	CHECK_INT(answer.retry_after_s, 300);
}

static const struct sts_test tests[] = {
	{"a Date before nbf or iat", early_by_date},
	{"the node's clock without a Date", early_by_clock},
	{"words that have no room", cut_words},
	{"words that say that it is early", early_by_words},
	{"a subject token that has expired", late},
	{"a sentence that lists all causes", by_a_list_of_causes},
	{"room for the times", room_for_the_times},
	{"other refusals stay what they are", no_reason},
	{"long words", long_words},
};

STS_TEST_MAIN(tests)
