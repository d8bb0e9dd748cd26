/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "output/status.h"
#include "protocol/table.h"
#include "test.h"

#include <errno.h>

#define NOW      1768233157
#define BOOT_NOW 90000000
#define BOOT     "4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b"
#define HOUR_MS  (3600 * 1000LL)

static const struct sts_status_now now = {.real_s = NOW, .boot_ms = BOOT_NOW, .boot_id = BOOT};

static char buf[STS_STATUS_MAX_BYTES + 1];

static const char *format(const struct sts_status *status)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(status, &text);
	CHECK(!text.overflow);
	/* The last line is the sum; test_status_sum.c looks at it. */
	char *sum = strstr(buf, "\nsum ");
	CHECK(sum && strchr(sum + 1, '\n') == NULL);
	if (sum)
		*sum = '\0';
	return buf;
}

/* Parse lines after which the sum stands, as in a whole file. */
static bool parse_slice(struct sts_slice lines, struct sts_status *status)
{
	static char file[2 * STS_STATUS_MAX_BYTES];
	struct sts_text text;

	sts_text_init(&text, file, sizeof(file));
	sts_text_add_slice(&text, lines);
	sts_text_addf(&text, "\nsum %u", (unsigned)sts_hash(STS_HASH_START, file, text.len));
	CHECK(!text.overflow);
	return sts_status_parse((struct sts_slice){file, text.len}, status);
}

static bool parse(const char *lines, struct sts_status *status)
{
	return parse_slice(sts_slice_of(lines), status);
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
		  "next_attempt 1768233175\nlast_success 1768232257\nwaits 0\n"
		  "trying 0\ntried 0\nended 0\nnext 0\nlatest 0\nsource_tried 0");
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
	odd.next_ms = -1;
	odd.latest_ms = INT64_MIN;
	strcpy(odd.boot_id, "4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6\n");
	CHECK_STR(format(&odd),
		  "sts-sidecar-status 1\nstate failing\nerror bug\ndetail 0\nhttp_status 0\n"
		  "tries 4294967295\nattempts 17\nlast_attempt 0\nnext_attempt 0\n"
		  "last_success 1768232257\nwaits 0\n"
		  "trying 0\ntried 0\nended 0\nnext 0\nlatest 0\nsource_tried 0");
	odd = failing;
	odd.wait = STS_WAIT_LOST;
	strcpy(odd.wait_name, "first");
	strcpy(odd.boot_id, BOOT);
	odd.trying_ms = 1;
	odd.tried_ms = 2;
	odd.next_ms = 3;
	odd.latest_ms = 4;
	odd.source_tried_ms = 5;
	odd.ended_ms = 6;
	CHECK(strstr(format(&odd), "\nsts_error access_denied\nwaits_for first\ndetail 403\n"));
	CHECK(strstr(buf, "\nwaits 3\nboot " BOOT
			  "\ntrying 1\ntried 2\nended 6\nnext 3\nlatest 4\nsource_tried 5"));
}

static bool same(const struct sts_status *a, const struct sts_status *b)
{
	return a->state == b->state && a->error == b->error && a->detail == b->detail &&
	       a->http_status == b->http_status && strcmp(a->sts_error, b->sts_error) == 0 &&
	       a->tries == b->tries && a->attempts == b->attempts &&
	       a->last_attempt_s == b->last_attempt_s && a->next_attempt_s == b->next_attempt_s &&
	       a->last_success_s == b->last_success_s && a->wait == b->wait &&
	       strcmp(a->wait_name, b->wait_name) == 0 && strcmp(a->boot_id, b->boot_id) == 0 &&
	       a->trying_ms == b->trying_ms && a->tried_ms == b->tried_ms &&
	       a->next_ms == b->next_ms && a->latest_ms == b->latest_ms &&
	       a->ended_ms == b->ended_ms && a->source_tried_ms == b->source_tried_ms &&
	       a->clock_skew_s == b->clock_skew_s && a->not_before_s == b->not_before_s &&
	       a->once_for == b->once_for && a->again_for == b->again_for && a->sent == b->sent &&
	       a->renews_ms == b->renews_ms;
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
				     .sts_error = "unsupported_response_type",
				     .wait = STS_WAIT_LOST,
				     .wait_name = "an-exchange-with-the-longest-nam",
				     .boot_id = BOOT,
				     .trying_ms = INT64_MAX,
				     .tried_ms = INT64_MAX,
				     .next_ms = INT64_MAX,
				     .latest_ms = INT64_MAX,
				     .ended_ms = INT64_MAX,
				     .source_tried_ms = INT64_MAX,
				     .once_for = INT64_MAX,
				     .again_for = INT64_MAX - 1,
				     .sent = UINT64_MAX,
				     .renews_ms = INT64_MAX,
				     .clock_skew_s = -253402300799,
				     .not_before_s = 253402300799};
	status.wait_name[STS_STATUS_NAME_MAX_BYTES - 1] = '\0';
	CHECK(parse(format(&status), &got) && same(&status, &got));
	CHECK(strlen(buf) < STS_STATUS_MAX_BYTES * 3 / 4);
}

