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
#include "base/identity.h"
#include "bugs.h"
#include "check.h"
#include "log/bug.h"
#include "log/print.h"
#include "output/lock.h"
#include "output/store.h"
#include "schedule/schedule.h"
#include "supervisor/event_log.h"
#include "supervisor/events.h"
#include "supervisor/examiner.h"
#include "supervisor/listener_process.h"
#include "supervisor/members.h"
#include "supervisor/planner.h"
#include "supervisor/renewal.h"
#include "supervisor/spawn.h"

/* The plans in use, and the next ones. */
static struct sts_plans plans[2];
static int next_plans;
static struct sts_status described; /* what the status file that is written next says */
static struct sts_status written[WORLD_EXCHANGES_MAX];
static struct sts_status on_disk[WORLD_EXCHANGES_MAX]; /* the status file of a directory */
static int owner[WORLD_EXCHANGES_MAX]; /* of a directory: the exchange + 1; 0: none */

/* The examinations that were started. They take no time. */
#define EXAMINATIONS_MAX (WORLD_EXCHANGES_MAX + 1)
#define EXAMINER_PID     1000000
static struct {
	bool runs;
	char file[16]; /* a subject token, "0" to "15", or the configuration file */
} examination[EXAMINATIONS_MAX];

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

static const struct sts_member *member_of(const struct sts_store *store)
{
	return (const void *)((const char *)store - offsetof(struct sts_member, store));
}

void bind_start(void)
{
	memset(owner, 0, sizeof(owner));
	memset(written, 0, sizeof(written));
	memset(examination, 0, sizeof(examination));
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

/* The identity of a subject token or of the configuration file. */
static uint64_t identity_of(ino_t inode)
{
	return inode ? 2 * inode + 1 : STS_IDENTITY_MISSING;
}

pid_t sts_examiner_start(const struct sts_examiner_job *job)
{
	examination[job->place].runs = true;
	strcpy(examination[job->place].file, job->file);
	return EXAMINER_PID + job->place;
}

bool sts_examiner_read(struct sts_examined *m)
{
	for (int i = 0; i < EXAMINATIONS_MAX; i++) {
		const char *file = examination[i].file;

		if (!examination[i].runs)
			continue;
		examination[i].runs = false;
		*m = (struct sts_examined){
			.pid = EXAMINER_PID + i, .place = (uint8_t)i, .done = true};
		m->identity = identity_of(strcmp(file, BIND_CONFIG) == 0
						  ? world.config
						  : world.place[atoi(file)].subject.inode);
		return true;
	}
	return false;
}

static bool is_examined(void)
{
	bool runs = false;

	for (int i = 0; i < EXAMINATIONS_MAX; i++)
		runs = runs || examination[i].runs;
	return runs;
}

int sts_examiner_fd(void)
{
	return -1;
}

int sts_watches_make(void)
{
	return BIND_DIR_FD - 1;
}

void sts_watches_read(struct sts_watch_reader *r, int fd)
{
	(void)fd;
	r->turns = 0;
}

/* An event is about all files. */
bool sts_watches_next(struct sts_watch_reader *r, struct sts_watch_event *event)
{
	event->always = true;
	return r->turns++ == 0;
}

bool sts_watch_counts(const struct sts_watch_names *names, const struct sts_watch_event *event)
{
	(void)names;
	return event->always;
}

int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	*st = (struct stat){.st_dev = 2, .st_ino = (ino_t)fd, .st_nlink = 1};
	return world.bug == BUG_LOCK ? -1 : 0;
}

/* The other name that the C library may give it. */
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st)
{
	return __wrap_fstat(fd, st);
}

enum sts_err sts_store_open(struct sts_store *store, const char *dir, bool create, mode_t mode,
			    gid_t group, struct sts_error *e)
{
	(void)create;
	if (world.boot_ms < world.place[atoi(dir)].no_dir_until_ms) {
		world.place[atoi(dir)].was_late = true;
		return sts_fail(e, STS_EOUTPUT, EACCES, "the directory is not there yet");
	}
	*store = (struct sts_store){
		.dir_fd = BIND_DIR_FD + atoi(dir), .dir = dir, .mode = mode, .group = group};
	return STS_OK;
}

/* A directory that could not be locked is closed as well: its lock is another exchange's. */
void sts_store_close(struct sts_store *store)
{
	const struct sts_member *t = member_of(store);

	if (store->dir_fd >= 0 && owner[store->dir_fd - BIND_DIR_FD] == atoi(t->x.plan->name) + 1)
		owner[store->dir_fd - BIND_DIR_FD] = 0;
	store->dir_fd = -1;
}

