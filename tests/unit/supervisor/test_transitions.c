/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks all pairs of a state and an event, by the tables and by the functions of exchange.h. What
 * must follow a pair is written here a second time, as rules about events instead of a table, so
 * that a wrong entry of the table is seen.
 */
#include "supervisor/transitions.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "log/bug.h"
#include "log/log.h"
#include "supervisor/exchange.h"
#include "test.h"

#define S    1000LL
#define BOOT (5000 * S)
#define REAL (1768233157 * S)

static struct sts_plan plan;
static struct sts_exchange x;
static struct sts_moment m;
static int found_bugs;
static int lines; /* a pipe that standard error is led to */

static bool is_busy(int state)
{
	return state == STS_EXCHANGE_TRIES || state == STS_EXCHANGE_RENEWED ||
	       state == STS_EXCHANGE_ASKED;
}

/* Put the exchange into a state: it got a token an hour ago, and has failed since. */
static void enter(int state, int beside)
{
	m = (struct sts_moment){BOOT, REAL, 1u << 31};
	plan = (struct sts_plan){.timeout_ms = 30 * S, .poll_ms = 30 * S, .configured = true};
	sts_exchange_init(&x, &plan, &m);
	x.state = (uint8_t)state;
	x.beside = (uint8_t)beside;
	x.next_ms = is_busy(state) ? BOOT - S : BOOT + 300 * S;
	x.poll_ms = BOOT + 20 * S;
	x.expires_s = REAL / 1000 - 1;
	x.has_thumbprint = true;
	x.started_ms = BOOT - S;
	x.ended_ms = BOOT - 100 * S;
	x.schedule = (struct sts_schedule_state){.token_from_ms = BOOT - 3600 * S,
						 .token_until_ms = BOOT - S,
						 .failures = 1,
						 .failing_since_ms = BOOT - 200 * S};
	x.status.error = STS_ECERT_ISSUER;
	x.exit_status = -1;
}

static struct sts_report report_of(enum sts_err err)
{
	struct sts_report r = {.error = (int32_t)err, .retry_after_s = -1};

	if (err == STS_OK) {
		r.lifetime_s = 900;
		r.expires_s = REAL / 1000 + 900;
		r.sent_boot_ms = BOOT;
		/* The subject token is renewed in 800 s. */
		r.subject_iat_s = REAL / 1000 - 2080;
		r.subject_exp_s = r.subject_iat_s + 3600;
	}
	return r;
}

static void finish(enum sts_err err)
{
	struct sts_report r = report_of(err);

	sts_exchange_finished(&x, &r, &m);
}

static void poll_finds_another_key(void)
{
	struct sts_report r = {
		.flags = STS_REPORT_THUMBPRINT, .thumbprint = {9}, .retry_after_s = -1};
	bool holds = x.state == STS_EXCHANGE_HOLDS;

	x.beside = STS_BESIDE_POLLS;
	CHECK_INT(sts_exchange_finished(&x, &r, &m), STS_OUTCOME_NOTHING);
	CHECK_INT(x.key, holds ? STS_KEY_CHANGED : STS_KEY_SAME);
}

static void set_once(void)
{
	plan.once = true;
	plan.deadline_ms = S;
	x.deadline_ms = BOOT - 100 * S;
}

/* Let an event happen as the supervisor would. False if no function lets the event happen in this
 * state: a worker that does not run cannot end. */