static void test_hostile(void)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"", false},
		{"sts-sidecar-status 1", true},
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
		{"sts-sidecar-status 1\nstate ok\nwaits 3", true},
		{"sts-sidecar-status 1\nstate ok\nwaits 4", false},
		{"sts-sidecar-status 1\nstate ok\nnext 9223372036854775807", true},
		{"sts-sidecar-status 1\nstate ok\nnext 9223372036854775808", false},
		{"sts-sidecar-status 1\nstate ok\nlatest -1", false},
		{"sts-sidecar-status 1\nstate ok\nclock_ahead -1", false},
		{"sts-sidecar-status 1\nstate ok\nclock_behind 253402300800", false},
		{"sts-sidecar-status 1\nstate ok\nclock_ahead 1\nclock_behind 0", true},
		{"sts-sidecar-status 1\nstate ok\nnot_before soon", false},
		{"sts-sidecar-status 1\nstate ok\nboot", true},
		{"sts-sidecar-status 1\nstate ok\nboot 4b1f8a3c", true},
		{"sts-sidecar-status 1\nstate ok\nboot " BOOT "0", true},
		{"sts-sidecar-status 1\nstate ok\nboot 4B1F8A3C-0D52-4E6F-9A7B-1C2D3E4F5A6B", true},
		{"sts-sidecar-status 1\nstate ok\nboot 4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6g", true},
		{"sts-sidecar-status 1\nstate ok\nboot %s%n%s%n%s%n%s%n%s%n%s%n%s%n%s%n%s%n", true},
	};
	struct sts_status status;
	struct sts_text text;
	char big[STS_STATUS_MAX_BYTES + 2];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = parse(rows[i].text, &status);
		if (ok != rows[i].ok)
			printf("# row %zu\n", i);
		CHECK_INT(ok, rows[i].ok);
		CHECK_STR(ok ? status.sts_error : "", "");
		CHECK_STR(ok ? status.boot_id : "", "");
	}
	CHECK(parse("sts-sidecar-status 1\nstate ok\ntries 1\ntries 2", &status) &&
	      status.tries == 2);
	CHECK(parse("sts-sidecar-status 1\nstate ok\nsts_error access_denied\nsts_error x",
		    &status) &&
	      !status.sts_error[0]);
	CHECK(parse_slice(STS_SLICE("sts-sidecar-status 1\nstate ok\nsts_error access_denied\0x"),
			  &status) &&
	      !status.sts_error[0]);
	/* A message that may not be shown on a terminal is left out, also when it is written. */
	CHECK(parse("sts-sidecar-status 1\nstate ok\ntext a message", &status));
	CHECK_STR(status.text, "a message");
	CHECK(parse("sts-sidecar-status 1\nstate ok\ntext \x1b[2Ja message", &status) &&
	      !status.text[0]);
	CHECK(parse("sts-sidecar-status 1\nstate ok\ntext caf\xc3\xa9", &status) &&
	      !status.text[0]);
	status = failing;
	strcpy(status.text, "\x1b[2Ja message");
	sts_text_init(&text, big, sizeof(big));
	sts_status_format(&status, &text);
	CHECK(!text.overflow && !strstr(big, "a message"));
	CHECK(!sts_status_parse((struct sts_slice){0}, &status));
	memset(big, '\n', sizeof(big));
	sts_text_init(&text, big, sizeof(big));
	sts_status_format(&failing, &text);
	big[text.len] = '\n';
	CHECK(sts_status_parse((struct sts_slice){big, STS_STATUS_MAX_BYTES}, &status));
	CHECK(!sts_status_parse((struct sts_slice){big, STS_STATUS_MAX_BYTES + 1}, &status));
}

