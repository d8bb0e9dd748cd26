/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange.h"

#include <string.h>

/* An attempt with less time than this before the deadline can only end in a time-out, which would
 * hide why the others failed. */
#define LAST_ATTEMPT_MS 500

/* A signal takes no time; the file that tells to whom may be on a slow disk. */
#define NOTIFY_MS 5000

/* How often it is looked whether the subject token is another one where no event tells it: half of
 * this to all of it. */
#define LOOK_AGAIN_MS 60000

/* A second draw from the same number: odd factors map 32 bits onto themselves. */
static uint32_t another(uint32_t random)
{
	return random * 2654435761u + 1;
}

static bool is_attempt(int mode)
{
	return mode == STS_WORKER_EXCHANGE || mode == STS_WORKER_ADOPT;
}

bool sts_exchange_busy(const struct sts_exchange *x)
{
	return is_attempt(x->running);
}

void sts_exchange_init(struct sts_exchange *x, const struct sts_plan *plan,
		       const struct sts_moment *now)
{
	*x = (struct sts_exchange){
		.plan = plan,
		.schedule = {.failing_since_ms = -1},
		.next_ms = now->boot_ms,
		.next_poll_ms = -1,
		.deadline_ms = plan->deadline_ms > 0 ? now->boot_ms + plan->deadline_ms : -1,
		.exit_status = -1,
		.running = -1,
	};
}

void sts_exchange_wait(struct sts_exchange *x, const char *name)
{
	x->next_ms = -1;
	x->status.next_attempt_s = 0;
	x->status.wait = STS_WAIT_EXCHANGE;
	memset(x->status.wait_name, 0, sizeof(x->status.wait_name));
	memcpy(x->status.wait_name, name, strnlen(name, STS_STATUS_NAME_MAX_BYTES - 1));
	x->status_changed = true;
}

/* ---- the status file ---- */

static void plan_status(struct sts_exchange *x, const struct sts_moment *now)
{
	x->status.next_attempt_s = x->exit_status >= 0 || x->next_ms < 0
					   ? 0
					   : (now->real_ms + x->next_ms - now->boot_ms) / 1000;
	x->status_changed = true;
}

static void note_status(struct sts_exchange *x, const struct sts_report *report,
			const struct sts_moment *now)
{
	struct sts_status *s = &x->status;
	bool failed = report->error != STS_OK;

	if (report->error != STS_ESUBJECT_USED)
		s->state = failed ? STS_STATE_FAILING : STS_STATE_OK;
	s->error = (enum sts_err)report->error;
	s->detail = report->detail;
	s->http_status = report->http_status;
	s->tries = x->schedule.failures;
	s->wait = report->error == STS_ESUBJECT_USED ? STS_WAIT_SUBJECT : STS_WAIT_NONE;
	s->attempts++;
	s->sts_error[0] = '\0';
	if (sts_status_code_known(report->sts_error))
		memcpy(s->sts_error, report->sts_error, strlen(report->sts_error) + 1);
	s->last_attempt_s = now->real_ms / 1000;
	if (!failed)
		s->last_success_s = s->last_attempt_s;
	plan_status(x, now);
}

void sts_exchange_stopped(struct sts_exchange *x)
{
	x->status.state = STS_STATE_STOPPED;
	x->status.next_attempt_s = 0;
	x->status_changed = true;
}

/* ---- after an attempt ---- */

static enum sts_outcome after_success(struct sts_exchange *x, const struct sts_report *report,
				      const struct sts_moment *now)
{
	x->schedule = (struct sts_schedule_state){.token_from_ms = report->sent_boot_ms,
						  .token_until_ms = report->sent_boot_ms +
								    report->lifetime_s * 1000,
						  .failing_since_ms = -1};
	x->distrusts = false;
	x->notify = x->plan->notifies && !(report->flags & STS_REPORT_ADOPTED);
	x->expires_s = report->expires_s;
	x->capped = report->flags & STS_REPORT_CAPPED;
	x->has_thumbprint = report->flags & STS_REPORT_THUMBPRINT;
	memcpy(x->thumbprint, report->thumbprint, sizeof(x->thumbprint));
	x->next_ms = sts_schedule_after_success(&x->plan->rules, &x->schedule, now->boot_ms,
						now->random);
	if (x->plan->once) {
		x->exit_status = STS_EXIT_OK;
		x->next_ms = -1;
	}
	return STS_OUTCOME_SUCCESS;
}

/* Is there a reason to end: a mistake of the caller's, the deadline, or a failure that `fetch` does
 * not retry? */
static bool gives_up(const struct sts_exchange *x, enum sts_err err)
{
	/* What one of several does wrong is not the end of the others. And it is our own word,
	 * never a worker's (sts_report_ok() refuses it): one that was taken over must not end the
	 * sidecar. */
	if (!x->plan->once)
		return err == STS_EUSAGE && !x->plan->configured;
	return !sts_error_info(err).fetch_retries || x->plan->one_attempt ||
	       (x->plan->single_use && x->sent) || x->next_ms > x->deadline_ms - LAST_ATTEMPT_MS;
}