enum sts_err sts_lock_take(int dir_fd, const char *dir, bool *locked, struct sts_error *e)
{
	(void)dir;
	*locked = true;
	if (owner[dir_fd - BIND_DIR_FD] && world.bug != BUG_LOCK)
		return sts_fail(e, STS_ELOCKED, 0, "another exchange has the directory");
	return STS_OK;
}

/* The status is kept as it is: formatting and parsing it at each step would take most of the time.
 * bind_status() does both. */
void __wrap_sts_status_format(const struct sts_status *status, struct sts_text *out);
void __wrap_sts_status_format(const struct sts_status *status, struct sts_text *out)
{
	(void)out;
	described = *status;
}

enum sts_err sts_store_write(struct sts_store *store, const char *name, struct sts_slice content,
			     struct sts_error *e)
{
	int exchange = atoi(member_of(store)->x.plan->name), dir = store->dir_fd - BIND_DIR_FD;

	(void)name;
	(void)content;
	(void)e;
	if (owner[dir] && owner[dir] != exchange + 1)
		check_fail(exchange, "it writes into the directory of exchange %d", owner[dir] - 1);
	owner[dir] = exchange + 1;
	written[exchange] = on_disk[dir] = described;
	world.place[dir].has_status = true;
	return STS_OK;
}

bool __wrap_sts_status_read(int dir_fd, struct sts_status *status);
bool __wrap_sts_status_read(int dir_fd, struct sts_status *status)
{
	const struct place *p = &world.place[dir_fd - BIND_DIR_FD];

	*status = on_disk[dir_fd - BIND_DIR_FD];
	return p->has_status && !(world.bug == BUG_UNREAD && p->was_late);
}

bool bind_has_learnt(int exchange)
{
	const struct place *p = &world.place[exchange];
	uint64_t request_id = p->request * 32 + (uint64_t)p->reads;

	return p->has_status && on_disk[p->dir].once_for == sts_exchange_once_for(request_id);
}

bool bind_has_sent(int exchange, ino_t subject)
{
	const struct place *p = &world.place[exchange];

	return p->has_status && on_disk[p->dir].sent == subject;
}

/* Only the exchange that has the directory, and no running worker, may remove temporary files. */
void sts_store_sweep(const struct sts_store *store)
{
	int exchange = atoi(member_of(store)->x.plan->name), dir = store->dir_fd - BIND_DIR_FD;

	if (owner[dir] && owner[dir] != exchange + 1)
		check_fail(exchange, "it removes temporary files of exchange %d", owner[dir] - 1);
}

/* No disk of the simulation is too full for the status. */
bool sts_store_overwrite(const struct sts_store *store, const char *name, struct sts_slice data)
{
	(void)store;
	(void)name;
	(void)data;
	return false;
}

void __real_sts_status_format(const struct sts_status *status, struct sts_text *out);
struct sts_status bind_status(int exchange)
{
	char buf[STS_STATUS_MAX_BYTES];
	struct sts_text text;
	struct sts_status status;

	sts_text_init(&text, buf, sizeof(buf));
	__real_sts_status_format(&written[exchange], &text);
	if (!sts_status_parse((struct sts_slice){buf, text.len}, &status))
		check_fail(exchange, "its status file is not valid");
	return status;
}

const struct sts_status *bind_written(int exchange)
{
	return &written[exchange];
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
	unsigned happened, events = 0;

	if (is_examined())
		return STS_EVENT_REPORT;
	happened = world_sleep(until_boot_ms);
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
	ino_t used[STS_USED_MAX];
	size_t used_count = bugs_used(job, used);
	pid_t pid = world_fork(atoi(job->name), (int)job->mode, job->timeout_ms, used, used_count);

	if (pid < 0)
		return sts_fail(e, STS_EFORK, EAGAIN, "no process is left");
	c->pid = c->fd = pid; /* no pipe: the process is asked */
	c->started_boot_ms = world.boot_ms;
	c->kill_boot_ms = world.boot_ms + job->timeout_ms + SECOND;
	return STS_OK;
}

void sts_child_read(struct sts_child *c)
{
	const struct worker *w = world_worker(c->fd);

	if (!w || !w->sent)
		return;
	c->stage_len = sizeof(c->stage);
	memcpy(c->stage + 1, &w->subject, sizeof(w->subject));
}

bool sts_child_finish(struct sts_child *c, int status, struct sts_report *report)
{
	const struct worker *w = world_worker(c->pid);

	(void)status;
	sts_child_read(c);
	c->pid = -1;
	*report = (struct sts_report){.magic = STS_REPORT_MAGIC,
				      .version = STS_REPORT_VERSION,
				      .error = c->killed ? STS_ETIMEOUT : STS_EWORKER,
				      .retry_after_s = -1,
				      .subject_exp_s = -1};
	if (!w || !w->has_report || !w->ended)
		return false;
	*report = w->report;
	if (w->subject)
		report->subject_identity = identity_of(w->subject);
	if (!sts_report_ok(report, sizeof(*report), world_real_ms() / SECOND, world.boot_ms))
		check_fail(w->exchange, "the simulation made a report that is refused");
	return true;
}