static const char *explain_at(const struct sts_status *status, const struct sts_status_now *at)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_explain(&text, "no token in /tokens", status, at);
	CHECK(!text.overflow && text.len < 700);
	return buf;
}

static const char *explain(const struct sts_status *status)
{
	return explain_at(status, &now);
}

#define DENIED \
	"the STS, or a gateway in front of it, refused this ServiceAccount: " \
	"check the authorization rules of both"

static void test_explain_failing(void)
{
	struct sts_status status = failing;

	CHECK_STR(explain(&status), "no token in /tokens: try 4 failed 12 s ago: 403 access_denied "
				    "(" DENIED "); next in 18 s");
	status.sts_error[0] = '\0';
	status.next_attempt_s = NOW - 5;
	CHECK_STR(explain(&status), "no token in /tokens: try 4 failed 12 s ago: 403 (" DENIED
				    "); the next is under way");
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
		  "failed: check "
		  "the port, that the STS is running, and that no NetworkPolicy rejects the "
		  "connection)");
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
				    "s ago: 403 access_denied (" DENIED ")");
	/* The longest line of each error stays within what the header promises. */
	for (unsigned i = 0; i < STS_ERR__COUNT; i++) {
		status = (struct sts_status){.error = (enum sts_err)i,
					     .detail = EACCES,
					     .http_status = 599,
					     .tries = UINT32_MAX,
					     .last_attempt_s = 1,
					     .next_attempt_s = 1,
					     .sts_error = "unsupported_response_type",
					     .clock_skew_s = -253402300799};
		explain(&status);
		status.wait = STS_WAIT_SUBJECT;
		strcpy(status.boot_id, BOOT);
		status.trying_ms = status.latest_ms = 1;
		explain(&status);
	}
}

/* A status with the times of this boot: an attempt of 0.5 s that ended 12 s ago, the next in 18 s,
 * and two minutes of slack. */
static struct sts_status of_this_boot(void)
{
	struct sts_status status = failing;

	strcpy(status.boot_id, BOOT);
	status.tried_ms = BOOT_NOW - 12500;
	status.ended_ms = BOOT_NOW - 12000;
	status.next_ms = BOOT_NOW + 18000;
	status.latest_ms = status.next_ms + 120 * 1000;
	return status;
}

/* What follows the reason. */
static const char *next_words(const struct sts_status *status, const struct sts_status_now *at)
{
	const char *last = strrchr(explain_at(status, at), ')');

	return last ? last + 1 : "(no reason)";
}

#define DEAD ": the sidecar seems to be dead or stopped, look at its container"

static void test_next_by_boottime(void)
{
	struct sts_status status = of_this_boot();

	CHECK_STR(next_words(&status, &now), "; next in 18 s");
	status.next_ms = BOOT_NOW + 1;
	CHECK_STR(next_words(&status, &now), "; next in 1 s");
	status.next_ms = BOOT_NOW;
	CHECK_STR(next_words(&status, &now), "; the next is due now");
	status.next_ms = BOOT_NOW - 60000;
	status.latest_ms = BOOT_NOW;
	CHECK_STR(next_words(&status, &now), "; the next is due now");
	status.latest_ms = BOOT_NOW - 1;
	CHECK_STR(next_words(&status, &now), "; the next was due 1 min ago" DEAD);
	status.next_ms = 0;
	status.latest_ms = BOOT_NOW - 5000;
	CHECK_STR(next_words(&status, &now), "; a new status was due 5 s ago" DEAD);
	status.latest_ms = BOOT_NOW + 5000;
	CHECK_STR(next_words(&status, &now), "");
	/* An attempt that may take an hour. */
	status.trying_ms = BOOT_NOW - 50 * 60000;
	status.latest_ms = BOOT_NOW + 11 * 60000;
	status.next_attempt_s = NOW - 50 * 60;
	CHECK_STR(next_words(&status, &now), "; the next is under way");
	status.latest_ms = BOOT_NOW - 1;
	CHECK_STR(next_words(&status, &now),
		  "; the attempt that was started 50 min ago has not ended" DEAD);
	/* What a hostile file may say. */
	status.trying_ms = status.next_ms = status.latest_ms = INT64_MAX;
	CHECK_STR(next_words(&status, &now), "; the next is under way");
	status.trying_ms = 0;
	CHECK(strstr(next_words(&status, &now), "; next in 10675199"));
	status.state = STS_STATE_STOPPED;
	CHECK_STR(next_words(&status, &now), "");
}