/* A token that lay there when we started and is due, but still valid: it counts until there is a
 * new one. */
static void hold_what_is_there(struct sts_exchange *x, const struct sts_report *report,
			       const struct sts_moment *now)
{
	int64_t left_ms = report->expires_s * 1000 - now->real_ms;

	if (!(report->flags & STS_REPORT_ADOPTED) || x->expires_s > 0 || left_ms <= 0)
		return;
	x->expires_s = report->expires_s;
	x->schedule.token_until_ms = now->boot_ms + left_ms;
	x->schedule.token_from_ms = x->schedule.token_until_ms - report->lifetime_s * 1000;
}

/* Nothing was sent, and nothing has failed: there is no other subject token yet. */
static enum sts_outcome after_waiting(struct sts_exchange *x, const struct sts_moment *now)
{
	bool told = x->status.wait == STS_WAIT_SUBJECT;

	x->next_ms = now->boot_ms + LOOK_AGAIN_MS / 2 +
		     sts_schedule_jitter(LOOK_AGAIN_MS / 2, now->random);
	return told ? STS_OUTCOME_NOTHING : STS_OUTCOME_WAITS;
}

static bool is_of_trust(int32_t error)
{
	return error >= STS_ERR_TRUST__FIRST && error <= STS_ERR_TRUST__LAST;
}

static enum sts_outcome after_failure(struct sts_exchange *x, const struct sts_report *report,
				      const struct sts_moment *now)
{
	const struct sts_error_info info = sts_error_info((enum sts_err)report->error);

	hold_what_is_there(x, report, now);
	x->distrusts = is_of_trust(report->error);
	if (report->error == STS_ESUBJECT_USED && !x->plan->once)
		return after_waiting(x, now);
	if (x->schedule.failures++ == 0)
		x->schedule.failing_since_ms = now->boot_ms;
	/* A fetch has somebody waiting: what it retries, it retries soon. */
	x->next_ms = sts_schedule_after_failure(&x->plan->rules, &x->schedule,
						x->plan->once ? STS_RETRY_SOON : info.retry,
						report->retry_after_s, now->boot_ms, now->random);
	/* Where the STS asked for a pause, nothing but the caller brings the next attempt
	 * forward. */
	x->not_before_ms = report->retry_after_s > 0 ? x->next_ms : 0;
	if (gives_up(x, (enum sts_err)report->error))
		x->exit_status = (int16_t)info.exit_status;
	return STS_OUTCOME_FAILURE;
}

/* A report that is fit to be believed may still claim a success without a token. */
static void refuse_empty_success(struct sts_report *report)
{
	static const char text[] = "the worker reported a success without a token";

	if (report->error != STS_OK || report->lifetime_s > 0)
		return;
	report->error = STS_EWORKER;
	memcpy(report->text, text, sizeof(text));
}

/* ---- what brings an exchange forward ---- */

/* Whatever the reason is, the floors hold. */
static void bring_forward(struct sts_exchange *x, int64_t at_ms, const struct sts_moment *now)
{
	int64_t floor_ms = x->schedule.failures > 0
				   ? x->ended_ms + STS_SCHEDULE_RETRY_FLOOR_MS
				   : x->schedule.token_from_ms + STS_SCHEDULE_FLOOR_MS;

	if (at_ms < floor_ms)
		at_ms = floor_ms;
	/* An attempt that is under way sets the next time itself; what waits for another exchange
	 * has nothing to send. */
	if (is_attempt(x->running) || x->status.wait == STS_WAIT_EXCHANGE ||
	    (x->next_ms >= 0 && at_ms >= x->next_ms))
		return;
	x->next_ms = at_ms;
	plan_status(x, now);
}

static void bring_forward_spread(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t from_ms = x->not_before_ms > now->boot_ms ? x->not_before_ms : now->boot_ms;

	/* Drawn once: where reasons come in a storm, the least of many draws would be no spread,
	 * and no back-off. */
	if (x->next_ms > from_ms + STS_EXCHANGE_SPREAD_MS)
		bring_forward(x, from_ms + sts_schedule_jitter(STS_EXCHANGE_SPREAD_MS, now->random),
			      now);
}

void sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now)
{
	bring_forward(x, now->boot_ms, now);
}

void sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now)
{
	if (x->expires_s > 0 && x->expires_s <= now->real_ms / 1000)
		bring_forward_spread(x, now);
}

void sts_exchange_subject_changed(struct sts_exchange *x, const struct sts_moment *now)
{
	if (x->capped || x->schedule.failures > 0 || x->status.wait == STS_WAIT_SUBJECT)
		bring_forward_spread(x, now);
}

void sts_exchange_trust_changed(struct sts_exchange *x, const struct sts_moment *now)
{
	if (x->distrusts)
		bring_forward_spread(x, now);
}

void sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now)
{
	if (x->status.wait != STS_WAIT_EXCHANGE)
		return;
	x->status.wait = STS_WAIT_NONE;
	x->status.wait_name[0] = '\0';
	x->next_ms = now->boot_ms;
	plan_status(x, now);
}