void sts_spawn_end_all(pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct worker *w = world_worker(pids[i]);

		world_kill(pids[i]);
		if (w)
			w->reaped = true;
		pids[i] = -1;
	}
}

bool sts_spawn_end(pid_t pid)
{
	sts_spawn_end_all(&pid, 1);
	return true;
}

bool sts_child_drop(struct sts_child *c)
{
	bool has_ended = sts_spawn_end(c->pid);

	sts_child_init(c);
	return has_ended;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	return world_reap(status);
}

/* ---- plans ---- */

/* Names and paths are the number of the exchange; offset 0 is "". */
const char *sts_plans_text(const struct sts_plans *p, uint16_t at)
{
	static const char numbers[WORLD_EXCHANGES_MAX + 1][3] = {"",   "0",  "1",  "2",  "3", "4",
								 "5",  "6",  "7",  "8",  "9", "10",
								 "11", "12", "13", "14", "15"};

	(void)p;
	return numbers[at];
}

/* Where in the configuration file is this exchange? -1: it is not there. */
static int position(int exchange)
{
	for (int i = 0; i < world.configured; i++)
		if (world.order[i] == exchange)
			return i;
	return -1;
}

static void make_plan(struct sts_plans *to, int i)
{
	struct sts_plan *plan = &to->plan[i];
	const struct place *p = &world.place[world.order[i]];

	*plan = (struct sts_plan){.rules.fraction_permille = p->fraction_permille,
				  .timeout_ms = p->timeout_ms,
				  .deadline_ms = world.deadline_ms,
				  .poll_ms = p->polls ? WORLD_POLL_MS : 0,
				  .request_id = p->request * 32 + (uint64_t)p->reads,
				  .depends_on = (int8_t)position(world_source(world.order[i])),
				  .once = world.once,
				  .adopt = !world.once,
				  .subject_use = p->learns       ? STS_USE_UNKNOWN
						 : p->single_use ? STS_USE_ONCE
								 : STS_USE_AGAIN,
				  .configured = world.exchanges > 1};
	plan->token_file = (uint16_t)(p->reads + 1);
	plan->output_dir = (uint16_t)(p->dir + 1);
	strcpy(plan->name, sts_plans_text(to, (uint16_t)(world.order[i] + 1)));
}

/* As plan.c makes them of a configuration file. */
static void make_plans(struct sts_plans *to)
{
	int64_t longest_ms = 0;

	to->count = (uint32_t)world.configured;
	to->log_level = world.log_level;
	memcpy(to->digest, &world.config, sizeof(world.config));
	for (int i = 0; i < world.configured; i++) {
		make_plan(to, i);
		if (to->plan[i].timeout_ms > longest_ms)
			longest_ms = to->plan[i].timeout_ms;
	}
	for (uint32_t i = 0; i < to->count; i++)
		to->plan[i].queue_ms = (to->count - 1) / (STS_WORKERS_MAX - 1) * longest_ms;
}

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
	p->plans = &plans[next_plans];
	next_plans = !next_plans;
	make_plans(p->plans);
	p->plans->config_identity = identity_of(world.config);
	return STS_OK;
}

uint64_t sts_planner_identity(const struct sts_planner *p)
{
	return p->plans->config_identity;
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
	world_planned();
	return STS_OK;
}

void sts_planner_drop(struct sts_planner *p)
{
	p->plans = NULL;
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
	struct sts_renewal_gap gap;
	if (outcome == STS_OUTCOME_SUCCESS)
		check_predicted(atoi(x->plan->name), sts_renewal_gap(x, &gap) ? gap.gap_s : -1);
	if (outcome == STS_OUTCOME_FAILURE && x->exit_status >= 0 && !world.once)
		check_fail(atoi(x->plan->name), "it gave up");
}

int sts_event_log_cannot_start(const struct sts_error *e)
{
	if (!world.cannot_start)
		check_fail(-1, "it cannot start: %s", e->msg);
	return (int)sts_error_info(e->code).exit_status;
}

int sts_complain(const struct sts_error *e)
{
	check_fail(-1, "it complains: %s", e->msg);
}

void sts_listener_process_init(struct sts_listener_process *l)
{
	*l = (struct sts_listener_process){.pid = -1, .fd = -1, .next_ms = -1};
}