/* The same moment with clocks that were set. */
static void test_clocks_that_were_set(void)
{
	static const int64_t steps_s[] = {0, 3600, -3600, 400LL * 24 * 3600};

	for (size_t i = 0; i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
		struct sts_status status = of_this_boot();
		struct sts_status_now at = now;

		at.real_s += steps_s[i];
		CHECK_STR(explain_at(&status, &at),
			  "no token in /tokens: try 4 failed 12 s ago: 403 access_denied (" DENIED
			  "); next in 18 s");
		status.trying_ms = BOOT_NOW - 1;
		CHECK_STR(next_words(&status, &at), "; the next is under way");
		status = (struct sts_status){.state = STS_STATE_OK,
					     .last_success_s = NOW - 30,
					     .last_attempt_s = NOW - 30,
					     .boot_id = BOOT,
					     .tried_ms = BOOT_NOW - 31000,
					     .ended_ms = BOOT_NOW - 30000,
					     .next_ms = BOOT_NOW + 50000,
					     .latest_ms = BOOT_NOW + 90000};
		CHECK_STR(
			explain_at(&status, &at),
			"no token in /tokens: the last exchange succeeded 30 s ago; next in 50 s");
	}
	/* The end of an attempt that took long is not taken for its start. */
	struct sts_status status = of_this_boot();
	status.tried_ms = BOOT_NOW - HOUR_MS;
	CHECK(strstr(explain(&status), "try 4 failed 12 s ago"));
	/* The last success is older than the last attempt, of which tried_ms tells. */
	status = of_this_boot();
	status.error = STS_ESUBJECT_USED;
	status.tries = 0;
	CHECK(strstr(explain(&status), "the last exchange succeeded 15 min ago; next in 18 s"));
}

/* The wait for another subject token, as `check` tells it. */
static void test_wait_for_a_subject(void)
{
	static const char rest[] =
		", since the STS takes each once, and this one was sent; the last "
		"exchange succeeded 15 min ago; next in 18 s";
	static const struct {
		int64_t renews_ms;
		const char *name, *words;
	} rows[] = {
		{0, "", "the kubelet's next token"},
		{BOOT_NOW + 480000, "", "the kubelet's next token (in 8 min)"},
		{BOOT_NOW + 1, "", "the kubelet's next token (in 1 s)"},
		{BOOT_NOW, "", "the kubelet's next token (due just now)"},
		{BOOT_NOW - 45000, "", "the kubelet's next token (due 45 s ago)"},
		{BOOT_NOW + 480000, "first", "the next token of exchange first"},
	};
	struct sts_status status = of_this_boot();
	struct sts_status_now unknown = now;
	char whole[256];

	status.state = STS_STATE_OK;
	status.error = STS_OK;
	status.tries = 0;
	status.wait = STS_WAIT_SUBJECT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		status.renews_ms = rows[i].renews_ms;
		strcpy(status.wait_name, rows[i].name);
		snprintf(whole, sizeof(whole), "no token in /tokens: waiting for %s%s",
			 rows[i].words, rest);
		CHECK_STR(explain(&status), whole);
	}
	/* The time belongs to a boot. */
	status.wait_name[0] = '\0';
	unknown.boot_id[0] = '\0';
	CHECK(strstr(explain_at(&status, &unknown), "the kubelet's next token, since"));
}

