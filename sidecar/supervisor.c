/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "child.h"
#include "events.h"
#include "exchange.h"
#include "listener.h"
#include "sandbox.h"
#include "tell.h"

/* Which file the subject token is. The supervisor looks at it and never into it. */
struct subject_file {
	dev_t device;
	ino_t inode;
	int64_t size_bytes;
	struct timespec modified;
};

/* An exchange's files, and its worker. */
struct post {
	struct sts_exchange x;
	const struct sts_options *o;
	char *const *argv;
	struct sts_store store;
	struct sts_child worker;
	struct subject_file subject; /* as it was when the last worker started */
	struct sts_told told;
	struct sts_listener listener;
};

static struct sts_moment now(void)
{
	struct sts_moment m = {.boot_ms = sts_clock_boot_ms(), .real_ms = sts_clock_real_ms()};

	/* An entropy pool that is not ready yet must not stop the schedule; the jitter is then none. */
	if (getrandom(&m.random, sizeof(m.random), GRND_NONBLOCK) != (ssize_t)sizeof(m.random))
		m.random = (uint32_t)m.boot_ms * 2654435761u;
	return m;
}

/* A full or read-only disk is told by the token's own failure; the status is a convenience. */
static void write_status(struct post *p)
{
	if (!p->x.status_changed)
		return;
	p->x.status_changed = false;
	sts_tell_status(&p->x, &p->store, NULL);
}

/* ---- the subject token's file ---- */

static struct subject_file look_at(const char *path)
{
	struct stat st;