static bool happen(enum sts_exchange_event event)
{
	bool ends = event >= STS_ON_TOKEN && event <= STS_ON_USED;

	if (ends && !sts_exchange_busy(&x))
		return false;
	switch (event) {
	case STS_ON_START:
		sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
		break;
	case STS_ON_TOKEN:
		finish(STS_OK);
		break;
	case STS_ON_SPENT:
		plan.subject_use = STS_USE_ONCE;
		plan.depends_on = -1;
		finish(STS_OK);
		break;
	case STS_ON_LAST:
		set_once();
		finish(STS_OK);
		break;
	case STS_ON_FAILURE:
		finish(STS_EDENIED);
		break;
	case STS_ON_GIVE_UP:
		set_once();
		finish(STS_EDENIED);
		break;
	case STS_ON_USED:
		finish(STS_ESUBJECT_USED);
		break;
	case STS_ON_REFRESH:
		sts_exchange_refresh(&x, &m);
		break;
	case STS_ON_WANTED:
		sts_exchange_wanted(&x, &m);
		break;
	case STS_ON_CLOCK:
		sts_exchange_clock_stepped(&x, &m);
		break;
	case STS_ON_SUBJECT:
		sts_exchange_subject_changed(&x, &m);
		break;
	case STS_ON_TRUST:
		sts_exchange_trust_changed(&x, &m);
		break;
	case STS_ON_KEY:
		if (sts_exchange_busy(&x) || x.state == STS_EXCHANGE_ENDED)
			return false;
		poll_finds_another_key();
		break;
	case STS_ON_REQUEST:
	case STS_ON_TIMES:
		sts_exchange_replanned(
			&x, &plan, event == STS_ON_TIMES ? STS_PLAN_TIMES : STS_PLAN_REQUEST, &m);
		break;
	case STS_ON_WAIT:
		sts_exchange_wait(&x, "first", 1, &m);
		break;
	case STS_ON_INPUT:
		sts_exchange_input_ready(&x, &m);
		break;
	case STS_ON_LOST:
		sts_exchange_input_lost(&x, STS_EXIT_DENIED, &m);
		break;
	case STS_ON_DEADLINE:
		if (sts_exchange_busy(&x))
			return false;
		set_once();
		sts_exchange_deadline(&x, &m);
		break;
	case STS_ON_STOP:
		sts_exchange_stopped(&x, &m);
		break;
	default:
		return false;
	}
	return true;
}

/* How many lines about a bug were logged since the last call. */
static int bugs_logged(void)
{
	static char text[64 * 1024];
	ssize_t got = read(lines, text, sizeof(text) - 1);
	int count = 0;

	text[got > 0 ? got : 0] = '\0';
	for (const char *at = text; (at = strstr(at, "this is a bug")); at++)
		count++;
	return count;
}

static void every_entry_is_written(void)
{
	for (int state = 0; state < STS_EXCHANGE_STATES; state++)
		for (int event = 0; event < STS_EXCHANGE_EVENTS; event++) {
			struct sts_transition t = sts_exchange_transition(
				(enum sts_exchange_state)state, (enum sts_exchange_event)event);

			CHECK(t.first != STS_DO_UNWRITTEN && t.first < STS_ACTIONS);
			CHECK(t.then != STS_DO_UNWRITTEN && t.then < STS_ACTIONS);
			CHECK(t.next < STS_EXCHANGE_STATES);
			CHECK(t.first != STS_DO_BUG || t.next == state);
		}
	for (int state = 0; state < STS_BESIDE_STATES; state++)
		for (int event = 0; event < STS_BESIDE_EVENTS; event++) {
			struct sts_transition t = sts_beside_transition(
				(enum sts_beside_state)state, (enum sts_beside_event)event);

			CHECK(t.first != STS_DO_UNWRITTEN && t.first < STS_ACTIONS);
			CHECK_INT(t.then, STS_DO_NOTHING);
			CHECK(t.next < STS_BESIDE_STATES);
			CHECK(t.first != STS_DO_BUG || t.next == state);
		}
}

/* What holds in a state, whatever led there. */
static void check_state(void)
{
	int64_t attempt_ms = sts_exchange_attempt_ms(&x);
	enum sts_worker_mode mode;

	switch (x.state) {
	case STS_EXCHANGE_CHAINED:
		CHECK_INT(attempt_ms, -1);
		CHECK_INT(x.status.wait, STS_WAIT_EXCHANGE);
		CHECK_INT(x.status.latest_ms, 0);
		break;
	case STS_EXCHANGE_ENDED:
		CHECK_INT(attempt_ms, -1);
		CHECK_INT(sts_exchange_wake_ms(&x), -1);
		CHECK(!sts_exchange_due(&x, INT64_MAX, &mode));
		CHECK_INT(x.status.next_attempt_s, 0);
		break;
	case STS_EXCHANGE_TRIES:
	case STS_EXCHANGE_RENEWED:
	case STS_EXCHANGE_ASKED:
		CHECK(sts_exchange_busy(&x));
		CHECK_INT(attempt_ms, -1);
		CHECK(!sts_exchange_due(&x, INT64_MAX, &mode));
		CHECK(x.beside != STS_BESIDE_POLLS && x.beside != STS_BESIDE_NOTIFIES);
		break;
	default:
		CHECK_INT(attempt_ms, x.next_ms);
		CHECK(sts_exchange_wake_ms(&x) >= 0);
		CHECK(sts_exchange_due(&x, x.next_ms, &mode));
		CHECK(x.next_ms <= BOOT + 24 * 3600 * S);
		break;
	}
}

