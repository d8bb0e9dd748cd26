/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/workers.h"

#include <string.h>

#include "base/clock.h"
#include "base/packed.h"
#include "base/resident.h"
#include "sandbox/harden.h"
#include "supervisor/chain.h"
#include "supervisor/child.h"
#include "supervisor/event_log.h"
#include "supervisor/exchange_clock.h"
#include "supervisor/inputs.h"
#include "supervisor/renewal.h"
#include "supervisor/running_set.h"
#include "supervisor/sent_tokens.h"
#include "supervisor/spawn.h"

struct slot {
	struct sts_child child; /* pid is -1: free */
	struct sts_member *member;
	uint64_t request_id; /* of the plan with which the worker was started */
};

static struct {
	char *const *argv;
	sts_workers_ended *ended;
	struct slot first;  /* the only slot that most supervisors ever need */
	uint8_t slots_used; /* how many slots have had a worker, the first one included */
	bool told_dumpable; /* see compare_dumpable() */
	bool revoking;      /* the workers revoke tokens: nothing else follows from their ends */
} all STS_RESIDENT;

static struct slot more[STS_WORKERS_MAX - 1] STS_RESIDENT_SELDOM;

static struct slot *slot_at(size_t n)
{
	return n == 0 ? &all.first : &more[n - 1];
}

/* Returns the slot after a slot that has had a worker, or the first slot for NULL. Returns NULL
 * after the last one. */
static __attribute__((noinline)) struct slot *next_slot(const struct slot *slot)
{
	size_t n = !slot ? 0 : slot == &all.first ? 1 : (size_t)(slot - more) + 2;

	return n < all.slots_used ? slot_at(n) : NULL;
}

#define EACH_SLOT(slot) \
	struct slot *slot = NULL; \
	(slot = next_slot(slot));

void sts_workers_init(char *const *argv, sts_workers_ended *ended)
{
	all.argv = argv;
	all.ended = ended;
	all.revoking = false;
	all.slots_used = 0;
}

/* ---- the end of a worker ---- */

static __attribute__((noinline)) void finished(struct sts_member *t, struct sts_report *report,
					       int64_t started_boot_ms)
{
	struct sts_moment m = sts_now();
	bool was_attempt = sts_exchange_busy(&t->x);
	enum sts_outcome outcome = sts_exchange_finished(&t->x, report, &m);

	t->worker = NULL;
	if (was_attempt)
		sts_chain_ask_source(t);
	all.ended(t, outcome, report, m.boot_ms - started_boot_ms, &m);
	if (was_attempt)
		sts_member_attempted(t, report);
}

/* Warn once if a worker was dumpable at its first instruction and this process was not. The other
 * way round is no fault: a container runtime may execute this process with capabilities that let it
 * read the program's file, and that execve(2) takes away. */
static void compare_dumpable(const struct sts_report *report)
{
	if (all.told_dumpable || (report->flags & STS_REPORT_UNDUMPABLE) ||
	    !sts_harden_undumpable_from_start())
		return;
	all.told_dumpable = true;
	sts_event_log_plain(
		STS_LEVEL_WARN,
		sts_words("a worker was dumpable when it began, unlike this process: the mode or "
			  "the owner of the program's file has changed"));
}

/* Returns the file that a worker looked at last: enum sts_reads. After the request was sent, this
 * is the output directory. */
static uint8_t file_of(const struct sts_child *c)
{
	return c->stage_len > 0 ? STS_READS_OUTPUT : c->reads;
}

/* A worker was killed, and does not end. If it has not said why, the file system of a file is the
 * reason. */
static void blame_file_system(struct sts_member *t, struct sts_report *report)
{
	struct sts_error e;

	if (report->error != STS_ETIMEOUT || !sts_inputs_hangs(t, &e))
		return;
	report->error = (int32_t)e.code;
	report->detail = e.detail;
	memcpy(report->text, e.msg, sizeof(e.msg));
}

/*
 * A worker has ended, or was killed.
 *   status  in  from waitpid(2); 0 after a kill
 *   stuck   in  the PID of a worker that was killed and does not end; else -1
 */
