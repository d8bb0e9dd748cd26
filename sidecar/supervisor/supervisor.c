/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands/commands.h"
#include "process/resident.h"
#include "sandbox/sandbox.h"
#include "supervisor/child.h"
#include "supervisor/health_process.h"
#include "supervisor/running_set.h"

/* Planning again is not done more often, whoever asks. */
#define PLAN_FLOOR_MS 1000
/* After there was no process for it. */
#define PLAN_AGAIN_MS 10000

struct slot {
	struct sts_child child; /* pid is -1: free */
	struct sts_seat *seat;
};

/* Static: the frame that sleeps would never give its memory back. */
static struct supervisor {
	const struct sts_options *o;
	char *const *argv;
	struct sts_events ev;
	struct sts_listener listener;
	struct sts_planner planner;
	int snapshot_fd; /* of the configuration file; -1: none */
	bool once;
	bool refresh_planned; /* what is planned was asked for by HUP: then refresh */
	int64_t plan_ms;      /* when to plan again; -1: no reason */
	int64_t planned_ms;   /* when it was done last */
	uint64_t config_file; /* the configuration file's identity, as it was then */
	int exit_status;      /* -1: go on */
	struct slot slots[STS_WORKERS_MAX];
	char refused[STS_ERROR_TEXT_MAX_BYTES]; /* what was said of a file that no plan came of */
} s STS_AWAKE_FIRST;

#define EACH_SLOT(slot) \
	struct slot *slot = s.slots; \
	slot < s.slots + STS_WORKERS_MAX; \
	slot++
#define EACH_SEAT(t) \
	struct sts_seat *t = NULL; \
	(t = sts_seat_next(t));

/* ---- planning ---- */

static void plan_again(int64_t at_ms)
{
	if (!s.o->config || s.once)
		return;
	if (at_ms < s.planned_ms + PLAN_FLOOR_MS)
		at_ms = s.planned_ms + PLAN_FLOOR_MS;
	if (s.plan_ms < 0 || at_ms < s.plan_ms)
		s.plan_ms = at_ms;
}

static void check_config(void)
{
	uint64_t seen = s.o->config ? sts_file_identity(s.o->config) : 0;

	if (seen == s.config_file)
		return;
	s.config_file = seen;
	plan_again(sts_clock_boot_ms());
}

/* At the start what cannot be owned ends the program; later it is an attempt that fails. */
static __attribute__((noinline)) void own_all(void)
{
	struct sts_error e;

	for (EACH_SEAT(t))
		if (s.exit_status < 0 && sts_seat_own(t, &e) != STS_OK)
			s.exit_status = sts_tell_start(&e);
}

static void refresh_all(void)
{
	struct sts_moment m = sts_now();

	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));
	     m.random = m.random * 747796405u + 1)
		sts_exchange_refresh(&t->x, &m);
	s.refresh_planned = false;
}

/* Once for each reason: workers find the same file again and again. Whoever asks gets an answer. */
static void refused(const struct sts_error *e)
{
	if (!s.refresh_planned && strcmp(s.refused, e->msg) == 0)
		return;
	memcpy(s.refused, e->msg, sizeof(s.refused));
	sts_tell_refused(e);
}

/* Before the first worker. What is planned later lives within this. */
static __attribute__((noinline)) void confine(void)
{
	int dirs[STS_EXCHANGES_MAX];
	size_t count = 0;
	struct sts_error e;

	for (EACH_SEAT(t))
		dirs[count++] = t->store.dir_fd;
	if (sts_sandbox_supervisor(dirs, count, sts_seats_plans()->require_sandbox,
				   s.once ? STS_LEVEL_DEBUG : STS_LEVEL_INFO, &e) != STS_OK)
		s.exit_status = sts_tell_start(&e);
}

/* ---- the process of --listen ---- */

static __attribute__((noinline)) void plan_listener(void)
{
	const struct sts_plans *plans = sts_seats_plans();
	const char *names[STS_EXCHANGES_MAX];

	for (uint32_t i = 0; i < plans->count; i++)
		names[i] = plans->plan[i].name;
	sts_listener_plan(&s.listener, plans->listen != 0, names, plans->count);
}

static __attribute__((noinline)) void start_listener(void)
{
	const struct sts_plans *plans = sts_seats_plans();
	const char *dirs[STS_EXCHANGES_MAX];

	for (uint32_t i = 0; i < plans->count; i++)
		dirs[i] = sts_seats_text(plans->plan[i].output_dir);
	sts_listener_start(&s.listener, s.argv[0], sts_seats_text(plans->listen),
			   plans->require_sandbox, dirs);
}

