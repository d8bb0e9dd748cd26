/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world in place of the kernel: the functions of other modules that the supervisor and its
 * exchanges call, and three calls of the C library (linked with --wrap). No decision of the program
 * is made here.
 */
#include "bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "output/lock.h"
#include "output/store.h"
#include "process/bug.h"
#include "process/print.h"
#include "schedule/schedule.h"
#include "supervisor/event_log.h"
#include "supervisor/events.h"
#include "supervisor/health_process.h"
#include "supervisor/planner.h"
#include "supervisor/spawn.h"

static struct sts_plans plans;

_Static_assert(sizeof(ino_t) == STS_SUBJECT_ID_BYTES, "an inode stands for a subject token's id");

/* This stands for functions that only tell, watch or serve, whatever their arguments are (linked
 * with --defsym). */
int bind_nothing(void)
{
	return 0;
}

int bind_yes(void)
{
	return 1;
}

/* A state that got an event which it does not know. */
void sts_bug(const char *what, int state, int number)
{
	check_fail(-1, "%s: state %d, event %d", what, state, number);
}

/* ---- clocks, chance ---- */

int64_t sts_clock_real_ms(void)
{
	return world_real_ms();
}

int64_t sts_clock_boot_ms(void)
{
	return world.boot_ms;
}

bool sts_clock_boot_id(char out[STS_BOOT_ID_BYTES])
{
	strcpy(out, "00000000-0000-4000-8000-000000000001");
	return true;
}

int sts_clock_left_ms(int64_t deadline_boot_ms)
{
	return deadline_boot_ms > world.boot_ms ? (int)(deadline_boot_ms - world.boot_ms) : 0;
}

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags)
{
	uint32_t value = world_random32();

	(void)flags;
	memcpy(buf, &value, len < sizeof(value) ? len : sizeof(value));
	return (ssize_t)len;
}

/* ---- files ---- */

/* Only subject tokens, "0" to "15", and a CA file are looked at. The CA file appears when a
 * certificate is not trusted. */
int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	*st = (struct stat){.st_dev = 1, .st_ino = world.place[atoi(path)].subject.inode};
	return 0;
}

enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode,
			    gid_t group, struct sts_error *e)
{
	(void)create;
	(void)e;
	*store = (struct sts_store){.dir_fd = 100, .dir = dir, .mode = mode, .group = group};
	return STS_OK;
}

void sts_store_close(struct sts_store *store)
{
	store->dir_fd = -1;
}

enum sts_err sts_lock_take(int dir_fd, const char *dir, struct sts_error *e)
{
	(void)dir_fd;
	(void)dir;
	(void)e;
	return STS_OK;
}

enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice content,
			     struct sts_error *e)
{
	(void)store;
	(void)name;
	(void)content;
	(void)e;
	return STS_OK;
}

/* ---- events ---- */

enum sts_err sts_events_init(struct sts_events *ev, struct sts_error *e)
{
	(void)e;
	*ev = (struct sts_events){.armed_boot_ms = -1};
	return STS_OK;
}

unsigned sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
			 size_t count)
{
	static const struct {
		unsigned here, there;
	} bits[] = {
		{WORLD_STOP, STS_EVENT_STOP},   {WORLD_REFRESH, STS_EVENT_REFRESH},
		{WORLD_CHILD, STS_EVENT_CHILD}, {WORLD_CLOCK, STS_EVENT_CLOCK},
		{WORLD_FILES, STS_EVENT_FILES}, {WORLD_TIMER, STS_EVENT_TIMER},
	};
	unsigned happened = world_sleep(until_boot_ms), events = 0;

	(void)ev;
	(void)pipes;
	(void)count;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		events |= happened & bits[i].here ? bits[i].there : 0;
	return events;
}

/* ---- workers ---- */

void sts_child_init(struct sts_child *c)
{
	*c = (struct sts_child){.pid = -1, .fd = -1};
}