static void worker_ended(struct slot *slot, int status, pid_t stuck)
{
	struct sts_child *c = &slot->child;
	struct sts_report report;

	if (sts_child_finish(c, status, &report))
		compare_dumpable(&report);
	/* A worker removes its temporary files itself, unless it was killed or is hostile. */
	sts_member_sweep(slot->member);
	if (all.revoking) {
		slot->member->worker = NULL;
		slot->member->to_revoke = false;
		sts_event_log_revoked(&slot->member->x,
				      report.error == STS_OK ? NULL : report.text);
		return;
	}
	if (stuck > 0) {
		slot->member->killed = true;
		sts_inputs_stuck(slot->member, stuck, file_of(c), c->started_boot_ms);
		blame_file_system(slot->member, &report);
	}
	sts_exchange_learn(&slot->member->x, &report, slot->request_id);
	sts_member_sent(slot->member, &slot->child);
	if (report.error == STS_EEARLY ||
	    (report.error == STS_ECLIENT_CERT && report.sent_boot_ms == 0))
		sts_member_not_taken(slot->member, &slot->child);
	finished(slot->member, &report, slot->child.started_boot_ms);
}

/* Make the report of a worker that could not be started. */
static __attribute__((noinline)) void not_started(struct sts_member *t, const struct sts_error *e)
{
	struct sts_report report;

	sts_report_failure(&report, e);
	finished(t, &report, sts_clock_boot_ms());
}

void sts_workers_read(void)
{
	for (EACH_SLOT(slot))
		if (slot->child.pid > 0) {
			sts_child_read(&slot->child);
			if (!all.revoking)
				sts_member_sent(slot->member, &slot->child);
		}
}

static __attribute__((noinline)) void start(struct sts_member *t, struct slot *slot,
					    enum sts_worker_mode mode, int snapshot_fd)
{
	const struct sts_plan *plan = t->x.plan;
	struct sts_error e;
	/* The status file in the directory may say what was learnt of subject tokens. */
	enum sts_err err = sts_member_own(t, &e);
	struct sts_moment m = sts_now();
	struct sts_job job = {
		.mode = mode,
		.timeout_ms = sts_exchange_started(&t->x, mode, &m),
		.name = plan->name,
		.digest = plan->configured ? sts_members_plans()->digest : NULL,
		.ahead_s = sts_exchange_clock_ahead_s(&t->x, &m),
	};

	if (sts_exchange_sends_once(&t->x)) {
		/* Another worker may have just sent the token that this exchange has now: after a
		 * new configuration, two exchanges may have swapped their token files. */
		sts_workers_read();
		job.used = sts_sent_all(&job.used_count);
	}
	slot->member = t;
	slot->request_id = plan->request_id;
	t->worker = &slot->child;
	if (err != STS_OK ||
	    sts_child_start(&slot->child, &job, all.argv, snapshot_fd, &e) != STS_OK)
		not_started(t, &e);
}

void sts_workers_kill_late(int64_t now_ms)
{
	pid_t pids[STS_WORKERS_MAX];
	size_t i = 0;
	bool late = false;

	for (EACH_SLOT(slot)) {
		bool is_late = slot->child.pid > 0 && now_ms >= slot->child.kill_boot_ms;

		pids[i++] = is_late ? slot->child.pid : -1;
		slot->child.killed = slot->child.killed || is_late;
		late = late || is_late;
	}
	if (!late)
		return;
	sts_spawn_end_all(pids, i);
	i = 0;
	for (EACH_SLOT(slot)) {
		pid_t stuck = pids[i++];

		if (slot->child.pid > 0 && slot->child.killed)
			worker_ended(slot, 0, stuck);
	}
}

static void drop(struct slot *slot)
{
	struct sts_child *c = &slot->child;
	uint8_t file = file_of(c);
	int64_t started_ms = c->started_boot_ms;
	pid_t pid = c->pid;

	if (!sts_child_drop(c))
		sts_inputs_stuck(slot->member, pid, file, started_ms);
	slot->member->worker = NULL;
	sts_exchange_dropped(&slot->member->x);
}

/* Find a slot for a worker. An attempt may take the slot of a worker that makes no attempt, so that
 * a poll that hangs does not hold up an exchange. Returns NULL if there is no slot. */
static struct slot *find_slot(bool for_attempt)
{
	for (EACH_SLOT(slot))
		if (slot->child.pid < 0)
			return slot;
	if (all.slots_used < STS_WORKERS_MAX) {
		struct slot *slot = slot_at(all.slots_used++);

		sts_child_init(&slot->child);
		slot->member = NULL;
		return slot;
	}
	if (!for_attempt)
		return NULL;
	for (EACH_SLOT(slot))
		if (!sts_exchange_busy(&slot->member->x)) {
			drop(slot);
			return slot;
		}
	return NULL;
}