static void count(const struct sts_seat *t, enum sts_outcome outcome,
		  const struct sts_report *report, int64_t duration_ms, int64_t now_s)
{
	struct sts_metrics *metrics = s.listener.metrics;

	if (!metrics || (outcome != STS_OUTCOME_SUCCESS && outcome != STS_OUTCOME_FAILURE))
		return;
	sts_metrics_note(&metrics->exchange[t->x.plan - sts_seats_plans()->plan], report,
			 duration_ms, t->x.schedule.failures, t->x.expires_s, now_s);
	metrics->dropped_lines = sts_log_dropped();
}

static __attribute__((noinline)) void planned(void)
{
	bool first = !sts_seats_plans();
	struct sts_plans *plans;
	struct sts_error e;
	enum sts_err err = sts_planner_finish(&s.planner, &plans, &s.snapshot_fd, &e);

	s.planned_ms = sts_clock_boot_ms();
	if (err == STS_OK) {
		s.refused[0] = '\0';
		bool same = !first && memcmp(plans->digest, sts_seats_plans()->digest,
					     sizeof(plans->digest)) == 0;

		sts_log_setup((enum sts_level)plans->log_level, plans->log_format);
		sts_seats_take_over(plans);
		if (!same)
			plan_listener();
	} else if (first) {
		s.exit_status = sts_complain(&e);
	} else {
		refused(&e);
	}
	if (first && s.exit_status < 0)
		own_all();
	if (first && s.exit_status < 0)
		confine();
	if (s.refresh_planned)
		refresh_all();
}

static __attribute__((noinline)) void start_planning(void)
{
	bool first = !sts_seats_plans();
	struct sts_error e;

	s.plan_ms = -1;
	if (s.o->config)
		s.config_file = sts_file_identity(s.o->config);
	if (sts_planner_start(&s.planner, s.o, s.argv + 2, first, &e) == STS_OK)
		return;
	if (first) {
		s.exit_status = sts_tell_start(&e);
		return;
	}
	refused(&e);
	plan_again(sts_clock_boot_ms() + PLAN_AGAIN_MS);
	if (s.refresh_planned)
		refresh_all();
}

/* ---- workers ---- */

static __attribute__((noinline)) void finished(struct sts_seat *t, struct sts_report *report,
					       int64_t started_boot_ms)
{
	struct sts_moment m = sts_now();
	int64_t duration_ms = m.boot_ms - started_boot_ms;
	bool was_attempt = sts_exchange_busy(&t->x);
	enum sts_outcome outcome = sts_exchange_finished(&t->x, report, &m);

	t->worker = NULL;
	sts_tell(&t->x, &t->told, &t->store, sts_seats_text(t->x.plan->proxy), outcome, report,
		 duration_ms, &m);
	count(t, outcome, report, duration_ms, m.real_ms / 1000);
	if (report->flags & STS_REPORT_REPLAN)
		plan_again(m.boot_ms);
	if (was_attempt)
		sts_seat_attempted(t);
}

static void ended(struct slot *slot, int status)
{
	struct sts_report report;

	sts_child_finish(&slot->child, status, &report);
	if (slot->child.stage_len > 0)
		sts_exchange_sent(&slot->seat->x, slot->child.stage + 1);
	finished(slot->seat, &report, slot->child.started_boot_ms);
}

/* The worker's words, where there is none to say them. */
static void not_started(struct sts_seat *t, const struct sts_error *e)
{
	struct sts_report report = {.error = (int32_t)e->code,
				    .detail = e->detail,
				    .retry_after_s = -1,
				    .subject_exp_s = -1};

	memcpy(report.text, e->msg, sizeof(report.text));
	finished(t, &report, sts_clock_boot_ms());
}

static __attribute__((noinline)) void start(struct sts_seat *t, struct slot *slot,
					    enum sts_worker_mode mode)
{
	const struct sts_plan *plan = t->x.plan;
	struct sts_job job = {
		.mode = mode,
		.argv = s.argv,
		.timeout_ms = sts_exchange_started(&t->x, mode, sts_clock_boot_ms()),
		.name = plan->name,
		.digest = plan->configured ? sts_seats_plans()->digest : NULL,
		.used = t->x.used ? t->x.used_id : NULL,
		.snapshot_fd = s.snapshot_fd,
	};
	struct sts_error e;