/* The state that must follow. */
static int expected_state(int state, enum sts_exchange_event event)
{
	bool busy = is_busy(state);

	if (state == STS_EXCHANGE_ENDED)
		return state;
	switch (event) {
	case STS_ON_START:
		return STS_EXCHANGE_TRIES;
	case STS_ON_TOKEN:
		return STS_EXCHANGE_HOLDS;
	case STS_ON_FAILURE:
		return STS_EXCHANGE_FAILS;
	case STS_ON_SPENT:
	case STS_ON_USED:
		return STS_EXCHANGE_SPENT;
	case STS_ON_LAST:
	case STS_ON_GIVE_UP:
	case STS_ON_LOST:
	case STS_ON_DEADLINE:
	case STS_ON_STOP:
		return STS_EXCHANGE_ENDED;
	case STS_ON_REFRESH:
		return busy ? STS_EXCHANGE_ASKED : state;
	case STS_ON_REQUEST:
		return busy && state != STS_EXCHANGE_ASKED ? STS_EXCHANGE_RENEWED : state;
	case STS_ON_WAIT:
		return busy ? state : STS_EXCHANGE_CHAINED;
	case STS_ON_INPUT:
		return state == STS_EXCHANGE_CHAINED ? STS_EXCHANGE_DUE : state;
	default:
		return state;
	}
}

/* Check when the planned attempt is made after an event that leaves it planned. Without the event
 * it would be made in 300 seconds. */
static void check_time(int state, enum sts_exchange_event event)
{
	bool holds = state == STS_EXCHANGE_HOLDS, spent = state == STS_EXCHANGE_SPENT;
	bool at_once = event == STS_ON_REFRESH || (event == STS_ON_WANTED && holds) ||
		       (event == STS_ON_KEY && holds);
	/* The token that enter() has given is not capped. */
	bool soon = event == STS_ON_CLOCK || event == STS_ON_REQUEST ||
		    (event == STS_ON_SUBJECT && !holds) ||
		    (event == STS_ON_TRUST && !holds && !spent);

	if (at_once)
		CHECK_INT(x.next_ms, BOOT);
	else if (soon)
		CHECK(x.next_ms > BOOT && x.next_ms < BOOT + STS_EXCHANGE_SPREAD_MS);
	else if (event == STS_ON_TIMES && holds)
		CHECK_INT(x.next_ms, BOOT + STS_SCHEDULE_FLOOR_MS); /* its token has expired */
	else
		CHECK_INT(x.next_ms, BOOT + 300 * S);
}

static void check_effect(int state, enum sts_exchange_event event)
{
	if (event == STS_ON_SPENT && state == STS_EXCHANGE_TRIES)
		CHECK(x.next_ms >= BOOT + 800 * S &&
		      x.next_ms < BOOT + 800 * S + STS_EXCHANGE_SPREAD_MS);
	CHECK_INT(x.state, expected_state(state, event));
	if (event == STS_ON_START)
		CHECK_INT(x.started_ms, BOOT);
	if (x.state == state && sts_exchange_is_planned(&x))
		check_time(state, event);
	if (event == STS_ON_INPUT && state == STS_EXCHANGE_CHAINED)
		CHECK_INT(x.next_ms, BOOT);
}

static void walk(int state, int event)
{
	struct sts_transition t = sts_exchange_transition((enum sts_exchange_state)state,
							  (enum sts_exchange_event)event);
	int bugs;

	enter(state, STS_BESIDE_NOTHING);
	if (!happen((enum sts_exchange_event)event)) {
		CHECK_INT(t.first, STS_DO_BUG);
		return;
	}
	bugs = bugs_logged();
	CHECK_INT(x.state, t.next);
	if (t.first == STS_DO_BUG) {
		/* Some functions know better and do not let it come to that. */
		found_bugs += bugs;
		return;
	}
	CHECK_INT(bugs, 0);
	check_effect(state, (enum sts_exchange_event)event);
	if (t.next != state)
		check_state();
}

