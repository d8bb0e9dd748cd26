/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/event_log.h"

#include <errno.h>

#include "base/errno_words.h"
#include "base/packed.h"
#include "log_lines.h"
#include "packed_texts.h"
#include "test.h"

#define BOOT_MS 5000000
#define REAL_MS 1768233157000

static const struct sts_plan plan = {.name = "api", .depends_on = -1};
static const struct sts_moment now = {BOOT_MS, REAL_MS, 0};
static const struct sts_store files = {.dir_fd = 3, .mode = 0640}, no_files = {.dir_fd = -1};

static struct sts_exchange x;
static struct sts_report report;
static struct sts_logged told;

static void set_up(void)
{
	memset(&x, 0, sizeof(x));
	x.plan = &plan;
	x.exit_status = -1;
	x.state = STS_EXCHANGE_ENDED;
	report = (struct sts_report){.retry_after_s = -1};
	told = (struct sts_logged){.once = true};
}

/* Read what was logged since the last call, without the time. */
/* The proxy, the URL of the STS, and what the URL is from. */
#define ROUTE    "proxy:3128\0https://a/t\0--url"
#define NO_PROXY "\0https://a/t\0--url"

static const char *line(void)
{
	char *text = log_lines_read();
	char *from = strstr(text, ",\"ts\":"), *to = from ? strstr(from, ",\"msg\"") : NULL;
	if (to)
		memmove(from, to, strlen(to) + 1);
	return text;
}

static const char *outcome_with(enum sts_outcome outcome, const struct sts_store *store,
				const char *route)
{
	sts_event_log_outcome(&x, &told, store, route, outcome, &report, 1234, &now);
	return line();
}

static const char *outcome(enum sts_outcome what)
{
	return outcome_with(what, &files, NO_PROXY);
}

static void test_success(void)
{
	set_up();
	report.expires_s = REAL_MS / 1000 + 900;
	report.lifetime_s = 900;
	x.state = STS_EXCHANGE_HOLDS;
	x.next_ms = BOOT_MS + 600499;
	CHECK_STR(outcome(STS_OUTCOME_SUCCESS),
		  "{\"level\":\"info\",\"msg\":\"token refreshed\",\"exchange\":\"api\","
		  "\"expires\":\"2026-01-12T16:07:37Z\",\"lifetime_s\":900,"
		  "\"next_refresh_s\":600,\"duration_ms\":1234}\n");
	x.key = STS_KEY_RENEWED;
	CHECK(strstr(outcome(STS_OUTCOME_SUCCESS),
		     "\"msg\":\"token refreshed: the signing certificate changed\""));
	x.key = STS_KEY_OUT_OF_STEP;
	CHECK(strstr(outcome(STS_OUTCOME_SUCCESS),
		     "\"msg\":\"token refreshed, still with the old signing certificate: two "
		     "replicas of the STS may be out of step\""));
	x.state = STS_EXCHANGE_ENDED; /* it was the last one */
	report.flags = STS_REPORT_ADOPTED;
	CHECK_STR(outcome(STS_OUTCOME_SUCCESS),
		  "{\"level\":\"info\",\"msg\":\"token adopted\",\"exchange\":\"api\","
		  "\"expires\":\"2026-01-12T16:07:37Z\",\"lifetime_s\":900,"
		  "\"duration_ms\":1234}\n");
}

/* The mode of files and the way to the STS are in the first line only. */
static void test_told_once(void)
{
	set_up();
	told.once = false;
	CHECK(strstr(outcome_with(STS_OUTCOME_SUCCESS, &files, ROUTE),
		     ",\"mode\":\"0640\",\"proxy\":\"proxy:3128\",\"sts\":\"https://a/t\","
		     "\"sts_from\":\"--url\"}\n"));
	const char *second = outcome_with(STS_OUTCOME_SUCCESS, &files, ROUTE);
	CHECK(!strstr(second, "proxy") && !strstr(second, "sts"));
	told.once = false;
	CHECK(strstr(outcome_with(STS_OUTCOME_FAILURE, &no_files, ROUTE),
		     "\",\"proxy\":\"proxy:3128\",\"sts\":\"https://a/t\",\"sts_from\":\"--url\"}"
		     "\n"));
	CHECK(told.once);
	told.once = false;
	CHECK(!strstr(outcome_with(STS_OUTCOME_SUCCESS, &no_files, NO_PROXY), "\"mode\""));
	/* A poll is not the first line of an exchange. */
	told.once = false;
	CHECK(!strstr(outcome(STS_OUTCOME_POLL_OFF), "\"mode\""));
	CHECK(!told.once);
	CHECK(strstr(outcome(STS_OUTCOME_SUCCESS), "\"mode\":\"0640\""));
}

