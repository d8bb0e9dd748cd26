/* SPDX-License-Identifier: Apache-2.0 */
#include "bugs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/exchange.h"
#include "supervisor/exchange_clock.h"
#include "supervisor/exchange_status.h"
#include "supervisor/renewal.h"
#include "supervisor/sent_tokens.h"

static const char *const bugs[BUG__COUNT] = {
	[BUG_NONE] = "none",           [BUG_TIMER] = "timer",
	[BUG_LAZY] = "lazy",           [BUG_EAGER] = "eager",
	[BUG_ASLEEP] = "asleep",       [BUG_PATIENT] = "patient",
	[BUG_STORM] = "storm",         [BUG_TWINS] = "twins",
	[BUG_TWICE] = "twice",         [BUG_CROWD] = "crowd",
	[BUG_FILES] = "files",         [BUG_MEMORY] = "memory",
	[BUG_SPIN] = "spin",           [BUG_ONE_PASS] = "one-pass",
	[BUG_SWALLOWED] = "swallowed", [BUG_UNANSWERED] = "unanswered",
	[BUG_UNTOLD] = "untold",       [BUG_OWN_MEMORY] = "own-memory",
	[BUG_FORGETS] = "forgets",     [BUG_RESTLESS] = "restless",
	[BUG_OVERDUE] = "overdue",     [BUG_LOCK] = "lock",
	[BUG_POLL_OFF] = "poll-off",   [BUG_RIGID] = "rigid",
	[BUG_CARELESS] = "careless",   [BUG_DEAF] = "deaf",
	[BUG_UNASKED] = "unasked",     [BUG_BLIND] = "blind",
	[BUG_IGNORANT] = "ignorant",   [BUG_UNREAD] = "unread",
};

enum bug bugs_find(const char *name)
{
	for (int i = 0; i < BUG__COUNT; i++)
		if (strcmp(bugs[i], name) == 0)
			return (enum bug)i;
	fprintf(stderr, "no bug is called %s\n", name);
	exit(64);
}

/* ---- what was sent ---- */

/* Does a supervisor with this bug remember that the subject token was sent? */
static bool is_remembered(ino_t subject, int exchange)
{
	int by = world_sent_by(subject);

	if (world.bug == BUG_TWICE)
		return false;
	if (world.bug == BUG_OWN_MEMORY)
		return by == exchange;
	return world.bug != BUG_FORGETS || by < 0 || !world.place[by].was_removed;
}

size_t bugs_used(const struct sts_job *job, ino_t *used)
{
	size_t count = 0;

	for (size_t i = 0; i < job->used_count; i++) {
		memcpy(&used[count], job->used[i], sizeof(*used));
		if (is_remembered(used[count], atoi(job->name)))
			count++;
	}
	return count;
}

/* ---- the chain ---- */

bool __real_sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
			      const struct sts_moment *now);
bool __wrap_sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
			      const struct sts_moment *now);
bool __real_sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now);
bool __wrap_sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now);
bool __real_sts_exchange_input_lost(struct sts_exchange *x, int exit_status,
				    const struct sts_moment *now);
bool __wrap_sts_exchange_input_lost(struct sts_exchange *x, int exit_status,
				    const struct sts_moment *now);

bool __wrap_sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
			      const struct sts_moment *now)
{
	bool changed = __real_sts_exchange_wait(x, name, world.bug == BUG_UNANSWERED ? 0 : tried_ms,
						now);

	return changed && world.bug != BUG_ONE_PASS;
}

bool __wrap_sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now)
{
	return __real_sts_exchange_input_ready(x, now) && world.bug != BUG_ONE_PASS;
}

bool __wrap_sts_exchange_input_lost(struct sts_exchange *x, int exit_status,
				    const struct sts_moment *now)
{
	struct sts_status status = x->status;
	bool lost = __real_sts_exchange_input_lost(x, exit_status, now);

	if (lost && world.bug == BUG_UNTOLD)
		x->status = status;
	return lost && world.bug != BUG_ONE_PASS;
}

/* ---- one exchange ---- */

void __real_sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now);
void __wrap_sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now);
void __real_sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
				   enum sts_plan_change change, const struct sts_moment *now);
void __wrap_sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
				   enum sts_plan_change change, const struct sts_moment *now);
void __real_sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now);
void __wrap_sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now);
enum sts_outcome __real_sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
					      const struct sts_moment *now);
enum sts_outcome __wrap_sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
					      const struct sts_moment *now);

void __wrap_sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now)
{
	if (world.bug != BUG_SWALLOWED || !sts_exchange_busy(x))
		__real_sts_exchange_refresh(x, now);
}

void __wrap_sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
				   enum sts_plan_change change, const struct sts_moment *now)
{
	__real_sts_exchange_replanned(x, plan,
				      world.bug == BUG_RESTLESS ? STS_PLAN_REQUEST : change, now);
}

