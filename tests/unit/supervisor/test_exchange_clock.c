/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the node's clock: what follows for the end of the token and for the next attempt. */
#include "supervisor/exchange_clock.h"

#include "one_exchange.h"

/* The clock is set so far ahead (or back). */
static void step(int64_t ms)
{
	m.real_ms += ms;
	sts_exchange_clock_stepped(&x, &m);
}

/* The clock is set ahead: `expires` passes earlier, and the refresh comes before that. */
static void clock_steps_ahead(void)
{
	set_up(&usual);
	go(token(900, 0));
	CHECK_INT(x.next_ms, BOOT + 600300);
	/* A refresh up to 735 s after the beginning fits an end after 900 s. */
	step(110 * S);
	CHECK_INT(x.next_ms, BOOT + 600300);
	CHECK_INT(x.schedule.token_until_ms, BOOT + 790 * S);
	step(190 * S);
	CHECK(x.next_ms > BOOT + 310 * S && x.next_ms < BOOT + 490 * S);
	/* The last second of `expires`: the floor holds. */
	m.real_ms = x.expires_s * 1000 - 1;
	step(0);
	CHECK_INT(x.next_ms, BOOT + 5 * S);

	/* `expires` has passed: the attempt is spread, and its time is drawn once. */
	set_up(&usual);
	go(token(900, 0));
	later(20 * S);
	m.random = UINT32_MAX;
	step(881 * S);
	CHECK(x.next_ms > m.boot_ms + 9 * S && x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	m.random = 0;
	step(S);
	CHECK(x.next_ms > m.boot_ms + 9 * S);
	CHECK(x.brought_forward);
	/* The next token begins anew. */
	go(token(900, 0));
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms));
	CHECK_INT(x.schedule.token_until_ms, x.until_ms);

	/* Set ahead and back again: the token ends when it did. */
	set_up(&usual);
	go(failure(STS_ECONNECT));
	go(token(900, 0));
	step(899 * S);
	CHECK(x.schedule.token_until_ms <= m.boot_ms + S);
	step(400 * 24 * 3600 * S);
	CHECK_INT(x.schedule.token_until_ms, x.until_ms);
	step(-899 * S);
	step(-400 * 24 * 3600 * S);
	/* `expires` has whole seconds. */
	CHECK(x.schedule.token_until_ms > x.until_ms - S);
	/* Suspend: BOOTTIME goes on, and what is overdue is due. */
	later(8 * 3600 * S);
	CHECK_INT(due(), STS_WORKER_EXCHANGE);
}

/* The clock is set back: `expires` promises more than the token lives, until it is written anew. */
static void clock_steps_back(void)
{
	set_up(&usual);
	go(token(900, 0));
	step(-60 * S);
	CHECK_INT(x.next_ms, BOOT + 600300);
	step(-1);
	CHECK(x.next_ms >= BOOT + 5 * S && x.next_ms < BOOT + STS_EXCHANGE_SPREAD_MS);
	CHECK_INT(x.schedule.token_until_ms, BOOT + 900 * S);
	/* A token that has ended looks valid again. */
	set_up(&usual);
	go(token(900, 0));
	go(failure(STS_EDENIED));
	later(x.until_ms - m.boot_ms);
	go(failure(STS_EDENIED));
	CHECK(x.next_ms > m.boot_ms + 40 * S);
	step(-120 * S);
	CHECK(x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
}

/* A retry comes within a quarter of what is left, whatever clock ends the token. */
static void clock_steps_while_failing(void)
{
	int64_t planned_ms;

	set_up(&usual);
	go(token(3600, 0));
	x.next_ms = m.boot_ms;
	go(failure(STS_EDENIED));
	later(S);
	planned_ms = x.next_ms;
	CHECK(planned_ms > m.boot_ms + 25 * S);
	step(3000 * S);
	CHECK_INT(x.next_ms, planned_ms);
	step(560 * S);
	CHECK(x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	/* When `expires` has passed, retries keep to the end of the token in BOOTTIME. */
	later(x.next_ms - m.boot_ms);
	go(failure(STS_ECONNECT));
	CHECK_INT(x.schedule.token_until_ms, BOOT + 40 * S);
	later(40 * S);
	go(failure(STS_ECONNECT));
	CHECK_INT(x.schedule.token_until_ms, x.until_ms);
	/* No pause that the STS asked for is cut short. */
	set_up(&usual);
	go(token(3600, 0));
	x.next_ms = m.boot_ms;
	go((struct sts_report){.error = STS_EBUSY, .retry_after_s = 200});
	step(3600 * S);
	CHECK(x.next_ms >= m.boot_ms + 200 * S);
}

/* The bound is a quarter of what is left, and at least ten seconds. */
static void how_late_a_retry_may_be(void)
{
	static const struct {
		int64_t left_ms, bound_ms;
	} rows[] = {{400 * S, 100 * S}, {20 * S, 10 * S}};

	for (size_t i = 0; i < 2; i++) {
		set_up(&usual);
		go(token(3600, 0));
		x.next_ms = m.boot_ms;
		go(failure(STS_EDENIED));
		m.real_ms = x.expires_s * 1000 - rows[i].left_ms;
		sts_exchange_clock_follow(&x, &m);
		x.next_ms = m.boot_ms + rows[i].bound_ms;
		CHECK(!sts_exchange_clock_outruns(&x, &m));
		x.next_ms++;
		CHECK(sts_exchange_clock_outruns(&x, &m));
	}
}

/* Nobody tells of the step: the clock is compared, and no attempt follows a small move. */
static void clock_moves(void)
{
	struct sts_report report;

	set_up(&usual);
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 3600 * S));
	go(token(900, 0));
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms));
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 4999));
	CHECK(sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 5 * S));
	CHECK(sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms - 5 * S));
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms + 9 * S, m.real_ms + 9 * S));
	/* What was followed has not moved any more. */
	step(300 * S);
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms));
	/* What a running attempt brings is not known yet. */
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 3600 * S));

	/* The clock is set after the request was sent: `expires` was made with the time before. */
	set_up(&usual);
	report = token(900, 0);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	CHECK(!sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 3600 * S));
	step(1000 * S);
	CHECK_INT(sts_exchange_finished(&x, &report, &m), STS_OUTCOME_SUCCESS);
	CHECK(x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	/* It is set before that: `expires` is right. */
	set_up(&usual);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	step(1000 * S);
	report = token(900, 0);
	CHECK_INT(sts_exchange_finished(&x, &report, &m), STS_OUTCOME_SUCCESS);
	CHECK_INT(x.next_ms, BOOT + 600300);
}