/* What is logged beside the line of the outcome: the line that begins with `level`, else "". */
static const char *warning(enum sts_outcome what)
{
	static char text[STS_LOG_LINE_MAX_BYTES];
	char *lines, *from, *to;

	sts_event_log_outcome(&x, &told, &files, "", what, &report, 1234, &now);
	lines = log_lines_read();
	from = strstr(lines, "{\"level\":\"warn\"");
	to = from ? strstr(from, ",\"msg\"") : NULL;
	snprintf(text, sizeof(text), "%s", to ? to : "");
	return text;
}

/* It is logged once when the clocks begin to differ, and once when that is over. */
static void test_skew(void)
{
	set_up();
	report.http_status = 200;
	report.flags = STS_REPORT_DATED;
	report.clock_skew_s = -660;
	CHECK_STR(
		warning(STS_OUTCOME_SUCCESS),
		",\"msg\":\"the node's clock is 11 min ahead of the STS's clock: programs on this "
		"node may think that tokens have expired; check the time synchronisation of both "
		"(NTP)\",\"exchange\":\"api\",\"clock_skew_s\":-660}\n");
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	/* Somebody else answered, or the answer has no Date. */
	report.clock_skew_s = 0;
	report.error = STS_EBUSY;
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	report.error = STS_OK;
	report.flags = 0;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	report.flags = STS_REPORT_DATED;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS),
		  ",\"msg\":\"the node's clock and the STS's clock agree again\",\"exchange\":"
		  "\"api\"}\n");
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	/* A refusal tells of it too. */
	report.clock_skew_s = 7260;
	report.http_status = 403;
	report.error = STS_EDENIED;
	CHECK(strstr(warning(STS_OUTCOME_FAILURE),
		     "the node's clock is 2 h 1 min behind the STS's clock: programs on this node "
		     "may use tokens that have expired; check"));
	report.clock_skew_s = -7260;
	CHECK(strstr(warning(STS_OUTCOME_FAILURE), "ahead of"));
	/* A poll has no part in it. */
	report.clock_skew_s = 0;
	report.error = STS_OK;
	CHECK_STR(warning(STS_OUTCOME_NOTHING), "");
}

static void test_not_before_and_assumed(void)
{
	set_up();
	report.not_before_s = REAL_MS / 1000 + 540;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS),
		  ",\"msg\":\"the returned token is valid only from 2026-01-12T16:01:37Z on, in 9 "
		  "min: check the clocks of the STS and of this node\",\"exchange\":\"api\"}\n");
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	report.not_before_s = 0;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	report.not_before_s = REAL_MS / 1000 + 5;
	CHECK(strstr(warning(STS_OUTCOME_SUCCESS), "on, in 5 s:"));
	report.not_before_s = 0;
	report.flags = STS_REPORT_ASSUMED;
	report.lifetime_s = 300;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS),
		  ",\"msg\":\"nothing in the answer says how long the token lives: --default-ttl "
		  "counts, 5 min\",\"exchange\":\"api\",\"lifetime_s\":300}\n");
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	/* A failure says nothing about the token. */
	report.flags = 0;
	report.error = STS_EBUSY;
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	report.error = STS_OK;
	report.flags = STS_REPORT_ASSUMED;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
}

#define TOLD \
	",\"msg\":\"three attempts in a row have failed at one gate: sts-sidecar doctor looks at " \
	"all of them\",\"exchange\":\"api\",\"gate\":"