static struct slot *slot_of(const struct sts_member *t)
{
	for (EACH_SLOT(slot))
		if (&slot->child == t->worker)
			return slot;
	return NULL;
}

/* May an attempt of this exchange hang until its timeout? The exchange fails, or has never had a
 * token. */
static bool is_unproven(const struct sts_exchange *x)
{
	return x->schedule.failures > 0 || x->expires_s == 0;
}

/* Is there still a slot for each exchange that needs one, if this exchange gets a slot? An unproven
 * exchange does not get the last slot if a proven exchange will need that slot before the attempt
 * times out. */
static bool leaves_a_slot(const struct sts_member *t, int64_t now_ms)
{
	size_t unproven = 0;

	for (EACH_SLOT(slot))
		unproven += slot->child.pid > 0 && sts_exchange_busy(&slot->member->x) &&
			    is_unproven(&slot->member->x);
	if (unproven < STS_WORKERS_MAX - 1 || !is_unproven(&t->x))
		return true;
	for (STS_EACH_MEMBER(other)) {
		int64_t at_ms = sts_exchange_attempt_ms(&other->x);

		if (!is_unproven(&other->x) && at_ms >= 0 &&
		    at_ms <= now_ms + t->x.plan->timeout_ms)
			return false;
	}
	return true;
}

/* Is another exchange perhaps about to send the subject token of this exchange? That is possible if
 * the configuration has changed since the start of its worker: the worker may have read the token
 * file that this exchange has now. It is no longer possible when the worker has reported which
 * token it sends, or has ended. */
static bool may_share_its_token(const struct sts_member *t)
{
	if (!sts_exchange_sends_once(&t->x))
		return false;
	for (EACH_SLOT(slot))
		if (slot->child.pid > 0 && slot->member != t &&
		    sts_exchange_busy(&slot->member->x) && slot->child.stage_len == 0 &&
		    slot->request_id != slot->member->x.plan->request_id)
			return true;
	return false;
}

/* May a worker of this exchange be started, as far as the other exchanges and its own files are
 * concerned? */
static bool may_start(struct sts_member *t, int64_t now_ms)
{
	return !sts_inputs_in_use(t) && !sts_inputs_hangs(t, NULL) && !may_share_its_token(t) &&
	       leaves_a_slot(t, now_ms);
}

static struct sts_member *longest_due(int64_t now_ms)
{
	int64_t since_ms = now_ms + 1;
	struct sts_member *found = NULL;

	for (STS_EACH_MEMBER(t)) {
		int64_t at_ms = sts_exchange_attempt_ms(&t->x);

		if (at_ms >= 0 && at_ms < since_ms && may_start(t, now_ms)) {
			since_ms = at_ms;
			found = t;
		}
	}
	return found;
}

/* Let the attempts fail that are due while a file system of their exchange does not answer. They
 * need no slot. */
static void refuse_due(int64_t now_ms)
{
	enum sts_worker_mode mode;
	struct sts_error e;

	for (STS_EACH_MEMBER(t)) {
		int64_t at_ms = sts_exchange_attempt_ms(&t->x);

		if (at_ms < 0 || at_ms > now_ms || !sts_inputs_hangs(t, &e) ||
		    !sts_exchange_due(&t->x, now_ms, &mode))
			continue;
		struct sts_moment m = sts_now();
		sts_exchange_started(&t->x, mode, &m);
		not_started(t, &e);
	}
}

void sts_workers_start_due(int64_t now_ms, int snapshot_fd)
{
	enum sts_worker_mode mode;
	struct slot *slot;
	struct sts_member *t;

	refuse_due(now_ms);
	while ((t = longest_due(now_ms))) {
		slot = slot_of(t);
		if (slot)
			drop(slot);
		else
			slot = find_slot(true);
		if (!slot || !sts_exchange_due(&t->x, now_ms, &mode))
			return;
		start(t, slot, mode, snapshot_fd);
	}
	for (t = NULL; (t = sts_member_next(t));)
		if (may_start(t, now_ms) && sts_exchange_due(&t->x, now_ms, &mode) &&
		    (slot = find_slot(false)))
			start(t, slot, mode, snapshot_fd);
}

/* ---- for the loop ---- */