void __wrap_sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now)
{
	__real_sts_exchange_describe(x, now);
	if (world.bug == BUG_OVERDUE && x->status.latest_ms > 0)
		x->status.latest_ms = 120 * SECOND +
				      (sts_exchange_busy(x) ? x->started_ms : x->next_ms);
}

enum sts_outcome __wrap_sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
					      const struct sts_moment *now)
{
	struct place *p = &world.place[atoi(x->plan->name)];
	enum sts_outcome outcome;

	p->poll_off = p->poll_off || (report->flags & STS_REPORT_POLL_OFF);
	outcome = __real_sts_exchange_finished(x, report, now);
	if (world.bug == BUG_POLL_OFF && p->poll_off && x->beside == STS_BESIDE_POLL_PLANNED)
		x->beside = STS_BESIDE_NOTHING;
	return outcome;
}

/* ---- subject tokens that may be sent once ---- */

void __real_sts_exchange_wanted(struct sts_exchange *x, const struct sts_moment *now);
void __wrap_sts_exchange_wanted(struct sts_exchange *x, const struct sts_moment *now);
void __real_sts_exchange_learn(struct sts_exchange *x, const struct sts_report *report,
			       uint64_t request_id);
void __wrap_sts_exchange_learn(struct sts_exchange *x, const struct sts_report *report,
			       uint64_t request_id);
int64_t __real_sts_renewal_next_ms(const struct sts_exchange *x, bool looked,
				   const struct sts_moment *now);
int64_t __wrap_sts_renewal_next_ms(const struct sts_exchange *x, bool looked,
				   const struct sts_moment *now);

void __wrap_sts_exchange_wanted(struct sts_exchange *x, const struct sts_moment *now)
{
	if (world.bug != BUG_UNASKED)
		__real_sts_exchange_wanted(x, now);
}

void __wrap_sts_exchange_learn(struct sts_exchange *x, const struct sts_report *report,
			       uint64_t request_id)
{
	if (world.bug != BUG_IGNORANT)
		__real_sts_exchange_learn(x, report, request_id);
}

int64_t __wrap_sts_renewal_next_ms(const struct sts_exchange *x, bool looked,
				   const struct sts_moment *now)
{
	return world.bug == BUG_BLIND ? now->boot_ms + MINUTE
				      : __real_sts_renewal_next_ms(x, looked, now);
}

/* ---- the clock ---- */

void __real_sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now);
void __wrap_sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now);
bool __real_sts_exchange_clock_moved(const struct sts_exchange *x, int64_t now_boot_ms,
				     int64_t now_real_ms);
bool __wrap_sts_exchange_clock_moved(const struct sts_exchange *x, int64_t now_boot_ms,
				     int64_t now_real_ms);
bool __real_sts_exchange_clock_outruns(const struct sts_exchange *x, const struct sts_moment *now);
bool __wrap_sts_exchange_clock_outruns(const struct sts_exchange *x, const struct sts_moment *now);

void __wrap_sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now)
{
	if (world.bug != BUG_RIGID)
		__real_sts_exchange_clock_stepped(x, now);
}

bool __wrap_sts_exchange_clock_moved(const struct sts_exchange *x, int64_t now_boot_ms,
				     int64_t now_real_ms)
{
	return world.bug != BUG_DEAF &&
	       __real_sts_exchange_clock_moved(x, now_boot_ms, now_real_ms);
}

bool __wrap_sts_exchange_clock_outruns(const struct sts_exchange *x, const struct sts_moment *now)
{
	return world.bug != BUG_CARELESS && __real_sts_exchange_clock_outruns(x, now);
}

/* ---- the schedule ---- */

int64_t __real_sts_schedule_after_success(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state, int64_t now_ms,
					  uint32_t random);
int64_t __wrap_sts_schedule_after_success(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state, int64_t now_ms,
					  uint32_t random);
int64_t __real_sts_schedule_after_failure(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state,
					  enum sts_retry retry, int retry_after_s, int64_t now_ms,
					  uint32_t random);
int64_t __wrap_sts_schedule_after_failure(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state,
					  enum sts_retry retry, int retry_after_s, int64_t now_ms,
					  uint32_t random);

int64_t __wrap_sts_schedule_after_success(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state, int64_t now_ms,
					  uint32_t random)
{
	if (world.bug == BUG_LAZY)
		return state->token_until_ms + SECOND;
	if (world.bug == BUG_ASLEEP)
		return now_ms + 2 * DAY;
	return __real_sts_schedule_after_success(rules, state, now_ms, random);
}

int64_t __wrap_sts_schedule_after_failure(const struct sts_schedule_rules *rules,
					  const struct sts_schedule_state *state,
					  enum sts_retry retry, int retry_after_s, int64_t now_ms,
					  uint32_t random)
{
	if (world.bug == BUG_EAGER)
		return now_ms;
	if (world.bug == BUG_STORM)
		return now_ms + SECOND;
	if (world.bug == BUG_PATIENT)
		return now_ms + 6 * MINUTE;
	return __real_sts_schedule_after_failure(rules, state, retry, retry_after_s, now_ms,
						 random);
}
