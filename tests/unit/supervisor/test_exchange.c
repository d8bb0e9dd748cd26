/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange.h"

#include "one_exchange.h"
#include "supervisor/renewal.h"

static const struct sts_plan fetch = {
	.timeout_ms = 30 * S, .deadline_ms = 60 * S, .once = true, .depends_on = -1};

static void first_token(void)
{
	set_up(&usual);
	CHECK_INT(due(), STS_WORKER_ADOPT);
	CHECK_INT(go(token(900, 0)), STS_OUTCOME_SUCCESS);
	CHECK(x.next_ms > BOOT + 450 * S && x.next_ms < BOOT + 750 * S);
	CHECK_INT(x.status.state, STS_STATE_OK);
	CHECK_INT(x.status.next_attempt_s, (REAL + x.next_ms - BOOT) / 1000);
	CHECK(x.status_changed);
	CHECK_INT(due(), STS_WORKER__COUNT);
	later(x.next_ms - BOOT);
	CHECK_INT(due(), STS_WORKER_EXCHANGE);
}

/* A refresh that was asked for is not forgotten with a new configuration. The status follows. */
static void new_plans(void)
{
	struct sts_plan other = usual, crowded = usual, hasty = usual;

	other.rules.fraction_permille = 500;
	set_up(&usual);
	go(token(900, 0));
	sts_exchange_refresh(&x, &m);
	sts_exchange_replanned(&x, &other, STS_PLAN_TIMES, &m);
	CHECK_INT(x.next_ms, BOOT + 5 * S);
	/* That attempt ends it. */
	go(token(900, 0));
	sts_exchange_replanned(&x, &usual, STS_PLAN_TIMES, &m);
	CHECK(x.next_ms > m.boot_ms + 450 * S);
	/* With more exchanges, an attempt may have to wait. */
	crowded.queue_ms = 300 * S;
	sts_exchange_replanned(&x, &crowded, STS_PLAN_SAME, &m);
	CHECK_INT(x.status.latest_ms, x.next_ms + 331 * S);
	/* An attempt that runs keeps its time. */
	later(x.next_ms - m.boot_ms);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	hasty.timeout_ms = S;
	sts_exchange_replanned(&x, &hasty, STS_PLAN_TIMES, &m);
	CHECK_INT(x.status.latest_ms, x.started_ms + 61 * S);
}

/* It has a token, and its source is replaced by one that gets its first one at once. */
static void another_source(void)
{
	set_up(&usual);
	go(token(900, 0));
	CHECK(sts_exchange_wait(&x, "source", 0, &m));
	CHECK(sts_exchange_input_ready(&x, &m));
	CHECK_INT(x.next_ms, BOOT + 5 * S);
}

static void success_without_a_token(void)
{
	struct sts_report empty = {.retry_after_s = -1};

	set_up(&usual);
	sts_exchange_started(&x, STS_WORKER_ADOPT, &m);
	CHECK(sts_exchange_busy(&x));
	CHECK_INT(sts_exchange_wake_ms(&x), -1);
	CHECK_INT(sts_exchange_finished(&x, &empty, &m), STS_OUTCOME_FAILURE);
	CHECK_INT(empty.error, STS_EWORKER);
	CHECK_INT(x.status.tries, 1);
}

/* Every reason holds the floors, and the status file follows. */
static void refresh(void)
{
	set_up(&usual);
	go(token(900, 0));
	x.status_changed = false;
	sts_exchange_refresh(&x, &m);
	CHECK_INT(x.next_ms, BOOT + 5 * S);
	CHECK(x.status_changed);
	CHECK_INT(x.status.next_attempt_s, REAL / 1000 + 5);
	go(failure(STS_EDENIED));
	CHECK(x.next_ms > m.boot_ms + 29 * S);
	sts_exchange_refresh(&x, &m);
	CHECK_INT(x.next_ms, m.boot_ms + S);
}

