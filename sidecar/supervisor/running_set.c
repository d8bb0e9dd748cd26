/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/running_set.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/packed.h"
#include "base/resident.h"
#include "output/lock.h"
#include "sandbox/sandbox.h"
#include "supervisor/chain.h"
#include "supervisor/inputs.h"
#include "supervisor/reader_warning.h"
#include "supervisor/sent_tokens.h"
#include "supervisor/spawn.h"

static uint32_t opened STS_RESIDENT;

_Static_assert(sizeof(((struct sts_status *)0)->sent) == STS_SUBJECT_ID_BYTES, "an id is kept");
_Static_assert(STS_STATUS_MAX_BYTES <= STS_STORE_OVERWRITE_MAX_BYTES,
	       "any status may be overwritten in place");

static bool is_full(int err)
{
	return err == ENOSPC || err == EDQUOT;
}

/* Write the status file. Does nothing if there is no output directory. On a full disk the old file
 * is overwritten: it says that an attempt runs, for example, which would look like a dead sidecar
 * later. Not inlined: the buffer would become a part of the stack frame that sleeps, whose memory
 * is never given back. */
static __attribute__((noinline)) enum sts_err put_status(struct sts_member *t, struct sts_error *e)
{
	static char boot_id[STS_BOOT_ID_BYTES] STS_RESIDENT;
	char buf[STS_STATUS_MAX_BYTES];
	static bool begun;
	struct sts_text text;
	enum sts_err err;

	if (t->store.dir_fd < 0)
		return STS_OK;
	/* The first status file is written before the sandbox closes /proc. */
	if (!boot_id[0])
		sts_clock_boot_id(boot_id);
	memcpy(t->x.status.boot_id, boot_id, sizeof(boot_id));
	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(&t->x.status, &text);
	if (!begun) {
		begun = true;
		return STS_OK;
	}
	err = sts_store_write(&t->store, STS_FILE_STATUS, (struct sts_slice){buf, text.len}, e);
	if (err != STS_OK && is_full(e->detail))
		sts_store_overwrite(&t->store, STS_FILE_STATUS, (struct sts_slice){buf, text.len});
	return err;
}

/* Write the status file if the status has changed. Errors are ignored: if the disk is full or
 * read-only, writing the token fails too, and that is reported. */
static void write_status(struct sts_member *t)
{
	struct sts_error e;

	if (!t->x.status_changed)
		return;
	t->x.status_changed = false;
	put_status(t, &e);
}

void sts_running_write_status(void)
{
	for (STS_EACH_MEMBER(t))
		write_status(t);
}

/* Keep what the status file of a former process says about subject tokens that may be sent once,
 * unless this process has learnt something itself. A process that may write in the directory may
 * have forged the file. A forged id can keep another exchange from its subject token, but only if
 * the forger has that token (sts_subject_identify()), and then the forger can use it up at the STS,
 * too. All else in a forged file delays the tokens of this directory alone. */
static __attribute__((noinline)) void keep_learnt(struct sts_member *t)
{
	struct sts_status *s = &t->x.status, old;

	if ((s->once_for | s->again_for | s->sent) || !sts_status_read(t->store.dir_fd, &old))
		return;
	s->once_for = old.once_for;
	s->again_for = old.again_for;
	s->sent = old.sent;
	/* Later plans may bring back the requests for which it may be sent once. */
	if (s->sent != 0)
		sts_sent_note((const uint8_t *)&s->sent, t);
}

/* Write the status file of an exchange that begins. A full disk is not an error here, since it may
 * have room later. */
static enum sts_err put_first_status(struct sts_member *t, struct sts_error *e)
{
	enum sts_err err;

	keep_learnt(t);
	err = put_status(t, e);
	return err != STS_OK && is_full(e->detail) ? STS_OK : err;
}

/* Refuse a directory that another exchange of this process has. The error of sts_lock_take() would
 * only say that this process holds the lock already. */
static enum sts_err refuse_same_directory(const struct sts_member *t, struct sts_error *e)
{
	struct stat ours, theirs;

	for (STS_EACH_MEMBER(other)) {
		if (other == t || other->store.dir_fd < 0 ||
		    fstat(other->store.dir_fd, &theirs) != 0 ||
		    fstat(t->store.dir_fd, &ours) != 0 || ours.st_dev != theirs.st_dev ||
		    ours.st_ino != theirs.st_ino)
			continue;
		return sts_fail(
			e, STS_EUSAGE, 0,
			"exchanges %s and %s write to the same directory (%.60s and %.60s): "
			"give each its own",
			other->x.plan->name, t->x.plan->name, other->store.dir, t->store.dir);
	}
	return STS_OK;
}