	if (sts_exchange_busy(&t->x))
		sts_seat_look(t);
	slot->seat = t;
	t->worker = &slot->child;
	if (sts_seat_own(t, &e) != STS_OK || sts_child_start(&slot->child, &job, &e) != STS_OK)
		not_started(t, &e);
}

/* Reap every child: orphans of `kubectl exec` become ours where we are PID 1. */
static void reap(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s.planner.pid)
			s.planner.pid = -1;
		else if (pid == s.listener.pid)
			sts_listener_ended(&s.listener, status);
		for (EACH_SLOT(slot))
			if (pid == slot->child.pid) {
				ended(slot, status);
				break;
			}
	}
}

static void kill_late(int64_t now_ms)
{
	for (EACH_SLOT(slot))
		if (slot->child.pid > 0 && now_ms >= slot->child.kill_boot_ms) {
			sts_child_kill(&slot->child);
			ended(slot, 0);
		}
}

static void drop(struct slot *slot)
{
	sts_child_drop(&slot->child);
	slot->seat->worker = NULL;
	sts_exchange_dropped(&slot->seat->x);
}

/* A slot for a worker. An attempt may take that of one that is none: a poll that hangs must not hold up an exchange. */
static struct slot *find_slot(bool for_attempt)
{
	for (EACH_SLOT(slot))
		if (slot->child.pid < 0)
			return slot;
	for (struct slot *slot = s.slots; for_attempt && slot < s.slots + STS_WORKERS_MAX; slot++)
		if (!sts_exchange_busy(&slot->seat->x)) {
			drop(slot);
			return slot;
		}
	return NULL;
}

static struct slot *slot_of(const struct sts_seat *t)
{
	for (EACH_SLOT(slot))
		if (&slot->child == t->worker)
			return slot;
	return NULL;
}

static bool is_unproven(const struct sts_exchange *x)
{
	return x->schedule.failures > 0 || x->expires_s == 0;
}

/* Whoever fails, or has never had a token, may hang until its time is up: the last slot is not for it when one that does not will need it by
 * then. */
static bool may_start(const struct sts_seat *t, int64_t now_ms)
{
	size_t unproven = 0;

	for (EACH_SLOT(slot))
		unproven += slot->child.pid > 0 && sts_exchange_busy(&slot->seat->x) &&
			    is_unproven(&slot->seat->x);
	if (unproven < STS_WORKERS_MAX - 1 || !is_unproven(&t->x))
		return true;
	for (EACH_SEAT(other)) {
		int64_t at_ms = sts_exchange_attempt_ms(&other->x);

		if (!is_unproven(&other->x) && at_ms >= 0 &&
		    at_ms <= now_ms + t->x.plan->timeout_ms)
			return false;
	}
	return true;
}

static struct sts_seat *longest_due(int64_t now_ms)
{
	int64_t since_ms = now_ms + 1;
	struct sts_seat *found = NULL;

	for (EACH_SEAT(t)) {
		int64_t at_ms = sts_exchange_attempt_ms(&t->x);

		if (at_ms >= 0 && at_ms < since_ms && may_start(t, now_ms)) {
			since_ms = at_ms;
			found = t;
		}
	}
	return found;
}

static void start_due(int64_t now_ms)
{
	enum sts_worker_mode mode;
	struct slot *slot;
	struct sts_seat *t;

	while ((t = longest_due(now_ms))) {
		slot = slot_of(t);
		if (slot)
			drop(slot);
		else
			slot = find_slot(true);
		if (!slot || !sts_exchange_due(&t->x, now_ms, &mode))
			return;
		start(t, slot, mode);
	}
	for (t = NULL; (t = sts_seat_next(t));)
		if (may_start(t, now_ms) && sts_exchange_due(&t->x, now_ms, &mode) &&
		    (slot = find_slot(false)))
			start(t, slot, mode);
}

/* ---- the loop ---- */

