/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange.h"

#include <string.h>

#include "log/bug.h"
#include "supervisor/exchange_clock.h"
#include "supervisor/exchange_status.h"
#include "supervisor/renewal.h"

/* An attempt with less time than this before the deadline would only time out, and the timeout
 * would hide why the attempts before have failed. */
#define LAST_ATTEMPT_MS 500

/* An exchange that still waits for another one ends this long after the deadline. The last attempt
 * ends at the deadline, and its worker is killed at most one second later. */
#define DEADLINE_GRACE_MS 2000

/* The timeout of a worker that notifies the application. The signal takes no time, but the PID file
 * may be on a slow disk. */
#define NOTIFY_MS 5000

/* If the STS has no sig-cert endpoint, the interval of the polls doubles until it is this long. */
#define POLL_LONGEST_MS (24 * 3600 * 1000LL)

/* Make a second random number from a first one. An odd factor maps the numbers of 32 bits one to
 * one onto themselves, so the result is uniform too. */
static uint32_t another(uint32_t random)
{
	return random * 2654435761u + 1;
}

static bool is_attempt(enum sts_worker_mode mode)
{
	return mode == STS_WORKER_EXCHANGE || mode == STS_WORKER_ADOPT;
}

void sts_exchange_init(struct sts_exchange *x, const struct sts_plan *plan,
		       const struct sts_moment *now)
{
	*x = (struct sts_exchange){
		.plan = plan,
		.schedule = {.failing_since_ms = -1},
		.state = STS_EXCHANGE_DUE,
		.next_ms = now->boot_ms,
		.clock_ms = now->real_ms - now->boot_ms,
		.deadline_ms = now->boot_ms + plan->deadline_ms,
		.exit_status = -1,
	};
}

/* ---- the actions of the tables ---- */

/* Returns the time of an attempt that is wanted at at_ms: not before the floor. The floors hold
 * whatever the reason for the attempt is. */
static int64_t not_too_soon(const struct sts_exchange *x, int64_t at_ms)
{
	int64_t floor_ms = x->schedule.failures > 0
				   ? x->ended_ms + STS_SCHEDULE_RETRY_FLOOR_MS
				   : x->schedule.token_from_ms + STS_SCHEDULE_FLOOR_MS;
	bool is_first = x->schedule.failures == 0 && x->expires_s == 0;

	return is_first || at_ms > floor_ms ? at_ms : floor_ms;
}

static void bring_forward(struct sts_exchange *x, int64_t at_ms)
{
	at_ms = not_too_soon(x, at_ms);
	if (at_ms >= x->next_ms)
		return;
	x->next_ms = at_ms;
	x->brought_forward = true;
}

static void spread(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t from_ms = x->not_before_ms > now->boot_ms ? x->not_before_ms : now->boot_ms;

	/* The time is drawn only once. If reasons come one after the other, the earliest of many
	 * random times would be now, without spread and without back-off. */
	if (x->next_ms > from_ms + STS_EXCHANGE_SPREAD_MS)
		bring_forward(x,
			      from_ms + sts_schedule_jitter(STS_EXCHANGE_SPREAD_MS, now->random));
}

/* Bring the refresh forward as the node's clock demands. */
static void follow_clock(struct sts_exchange *x, const struct sts_moment *now)
{
	if (sts_exchange_clock_belies(x, now))
		spread(x, now);
	else
		bring_forward(x, sts_schedule_after_success(&x->plan->rules, &x->schedule,
							    now->boot_ms, now->random));
}

static void plan_retry(struct sts_exchange *x, const struct sts_report *report,
		       const struct sts_moment *now)
{
	/* The node's clock has passed `expires`, but others may accept the token until its end. */
	if (x->schedule.token_until_ms <= now->boot_ms)
		x->schedule.token_until_ms = x->until_ms;
	/* Somebody waits for the end of `fetch`, so each of its retries is soon. */
	enum sts_retry retry = x->plan->once ? STS_RETRY_SOON
					     : sts_error_info(x->status.error).retry;

	x->next_ms = sts_schedule_after_failure(&x->plan->rules, &x->schedule, retry,
						report->retry_after_s, now->boot_ms, now->random);
	/* If the STS asked for a pause, only a HUP brings the next attempt forward. */
	x->not_before_ms = report->retry_after_s > 0 ? x->next_ms : 0;
}