/* What is logged after the third of three failures in this stage; nothing comes earlier. */
static const char *third_warning(enum sts_err error, enum sts_stage stage)
{
	report.error = error;
	report.stage = stage;
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	return warning(STS_OUTCOME_FAILURE);
}

/* The gate at which three attempts in a row have failed is logged once. */
static void test_gate(void)
{
	struct sts_plan fetch = plan;

	set_up();
	CHECK_STR(third_warning(STS_EHOST, STS_STAGE_CONNECT),
		  TOLD "\"name\",\"passed\":\"configuration, subject, output\"}\n");
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	CHECK_STR(third_warning(STS_ECONNECT, STS_STAGE_CONNECT),
		  TOLD "\"connect\",\"passed\":\"configuration, subject, output, name\"}\n");
	/* Two errors of one gate are of one kind; a success ends the row, and a poll does not. */
	report.error = STS_EHOST;
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	report.error = STS_EDNS;
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	report.error = STS_OK;
	CHECK_STR(warning(STS_OUTCOME_SUCCESS), "");
	CHECK_STR(third_warning(STS_EDNS, STS_STAGE_CONNECT),
		  TOLD "\"name\",\"passed\":\"configuration, subject, output\"}\n");
	CHECK_STR(warning(STS_OUTCOME_NOTHING), "");
	CHECK_STR(warning(STS_OUTCOME_FAILURE), "");
	/* `fetch` does not say it. */
	fetch.once = true;
	x.plan = &fetch;
	told.failures = 0;
	CHECK_STR(third_warning(STS_EDNS, STS_STAGE_CONNECT), "");
}

/* The gates before it are those that the attempt has passed. */
static void test_gates_passed(void)
{
	set_up();
	CHECK_STR(third_warning(STS_EWORKER, STS_STAGE_START), TOLD "\"sidecar\"}\n");
	CHECK_STR(third_warning(STS_ESUBJECT_MISSING, STS_STAGE_INPUTS),
		  TOLD "\"subject\",\"passed\":\"configuration\"}\n");
	CHECK_STR(third_warning(STS_EOUTPUT, STS_STAGE_INPUTS),
		  TOLD "\"output\",\"passed\":\"configuration\"}\n");
	CHECK_STR(third_warning(STS_EPROXY, STS_STAGE_CONNECT),
		  TOLD "\"proxy\",\"passed\":\"configuration, subject, output\"}\n");
	CHECK_STR(third_warning(STS_ECERT_NAME, STS_STAGE_TLS),
		  TOLD "\"tls\",\"passed\":\"configuration, subject, output, name, connect\"}\n");
	/* An http URL has no TLS. */
	CHECK_STR(third_warning(STS_ETIMEOUT, STS_STAGE_ANSWER), TOLD
		  "\"answer\",\"passed\":\"configuration, subject, output, name, connect\"}\n");
	told.failures = 2;
	report.tls.suite = 0x1301;
	sts_event_log_outcome(&x, &told, &files, "proxy:3128", STS_OUTCOME_FAILURE, &report, 1234,
			      &now);
	CHECK(strstr(log_lines_read(), "\"passed\":\"configuration, subject, output, name, proxy, "
				       "connect, tls\"}\n"));
	CHECK_STR(third_warning(STS_EOUTPUT, STS_STAGE_WRITE),
		  TOLD "\"output\",\"passed\":\"configuration, subject, name, connect, tls, "
		       "answer\"}\n");
}

static const char *failure_line(enum sts_err error, const char *level, const char *msg,
				const char *middle, bool with_meaning)
{
	static char text[STS_LOG_LINE_MAX_BYTES];
	const struct sts_error_info info = sts_error_info(error);

	snprintf(text, sizeof(text),
		 "{\"level\":\"%s\",\"msg\":\"%s\",\"exchange\":\"api\",\"error\":\"%s\"%s,"
		 "\"hint\":\"%s%s%s\"}\n",
		 level, msg, info.name, middle, with_meaning ? sts_error_meaning(error) : "",
		 with_meaning ? ": " : "", sts_error_hint(error, 0));
	return text;
}

