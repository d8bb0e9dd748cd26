/* SPDX-License-Identifier: Apache-2.0 */
#include "output/status.h"
#include "protocol/table.h"
#include "test.h"

#include <errno.h>

#define NOW 1768233157

static char buf[STS_STATUS_MAX_BYTES + 1];

static const char *format(const struct sts_status *status)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(status, &text);
	CHECK(!text.overflow);
	return buf;
}

static bool parse(const char *text, struct sts_status *status)
{
	return sts_status_parse(sts_slice_of(text), status);
}

static const struct sts_status failing = {
	.state = STS_STATE_FAILING,
	.error = STS_EDENIED,
	.detail = 403,
	.http_status = 403,
	.sts_error = "access_denied",
	.tries = 4,
	.attempts = 17,
	.last_attempt_s = NOW - 12,
	.next_attempt_s = NOW + 18,
	.last_success_s = NOW - 900,
};

static void test_format(void)
{
	CHECK_STR(format(&failing),
		  "sts-sidecar-status 1\nstate failing\nerror denied\nsts_error access_denied\n"
		  "detail 403\nhttp_status 403\ntries 4\nattempts 17\nlast_attempt 1768233145\n"
		  "next_attempt 1768233175\nlast_success 1768232257\nwaits 0");
	/* Neither an error code that is not known nor a number that is out of range gets into the
	 * file. */
	struct sts_status odd = failing;
	strcpy(odd.sts_error, "a_peers_own_words");
	odd.http_status = -1;
	odd.detail = -7;
	odd.state = (enum sts_state)99;
	odd.error = (enum sts_err) - 3;
	odd.last_attempt_s = -1;
	odd.next_attempt_s = INT64_MAX;
	odd.tries = UINT32_MAX;
	CHECK_STR(format(&odd),
		  "sts-sidecar-status 1\nstate failing\nerror bug\ndetail 0\nhttp_status 0\n"
		  "tries 4294967295\nattempts 17\nlast_attempt 0\nnext_attempt 0\n"
		  "last_success 1768232257\nwaits 0");
}

static bool same(const struct sts_status *a, const struct sts_status *b)
{
	return a->state == b->state && a->error == b->error && a->detail == b->detail &&
	       a->http_status == b->http_status && strcmp(a->sts_error, b->sts_error) == 0 &&
	       a->tries == b->tries && a->attempts == b->attempts &&
	       a->last_attempt_s == b->last_attempt_s && a->next_attempt_s == b->next_attempt_s &&
	       a->last_success_s == b->last_success_s;
}

static void test_round_trip(void)
{
	struct sts_status status, got;

	CHECK(parse(format(&failing), &got) && same(&failing, &got));
	for (unsigned i = 0; i < STS_ERR__COUNT; i++) {
		for (unsigned state = 0; state < STS_STATE__COUNT; state++) {
			status = (struct sts_status){.error = (enum sts_err)i,
						     .state = (enum sts_state)state};
			CHECK(parse(format(&status), &got) && same(&status, &got));
		}
	}
	/* This is the longest status. */
	status = (struct sts_status){.error = STS_ESUBJECT_UNREADABLE,
				     .detail = INT32_MAX,
				     .http_status = 599,
				     .tries = UINT32_MAX,
				     .attempts = INT64_MAX,
				     .last_attempt_s = 253402300799,
				     .next_attempt_s = 253402300799,
				     .last_success_s = 253402300799,
				     .sts_error = "unsupported_response_type"};
	CHECK(parse(format(&status), &got) && same(&status, &got));
	CHECK(strlen(buf) < STS_STATUS_MAX_BYTES / 2);
}

static void test_hostile(void)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"", false},
		{"sts-sidecar-status 1", false},
		{"sts-sidecar-status 1\nstate ok", true},
		{"sts-sidecar-status 1\nstate ok\n", true},
		{"sts-sidecar-status 1\n\n\nstate ok\n\n", true},
		{"sts-sidecar-status 2\nstate ok", false},
		{"state ok\nsts-sidecar-status 1", false},
		{"sts-sidecar-status 1\nstate", false},
		{"sts-sidecar-status 1\nstate okay", false},
		{"sts-sidecar-status 1\nstate ok\nstate", false},
		{"sts-sidecar-status 1\nstate ok\nerror nonsense", false},
		{"sts-sidecar-status 1\nstate ok\nerror", false},
		{"sts-sidecar-status 1\nstate ok\ntries", false},
		{"sts-sidecar-status 1\nstate ok\ntries -1", false},
		{"sts-sidecar-status 1\nstate ok\ntries +1", false},
		{"sts-sidecar-status 1\nstate ok\ntries  1", false},
		{"sts-sidecar-status 1\nstate ok\ntries 1 ", false},
		{"sts-sidecar-status 1\nstate ok\ntries 4294967296", false},
		{"sts-sidecar-status 1\nstate ok\nattempts 9223372036854775808", false},
		{"sts-sidecar-status 1\nstate ok\nhttp_status 600", false},
		{"sts-sidecar-status 1\nstate ok\nlast_attempt 253402300800", false},
		{"sts-sidecar-status 1\nstate ok\nlast_attempt 99999999999999999999999999", false},
		{"sts-sidecar-status 1\nstate ok\nof a later version", true},
		{"sts-sidecar-status 1\nstate ok\nsts_error of_a_later_version", true},
		{"sts-sidecar-status 1\nstate ok\nsts_error %s%n%s%n%s%n", true},
		{"sts-sidecar-status 1\nstate ok\r\n", false},
	};
	struct sts_status status;
	char big[STS_STATUS_MAX_BYTES + 2];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = parse(rows[i].text, &status);
		if (ok != rows[i].ok)
			printf("# row %zu\n", i);
		CHECK_INT(ok, rows[i].ok);
		CHECK_STR(ok ? status.sts_error : "", "");
	}
	CHECK(parse("sts-sidecar-status 1\nstate ok\ntries 1\ntries 2", &status) &&
	      status.tries == 2);
	CHECK(parse("sts-sidecar-status 1\nstate ok\nsts_error access_denied\nsts_error x",
		    &status) &&
	      !status.sts_error[0]);
	CHECK(sts_status_parse(
		      STS_SLICE("sts-sidecar-status 1\nstate ok\nsts_error access_denied\0x"),
		      &status) &&
	      !status.sts_error[0]);
	CHECK(!sts_status_parse((struct sts_slice){0}, &status));
	memset(big, '\n', sizeof(big));
	memcpy(big, "sts-sidecar-status 1\nstate ok\n", 30);
	CHECK(sts_status_parse((struct sts_slice){big, STS_STATUS_MAX_BYTES}, &status));
	CHECK(!sts_status_parse((struct sts_slice){big, STS_STATUS_MAX_BYTES + 1}, &status));
}

