/* SPDX-License-Identifier: Apache-2.0 */
/* What a status says of the clocks: that the node's clock and the STS's differ, and that the node's
 * clock was set. */
#include "output/status.h"
#include "test.h"

#define NOW      1768233157
#define BOOT_NOW 90000000
#define BOOT     "4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b"

static const struct sts_status_now now = {.real_s = NOW, .boot_ms = BOOT_NOW, .boot_id = BOOT};

/* An attempt of 0.5 s that failed 12 s ago. The next is in 18 s. */
static const struct sts_status told = {
	.state = STS_STATE_FAILING,
	.error = STS_EDENIED,
	.http_status = 403,
	.tries = 4,
	.attempts = 17,
	.last_attempt_s = NOW - 12,
	.next_attempt_s = NOW + 18,
	.boot_id = BOOT,
	.tried_ms = BOOT_NOW - 12500,
	.ended_ms = BOOT_NOW - 12000,
	.next_ms = BOOT_NOW + 18000,
	.latest_ms = BOOT_NOW + 138000,
};

static char buf[STS_STATUS_MAX_BYTES + 1];

static const char *format(const struct sts_status *status)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(status, &text);
	CHECK(!text.overflow);
	return buf;
}

static bool parse(struct sts_status *status)
{
	return sts_status_parse(sts_slice_of(buf), status);
}

static bool same(const struct sts_status *a, const struct sts_status *b)
{
	return a->clock_skew_s == b->clock_skew_s && a->not_before_s == b->not_before_s &&
	       a->latest_ms == b->latest_ms;
}

/* What follows the reason of the failure. */
static const char *words(const struct sts_status *status, const struct sts_status_now *at)
{
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_explain(&text, "no token in /tokens", status, at);
	const char *last = strrchr(buf, ')');
	return last ? last + 1 : "(no reason)";
}

static void test_clock_keys(void)
{
	struct sts_status status = told, got;

	CHECK(!strstr(format(&status), "clock_") && !strstr(buf, "not_before"));
	status.clock_skew_s = 660;
	status.not_before_s = NOW + 600;
	CHECK(strstr(format(&status), "\nsource_tried 0\nclock_behind 660\nnot_before 1768233757"));
	CHECK(parse(&got) && same(&status, &got));
	status.clock_skew_s = -660;
	status.not_before_s = -1;
	CHECK(strstr(format(&status), "\nsource_tried 0\nclock_ahead 660"));
	CHECK(!strstr(buf, "not_before"));
	status.not_before_s = 0;
	CHECK(parse(&got) && same(&status, &got));
	status.clock_skew_s = INT64_MIN;
	status.not_before_s = INT64_MAX;
	CHECK(!strstr(format(&status), "clock_") && !strstr(buf, "not_before"));
	status.clock_skew_s = INT64_MAX;
	CHECK(!strstr(format(&status), "clock_"));
}

#define SYNC ": check the time synchronisation of both"

static void test_clocks_that_differ(void)
{
	struct sts_status status = told;
	struct sts_status_now at = now;

	status.clock_skew_s = -660;
	CHECK_STR(words(&status, &at),
		  "; next in 18 s; the node's clock is 11 min ahead of the STS's clock" SYNC);
	status.clock_skew_s = 3600;
	CHECK_STR(words(&status, &at),
		  "; next in 18 s; the node's clock is 1 h behind the STS's clock" SYNC);
	CHECK_INT(sts_status_skew(&status, &at), 3600);
	CHECK_INT(sts_status_step(&status, &at), 0);
	/* The clock was set since: to the right time, and then too far. */
	at.real_s += 3590;
	CHECK_INT(sts_status_step(&status, &at), 3590);
	CHECK_STR(words(&status, &at), "; next in 18 s");
	at.real_s += 130;
	CHECK_STR(words(&status, &at),
		  "; next in 18 s; the node's clock is 2 min ahead of the STS's clock" SYNC);
	/* What was not known at the last attempt is not known after a step. */
	status.clock_skew_s = 0;
	CHECK_STR(words(&status, &at), "; next in 18 s");
	/* A status of a former version, and one of another boot, know no step. */
	status.clock_skew_s = 3600;
	status.ended_ms = 0;
	CHECK_INT(sts_status_step(&status, &at), 0);
	CHECK_INT(sts_status_skew(&status, &at), 3600);
	at.boot_id[0] = '5';
	CHECK_INT(sts_status_skew(&status, &at), 0);
	at.boot_id[0] = '\0';
	CHECK_INT(sts_status_skew(&status, &at), 3600);
	/* A sidecar that has stopped. */
	status.state = STS_STATE_STOPPED;
	CHECK_STR(words(&status, &at), "; the node's clock is 1 h behind the STS's clock" SYNC);
}

static const struct sts_test tests[] = {
	{"keys are left out where they have nothing to say", test_clock_keys},
	{"clocks that differ", test_clocks_that_differ},
};
STS_TEST_MAIN(tests)