static void plan_poll(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t interval_ms = x->plan->poll_ms;

	for (uint8_t i = 0; !x->poll_answered && i < x->polls_absent; i++)
		interval_ms = interval_ms < POLL_LONGEST_MS ? 2 * interval_ms : POLL_LONGEST_MS;
	if (interval_ms > POLL_LONGEST_MS)
		interval_ms = POLL_LONGEST_MS;
	x->poll_ms = now->boot_ms;
	if (!x->poll_at_once)
		x->poll_ms += interval_ms * 4 / 5 +
			      sts_schedule_jitter(interval_ms * 2 / 5, another(now->random));
	x->poll_at_once = false;
}

/* An attempt begins. */
static void begin(struct sts_exchange *x, const struct sts_moment *now)
{
	x->started_ms = now->boot_ms;
	x->clock_ms = now->real_ms - now->boot_ms;
	x->timeout_ms = x->plan->timeout_ms;
	x->single_use = sts_exchange_sends_once(x);
	x->subject_sent = x->brought_forward = false;
}

static void act(struct sts_exchange *x, enum sts_action action, const struct sts_report *report,
		const struct sts_moment *now)
{
	switch (action) {
	case STS_DO_TRY:
		begin(x, now);
		break;
	case STS_DO_PLAN_AGAIN:
		/* New times do not change an attempt that was brought forward. */
		if (x->brought_forward)
			break;
		__attribute__((fallthrough));
	case STS_DO_PLAN_REFRESH:
		x->next_ms = sts_schedule_after_success(&x->plan->rules, &x->schedule, now->boot_ms,
							now->random);
		break;
	case STS_DO_PLAN_RETRY:
		plan_retry(x, report, now);
		break;
	case STS_DO_PLAN_RENEWAL:
	case STS_DO_PLAN_LOOK:
		x->next_ms = sts_renewal_next_ms(x, action == STS_DO_PLAN_LOOK, now);
		break;
	case STS_DO_PLAN_NOW:
		x->next_ms = not_too_soon(x, now->boot_ms);
		break;
	case STS_DO_AT_ONCE:
		bring_forward(x, now->boot_ms);
		break;
	case STS_DO_SPREAD_CAPPED:
		if (x->token_capped)
			spread(x, now);
		break;
	case STS_DO_SPREAD:
		spread(x, now);
		break;
	case STS_DO_FOLLOW_CLOCK:
		follow_clock(x, now);
		break;
	case STS_DO_PLAN_POLL:
		plan_poll(x, now);
		break;
	case STS_DO_UNWRITTEN:
	case STS_DO_BUG:
	case STS_DO_NOTHING:
	case STS_ACTIONS:
		break;
	}
}

/* Handle an event of the first table. `report` is NULL if the event is not the end of an
 * attempt. */
static void on(struct sts_exchange *x, enum sts_exchange_event event,
	       const struct sts_report *report, const struct sts_moment *now)
{
	struct sts_transition t = sts_exchange_transition((enum sts_exchange_state)x->state, event);

	if (t.first == STS_DO_BUG) {
		sts_bug("an exchange got an event that cannot happen in its state", x->state,
			event);
		return;
	}
	act(x, (enum sts_action)t.first, report, now);
	act(x, (enum sts_action)t.then, report, now);
	x->state = t.next;
	sts_exchange_describe(x, now);
}

/* Handle an event of the second table. */
static void on_beside(struct sts_exchange *x, enum sts_beside_event event,
		      const struct sts_moment *now)
{
	struct sts_transition t = sts_beside_transition((enum sts_beside_state)x->beside, event);

	if (t.first == STS_DO_BUG) {
		sts_bug("a poll or a notification got an event that cannot happen in its state",
			x->beside, event);
		return;
	}
	act(x, (enum sts_action)t.first, NULL, now);
	x->beside = t.next;
}

/* ---- the end of an attempt ---- */

static enum sts_outcome after_success(struct sts_exchange *x, const struct sts_report *report,
				      const struct sts_moment *now)
{
	x->schedule = (struct sts_schedule_state){.token_from_ms = report->sent_boot_ms,
						  .token_until_ms = report->sent_boot_ms +
								    report->lifetime_s * 1000,
						  .failing_since_ms = -1};
	x->until_ms = x->schedule.token_until_ms;
	x->expires_s = report->expires_s;
	x->not_before_ms = 0;
	x->token_capped = report->flags & STS_REPORT_CAPPED;
	x->poll_at_once = report->flags & STS_REPORT_ADOPTED;
	x->key = x->key != STS_KEY_CHANGED ? STS_KEY_SAME
		 : memcmp(x->thumbprint, report->thumbprint, sizeof(x->thumbprint)) == 0
			 ? STS_KEY_OUT_OF_STEP
			 : STS_KEY_RENEWED;
	x->has_thumbprint = report->flags & STS_REPORT_THUMBPRINT;
	memcpy(x->thumbprint, report->thumbprint, sizeof(x->thumbprint));
	if (x->plan->notifies && !(report->flags & STS_REPORT_ADOPTED))
		on_beside(x, STS_BESIDE_ON_FILES, now);
	if (x->plan->once)
		x->exit_status = STS_EXIT_OK;
	on(x,
	   x->plan->once               ? STS_ON_LAST
	   : sts_renewal_waits(x, now) ? STS_ON_SPENT
				       : STS_ON_TOKEN,
	   report, now);
	return STS_OUTCOME_SUCCESS;
}