static const char *explain(const struct sts_status *status)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_explain(&text, "no token in /tokens", status, NOW);
	CHECK(!text.overflow && text.len < 500);
	return buf;
}

static void test_explain_failing(void)
{
	struct sts_status status = failing;

	CHECK_STR(explain(&status), "no token in /tokens: try 4 failed 12 s ago: 403 access_denied "
				    "(the STS refused this ServiceAccount: "
				    "check its authorization rules); next in 18 s");
	status.sts_error[0] = '\0';
	status.next_attempt_s = NOW - 5;
	CHECK_STR(explain(&status), "no token in /tokens: try 4 failed 12 s ago: 403 (the STS "
				    "refused this ServiceAccount: "
				    "check its authorization rules); the next is under way");
	status.next_attempt_s = NOW - 3600;
	status.last_attempt_s = NOW - 3630;
	CHECK(strstr(explain(&status), "try 4 failed 1 h"));
	CHECK(strstr(buf, "; the next was due 1 h"));
	CHECK(strstr(buf, "seems to be dead"));
	status = (struct sts_status){.state = STS_STATE_FAILING,
				     .error = STS_ECONNECT,
				     .detail = ECONNREFUSED,
				     .tries = 1,
				     .last_attempt_s = NOW + 3600};
	CHECK_STR(explain(&status),
		  "no token in /tokens: try 1 failed just now: connection refused (the connection "
		  "failed: check that "
		  "the STS is running and that a NetworkPolicy lets the Pod reach it)");
	status.error = STS_ECERT_EXPIRED;
	CHECK(strstr(explain(&status), "just now: cert_expired (a certificate has expired: "));
}

static void test_explain_others(void)
{
	struct sts_status status = {.state = STS_STATE_STARTING};

	CHECK_STR(explain(NULL), "no token in /tokens: no sidecar has written here yet: is it "
				 "running, with this directory as its output?");
	CHECK_STR(explain(&status),
		  "no token in /tokens: the sidecar is starting; no exchange has ended yet");
	status.next_attempt_s = NOW + 2;
	CHECK_STR(explain(&status), "no token in /tokens: the sidecar is starting; no exchange has "
				    "ended yet; next in 2 s");
	status = (struct sts_status){.state = STS_STATE_OK,
				     .last_success_s = NOW - 30,
				     .last_attempt_s = NOW - 30,
				     .next_attempt_s = NOW + 50};
	CHECK_STR(explain(&status),
		  "no token in /tokens: the last exchange succeeded 30 s ago; next in 50 s");
	status.state = STS_STATE_STOPPED;
	CHECK_STR(explain(&status), "no token in /tokens: the sidecar has stopped; the last "
				    "exchange succeeded 30 s ago");
	status = failing;
	status.state = STS_STATE_STOPPED;
	CHECK_STR(explain(&status), "no token in /tokens: the sidecar has stopped; try 4 failed 12 "
				    "s ago: 403 access_denied (the STS refused "
				    "this ServiceAccount: check its authorization rules)");
	/* The longest line of each error stays within what the header promises. */
	for (unsigned i = 0; i < STS_ERR__COUNT; i++) {
		status = (struct sts_status){.error = (enum sts_err)i,
					     .detail = EACCES,
					     .http_status = 599,
					     .tries = UINT32_MAX,
					     .last_attempt_s = 1,
					     .next_attempt_s = 1,
					     .sts_error = "unsupported_response_type"};
		explain(&status);
	}
}

static void test_codes(void)
{
	CHECK(sts_status_code_known("invalid_target"));
	CHECK(sts_status_code_known("IDPCommunicationError"));
	CHECK(!sts_status_code_known(""));
	CHECK(!sts_status_code_known("invalid_targe"));
	CHECK(!sts_status_code_known("Access_Denied"));
	CHECK(!sts_status_code_known("request"));
	CHECK(!sts_status_code_known(" "));
	CHECK(!sts_status_code_known("invalid_request invalid_client"));
	CHECK(sts_status_code_known("invalid_request") &&
	      sts_status_code_known("overloaded_error"));
	CHECK(sts_status_code_known("INTERNAL") && !sts_status_code_known("INTERNA"));
	CHECK(sts_status_code_known("InvalidIdentityToken") && sts_status_code_known("Throttling"));
}

static const struct sts_test tests[] = {
	{"a status is formatted", test_format},
	{"a status is read back as it was written", test_round_trip},
	{"files of others are refused or read safely", test_hostile},
	{"what is said of a sidecar that fails", test_explain_failing},
	{"what is said of other states", test_explain_others},
	{"which error codes are known", test_codes},
};
STS_TEST_MAIN(tests)