/* Reasons that come one after the other do not draw the time again. */
static void drawn_once(void)
{
	int64_t planned_ms;

	set_up(&usual);
	go(failure(STS_EDENIED));
	later(5 * S);
	m.random = UINT32_MAX;
	sts_exchange_subject_changed(&x, &m);
	planned_ms = x.next_ms;
	CHECK(planned_ms > m.boot_ms + 9 * S && planned_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	m.random = 0;
	sts_exchange_subject_changed(&x, &m);
	CHECK_INT(x.next_ms, planned_ms);
}

/* A new subject token counts if the old one has limited the token, and after a failure, but not
 * before the end of a Retry-After. */
static void subject_changes(void)
{
	struct sts_report busy = failure(STS_EBUSY);
	int64_t planned_ms;

	set_up(&usual);
	go(token(900, 0));
	planned_ms = x.next_ms;
	later(60 * S);
	sts_exchange_subject_changed(&x, &m);
	CHECK_INT(x.next_ms, planned_ms);
	go(token(900, STS_REPORT_CAPPED));
	later(60 * S);
	sts_exchange_subject_changed(&x, &m);
	CHECK(x.next_ms >= m.boot_ms && x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	busy.retry_after_s = 120;
	go(busy);
	planned_ms = x.next_ms;
	CHECK(planned_ms >= m.boot_ms + 120 * S);
	sts_exchange_subject_changed(&x, &m);
	CHECK_INT(x.next_ms, planned_ms);
	CHECK(x.not_before_ms == planned_ms);
	/* A token ends that pause. */
	sts_exchange_refresh(&x, &m);
	go(token(900, STS_REPORT_CAPPED));
	later(20 * S);
	CHECK(m.boot_ms + STS_EXCHANGE_SPREAD_MS < planned_ms);
	sts_exchange_subject_changed(&x, &m);
	CHECK(x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
}

static void trust(void)
{
	int64_t planned_ms;

	set_up(&usual);
	go(failure(STS_ECERT_ISSUER));
	CHECK(sts_exchange_distrusts(&x));
	CHECK(x.next_ms >= m.boot_ms + 50 * S);
	sts_exchange_trust_changed(&x, &m);
	CHECK(x.next_ms < m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	go(failure(STS_EDENIED));
	CHECK(!sts_exchange_distrusts(&x));
	planned_ms = x.next_ms;
	sts_exchange_trust_changed(&x, &m);
	CHECK_INT(x.next_ms, planned_ms);
}

static void chains(void)
{
	set_up(&usual);
	CHECK(sts_exchange_wait(&x, "first", 0, &m));
	CHECK_INT(sts_exchange_wake_ms(&x), -1);
	CHECK_INT(due(), STS_WORKER__COUNT);
	later(60 * S);
	sts_exchange_refresh(&x, &m);
	sts_exchange_subject_changed(&x, &m);
	sts_exchange_clock_stepped(&x, &m);
	CHECK_INT(due(), STS_WORKER__COUNT);
	CHECK_STR(x.status.wait_name, "first");
	CHECK(!sts_exchange_wait(&x, "first", 0, &m));
	CHECK(sts_exchange_wait(&x, "second", 0, &m));
	CHECK_STR(x.status.wait_name, "second");
	CHECK(sts_exchange_wait(&x, "second", 1, &m));
	sts_exchange_input_ready(&x, &m);
	CHECK_INT(due(), STS_WORKER_ADOPT);
	CHECK_STR(x.status.wait_name, "");

	set_up(&fetch);
	CHECK(sts_exchange_wait(&x, "first", 0, &m));
	CHECK(sts_exchange_input_lost(&x, 77, &m));
	CHECK_INT(sts_exchange_exit_status(&x), 77);
	CHECK(!sts_exchange_input_lost(&x, 66, &m));

	/* It waits two seconds longer than its source may try. */
	set_up(&fetch);
	CHECK(sts_exchange_wait(&x, "first", 0, &m));
	CHECK_INT(sts_exchange_wake_ms(&x), BOOT + 62 * S);
	later(62 * S - 1);
	CHECK(!sts_exchange_deadline(&x, &m));
	later(1);
	CHECK(sts_exchange_deadline(&x, &m));
	CHECK_INT(x.status.error, STS_ETIMEOUT);
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_TRANSIENT);
}

static void sent_once(void)
{
	struct sts_plan once = usual;
	struct sts_report busy = failure(STS_EBUSY), used = failure(STS_ESUBJECT_USED);

	once.subject_use = STS_USE_ONCE;
	set_up(&once);
	sts_exchange_started(&x, STS_WORKER_ADOPT, &m);
	sts_exchange_sent(&x);
	CHECK(x.subject_sent);
	sts_exchange_finished(&x, &busy, &m);
	CHECK_INT(x.schedule.failures, 1);
	/* The next worker finds the same subject token. This is logged once, it is not a failure,
	 * and another worker looks within a minute. */
	CHECK_INT(go(used), STS_OUTCOME_WAITS);
	CHECK_INT(x.status.wait, STS_WAIT_SUBJECT);
	CHECK_INT(x.schedule.failures, 1);
	CHECK(x.next_ms >= m.boot_ms + 30 * S && x.next_ms <= m.boot_ms + 60 * S);
	CHECK_INT(go(used), STS_OUTCOME_NOTHING);
	sts_exchange_subject_changed(&x, &m);
	CHECK(x.next_ms <= m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	CHECK_INT(go(token(900, 0)), STS_OUTCOME_SUCCESS);
	CHECK_INT(x.status.wait, STS_WAIT_NONE);
	/* A poll that claims to have sent the subject token changes nothing. */
	x.plan = &usual;
	x.beside = STS_BESIDE_POLLS;
	sts_exchange_sent(&x);
	CHECK(!x.subject_sent);
}

/* A refusal says that the STS accepts a subject token once. */
static void learns(void)
{
	struct sts_plan unknown = usual, other;
	struct sts_report used = failure(STS_ESUBJECT_USED), refused = used;

	refused.http_status = 400;
	unknown.subject_use = STS_USE_UNKNOWN;
	unknown.request_id = 7;
	other = unknown;
	other.request_id = 9;
	set_up(&unknown);
	go(token(900, 0));
	CHECK(!sts_exchange_sends_once(&x));
	CHECK_INT(x.state, STS_EXCHANGE_HOLDS);
	later(x.next_ms - m.boot_ms);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	CHECK(!x.single_use);
	/* A worker that has found it by itself teaches nothing. */
	sts_exchange_learn(&x, &used, unknown.request_id);
	CHECK(!sts_exchange_sends_once(&x) && !x.single_use);
	sts_exchange_learn(&x, &refused, unknown.request_id);
	CHECK(sts_exchange_sends_once(&x) && x.single_use && x.status.once_for != 0);
	sts_exchange_sent(&x);
	CHECK_INT(sts_exchange_finished(&x, &refused, &m), STS_OUTCOME_WAITS);
	CHECK_INT(x.state, STS_EXCHANGE_SPENT);
	CHECK_INT(x.schedule.failures, 0);
	/* It holds for these requests only. */
	sts_exchange_replanned(&x, &other, STS_PLAN_REQUEST, &m);
	CHECK(!sts_exchange_sends_once(&x));
	sts_exchange_replanned(&x, &unknown, STS_PLAN_REQUEST, &m);
	CHECK(sts_exchange_sends_once(&x));
	/* Nothing is learnt where the user or the protocol has said how it is. */
	other.subject_use = STS_USE_AGAIN;
	set_up(&other);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	sts_exchange_learn(&x, &refused, other.request_id);
	CHECK(!sts_exchange_sends_once(&x) && x.status.once_for == 0);
}

/* The STS has taken one subject token twice, for the same requests. */
static void taken_twice(void)
{
	struct sts_plan unknown = usual;
	struct sts_report taken = {.sent_boot_ms = 1, .subject_identity = 5}, other = taken,
			  adopted = taken, failed = taken;

	other.subject_identity = 7;
	adopted.sent_boot_ms = 0;
	failed.error = STS_EDENIED;
	unknown.subject_use = STS_USE_UNKNOWN;
	set_up(&unknown);
	sts_exchange_learn(&x, &failed, 3);
	sts_exchange_learn(&x, &taken, 3);
	sts_exchange_learn(&x, &adopted, 3);
	sts_exchange_learn(&x, &failed, 3);
	CHECK(x.status.again_for == 0);
	sts_exchange_learn(&x, &taken, 4);
	CHECK(x.status.again_for == 0);
	sts_exchange_learn(&x, &other, 4);
	sts_exchange_learn(&x, &taken, 4);
	CHECK(x.status.again_for == 0);
	sts_exchange_learn(&x, &taken, 4);
	CHECK(x.status.again_for == sts_exchange_once_for(4));
}

/* A reader has sent its token before, and needs another one. */
static void wanted(void)
{
	set_up(&usual);
	go(token(900, 0));
	int64_t refresh_ms = x.next_ms, from_ms = x.schedule.token_from_ms;
	later(from_ms + STS_EXCHANGE_WANTED_MS - 1 - m.boot_ms);
	sts_exchange_wanted(&x, &m);
	CHECK_INT(x.next_ms, refresh_ms);
	later(1);
	sts_exchange_wanted(&x, &m);
	CHECK_INT(x.next_ms, m.boot_ms);
}

static void fetch_sends_once(void)
{
	struct sts_plan once = fetch;
	struct sts_report busy = failure(STS_EBUSY);

	once.subject_use = STS_USE_ONCE;
	set_up(&once);
	go(failure(STS_ECONNECT));
	CHECK_INT(sts_exchange_exit_status(&x), -1);
	later(x.next_ms - m.boot_ms);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	sts_exchange_sent(&x);
	sts_exchange_finished(&x, &busy, &m);
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_TRANSIENT);
}

static void fetch_ends(void)
{
	set_up(&fetch);
	later(50 * S);
	CHECK_INT(sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m), 10 * S);
	set_up(&fetch);
	later(70 * S);
	CHECK_INT(sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m), 1);
	set_up(&fetch);
	while (sts_exchange_exit_status(&x) < 0)
		CHECK_INT(go(failure(STS_EBUSY)), STS_OUTCOME_FAILURE);
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_TRANSIENT);
	CHECK(m.boot_ms > BOOT + 20 * S && m.boot_ms < BOOT + 60 * S);
	CHECK_INT(due(), STS_WORKER__COUNT);
	CHECK_INT(sts_exchange_wake_ms(&x), -1);
	/* The retry would be 1.5 s later: half a second before the deadline is too late. */
	set_up(&fetch);
	later(57900);
	go(failure(STS_EBUSY));
	CHECK_INT(sts_exchange_exit_status(&x), -1);
	set_up(&fetch);
	later(58100);
	go(failure(STS_EBUSY));
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_TRANSIENT);
	set_up(&fetch);
	go(failure(STS_EDENIED));
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_DENIED);
	set_up(&fetch);
	CHECK_INT(go(token(900, 0)), STS_OUTCOME_SUCCESS);
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_OK);
}