static void every_pair(void)
{
	bugs_logged();
	for (int state = 0; state < STS_EXCHANGE_STATES; state++)
		for (int event = 0; event < STS_EXCHANGE_EVENTS; event++) {
			int before = sts_test_failures;

			walk(state, event);
			if (sts_test_failures != before)
				printf("# in state %d at event %d\n", state, event);
		}
	CHECK_INT(found_bugs, 20);
}

/* An attempt during which another one was asked for is followed by that one soon, which keeps to
 * the floors. */
static void follow_ups(void)
{
	static const struct {
		enum sts_exchange_state state;
		enum sts_err result;
		int64_t from_ms, to_ms;
	} rows[] = {
		{STS_EXCHANGE_TRIES, STS_OK, 450 * S, 750 * S},
		{STS_EXCHANGE_TRIES, STS_EDENIED, 29 * S, 24 * 3600 * S},
		{STS_EXCHANGE_TRIES, STS_ESUBJECT_USED, 30 * S, 60 * S},
		{STS_EXCHANGE_RENEWED, STS_OK, STS_SCHEDULE_FLOOR_MS, STS_EXCHANGE_SPREAD_MS - 1},
		{STS_EXCHANGE_RENEWED, STS_EDENIED, STS_SCHEDULE_RETRY_FLOOR_MS,
		 STS_EXCHANGE_SPREAD_MS - 1},
		{STS_EXCHANGE_RENEWED, STS_ESUBJECT_USED, STS_SCHEDULE_RETRY_FLOOR_MS,
		 STS_EXCHANGE_SPREAD_MS - 1},
		{STS_EXCHANGE_ASKED, STS_OK, STS_SCHEDULE_FLOOR_MS, STS_SCHEDULE_FLOOR_MS},
		{STS_EXCHANGE_ASKED, STS_EDENIED, STS_SCHEDULE_RETRY_FLOOR_MS,
		 STS_SCHEDULE_RETRY_FLOOR_MS},
		{STS_EXCHANGE_ASKED, STS_ESUBJECT_USED, STS_SCHEDULE_RETRY_FLOOR_MS,
		 STS_SCHEDULE_RETRY_FLOOR_MS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int before = sts_test_failures;

		enter(rows[i].state, STS_BESIDE_NOTHING);
		finish(rows[i].result);
		CHECK(x.next_ms >= BOOT + rows[i].from_ms && x.next_ms <= BOOT + rows[i].to_ms);
		if (sts_test_failures != before)
			printf("# in state %d after error %d: %lld ms\n", rows[i].state,
			       rows[i].result, (long long)(x.next_ms - BOOT));
	}
}

static bool runs_beside(int beside)
{
	return beside == STS_BESIDE_POLLS || beside == STS_BESIDE_NOTIFIES;
}

/* The application is to be notified of new files. No attempt, which writes them, runs beside a
 * worker. */
static void new_files(int beside)
{
	if (runs_beside(beside))
		return;
	enter(STS_EXCHANGE_TRIES, beside);
	plan.notifies = true;
	finish(STS_OK);
	CHECK_INT(x.beside, STS_BESIDE_NOTIFY_DUE);
}

/* New plans begin an interval of polls, or end the polls. A worker that runs and a notification
 * that is due come first. */
static void new_plans(int beside)
{
	bool comes_first = runs_beside(beside) || beside == STS_BESIDE_NOTIFY_DUE;

	enter(STS_EXCHANGE_HOLDS, beside);
	sts_exchange_replanned(&x, &plan, STS_PLAN_REQUEST, &m);
	CHECK_INT(x.beside, comes_first ? beside : STS_BESIDE_POLL_PLANNED);
	if (comes_first)
		CHECK_INT(x.poll_ms, BOOT + 20 * S);
	else
		CHECK(x.poll_ms >= BOOT + 24 * S && x.poll_ms <= BOOT + 36 * S);
	enter(STS_EXCHANGE_HOLDS, beside);
	plan.poll_ms = 0;
	sts_exchange_replanned(&x, &plan, STS_PLAN_REQUEST, &m);
	CHECK_INT(x.beside, comes_first ? beside : STS_BESIDE_NOTHING);
}

static void every_pair_beside(void)
{
	enum sts_worker_mode mode;

	for (int beside = 0; beside < STS_BESIDE_STATES; beside++) {
		enter(STS_EXCHANGE_HOLDS, beside);
		bool due = sts_exchange_due(&x, BOOT + 20 * S, &mode);

		CHECK_INT(due,
			  beside == STS_BESIDE_POLL_PLANNED || beside == STS_BESIDE_NOTIFY_DUE);
		if (due) {
			sts_exchange_started(&x, mode, &m);
			CHECK_INT(x.beside,
				  mode == STS_WORKER_POLL ? STS_BESIDE_POLLS : STS_BESIDE_NOTIFIES);
			sts_exchange_dropped(&x);
			CHECK_INT(x.beside, beside);
			sts_exchange_started(&x, mode, &m);
			finish(STS_EINPUT);
			CHECK_INT(x.beside, STS_BESIDE_POLL_PLANNED);
		}
		enter(STS_EXCHANGE_HOLDS, beside);
		sts_exchange_stopped(&x, &m);
		CHECK_INT(x.beside, STS_BESIDE_NOTHING);
		new_files(beside);
		new_plans(beside);
	}
	CHECK_INT(bugs_logged(), 0);
	/* Nothing runs that could end or be dropped. */
	enter(STS_EXCHANGE_HOLDS, STS_BESIDE_NOTHING);
	sts_exchange_dropped(&x);
	CHECK_INT(bugs_logged(), 1);
	CHECK_INT(x.beside, STS_BESIDE_NOTHING);
}

/* In the builds for tests a bug ends the process; the release logs it and goes on, as above. */
static void a_bug_ends_tests(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		sts_bugs_abort = true;
		enter(STS_EXCHANGE_TRIES, STS_BESIDE_NOTHING);
		sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGABRT);
	CHECK_INT(bugs_logged(), 1);
}