/* The status has what the last answer says about the clocks and the token. */
static void clocks_in_the_status(void)
{
	struct sts_report report = token(900, 0);

	set_up(&usual);
	report = token(900, 0);
	report.http_status = 200;
	report.flags = STS_REPORT_DATED;
	report.clock_skew_s = -660;
	report.not_before_s = REAL / 1000 + 540;
	go(report);
	CHECK_INT(x.status.clock_skew_s, -660);
	CHECK_INT(x.status.not_before_s, REAL / 1000 + 540);
	/* Nothing was answered, and the token is still the same one. */
	go(failure(STS_ECONNECT));
	CHECK_INT(x.status.clock_skew_s, -660);
	CHECK_INT(x.status.not_before_s, REAL / 1000 + 540);
	/* An answer without a Date tells nothing about the clocks. */
	report = failure(STS_EBUSY);
	report.http_status = 503;
	go(report);
	CHECK_INT(x.status.clock_skew_s, -660);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 660);
	/* The node's clock is set further ahead, and then right. */
	step(540 * S);
	go(failure(STS_ECONNECT));
	CHECK_INT(x.status.clock_skew_s, -1200);
	step(-1140 * S);
	go(failure(STS_ECONNECT));
	CHECK_INT(x.status.clock_skew_s, 0);
	step(1140 * S);
	report.flags = STS_REPORT_DATED;
	report.clock_skew_s = -61;
	go(report);
	CHECK_INT(x.status.clock_skew_s, -61);
	report.clock_skew_s = 0;
	go(report);
	CHECK_INT(x.status.clock_skew_s, 0);
	go(token(900, 0));
	CHECK_INT(x.status.not_before_s, 0);
}

/* How far the node's clock is ahead, by the last answer and the steps since. */
static void node_is_ahead(void)
{
	struct sts_report report;

	set_up(&usual);
	go(failure(STS_ECONNECT));
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 0);
	later(x.next_ms - m.boot_ms);
	report = token(900, 0);
	report.http_status = 200;
	report.flags = STS_REPORT_DATED;
	report.clock_skew_s = -1200;
	go(report);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 1200);
	later(3600 * S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 1200);
	/* It is corrected, and then goes wrong again. */
	step(-1200 * S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 0);
	step(59 * S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 0);
	step(S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 60);
	step(400 * 24 * 3600 * S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 0);
	/* Behind is not ahead. A refusal tells as well as a token. */
	set_up(&usual);
	report = failure(STS_EDENIED);
	report.http_status = 403;
	report.flags = STS_REPORT_DATED;
	report.clock_skew_s = 300;
	go(report);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 0);
	step(360 * S);
	CHECK_INT(sts_exchange_clock_ahead_s(&x, &m), 60);
}

/* Without a token, nothing depends on the clock; the first second of 1970 is a time. */
static void no_token_no_move(void)
{
	set_up(&usual);
	go(token(900, 0));
	for (int64_t expires_s = -1; expires_s <= 1; expires_s++) {
		x.expires_s = expires_s;
		CHECK_INT(sts_exchange_clock_moved(&x, m.boot_ms, m.real_ms + 3600 * S),
			  expires_s > 0);
	}
}

/* The status has the error that the STS named, if it is one that is known and ends in time. */
static void the_error_of_the_sts(void)
{
	struct sts_report report = failure(STS_EDENIED);

	set_up(&usual);
	strcpy(report.sts_error, "access_denied");
	go(report);
	CHECK_STR(x.status.sts_error, "access_denied");
	memset(report.sts_error, 'e', sizeof(report.sts_error));
	go(report);
	CHECK_STR(x.status.sts_error, "");
	strcpy(report.sts_error, "no such word");
	go(report);
	CHECK_STR(x.status.sts_error, "");
}

static const struct sts_test tests[] = {
	{"without a token, the clock does not move", no_token_no_move},
	{"the error that the STS named", the_error_of_the_sts},
	{"the clock is set ahead", clock_steps_ahead},
	{"the clock is set back", clock_steps_back},
	{"the clock is set while attempts fail", clock_steps_while_failing},
	{"how late a retry may be", how_late_a_retry_may_be},
	{"the clock moves, and nobody tells", clock_moves},
	{"the status knows about the clocks", clocks_in_the_status},
	{"how far the node's clock is ahead", node_is_ahead},
};

STS_TEST_MAIN(tests)