/* A mistake in its options ends a run that has no other exchange. */
static void mistakes(void)
{
	struct sts_plan one_of_several = usual;

	one_of_several.configured = true;
	set_up(&usual);
	go(failure(STS_EUSAGE));
	CHECK_INT(sts_exchange_exit_status(&x), STS_EXIT_USAGE);
	set_up(&usual);
	go(failure(STS_EURL));
	CHECK_INT(sts_exchange_exit_status(&x), -1);
	set_up(&one_of_several);
	go(failure(STS_EUSAGE));
	CHECK_INT(sts_exchange_exit_status(&x), -1);
	CHECK(x.next_ms > m.boot_ms + 29 * S);
}

static void polls(void)
{
	struct sts_plan polled = usual;
	struct sts_report same, changed = {.flags = STS_REPORT_THUMBPRINT, .thumbprint = {9}};
	int64_t refresh_ms;

	polled.poll_ms = 30 * S;
	set_up(&polled);
	go(token(900, STS_REPORT_THUMBPRINT));
	refresh_ms = x.next_ms;
	CHECK_INT(sts_exchange_attempt_ms(&x), refresh_ms);
	CHECK(x.poll_ms >= BOOT + 24 * S && x.poll_ms <= BOOT + 36 * S);
	later(x.poll_ms - m.boot_ms);
	CHECK_INT(due(), STS_WORKER_POLL);
	same = (struct sts_report){.flags = STS_REPORT_THUMBPRINT};
	CHECK_INT(go(same), STS_OUTCOME_NOTHING);
	CHECK_INT(x.next_ms, refresh_ms);
	CHECK_INT(go(failure(STS_ECONNECT)), STS_OUTCOME_POLL_FAILED);
	CHECK_INT(go(failure(STS_ECONNECT)), STS_OUTCOME_NOTHING);
	CHECK_INT(go(changed), STS_OUTCOME_NOTHING);
	CHECK_INT(x.next_ms, m.boot_ms);
	CHECK_INT(x.key, STS_KEY_CHANGED);
	/* An attempt is due while a poll runs. */
	sts_exchange_started(&x, STS_WORKER_POLL, &m);
	CHECK_INT(due(), STS_WORKER_EXCHANGE);
	sts_exchange_dropped(&x);
	go(token(900, STS_REPORT_THUMBPRINT));
	CHECK_INT(go((struct sts_report){.flags = STS_REPORT_POLL_OFF}), STS_OUTCOME_POLL_GONE);
	CHECK(x.poll_ms <= m.boot_ms + 36 * S);
}