	/* None that can be seen is like any other: it changes when one appears. */
	if (stat(path, &st) != 0)
		return (struct subject_file){0};
	return (struct subject_file){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static bool same_file(const struct subject_file *a, const struct subject_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Something changed beside the subject token. In a directory that others write in, that may happen all the time. */
static void check_subject(struct post *p)
{
	struct subject_file seen = look_at(p->o->token_file);
	struct sts_moment m = now();

	/* A worker may have the old one: what it brings is judged when it ends. */
	if ((p->x.running >= 0 && p->x.running != STS_WORKER_POLL) || same_file(&seen, &p->subject))
		return;
	p->subject = seen;
	sts_exchange_subject_changed(&p->x, &m);
}

/* ---- the process of --listen ---- */

static void plan_listener(struct post *p)
{
	static const char *const names[] = {"default"};

	sts_listener_init(&p->listener);
	sts_listener_plan(&p->listener, p->o->listen, names, 1);
}

static __attribute__((noinline)) void start_listener(struct post *p)
{
	const char *const dirs[] = {p->o->output_dir};

	if (p->listener.next_ms >= 0 && sts_clock_boot_ms() >= p->listener.next_ms)
		sts_listener_start(&p->listener, p->argv[0], p->o->listen, dirs);
}

static void count(struct post *p, enum sts_outcome outcome, const struct sts_report *report,
		  const struct sts_moment *m)
{
	struct sts_metrics *metrics = p->listener.metrics;

	if (!metrics || (outcome != STS_OUTCOME_SUCCESS && outcome != STS_OUTCOME_FAILURE))
		return;
	sts_metrics_note(&metrics->exchange[0], report, m->boot_ms - p->worker.started_boot_ms,
			 p->x.schedule.failures, p->x.expires_s, m->real_ms / 1000);
	metrics->dropped_lines = sts_log_dropped();
}

/* ---- the worker ---- */

static void finished(struct post *p, struct sts_report *report)
{
	struct sts_moment m = now();
	enum sts_outcome outcome = sts_exchange_finished(&p->x, report, &m);

	sts_tell(&p->x, &p->told, &p->store, outcome, report, m.boot_ms - p->worker.started_boot_ms,
		 &m);
	count(p, outcome, report, &m);
	if (!p->x.plan->once)
		check_subject(p);
}

static void start(struct post *p, enum sts_worker_mode mode)
{
	int64_t timeout_ms = sts_exchange_started(&p->x, mode, sts_clock_boot_ms());
	struct sts_report report = {.retry_after_s = -1};
	struct sts_error e;

	if (mode != STS_WORKER_POLL)
		p->subject = look_at(p->o->token_file);
	if (sts_child_start(&p->worker, mode, p->argv, timeout_ms, &e) == STS_OK)
		return;
	report.error = (int32_t)e.code;
	report.detail = e.detail;
	memcpy(report.text, e.msg, sizeof(report.text));
	p->worker.started_boot_ms = sts_clock_boot_ms();
	finished(p, &report);
}

/* Reap every child: orphans of `kubectl exec` become ours where we are PID 1. */
static void reap(struct post *p)
{
	struct sts_report report;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == p->worker.pid) {
			sts_child_finish(&p->worker, status, &report);
			finished(p, &report);
		} else if (pid == p->listener.pid) {
			sts_listener_ended(&p->listener, status);
		}
}

static void kill_late(struct post *p)
{
	struct sts_report report;

	if (p->worker.pid < 0 || sts_clock_boot_ms() < p->worker.kill_boot_ms)
		return;
	sts_child_kill(&p->worker);
	sts_child_finish(&p->worker, 0, &report);
	finished(p, &report);
}

/* ---- the loop ---- */

static int64_t earliest(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int64_t wake_at(const struct post *p)
{
	int64_t ms = earliest(sts_exchange_wake_ms(&p->x),
			      p->worker.pid > 0 ? p->worker.kill_boot_ms : -1);

	return earliest(ms, p->listener.next_ms);
}

static void on_time(struct post *p)
{
	enum sts_worker_mode mode;

	kill_late(p);
	if (!sts_exchange_due(&p->x, sts_clock_boot_ms(), &mode))
		return;
	/* A poll that hangs must not hold up an exchange. */
	if (p->worker.pid > 0) {
		sts_child_drop(&p->worker);
		sts_exchange_dropped(&p->x);
	}
	start(p, mode);
}

/* Not inlined, as others below: a buffer in the frame that sleeps would be memory that is never given back. */
static __attribute__((noinline)) int stop(struct post *p)
{
	bool once = p->x.plan->once;

	sts_child_drop(&p->worker);
	sts_listener_stop(&p->listener);
	if (!once) {
		sts_exchange_stopped(&p->x);
		write_status(p);
	}
	sts_tell_plain(STS_LEVEL_INFO,
		       once ? sts_error_info(STS_ESTOPPED).meaning : "told to stop");
	return once ? sts_error_info(STS_ESTOPPED).exit_status : STS_EXIT_OK;
}

static void handle(struct post *p, unsigned events)
{
	if (events & STS_EVENT_REPORT)
		sts_child_read(&p->worker);
	if (events & STS_EVENT_CHILD)
		reap(p);
	if (events & STS_EVENT_REFRESH) {
		struct sts_moment m = now();

		sts_exchange_refresh(&p->x, &m);
	}
	if (events & STS_EVENT_CLOCK) {
		struct sts_moment m = now();

		sts_exchange_clock_stepped(&p->x, &m);
	}
	if (events & STS_EVENT_SUBJECT)
		check_subject(p);
	on_time(p);
	start_listener(p);
	write_status(p);
}

static int loop(struct post *p, struct sts_events *ev)
{
	while (p->x.exit_status < 0) {
		unsigned events = sts_events_wait(ev, wake_at(p), p->worker.fd);

		if (events & STS_EVENT_STOP)
			return stop(p);
		handle(p, events);
	}
	return p->x.exit_status;
}

/* Open the directory, own it, and show that it can be written: what is wrong with it now will not mend by itself. */
static __attribute__((noinline)) enum sts_err own_directory(struct post *p, struct sts_error *e)
{
	const struct sts_options *o = p->o;
	enum sts_err err = sts_store_open(&p->store, o->output_dir, o->create_dir, o->mode,
					  o->group, e);

	if (err == STS_OK)
		err = sts_store_lock(&p->store, e);
	if (err != STS_OK)
		return err;
	err = sts_tell_status(&p->x, &p->store, e);
	/* A full disk may have room again. */
	return err != STS_OK && (e->detail == ENOSPC || e->detail == EDQUOT) ? STS_OK : err;
}

int sts_supervise(const struct sts_options *o, const struct sts_plan *plan, char *const *argv)
{
	struct post p = {.o = o, .argv = argv, .store = {.dir_fd = -1}};
	struct sts_moment m = now();
	struct sts_events ev;
	struct sts_error e;

	sts_child_init(&p.worker);
	sts_exchange_init(&p.x, plan, &m);
	if (sts_events_init(&ev, &e) != STS_OK)
		return sts_tell_start(&e);
	if (!plan->to_stdout && own_directory(&p, &e) != STS_OK)
		return sts_tell_start(&e);
	if (!plan->once)
		sts_events_watch(&ev, o->token_file);
	plan_listener(&p);
	if (sts_sandbox_supervisor(&p.store.dir_fd, 1, o->require_sandbox,
				   plan->once ? STS_LEVEL_DEBUG : STS_LEVEL_INFO, &e) != STS_OK)
		return sts_tell_start(&e);
	handle(&p, 0);
	return loop(&p, &ev);
}