static void test_failure(void)
{
	set_up();
	told.gate = STS_GATE_ANSWER; /* it was logged already that this gate fails */
	told.failures = 3;
	report.error = STS_EDENIED;
	strcpy(report.text, "unexpected status 403");
	strcpy(report.sts_error, "access_denied");
	x.state = STS_EXCHANGE_HOLDS;
	x.next_ms = BOOT_MS + 42500;
	x.schedule.token_until_ms = BOOT_MS + 61999;
	CHECK_STR(outcome(STS_OUTCOME_FAILURE),
		  failure_line(STS_EDENIED, "error", "unexpected status 403",
			       ",\"sts_error\":\"access_denied\",\"retry_in_s\":43,"
			       "\"token_valid_s\":61",
			       true));
	/* An exchange that has ended does not try again; a token that has expired is not valid. */
	x.state = STS_EXCHANGE_ENDED;
	x.exit_status = STS_EXIT_DENIED;
	x.schedule.token_until_ms = BOOT_MS - 5000;
	report.sts_error[0] = '\0';
	CHECK_STR(outcome(STS_OUTCOME_FAILURE),
		  failure_line(STS_EDENIED, "error", "unexpected status 403",
			       ",\"token_valid_s\":0", true));
	/* The meaning is not told twice. */
	report.text[0] = '\0';
	CHECK_STR(outcome(STS_OUTCOME_FAILURE),
		  failure_line(STS_EDENIED, "error", sts_error_meaning(STS_EDENIED),
			       ",\"token_valid_s\":0", false));
	snprintf(report.text, sizeof(report.text), "%s: by rule 7", sts_error_meaning(STS_EDENIED));
	CHECK_STR(outcome(STS_OUTCOME_FAILURE),
		  failure_line(STS_EDENIED, "error", report.text, ",\"token_valid_s\":0", false));
}

static void test_waits(void)
{
	set_up();
	report.error = STS_ESUBJECT_USED;
	x.state = STS_EXCHANGE_SPENT;
	x.next_ms = BOOT_MS + 30000;
	CHECK_STR(outcome(STS_OUTCOME_WAITS),
		  failure_line(STS_ESUBJECT_USED, "warn",
			       "waiting for the kubelet's next token: this one was sent already",
			       ",\"retry_in_s\":30,\"token_valid_s\":0", false));
	/* While a token is valid, this is no warning. */
	x.schedule.token_until_ms = BOOT_MS + 5000;
	CHECK(strstr(outcome(STS_OUTCOME_WAITS), "{\"level\":\"info\",\"msg\":\"waiting for the"));
	/* The STS has said it. */
	x.status.renews_ms = BOOT_MS + 480000;
	report.http_status = 400;
	strcpy(report.text, "unexpected status 400: jti_known");
	CHECK(strstr(outcome(STS_OUTCOME_WAITS),
		     "{\"level\":\"warn\",\"msg\":\"waiting for the kubelet's next token (in 8 "
		     "min): this one was sent "
		     "already\",\"exchange\":\"api\",\"reason\":\"unexpected status 400: "
		     "jti_known\",\"error\":\"subject_used\""));
	/* In a chain, the kubelet has nothing to do with it. */
	strcpy(x.status.wait_name, "first");
	const char *text = outcome(STS_OUTCOME_WAITS);
	CHECK(strstr(text, "\"waiting for the next token of exchange first: this one was sent"));
	CHECK(!strstr(text, "kubelet"));
}