/* Does the exchange end after this failure? The reasons are a mistake of the user, the deadline,
 * and a failure that `fetch` does not retry. */
static bool gives_up(const struct sts_exchange *x, const struct sts_report *report,
		     const struct sts_moment *now)
{
	enum sts_err err = (enum sts_err)report->error;
	int64_t retry_ms;

	/* A mistake in one exchange of a configuration file must not end the others. STS_EUSAGE
	 * comes from the supervisor only. sts_report_ok() refuses it from a worker, since a worker
	 * that was taken over must not end the sidecar. */
	if (!x->plan->once)
		return err == STS_EUSAGE && !x->plan->configured;
	retry_ms = sts_schedule_after_failure(&x->plan->rules, &x->schedule, STS_RETRY_SOON,
					      report->retry_after_s, now->boot_ms, now->random);
	return !sts_error_info(err).fetch_retries || x->plan->one_attempt ||
	       (sts_exchange_sends_once(x) && x->subject_sent) ||
	       retry_ms > x->deadline_ms - LAST_ATTEMPT_MS;
}

/* If the token that was on disk at the start is due but still valid, hold it until there is a new
 * one. */
static void hold_what_is_there(struct sts_exchange *x, const struct sts_report *report,
			       const struct sts_moment *now)
{
	int64_t left_ms = report->expires_s * 1000 - now->real_ms;

	if (!(report->flags & STS_REPORT_ADOPTED) || x->expires_s > 0 || left_ms <= 0)
		return;
	x->expires_s = report->expires_s;
	x->until_ms = x->schedule.token_until_ms = now->boot_ms + left_ms;
	x->schedule.token_from_ms = x->schedule.token_until_ms - report->lifetime_s * 1000;
}

static enum sts_outcome after_failure(struct sts_exchange *x, const struct sts_report *report,
				      bool waited, const struct sts_moment *now)
{
	bool ends;

	hold_what_is_there(x, report, now);
	/* This is not a failed attempt: nothing was sent, since there is no new subject token
	 * yet. */
	if (report->error == STS_ESUBJECT_USED && !x->plan->once) {
		on(x, STS_ON_USED, report, now);
		return waited ? STS_OUTCOME_NOTHING : STS_OUTCOME_WAITS;
	}
	ends = gives_up(x, report, now);
	if (ends)
		x->exit_status = (int16_t)sts_error_info((enum sts_err)report->error).exit_status;
	on(x, ends ? STS_ON_GIVE_UP : STS_ON_FAILURE, report, now);
	return STS_OUTCOME_FAILURE;
}

/* A report that sts_report_ok() has accepted may still claim a success without a token. */
static void refuse_empty_success(struct sts_report *report)
{
	static const char text[] = "the worker reported a success without a token";

	if (report->error != STS_OK || report->lifetime_s > 0)
		return;
	report->error = STS_EWORKER;
	memcpy(report->text, text, sizeof(text));
}

static enum sts_outcome attempt_ended(struct sts_exchange *x, struct sts_report *report,
				      const struct sts_moment *now)
{
	bool waited = x->status.wait == STS_WAIT_SUBJECT && x->status.error == STS_ESUBJECT_USED;

	x->ended_ms = now->boot_ms;
	refuse_empty_success(report);
	if (report->error == STS_OK)
		x->schedule.failures = 0;
	else if ((report->error != STS_ESUBJECT_USED || x->plan->once) &&
		 x->schedule.failures++ == 0)
		x->schedule.failing_since_ms = now->boot_ms;
	sts_renewal_note(x, report, now);
	sts_exchange_note(x, report, now);
	return report->error == STS_OK ? after_success(x, report, now)
				       : after_failure(x, report, waited, now);
}

/* ---- events from outside ---- */

void sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now)
{
	on(x, STS_ON_REFRESH, NULL, now);
}

void sts_exchange_wanted(struct sts_exchange *x, const struct sts_moment *now)
{
	if (now->boot_ms - x->schedule.token_from_ms >= STS_EXCHANGE_WANTED_MS)
		on(x, STS_ON_WANTED, NULL, now);
}

void sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now)
{
	/* At its end, an attempt that runs looks whether the clock has moved. */
	if (x->expires_s == 0 || sts_exchange_busy(x))
		return;
	sts_exchange_clock_follow(x, now);
	if (sts_exchange_clock_belies(x, now) || sts_exchange_clock_outruns(x, now))
		on(x, STS_ON_CLOCK, NULL, now);
}

void sts_exchange_subject_changed(struct sts_exchange *x, const struct sts_moment *now)
{
	on(x, STS_ON_SUBJECT, NULL, now);
}

void sts_exchange_trust_changed(struct sts_exchange *x, const struct sts_moment *now)
{
	if (sts_exchange_distrusts(x))
		on(x, STS_ON_TRUST, NULL, now);
}

bool sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
		       const struct sts_moment *now)
{
	struct sts_status *s = &x->status;
	bool same = x->state == STS_EXCHANGE_CHAINED && strcmp(name, s->wait_name) == 0;

	if (same && tried_ms == s->source_tried_ms)
		return false;
	on(x, STS_ON_WAIT, NULL, now);
	if (x->state != STS_EXCHANGE_CHAINED)
		return false;
	s->source_tried_ms = tried_ms;
	x->status_changed = true;
	memset(s->wait_name, 0, sizeof(s->wait_name));
	memcpy(s->wait_name, name, strnlen(name, sizeof(s->wait_name) - 1));
	return true;
}

bool sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now)
{
	bool waited = x->state == STS_EXCHANGE_CHAINED;

	if (waited)
		on(x, STS_ON_INPUT, NULL, now);
	return waited;
}

bool sts_exchange_input_lost(struct sts_exchange *x, int exit_status, const struct sts_moment *now)
{
	if (x->state == STS_EXCHANGE_ENDED)
		return false;
	on(x, STS_ON_LOST, NULL, now);
	if (x->state != STS_EXCHANGE_ENDED)
		return false;
	x->exit_status = (int16_t)exit_status;
	x->status.state = STS_STATE_FAILING;
	x->status.wait = STS_WAIT_LOST;
	x->status_changed = true;
	return true;
}

/* Returns the time at which an exchange that waits ends because of the deadline; -1 for never. An
 * attempt is not started without time for it. */
static int64_t deadline_of(const struct sts_exchange *x)
{
	if (x->plan->deadline_ms <= 0)
		return -1;
	if (x->state == STS_EXCHANGE_CHAINED)
		return x->deadline_ms + DEADLINE_GRACE_MS;
	if (!sts_exchange_is_planned(x))
		return -1;
	return x->status.attempts > 0 ? x->deadline_ms - LAST_ATTEMPT_MS + 1 : x->deadline_ms;
}

bool sts_exchange_deadline(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t at_ms = deadline_of(x);

	if (at_ms < 0 || now->boot_ms < at_ms)
		return false;
	if (x->status.error == STS_OK)
		x->status.error = STS_ETIMEOUT;
	x->exit_status = (int16_t)sts_error_info(x->status.error).exit_status;
	x->status.state = STS_STATE_FAILING;
	x->status_changed = true;
	on(x, STS_ON_DEADLINE, NULL, now);
	return true;
}

void sts_exchange_stopped(struct sts_exchange *x, const struct sts_moment *now)
{
	if (x->state == STS_EXCHANGE_ENDED)
		return;
	x->status.state = STS_STATE_STOPPED;
	x->status_changed = true;
	on_beside(x, STS_BESIDE_ON_STOP, now);
	on(x, STS_ON_STOP, NULL, now);
}

/* ---- the sig-cert poll ---- */

static void plan_beside(struct sts_exchange *x, const struct sts_moment *now)
{
	bool wanted = x->plan->poll_ms > 0 && x->has_thumbprint && !x->plan->once;

	on_beside(x, wanted ? STS_BESIDE_ON_PLAN : STS_BESIDE_ON_NO_POLL, now);
}

/* The poll found no sig-cert endpoint. An endpoint that has answered before may be back soon: an
 * ingress may answer 404 during a rollout. */
static enum sts_outcome poll_absent(struct sts_exchange *x)
{
	bool logged = x->polls_absent > 0;

	x->polls_absent += x->polls_absent < UINT8_MAX;
	if (logged)
		return STS_OUTCOME_NOTHING;
	return x->poll_answered ? STS_OUTCOME_POLL_GONE : STS_OUTCOME_POLL_OFF;
}