/* An exchange without a thumbprint, or one that ends after one token, does not poll. */
static void no_polls(void)
{
	struct sts_plan polled = usual;

	polled.poll_ms = 30 * S;
	set_up(&polled);
	go(token(900, 0));
	CHECK_INT(sts_exchange_wake_ms(&x), sts_exchange_attempt_ms(&x));
	polled.poll_ms = 1; /* the shortest interval */
	set_up(&polled);
	go(token(900, STS_REPORT_THUMBPRINT));
	CHECK(sts_exchange_wake_ms(&x) < sts_exchange_attempt_ms(&x));
	polled.once = true;
	set_up(&polled);
	go(token(900, STS_REPORT_THUMBPRINT));
	CHECK_INT(sts_exchange_wake_ms(&x), sts_exchange_attempt_ms(&x));
	set_up(&usual);
	go(token(900, STS_REPORT_THUMBPRINT));
	CHECK_INT(sts_exchange_wake_ms(&x), sts_exchange_attempt_ms(&x));
}

/* A token that was there at the start, and whose refresh has failed, is held: its life counts from
 * its beginning. */
static void what_is_there_is_held(void)
{
	struct sts_report report = failure(STS_EBUSY);

	set_up(&usual);
	report.flags = STS_REPORT_ADOPTED;
	report.expires_s = m.real_ms / 1000 + 300;
	report.lifetime_s = 900;
	go(report);
	CHECK_INT(x.expires_s, report.expires_s);
	CHECK_INT(x.schedule.token_until_ms, m.boot_ms + 300 * S);
	CHECK_INT(x.schedule.token_from_ms, m.boot_ms - 600 * S);
}