void sts_member_sweep(struct sts_member *t)
{
	if (t->store.dir_fd >= 0 && t->locked)
		sts_store_sweep(&t->store);
}

/* Was an open directory removed, or does its path lead to another directory by now? If the path
 * cannot be examined, the answer is no, and a worker reports the reason. */
static bool is_another_directory(int fd, const char *dir)
{
	struct stat ours, named;

	if (fstat(fd, &ours) != 0)
		return false;
	if (ours.st_nlink == 0)
		return true;
	return stat(dir, &named) == 0 &&
	       (named.st_dev != ours.st_dev || named.st_ino != ours.st_ino);
}

/* Not inlined, for the same reason as put_status(). */
__attribute__((noinline)) enum sts_err sts_member_own(struct sts_member *t, struct sts_error *e)
{
	const struct sts_plan *plan = t->x.plan;
	const char *dir = sts_members_text(plan->output_dir);
	enum sts_err err;

	/* The descriptor and the lock still refer to the directory that was opened. A directory
	 * with the same name is a new one: open and lock that. */
	if (t->store.dir_fd >= 0 && is_another_directory(t->store.dir_fd, dir))
		sts_store_close(&t->store);
	if (plan->to_stdout || t->store.dir_fd >= 0)
		return STS_OK;
	if (!sts_sandbox_may_write(dir))
		return sts_fail(e, STS_EOUTPUT, 0,
				"%.100s: the sandbox was closed without it: start this program "
				"again",
				dir);
	err = sts_store_open(&t->store, dir, plan->create_dir, plan->mode, plan->group, e);
	if (err == STS_OK)
		err = refuse_same_directory(t, e);
	if (err == STS_OK)
		err = sts_lock_take(t->store.dir_fd, t->store.dir, &t->locked, e);
	if (err == STS_OK) {
		sts_member_sweep(t);
		err = put_first_status(t, e);
	}
	if (err != STS_OK)
		sts_store_close(&t->store);
	else
		sts_warn_of_readers(plan, &t->store);
	opened += err == STS_OK;
	return err;
}

uint32_t sts_running_opened(void)
{
	return opened;
}

void sts_running_end_late(void)
{
	struct sts_moment m = sts_now();
	bool ended = false;

	for (STS_EACH_MEMBER(t)) {
		if (!sts_exchange_deadline(&t->x, &m))
			continue;
		ended = true;
		sts_event_log_about(
			STS_LEVEL_ERROR,
			sts_words(
				t->x.status.attempts > 0
					? "the deadline passed before this exchange was tried again"
					: "the deadline passed before this exchange was tried"),
			t->x.plan->name);
	}
	if (ended)
		sts_chain_settle();
}

void sts_member_attempted(struct sts_member *t, const struct sts_report *report)
{
	sts_inputs_attempted(t, report);
	sts_chain_attempted(t);
}

/* ---- new plans ---- */

/* Did another exchange have the output directory of this plan before? Then the token in the
 * directory is not a token of this exchange. */
static bool was_of_another(const struct sts_plan *plan, const struct sts_plans *before)
{
	for (uint32_t i = 0; before && i < before->count; i++) {
		const char *rest =
			sts_path_beneath(sts_plans_text(before, before->plan[i].output_dir),
					 sts_members_text(plan->output_dir));

		if (rest && !*rest && strcmp(before->plan[i].name, plan->name) != 0)
			return true;
	}
	return false;
}

/* Add an exchange to the set. */
static void add_member(const struct sts_plan *plan, const struct sts_plans *before)
{
	struct sts_moment m = sts_now();
	struct sts_member *t = sts_member_free();
	struct sts_error e;

	*t = (struct sts_member){.store = {.dir_fd = -1}};
	sts_exchange_init(&t->x, plan, &m);
	t->x.no_adoption = was_of_another(plan, before);
	if (plan->cannot_revoke)
		sts_event_log_about(STS_LEVEL_WARN,
				    sts_words("--revoke-on-stop does nothing here: give "
					      "--revoke-url, if the STS can revoke its tokens"),
				    plan->name);
	/* The exchange may wait for long before its first attempt, so it gets its status file now.
	 * If the directory cannot be owned, the attempt fails later. */
	if (before)
		sts_member_own(t, &e);
}