/* The warning about a time without a token comes once, with what mends it. */
static void test_gap(void)
{
	struct sts_plan once = plan;

	set_up();
	once.subject_use = STS_USE_ONCE;
	x.plan = &once;
	x.state = STS_EXCHANGE_SPENT;
	x.expires_s = REAL_MS / 1000 + 300;
	x.until_ms = BOOT_MS + 300000;
	x.schedule.token_from_ms = BOOT_MS;
	x.subject_life_s = 3600;
	x.status.renews_ms = BOOT_MS + 2880000;
	CHECK(strstr(
		outcome(STS_OUTCOME_SUCCESS),
		"\"msg\":\"a subject token may be sent once, and the issued "
		"token ends before the kubelet's next one comes: no token is valid for "
		"43 min 5 s, and for up to 90 s more (the kubelet's sync)\","
		"\"exchange\":\"api\",\"gap_s\":2585,\"hint\":\"set expirationSeconds of the "
		"projected token to 600, and let the STS issue tokens that live for 580 s\"}\n"));
	CHECK(!strstr(outcome(STS_OUTCOME_SUCCESS), "kubelet's sync"));
	/* It is told again when it comes back. */
	x.until_ms = BOOT_MS + 3600000;
	outcome(STS_OUTCOME_SUCCESS);
	CHECK(!told.gap);
	x.until_ms = BOOT_MS + 1800000;
	CHECK(strstr(outcome(STS_OUTCOME_WAITS), "token to 2125, or let the STS issue tokens "));
	CHECK(told.gap);
}

/* Each error makes one whole line, with the longest text that a report can have. */
static void test_every_error(void)
{
	char end[512];

	for (int error = 1; error < STS_ERR__COUNT; error++) {
		set_up();
		told.once = false;
		report.error = error;
		memset(report.text, '"', sizeof(report.text) - 1);
		memset(report.sts_error, 'e', sizeof(report.sts_error) - 1);
		const char *text = outcome_with(STS_OUTCOME_FAILURE, &files, ROUTE);
		snprintf(end, sizeof(end),
			 ",\"hint\":\"%s: %s\",\"mode\":\"0640\",\"proxy\":\"proxy:3128\","
			 "\"sts\":\"https://a/t\",\"sts_from\":\"--url\"}\n",
			 sts_error_meaning((enum sts_err)error),
			 sts_error_hint((enum sts_err)error, 0));
		CHECK(strlen(text) > strlen(end));
		CHECK_STR(text + strlen(text) - strlen(end), end);
	}
}

static void test_polls(void)
{
	set_up();
	CHECK_STR(outcome(STS_OUTCOME_NOTHING), "");
	CHECK_STR(outcome(STS_OUTCOME_POLL_OFF),
		  "{\"level\":\"info\",\"msg\":\"the STS has no sig-cert endpoint: key rotation is "
		  "noticed at the next refresh\",\"exchange\":\"api\"}\n");
	report.error = STS_ECONNECT;
	strcpy(report.text, "connection refused");
	CHECK_STR(outcome(STS_OUTCOME_POLL_FAILED),
		  "{\"level\":\"warn\",\"msg\":\"connection refused\",\"exchange\":\"api\","
		  "\"error\":\"connect\"}\n");
	report.error = STS_EINPUT;
	strcpy(report.text, "no such process");
	CHECK_STR(outcome(STS_OUTCOME_NOTIFY_FAILED),
		  "{\"level\":\"warn\",\"msg\":\"no such process\",\"exchange\":\"api\","
		  "\"error\":\"input_file\"}\n");
}

/* What was agreed on in TLS. Numbers that mean nothing are left out. */
static void test_tls(void)
{
	set_up();
	report.error = STS_EDENIED;
	report.tls = (struct sts_report_tls){
		.group = 29, .suite = 0x1301, .scheme = 0x0403, .certificates = 2};
	CHECK(strstr(outcome(STS_OUTCOME_FAILURE),
		     "\"msg\":\"TLS handshake\",\"exchange\":\"api\",\"version\":\"1.3\","
		     "\"group\":\"x25519\",\"suite\":\"TLS_AES_128_GCM_SHA256\","
		     "\"signature\":\"ecdsa_secp256r1_sha256\",\"certificates\":2}\n"));
	report.tls = (struct sts_report_tls){.group = 9, .suite = 9, .scheme = 9};
	CHECK(strstr(outcome(STS_OUTCOME_FAILURE),
		     "\"msg\":\"TLS handshake\",\"exchange\":\"api\",\"version\":\"1.2\","
		     "\"certificates\":0}\n"));
	report.tls.suite = 0;
	CHECK(!strstr(outcome(STS_OUTCOME_FAILURE), "TLS handshake"));
}