/* After adoption, the token may have been signed with a key that has gone meanwhile. */
static void polls_after_adoption(void)
{
	struct sts_plan polled = usual;

	polled.poll_ms = 30 * S;
	set_up(&polled);
	go(token(900, STS_REPORT_ADOPTED | STS_REPORT_THUMBPRINT));
	CHECK_INT(x.poll_ms, m.boot_ms);
	CHECK_INT(due(), STS_WORKER_POLL);
	CHECK_INT(go((struct sts_report){.flags = STS_REPORT_THUMBPRINT}), STS_OUTCOME_NOTHING);
	CHECK(x.poll_ms >= m.boot_ms + 24 * S);
}

/* One replica of the STS has a new key and the other has not: each poll finds the new certificate,
 * and each exchange gives the old one. */
static void replicas_out_of_step(void)
{
	struct sts_report changed = {.flags = STS_REPORT_THUMBPRINT, .thumbprint = {9}};
	struct sts_plan polled = usual;
	struct sts_report new_key;
	int64_t before_ms;

	polled.poll_ms = S;
	set_up(&polled);
	go(token(900, STS_REPORT_THUMBPRINT));
	for (int i = 0; i < 20; i++) {
		before_ms = x.ended_ms;
		do {
			later(x.poll_ms - m.boot_ms);
			CHECK_INT(go(changed), STS_OUTCOME_NOTHING);
		} while (due() != STS_WORKER_EXCHANGE && x.next_ms > x.poll_ms);
		later(x.next_ms - m.boot_ms);
		CHECK(m.boot_ms >= before_ms + STS_SCHEDULE_FLOOR_MS);
		CHECK_INT(go(token(900, STS_REPORT_THUMBPRINT)), STS_OUTCOME_SUCCESS);
		CHECK_INT(x.key, STS_KEY_OUT_OF_STEP);
	}
	later(x.poll_ms - m.boot_ms);
	go(changed);
	later(x.next_ms - m.boot_ms);
	new_key = token(900, STS_REPORT_THUMBPRINT);
	new_key.thumbprint[0] = 9;
	CHECK_INT(go(new_key), STS_OUTCOME_SUCCESS);
	CHECK_INT(x.key, STS_KEY_RENEWED);
	later(x.next_ms - m.boot_ms);
	CHECK_INT(go(new_key), STS_OUTCOME_SUCCESS);
	CHECK_INT(x.key, STS_KEY_SAME);
}