bool sts_exchange_input_lost(struct sts_exchange *x, int exit_status)
{
	if (x->status.wait != STS_WAIT_EXCHANGE || x->exit_status >= 0)
		return false;
	x->exit_status = (int16_t)exit_status;
	return true;
}

/* ---- the sig-cert poll ---- */

static void schedule_poll(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t interval_ms = x->plan->poll_ms;

	x->next_poll_ms = -1;
	if (interval_ms > 0 && x->has_thumbprint && !x->poll_off && !x->plan->once)
		x->next_poll_ms = now->boot_ms + interval_ms * 4 / 5 +
				  sts_schedule_jitter(interval_ms * 2 / 5, another(now->random));
}

static enum sts_outcome after_poll(struct sts_exchange *x, const struct sts_report *report,
				   const struct sts_moment *now)
{
	bool same = x->poll_error == report->error && x->poll_detail == report->detail;

	x->poll_off = report->flags & STS_REPORT_POLL_OFF;
	if (x->poll_off)
		return STS_OUTCOME_POLL_OFF;
	x->poll_error = report->error;
	x->poll_detail = report->detail;
	if (report->error != STS_OK)
		return same ? STS_OUTCOME_NOTHING : STS_OUTCOME_POLL_FAILED;
	/* While attempts fail, the next one is planned already, and soon. */
	if (!(report->flags & STS_REPORT_THUMBPRINT) || x->schedule.failures > 0 ||
	    memcmp(x->thumbprint, report->thumbprint, sizeof(x->thumbprint)) == 0)
		return STS_OUTCOME_NOTHING;
	sts_exchange_refresh(x, now);
	return STS_OUTCOME_POLL_CHANGED;
}

void sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan, bool changed,
			    const struct sts_moment *now)
{
	x->plan = plan;
	if (!changed)
		return;
	x->poll_off = false;
	x->again = is_attempt(x->running);
	bring_forward_spread(x, now);
}

/* ---- workers ---- */

int64_t sts_exchange_attempt_ms(const struct sts_exchange *x)
{
	return x->exit_status >= 0 || is_attempt(x->running) ? -1 : x->next_ms;
}

int64_t sts_exchange_wake_ms(const struct sts_exchange *x)
{
	int64_t attempt_ms = sts_exchange_attempt_ms(x), beside_ms = x->next_poll_ms;

	if (x->exit_status >= 0 || x->running >= 0)
		return attempt_ms;
	if (x->notify)
		beside_ms = x->ended_ms;
	return sts_schedule_earlier_ms(attempt_ms, beside_ms);
}

bool sts_exchange_due(const struct sts_exchange *x, int64_t now_boot_ms, enum sts_worker_mode *mode)
{
	if (x->exit_status >= 0 || is_attempt(x->running))
		return false;
	if (x->next_ms >= 0 && now_boot_ms >= x->next_ms) {
		*mode = x->plan->adopt && !x->no_adoption && x->expires_s == 0
				? STS_WORKER_ADOPT
				: STS_WORKER_EXCHANGE;
		return true;
	}
	*mode = x->notify ? STS_WORKER_NOTIFY : STS_WORKER_POLL;
	return x->running < 0 &&
	       (x->notify || (x->next_poll_ms >= 0 && now_boot_ms >= x->next_poll_ms));
}

int64_t sts_exchange_started(struct sts_exchange *x, enum sts_worker_mode mode, int64_t now_boot_ms)
{
	int64_t timeout_ms = x->plan->timeout_ms;

	x->running = (int8_t)mode;
	x->sent = false;
	if (mode == STS_WORKER_NOTIFY) {
		x->notify = false;
		return NOTIFY_MS;
	}
	if (x->deadline_ms >= 0 && x->deadline_ms - now_boot_ms < timeout_ms)
		timeout_ms = x->deadline_ms - now_boot_ms;
	return timeout_ms < 1 ? 1 : timeout_ms;
}

void sts_exchange_sent(struct sts_exchange *x, const uint8_t id[STS_SUBJECT_ID_BYTES])
{
	if (!is_attempt(x->running))
		return;
	x->sent = true;
	x->used = x->plan->single_use;
	memcpy(x->used_id, id, sizeof(x->used_id));
}

void sts_exchange_dropped(struct sts_exchange *x)
{
	x->notify = x->notify || x->running == STS_WORKER_NOTIFY;
	x->running = -1;
}

enum sts_outcome sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
				       const struct sts_moment *now)
{
	int mode = x->running;
	enum sts_outcome outcome;

	x->running = -1;
	if (mode == STS_WORKER_NOTIFY)
		return report->error == STS_OK ? STS_OUTCOME_NOTHING : STS_OUTCOME_NOTIFY_FAILED;
	if (mode == STS_WORKER_POLL) {
		outcome = after_poll(x, report, now);
	} else {
		x->ended_ms = now->boot_ms;
		refuse_empty_success(report);
		outcome = report->error == STS_OK ? after_success(x, report, now)
						  : after_failure(x, report, now);
		note_status(x, report, now);
		if (x->again)
			bring_forward_spread(x, now);
		x->again = false;
	}
	schedule_poll(x, now);
	return outcome;
}