static void test_other_lines(void)
{
	struct sts_error e;
	char want[1024];

	set_up();
	for (int code = 1; code < STS_ERR__COUNT; code++) {
		const struct sts_error_info info = sts_error_info((enum sts_err)code);

		sts_fail(&e, (enum sts_err)code, 0, "it did not work");
		CHECK_INT(sts_event_log_cannot_start(&e), info.exit_status);
		snprintf(want, sizeof(want),
			 "{\"level\":\"error\",\"msg\":\"it did not work\",\"error\":\"%s\","
			 "\"hint\":\"%s\"}\n",
			 info.name, sts_error_hint((enum sts_err)code, 0));
		CHECK_STR(line(), want);
	}
	sts_fail(&e, STS_EUSAGE, 0, "f:1:1: \"x\"");
	sts_event_log_refused(&e);
	CHECK_STR(line(),
		  "{\"level\":\"warn\",\"msg\":\"f:1:1: \\\"x\\\"\",\"error\":\"usage\",\"hint\":"
		  "\"the configuration that is in use stays so: mend the file, and send HUP\"}\n");
	sts_fail(&e, STS_EWORKER, 0, "it died");
	sts_event_log_refused(&e);
	CHECK_STR(line(), "{\"level\":\"warn\",\"msg\":\"it died\",\"error\":\"worker\",\"hint\":"
			  "\"the configuration that is in use stays so, and the file is read again "
			  "soon\"}\n");
	sts_fail(&e, STS_EHANGS, 0, "the file system of token has not answered");
	for (int i = 0; i < 2; i++) {
		sts_event_log_hang(&e, i == 0 ? "api" : NULL);
		snprintf(want, sizeof(want),
			 "{\"level\":\"warn\",\"msg\":\"%s\",%s\"error\":\"%s\",\"hint\":\"%s\"}\n",
			 e.msg, i == 0 ? "\"exchange\":\"api\"," : "", sts_error_info(e.code).name,
			 sts_error_hint(e.code, 0));
		CHECK_STR(line(), want);
	}
	memset(x.status.wait_name, 'n', sizeof(x.status.wait_name) - 1);
	sts_event_log_waiting(&x);
	snprintf(want, sizeof(want),
		 "{\"level\":\"info\",\"msg\":\"waiting for exchange %s\",\"exchange\":\"api\"}\n",
		 x.status.wait_name);
	CHECK_STR(line(), want);
	sts_event_log_about(STS_LEVEL_WARN, "m", "hub");
	CHECK_STR(line(), "{\"level\":\"warn\",\"msg\":\"m\",\"exchange\":\"hub\"}\n");
	sts_event_log_plain(STS_LEVEL_DEBUG, "m");
	CHECK_STR(line(), "{\"level\":\"debug\",\"msg\":\"m\"}\n");
}

/* The reason may be a text of sts_words(), which the message of the line must not overwrite. */
static void test_revoked(void)
{
	char want[256];
	const char *reason = sts_words(packed_texts[0]);

	set_up();
	snprintf(want, sizeof(want),
		 "{\"level\":\"warn\",\"msg\":\"the token was not revoked\",\"exchange\":\"api\","
		 "\"reason\":\"%s\"}\n",
		 reason);
	sts_event_log_revoked(&x, reason);
	CHECK_STR(line(), want);
	sts_event_log_revoked(&x, NULL);
	CHECK_STR(line(), "{\"level\":\"info\",\"msg\":\"token revoked\",\"exchange\":\"api\"}\n");
}

/* The line about files that cannot be watched says which limit of the node is too low. */
static void test_unwatched(void)
{
	static const int errors[] = {ENOSPC, EMFILE, ENFILE, EACCES};

	set_up();
	for (int i = 0; i < 4; i++) {
		sts_event_log_unwatched(errors[i]);
		const char *said = line();
		CHECK(strstr(said, "they cannot be watched\",\"reason\":\""));
		CHECK(strstr(said, sts_errno_words(errors[i])));
		CHECK_INT(strstr(said, "max_user_watches on the node\"}") != NULL, i == 0);
		CHECK_INT(strstr(said, "max_user_instances on") != NULL, i == 1 || i == 2);
	}
}