void sts_member_sent(struct sts_member *t, const struct sts_child *worker)
{
	uint64_t sent;

	if (worker->stage_len == 0)
		return;
	sts_exchange_sent(&t->x);
	if (!t->x.subject_sent || !t->x.single_use)
		return;
	sts_sent_note(worker->stage + 1, t);
	memcpy(&sent, worker->stage + 1, sizeof(sent));
	t->x.status_changed = t->x.status_changed || sent != t->x.status.sent;
	t->x.status.sent = sent;
}

void sts_member_not_taken(struct sts_member *t, const struct sts_child *worker)
{
	if (worker->stage_len > 0 && t->x.single_use) {
		sts_sent_forget(worker->stage + 1, t);
		t->x.status.sent = 0;
	}
	t->x.subject_sent = false;
}

void sts_member_remove(struct sts_member *t)
{
	struct sts_moment m = sts_now();

	if (t->worker) {
		sts_spawn_end(t->worker->pid);
		t->worker->pid = -1;
		/* Read what the worker has written before its end: it may have sent the subject
		 * token. */
		sts_child_read(t->worker);
		sts_member_sent(t, t->worker);
		sts_child_drop(t->worker);
		sts_member_sweep(t);
	}
	t->worker = NULL;
	sts_inputs_forget(t);
	sts_exchange_stopped(&t->x, &m);
	sts_sent_orphan(t);
	write_status(t);
	if (t->store.dir_fd >= 0)
		sts_store_close(&t->store);
	t->x.plan = NULL;
}

/* Returns the new plan that takes the place of an old one: it has the same name and the same files.
 * Returns NULL if there is none. */
static const struct sts_plan *successor(const struct sts_plan *old, struct sts_plans *plans,
					struct sts_plans *before)
{
	for (uint32_t i = 0; i < plans->count; i++) {
		const struct sts_plan *plan = &plans->plan[i];

		if (strcmp(plan->name, old->name) == 0 && plan->mode == old->mode &&
		    plan->group == old->group &&
		    strcmp(sts_plans_text(plans, plan->output_dir),
			   sts_plans_text(before, old->output_dir)) == 0)
			return plan;
	}
	return NULL;
}

/* Compare the old plan and the new plan of an exchange that goes on. */
static enum sts_plan_change compare(const struct sts_plan *old, const struct sts_plan *plan)
{
	if (old->request_id != plan->request_id)
		return STS_PLAN_REQUEST;
	if (old->rules.refresh_before_ms != plan->rules.refresh_before_ms ||
	    old->rules.fraction_permille != plan->rules.fraction_permille ||
	    old->rules.longest_wait_ms != plan->rules.longest_wait_ms ||
	    old->timeout_ms != plan->timeout_ms || old->poll_ms != plan->poll_ms)
		return STS_PLAN_TIMES;
	return STS_PLAN_SAME;
}

/* An exchange whose subject token may be sent only once may have to wait for an attempt that was
 * started with the plans before: see may_share_its_token() in workers.c. */
static void add_to_queues(struct sts_plans *plans, const struct sts_plans *before)
{
	int64_t longest_ms = 0;

	for (uint32_t i = 0; before && i < before->count; i++)
		if (before->plan[i].timeout_ms > longest_ms)
			longest_ms = before->plan[i].timeout_ms;
	for (uint32_t i = 0; i < plans->count; i++)
		if (plans->plan[i].subject_use != STS_USE_AGAIN)
			plans->plan[i].queue_ms += longest_ms;
}

static void remove_members(struct sts_plans *plans, struct sts_plans *before)
{
	for (STS_EACH_MEMBER(t)) {
		if (successor(t->x.plan, plans, before))
			continue;
		sts_event_log_about(STS_LEVEL_INFO, sts_words("removed from the configuration"),
				    t->x.plan->name);
		sts_member_remove(t);
	}
}

void sts_running_take_over(struct sts_plans *plans)
{
	struct sts_plans *before = sts_members_plans();
	struct sts_moment m = sts_now();

	add_to_queues(plans, before);
	remove_members(plans, before);
	sts_members_use(plans);
	for (STS_EACH_MEMBER(t)) {
		const struct sts_plan *old = t->x.plan, *plan = successor(old, plans, before);

		sts_exchange_replanned(&t->x, plan, compare(old, plan), &m);
		t->store.dir = sts_members_text(plan->output_dir);
	}
	for (uint32_t i = 0; i < plans->count; i++)
		if (!sts_member_of_plan(&plans->plan[i]))
			add_member(&plans->plan[i], before);
	sts_plans_free(before);
	sts_chain_settle();
	sts_inputs_watch_again();
}