static int64_t earliest(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* What is due and has no slot waits for the end of a worker, not for a time. */
static int64_t wake_at(void)
{
	int64_t at_ms = s.planner.plans ? s.planner.kill_boot_ms : s.plan_ms;
	int64_t now_ms = sts_clock_boot_ms();
	size_t running = 0, attempts = 0;

	for (EACH_SLOT(slot))
		if (slot->child.pid > 0) {
			at_ms = earliest(at_ms, slot->child.kill_boot_ms);
			running++;
			attempts += sts_exchange_busy(&slot->seat->x);
		}
	for (EACH_SEAT(t))
		if (!may_start(t, now_ms))
			continue;
		else if (running < STS_WORKERS_MAX)
			at_ms = earliest(at_ms, sts_exchange_wake_ms(&t->x));
		else if (attempts < STS_WORKERS_MAX)
			at_ms = earliest(at_ms, sts_exchange_attempt_ms(&t->x));
	return earliest(at_ms, s.listener.next_ms);
}

static void on_signals(unsigned events)
{
	if (events & STS_EVENT_CHILD)
		reap();
	if ((events & STS_EVENT_REFRESH) && s.o->config && !s.once) {
		s.refresh_planned = true;
		plan_again(sts_clock_boot_ms());
	} else if (events & STS_EVENT_REFRESH) {
		refresh_all();
	}
}

static void on_clock(void)
{
	struct sts_moment m = sts_now();

	for (EACH_SEAT(t))
		sts_exchange_clock_stepped(&t->x, &m);
}

static void handle(unsigned events)
{
	int64_t now_ms;

	if (events & STS_EVENT_REPORT)
		for (EACH_SLOT(slot))
			sts_child_read(&slot->child);
	on_signals(events);
	if (events & STS_EVENT_CLOCK)
		on_clock();
	if (events & STS_EVENT_FILES) {
		sts_seats_files_changed();
		check_config();
	}
	now_ms = sts_clock_boot_ms();
	if (sts_planner_read(&s.planner, now_ms))
		planned();
	kill_late(now_ms);
	if (s.plan_ms >= 0 && now_ms >= s.plan_ms && !s.planner.plans)
		start_planning();
	if (s.exit_status >= 0 || !sts_seats_plans())
		return;
	start_due(sts_clock_boot_ms());
	if (s.listener.next_ms >= 0 && now_ms >= s.listener.next_ms)
		start_listener();
	sts_seats_watch(&s.ev, s.o->config);
	sts_seats_write_status();
}

/* The exit status once all is done; -1: go on. */
static int done(void)
{
	const struct sts_plans *plans = sts_seats_plans();
	int status = STS_EXIT_OK;

	if (s.exit_status >= 0 || !plans)
		return s.exit_status;
	for (uint32_t i = 0; i < plans->count; i++) {
		const struct sts_seat *t = sts_seat_of(i);

		if (t->x.exit_status < 0)
			return -1;
		if (status == STS_EXIT_OK)
			status = t->x.exit_status;
	}
	return status;
}

/* Not inlined, as others above: a buffer in the frame that sleeps would be memory that is never given back. */
static __attribute__((noinline)) int stop(void)
{
	for (EACH_SLOT(slot))
		sts_child_kill(&slot->child);
	for (EACH_SLOT(slot))
		sts_child_drop(&slot->child);
	sts_planner_drop(&s.planner);
	sts_listener_stop(&s.listener);
	for (struct sts_seat *t = NULL; !s.once && (t = sts_seat_next(t));)
		sts_seat_stand_up(t);
	sts_tell_plain(STS_LEVEL_INFO,
		       s.once ? sts_error_info(STS_ESTOPPED).meaning : "told to stop");
	return s.once ? sts_error_info(STS_ESTOPPED).exit_status : STS_EXIT_OK;
}

static unsigned wait_for_events(void)
{
	int pipes[STS_WORKERS_MAX + 1];

	for (size_t i = 0; i < STS_WORKERS_MAX; i++)
		pipes[i] = s.slots[i].child.fd;
	pipes[STS_WORKERS_MAX] = s.planner.fd;
	return sts_events_wait(&s.ev, wake_at(), pipes, STS_WORKERS_MAX + 1);
}

static void set_up(const struct sts_options *o, char *const *argv)
{
	s = (struct supervisor){.o = o,
				.argv = argv,
				.once = o->command == STS_COMMAND_FETCH || o->single_run,
				.snapshot_fd = -1,
				.plan_ms = -1,
				.exit_status = -1};
	sts_planner_init(&s.planner);
	sts_listener_init(&s.listener);
	for (size_t i = 0; i < STS_WORKERS_MAX; i++)
		sts_child_init(&s.slots[i].child);
}

int sts_supervise(const struct sts_options *o, char *const *argv)
{
	struct sts_error e;
	unsigned events = 0;

	set_up(o, argv);
	/* What a container's runtime forgot to close is nothing for a worker. Kernels before 5.11 refuse it. */
	syscall(SYS_close_range, 3, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
	if (sts_events_init(&s.ev, &e) != STS_OK)
		return sts_tell_start(&e);
	start_planning();
	for (;;) {
		handle(events);
		if (done() >= 0)
			return done();
		events = wait_for_events();
		if (events & STS_EVENT_STOP)
			return stop();
	}
}