int64_t sts_workers_wake_ms(int64_t now_ms)
{
	int64_t at_ms = -1;
	size_t running = 0, attempts = 0;

	for (EACH_SLOT(slot))
		if (slot->child.pid > 0) {
			at_ms = sts_schedule_earlier_ms(at_ms, slot->child.kill_boot_ms);
			running++;
			attempts += sts_exchange_busy(&slot->member->x);
		}
	for (STS_EACH_MEMBER(t))
		if (sts_inputs_hangs(t, NULL))
			at_ms = sts_schedule_earlier_ms(at_ms, sts_exchange_attempt_ms(&t->x));
		else if (!may_start(t, now_ms))
			continue;
		else if (running < STS_WORKERS_MAX)
			at_ms = sts_schedule_earlier_ms(at_ms, sts_exchange_wake_ms(&t->x));
		else if (attempts < STS_WORKERS_MAX)
			at_ms = sts_schedule_earlier_ms(at_ms, sts_exchange_attempt_ms(&t->x));
	return at_ms;
}

void sts_workers_pipes(int *pipes)
{
	for (size_t i = 0; i < STS_WORKERS_MAX; i++)
		pipes[i] = -1;
	for (EACH_SLOT(slot)) {
		*pipes = slot->child.pid > 0 && slot->member->x.single_use ? slot->child.fd : -1;
		pipes++;
	}
}

/*
 * A child has ended that is in no slot: perhaps a worker that sts_workers_kill_late() has killed.
 * The system call that such a worker was in may have ended after its temporary files were removed,
 * and may have made one of them again, so they are removed once more. If the exchange has a new
 * worker, they are removed at the end of that worker. (A rename that comes so late does no harm,
 * since the renamed file is whole.)
 */
static void sweep_after_killed(void)
{
	for (STS_EACH_MEMBER(t)) {
		if (!t->killed || t->worker)
			continue;
		t->killed = false;
		sts_member_sweep(t);
	}
}

void sts_workers_reaped(pid_t pid, int status)
{
	for (EACH_SLOT(slot))
		if (pid == slot->child.pid) {
			worker_ended(slot, status, -1);
			return;
		}
	sweep_after_killed();
}

void sts_workers_stop(void)
{
	pid_t pids[STS_WORKERS_MAX];
	size_t i = 0;

	for (EACH_SLOT(slot))
		pids[i++] = slot->child.pid;
	/* The wait is bounded for all of them together. */
	sts_spawn_end_all(pids, i);
	/* A worker may have sent its subject token since it was last listened to. */
	sts_workers_read();
	for (EACH_SLOT(slot)) {
		slot->child.pid = -1;
		sts_child_drop(&slot->child);
	}
}

/* ---- revoking ---- */

/* A worker that revokes ends this long before the supervisor gives it up, so that it can report. */
#define REVOKE_EARLIER_MS 50

static void start_revoking(struct sts_member *t, struct slot *slot, int64_t left_ms,
			   int snapshot_fd)
{
	struct sts_job job = {
		.mode = STS_WORKER_REVOKE,
		.timeout_ms = left_ms > REVOKE_EARLIER_MS ? left_ms - REVOKE_EARLIER_MS : 1,
		.name = t->x.plan->name,
		.digest = t->x.plan->configured ? sts_members_plans()->digest : NULL,
	};
	struct sts_error e;

	if (sts_exchange_sends_once(&t->x))
		job.used = sts_sent_all(&job.used_count);
	slot->member = t;
	t->worker = &slot->child;
	if (sts_child_start(&slot->child, &job, all.argv, snapshot_fd, &e) == STS_OK)
		return;
	t->worker = NULL;
	t->to_revoke = false;
	sts_event_log_revoked(&t->x, e.msg);
}

bool sts_workers_revoke(int64_t until_boot_ms, int snapshot_fd)
{
	int64_t left_ms = until_boot_ms - sts_clock_boot_ms();
	bool runs = false;

	all.revoking = true;
	for (STS_EACH_MEMBER(t)) {
		struct slot *slot = find_slot(false);

		if (!t->to_revoke)
			continue;
		if (left_ms <= 0)
			sts_event_log_revoked(&t->x, sts_words("--revoke-timeout is over"));
		else if (!t->worker && slot)
			start_revoking(t, slot, left_ms, snapshot_fd);
		runs = runs || t->worker;
	}
	return runs && left_ms > 0;
}