static void leak(void)
{
	if (world.bug == BUG_FILES && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
		check_fail(-1, "no descriptors are left");
	if (world.bug == BUG_MEMORY && mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		check_fail(-1, "no memory is left");
}

enum sts_err sts_child_start(struct sts_child *c, const struct sts_job *job, char *const *argv,
			     int snapshot_fd, struct sts_error *e)
{
	(void)argv;
	(void)snapshot_fd;
	sts_child_init(c);
	leak();
	const ino_t *used = job->used ? (const ino_t *)(const void *)job->used : NULL;
	size_t used_count = world.bug == BUG_TWICE ? 0 : job->used_count;
	pid_t pid = world_fork(atoi(job->name), (int)job->mode, job->timeout_ms, used, used_count);

	if (pid < 0)
		return sts_fail(e, STS_EFORK, EAGAIN, "no process is left");
	c->pid = pid;
	c->mode = job->mode;
	c->started_boot_ms = world.boot_ms;
	c->kill_boot_ms = world.boot_ms + job->timeout_ms + SECOND;
	return STS_OK;
}

void sts_child_finish(struct sts_child *c, int status, struct sts_report *report)
{
	const struct worker *w = world_worker(c->pid);

	(void)status;
	c->pid = -1;
	*report = (struct sts_report){.magic = STS_REPORT_MAGIC,
				      .version = STS_REPORT_VERSION,
				      .error = c->killed ? STS_ETIMEOUT : STS_EWORKER,
				      .retry_after_s = -1,
				      .subject_exp_s = -1};
	if (w && w->sent) {
		c->stage_len = sizeof(c->stage);
		memcpy(c->stage + 1, &w->subject, sizeof(w->subject));
	}
	if (!w || !w->has_report || !w->ended)
		return;
	*report = w->report;
	if (!sts_report_ok(report, sizeof(*report), world_real_ms() / SECOND, world.boot_ms))
		check_fail(w->exchange, "the simulation made a report that is refused");
}

void sts_child_kill(struct sts_child *c)
{
	world_kill(c->pid);
	c->killed = true;
}

void sts_spawn_end(pid_t pid)
{
	struct worker *w = world_worker(pid);

	world_kill(pid);
	if (w)
		w->reaped = true;
}

void sts_child_drop(struct sts_child *c)
{
	sts_spawn_end(c->pid);
	sts_child_init(c);
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	return world_reap(status);
}

/* ---- plans ---- */

void sts_planner_init(struct sts_planner *p)
{
	*p = (struct sts_planner){.pid = -1, .fd = -1, .snapshot = -1};
}

enum sts_err sts_planner_start(struct sts_planner *p, const struct sts_options *o,
			       char *const *argv, bool here, struct sts_error *e)
{
	(void)o;
	(void)argv;
	(void)here;
	(void)e;
	p->plans = &plans;
	return STS_OK;
}

bool sts_planner_read(struct sts_planner *p, int64_t now_boot_ms)
{
	(void)now_boot_ms;
	return p->plans != NULL;
}

enum sts_err sts_planner_finish(struct sts_planner *p, struct sts_plans **out, int *snapshot,
				struct sts_error *e)
{
	(void)snapshot;
	(void)e;
	*out = p->plans;
	p->plans = NULL;
	return STS_OK;
}

void sts_planner_drop(struct sts_planner *p)
{
	p->plans = NULL;
}

/* Names and paths are the number of the exchange; offset 0 is "". */
const char *sts_plans_text(const struct sts_plans *p, uint16_t at)
{
	static const char numbers[WORLD_EXCHANGES_MAX + 1][3] = {"",   "0",  "1",  "2",  "3", "4",
								 "5",  "6",  "7",  "8",  "9", "10",
								 "11", "12", "13", "14", "15"};

	(void)p;
	return numbers[at];
}

void bind_plan(void)
{
	plans = (struct sts_plans){.count = (uint32_t)world.exchanges};
	for (int i = 0; i < world.exchanges; i++) {
		struct sts_plan *plan = &plans.plan[i];

		*plan = (struct sts_plan){.timeout_ms = 30 * SECOND,
					  .poll_ms = world.place[i].polls ? 30 * SECOND : 0,
					  .depends_on = (int8_t)world.place[i].chained_to,
					  .adopt = true,
					  .single_use = world.place[i].single_use,
					  .configured = world.exchanges > 1};
		plan->token_file = plan->output_dir = (uint16_t)(i + 1);
		strcpy(plan->name, sts_plans_text(&plans, plan->token_file));
	}
}

/* ---- what is not read here ---- */

void sts_event_log_outcome(const struct sts_exchange *x, struct sts_logged *told,
			   const struct sts_store *store, const char *proxy,
			   enum sts_outcome outcome, const struct sts_report *report,
			   int64_t duration_ms, const struct sts_moment *now)
{
	(void)told;
	(void)store;
	(void)proxy;
	(void)report;
	(void)duration_ms;
	(void)now;
	if (outcome == STS_OUTCOME_FAILURE && x->exit_status >= 0)
		check_fail(atoi(x->plan->name), "it gave up");
}

int sts_event_log_cannot_start(const struct sts_error *e)
{
	check_fail(-1, "it cannot start: %s", e->msg);
}

int sts_complain(const struct sts_error *e)
{
	check_fail(-1, "it complains: %s", e->msg);
}

void sts_health_process_init(struct sts_health_process *l)
{
	*l = (struct sts_health_process){.pid = -1, .fd = -1, .next_ms = -1};
}

/* ---- bugs in the schedule ---- */

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