/* An STS that has no sig-cert endpoint is asked ever more rarely; one that had it is not given
 * up. */
static void polls_that_find_nothing(void)
{
	struct sts_report none = {.flags = STS_REPORT_POLL_OFF, .retry_after_s = -1};
	struct sts_report key = {.flags = STS_REPORT_THUMBPRINT, .retry_after_s = -1};
	int64_t before_ms = 0;

	enter(STS_EXCHANGE_HOLDS, STS_BESIDE_POLLS);
	CHECK_INT(sts_exchange_finished(&x, &none, &m), STS_OUTCOME_POLL_OFF);
	for (int i = 0; i < 300; i++) {
		int64_t wait_ms = x.poll_ms - m.boot_ms;

		CHECK(wait_ms >= before_ms && wait_ms <= 29 * 3600 * S);
		before_ms = wait_ms * 2 / 3;
		m.boot_ms = x.poll_ms;
		x.beside = STS_BESIDE_POLLS;
		CHECK_INT(sts_exchange_finished(&x, &none, &m), STS_OUTCOME_NOTHING);
	}
	CHECK(x.poll_ms - m.boot_ms > 19 * 3600 * S);
	/* It is there, it is gone, and it is there again. */
	for (int i = 0; i < 3; i++) {
		x.beside = STS_BESIDE_POLLS;
		CHECK_INT(sts_exchange_finished(&x, &key, &m), STS_OUTCOME_NOTHING);
		CHECK(x.poll_ms <= m.boot_ms + 36 * S);
		x.beside = STS_BESIDE_POLLS;
		CHECK_INT(sts_exchange_finished(&x, &none, &m), STS_OUTCOME_POLL_GONE);
		CHECK(x.poll_ms <= m.boot_ms + 36 * S);
		x.beside = STS_BESIDE_POLLS;
		CHECK_INT(sts_exchange_finished(&x, &none, &m), STS_OUTCOME_NOTHING);
		CHECK(x.poll_ms <= m.boot_ms + 36 * S);
	}
	/* A new configuration begins anew. */
	sts_exchange_replanned(&x, &plan, STS_PLAN_REQUEST, &m);
	x.beside = STS_BESIDE_POLLS;
	CHECK_INT(sts_exchange_finished(&x, &none, &m), STS_OUTCOME_POLL_OFF);
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"every entry of the tables is written", every_entry_is_written},
		{"every pair of a state and an event", every_pair},
		{"an attempt that was asked for is made", follow_ups},
		{"every pair beside the attempts", every_pair_beside},
		{"a bug ends a test", a_bug_ends_tests},
		{"polls that find no endpoint", polls_that_find_nothing},
	};
	int ends[2];

	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	sts_bugs_abort = false;
	if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || dup2(ends[1], 2) < 0)
		return 1;
	lines = ends[0];
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