static void notifications(void)
{
	struct sts_plan notified = usual;

	notified.notifies = true;
	set_up(&notified);
	go(token(900, STS_REPORT_ADOPTED));
	CHECK(due() != STS_WORKER_NOTIFY);
	go(token(900, 0));
	CHECK_INT(due(), STS_WORKER_NOTIFY);
	CHECK(sts_exchange_wake_ms(&x) <= m.boot_ms);
	/* A notification that was dropped in favour of an attempt is made later. */
	sts_exchange_started(&x, STS_WORKER_NOTIFY, &m);
	CHECK_INT(due(), STS_WORKER__COUNT);
	sts_exchange_dropped(&x);
	CHECK_INT(due(), STS_WORKER_NOTIFY);
	CHECK_INT(go(failure(STS_EINPUT)), STS_OUTCOME_NOTIFY_FAILED);
	CHECK_INT(due(), STS_WORKER__COUNT);
	CHECK_INT(x.status.state, STS_STATE_OK);
}

static void other_options(void)
{
	struct sts_plan other = usual;
	struct sts_report report;
	int64_t planned_ms;

	set_up(&usual);
	go(token(900, 0));
	planned_ms = x.next_ms;
	later(60 * S);
	sts_exchange_replanned(&x, &other, STS_PLAN_SAME, &m);
	CHECK(x.plan == &other && x.next_ms == planned_ms);
	sts_exchange_replanned(&x, &other, STS_PLAN_REQUEST, &m);
	CHECK(x.next_ms <= m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	/* An attempt with the old ones is under way. */
	later(x.next_ms - m.boot_ms);
	report = token(900, 0);
	sts_exchange_started(&x, STS_WORKER_EXCHANGE, &m);
	sts_exchange_replanned(&x, &usual, STS_PLAN_REQUEST, &m);
	later(S);
	sts_exchange_finished(&x, &report, &m);
	CHECK(x.next_ms <= m.boot_ms + STS_EXCHANGE_SPREAD_MS);
	report = token(900, 0);
	go(report);
	CHECK(x.next_ms > m.boot_ms + 400 * S);
}

/* A token that was there at the start and is due counts until there is a new one. */
static void held(void)
{
	struct sts_report busy = failure(STS_EBUSY);

	busy.flags = STS_REPORT_ADOPTED;
	busy.expires_s = REAL / 1000 + 100;
	busy.lifetime_s = 900;
	set_up(&usual);
	go(busy);
	CHECK_INT(x.expires_s, REAL / 1000 + 100);
	CHECK_INT(x.schedule.token_until_ms, BOOT + 100 * S);
	/* A token that has expired does not count. */
	busy.expires_s = REAL / 1000;
	set_up(&usual);
	go(busy);
	CHECK_INT(x.expires_s, 0);
}

/* A simulation has ten thousand exchanges. */
static void size(void)
{
	CHECK(sizeof(struct sts_exchange) <= 472 + STS_STATUS_TEXT_MAX_BYTES);
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"the first token", first_token},
		{"a subject token that the STS has taken twice", taken_twice},
		{"new plans", new_plans},
		{"another source", another_source},
		{"a success without a token", success_without_a_token},
		{"refresh", refresh},
		{"a time is drawn once", drawn_once},
		{"the subject token changes", subject_changes},
		{"trust", trust},
		{"chains", chains},
		{"subject tokens that are sent once", sent_once},
		{"learns from a refusal", learns},
		{"a reader wants another token", wanted},
		{"fetch sends once", fetch_sends_once},
		{"fetch ends", fetch_ends},
		{"mistakes", mistakes},
		{"polls", polls},
		{"polls after adoption", polls_after_adoption},
		{"no polls", no_polls},
		{"what is there is held", what_is_there_is_held},
		{"replicas out of step", replicas_out_of_step},
		{"notifications", notifications},
		{"other options", other_options},
		{"a token that is held", held},
		{"size", size},
	};

	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