static enum sts_outcome after_poll(struct sts_exchange *x, const struct sts_report *report,
				   const struct sts_moment *now)
{
	bool same = x->poll_error == report->error && x->poll_detail == report->detail;

	if (report->flags & STS_REPORT_POLL_OFF)
		return poll_absent(x);
	x->poll_error = report->error;
	x->poll_detail = report->detail;
	if (report->error != STS_OK)
		return same ? STS_OUTCOME_NOTHING : STS_OUTCOME_POLL_FAILED;
	x->poll_answered = true;
	x->polls_absent = 0;
	if (!(report->flags & STS_REPORT_THUMBPRINT) || x->state != STS_EXCHANGE_HOLDS ||
	    memcmp(x->thumbprint, report->thumbprint, sizeof(x->thumbprint)) == 0)
		return STS_OUTCOME_NOTHING;
	on(x, STS_ON_KEY, NULL, now);
	x->key = STS_KEY_CHANGED;
	return STS_OUTCOME_NOTHING;
}

void sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
			    enum sts_plan_change change, const struct sts_moment *now)
{
	x->plan = plan;
	if (change == STS_PLAN_SAME) {
		/* The number of exchanges may have changed, and with it the time that this exchange
		 * may have to wait for a worker. */
		sts_exchange_describe(x, now);
		return;
	}
	x->poll_answered = false;
	x->polls_absent = 0;
	on(x, change == STS_PLAN_TIMES ? STS_ON_TIMES : STS_ON_REQUEST, NULL, now);
	if (!sts_exchange_busy(x))
		plan_beside(x, now);
}

/* ---- workers ---- */

/* Returns when a worker that makes no attempt is due; -1 if no such worker is due. */
static int64_t beside_ms(const struct sts_exchange *x)
{
	if (sts_exchange_busy(x) || x->state == STS_EXCHANGE_ENDED)
		return -1;
	if (x->beside == STS_BESIDE_NOTIFY_DUE)
		return x->ended_ms;
	return x->beside == STS_BESIDE_POLL_PLANNED ? x->poll_ms : -1;
}

int64_t sts_exchange_wake_ms(const struct sts_exchange *x)
{
	int64_t at_ms = sts_schedule_earlier_ms(sts_exchange_attempt_ms(x), beside_ms(x));

	return sts_schedule_earlier_ms(at_ms, deadline_of(x));
}

bool sts_exchange_due(const struct sts_exchange *x, int64_t now_boot_ms, enum sts_worker_mode *mode)
{
	int64_t attempt_ms = sts_exchange_attempt_ms(x), other_ms = beside_ms(x);

	if (attempt_ms >= 0 && now_boot_ms >= attempt_ms) {
		*mode = x->plan->adopt && !x->no_adoption && x->expires_s == 0
				? STS_WORKER_ADOPT
				: STS_WORKER_EXCHANGE;
		return true;
	}
	*mode = x->beside == STS_BESIDE_NOTIFY_DUE ? STS_WORKER_NOTIFY : STS_WORKER_POLL;
	return other_ms >= 0 && now_boot_ms >= other_ms;
}

int64_t sts_exchange_started(struct sts_exchange *x, enum sts_worker_mode mode,
			     const struct sts_moment *now)
{
	int64_t timeout_ms = x->plan->timeout_ms;

	if (is_attempt(mode))
		on(x, STS_ON_START, NULL, now);
	else
		on_beside(x, STS_BESIDE_ON_START, now);
	if (mode == STS_WORKER_NOTIFY)
		return NOTIFY_MS;
	if (x->plan->deadline_ms > 0 && x->deadline_ms - now->boot_ms < timeout_ms)
		timeout_ms = x->deadline_ms - now->boot_ms;
	return timeout_ms < 1 ? 1 : timeout_ms;
}

void sts_exchange_sent(struct sts_exchange *x)
{
	x->subject_sent = sts_exchange_busy(x);
}

void sts_exchange_dropped(struct sts_exchange *x)
{
	static const struct sts_moment unused; /* no transition of this event needs a time */

	on_beside(x, STS_BESIDE_ON_DROP, &unused);
}

enum sts_outcome sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
				       const struct sts_moment *now)
{
	bool polled = x->beside == STS_BESIDE_POLLS;
	enum sts_outcome outcome;

	if (sts_exchange_busy(x)) {
		outcome = attempt_ended(x, report, now);
		if (sts_exchange_clock_moved(x, now->boot_ms, now->real_ms))
			sts_exchange_clock_stepped(x, now);
	} else {
		on_beside(x, STS_BESIDE_ON_END, now);
		if (polled)
			outcome = after_poll(x, report, now);
		else
			outcome = report->error == STS_OK ? STS_OUTCOME_NOTHING
							  : STS_OUTCOME_NOTIFY_FAILED;
	}
	plan_beside(x, now);
	return outcome;
}