/* The line of the last failure says how often and how long `fetch` has tried. */
static void test_gave_up(void)
{
	static const struct sts_plan once = {
		.name = "api", .depends_on = -1, .once = true, .deadline_ms = 60000};

	set_up();
	x.plan = &once;
	x.deadline_ms = BOOT_MS - 59500 + once.deadline_ms;
	x.status.attempts = 3;
	x.exit_status = STS_EXIT_NETWORK;
	report.error = STS_ECONNECT;
	CHECK(strstr(outcome(STS_OUTCOME_FAILURE), "\"token_valid_s\":0,"
						   "\"gave_up\":\"after 3 attempts in 59 s\","
						   "\"hint\":"));
	x.status.attempts = 1;
	CHECK(!strstr(outcome(STS_OUTCOME_FAILURE), "gave_up"));
	x.status.attempts = 3;
	x.state = STS_EXCHANGE_FAILS;
	CHECK(!strstr(outcome(STS_OUTCOME_FAILURE), "gave_up"));
	x.state = STS_EXCHANGE_ENDED;
	x.plan = &plan;
	CHECK(!strstr(outcome(STS_OUTCOME_FAILURE), "gave_up"));
}

static const char *stopped(void)
{
	sts_event_log_stopped(&x, BOOT_MS);
	return line();
}

#define STOPPED "{\"level\":\"info\",\"msg\":\"told to stop before it was done"

static void test_stopped(void)
{
	set_up();
	x.state = STS_EXCHANGE_TRIES;
	x.started_ms = BOOT_MS - 2999;
	CHECK_STR(stopped(), STOPPED ": attempt 1 has been running for 2 s\"}\n");
	x.state = STS_EXCHANGE_FAILS;
	x.next_ms = BOOT_MS + 61001;
	x.status.attempts = 4;
	x.status.error = STS_EBUSY;
	CHECK_STR(stopped(), STOPPED ": attempt 5 follows in 1 min 2 s, the last one failed: "
				     "busy\"}\n");
	x.state = STS_EXCHANGE_CHAINED;
	x.status = (struct sts_status){.wait = STS_WAIT_EXCHANGE, .wait_name = "hub"};
	CHECK_STR(stopped(), STOPPED ": waiting for exchange hub\"}\n");
	sts_event_log_stopped(NULL, BOOT_MS);
	CHECK_STR(line(), STOPPED "\"}\n");
}

/* Nothing is shown outside of a terminal. */
static void test_no_progress(void)
{
	set_up();
	setenv("TERM", "xterm", 1);
	CHECK(!sts_event_log_progress(&x, BOOT_MS));
	CHECK_STR(line(), "");
}

static const struct sts_test tests[] = {
	{"how often fetch has tried", test_gave_up},
	{"what fetch was doing when it was told to stop", test_stopped},
	{"no line about progress outside of a terminal", test_no_progress},
	{"the line of a success", test_success},
	{"the mode and the proxy are told once", test_told_once},
	{"clocks that differ are logged", test_skew},
	{"a token that is not valid at once, and a life that is assumed",
	 test_not_before_and_assumed},
	{"three failures at one gate", test_gate},
	{"the gates before the one that fails", test_gates_passed},
	{"the line of a failure", test_failure},
	{"a subject token that was sent before", test_waits},
	{"a time without a token", test_gap},
	{"each error makes one line", test_every_error},
	{"lines of polls and signals", test_polls},
	{"what was agreed on in TLS", test_tls},
	{"other lines", test_other_lines},
	{"a token that was revoked or not", test_revoked},
	{"files that cannot be watched", test_unwatched},
};

int main(void)
{
	alarm(60);
	if (!log_lines_capture())
		return 1;
	sts_log_setup(STS_LEVEL_DEBUG, STS_LOG_FORMAT_JSON);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