/* A file of a former version says nothing of subject tokens. */
static void test_former_version(void)
{
	struct sts_status got;

	CHECK(parse("sts-sidecar-status 1\nstate ok\nerror ok\nwaits 2\nboot " BOOT
		    "\nsource_tried 0",
		    &got));
	CHECK(got.once_for == 0 && got.again_for == 0 && got.sent == 0 && got.renews_ms == 0);
	CHECK(!parse("sts-sidecar-status 1\nstate ok\nonce_for 9223372036854775808", &got));
	CHECK(!parse("sts-sidecar-status 1\nstate ok\nsent -1", &got));
}

static void test_another_boot(void)
{
	struct sts_status status = of_this_boot();
	struct sts_status_now at = now;
	static const char words[] =
		"no token in /tokens: the node was restarted since the sidecar wrote here, and the "
		"sidecar has not started again yet: look at its container";

	at.boot_id[0] = '5';
	CHECK_STR(explain_at(&status, &at), words);
	at.boot_ms = 1000;
	CHECK_STR(explain_at(&status, &at), words);
	status.state = STS_STATE_STOPPED;
	CHECK_STR(explain_at(&status, &at), words);
	status.wait = STS_WAIT_LOST;
	CHECK_STR(explain_at(&status, &at), words);
	/* Without one of the two ids, REALTIME is all there is, whatever the other times say. */
	status = of_this_boot();
	status.next_ms = status.latest_ms = 1;
	at.boot_id[0] = '\0';
	CHECK_STR(next_words(&status, &at), "; next in 18 s");
	CHECK(strstr(buf, "try 4 failed 12 s ago"));
	status.boot_id[0] = '\0';
	CHECK_STR(next_words(&status, &now), "; next in 18 s");
	/* So it is with a file of a former version, and without latest_ms. */
	status = failing;
	status.next_attempt_s = NOW - 120;
	CHECK_STR(next_words(&status, &now), "; the next is under way");
	status.next_attempt_s = NOW - 121;
	CHECK_STR(next_words(&status, &now), "; the next was due 2 min 1 s ago" DEAD);
	strcpy(status.boot_id, BOOT);
	CHECK_STR(next_words(&status, &now), "; the next was due 2 min 1 s ago" DEAD);
}

static void test_waits(void)
{
	struct sts_status status = {.state = STS_STATE_STARTING,
				    .wait = STS_WAIT_EXCHANGE,
				    .wait_name = "first",
				    .boot_id = BOOT,
				    .latest_ms = BOOT_NOW + 1};

	CHECK_STR(explain(&status), "no token in /tokens: the sidecar is starting; waiting for "
				    "exchange first; no exchange has ended yet");
	status.wait = STS_WAIT_LOST;
	CHECK_STR(explain(&status), "no token in /tokens: not tried: exchange first, whose token "
				    "it sends, has failed");
	status.state = STS_STATE_STOPPED;
	status.latest_ms = 0;
	CHECK_STR(explain(&status), "no token in /tokens: not tried: exchange first, whose token "
				    "it sends, has failed");
}

static void test_now(void)
{
	struct sts_status_now at;

	memset(&at, 'x', sizeof(at));
	sts_status_now(&at);
	CHECK(at.real_s > NOW && at.boot_ms > 0);
	CHECK_INT(strlen(at.boot_id), STS_BOOT_ID_BYTES - 1);
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

/* A file that names nothing to wait for was not written by this program. */
static void test_a_wait_without_a_name(void)
{
	struct sts_status status;

	CHECK(parse("sts-sidecar-status 1\nstate starting\nerror ok\nwaits 1", &status));
	CHECK(strstr(explain(&status), "waiting for another exchange; "));
}

static const struct sts_test tests[] = {
	{"a status is formatted", test_format},
	{"a wait without a name", test_a_wait_without_a_name},
	{"a status is read back as it was written", test_round_trip},
	{"files of others are refused or read safely", test_hostile},
	{"what is said of a sidecar that fails", test_explain_failing},
	{"what is said of other states", test_explain_others},
	{"what is said of the next attempt, by BOOTTIME", test_next_by_boottime},
	{"a clock that was set changes nothing", test_clocks_that_were_set},
	{"the wait for a subject token", test_wait_for_a_subject},
	{"a file of a former version", test_former_version},
	{"what is said of another boot and of an unknown one", test_another_boot},
	{"what is said of waits", test_waits},
	{"this moment has times and a boot", test_now},
	{"which error codes are known", test_codes},
};
STS_TEST_MAIN(tests)
