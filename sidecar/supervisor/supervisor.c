/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/supervisor.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/packed.h"
#include "base/resident.h"
#include "log/print.h"
#include "log/progress.h"
#include "sandbox/sandbox.h"
#include "supervisor/events.h"
#include "supervisor/examiner.h"
#include "supervisor/exchange_clock.h"
#include "supervisor/inputs.h"
#include "supervisor/listener_process.h"
#include "supervisor/planner.h"
#include "supervisor/running_set.h"
#include "supervisor/workers.h"

/* The least time between two plannings. */
#define PLAN_FLOOR_MS 1000
/* The wait before the next planning if the planning child was killed or could not be started. */
#define PLAN_AGAIN_MS 10000

extern char **environ;

/* How often the line on the terminal is written anew. */
#define SHOW_EVERY_MS 1000

/* The state of the supervisor. It is static, since the memory of a stack frame that sleeps is never
 * given back. */
static struct supervisor {
	char *const *argv;
	const char *config; /* the path of the configuration file; NULL: none */
	struct sts_events ev;
	struct sts_listener_process listener;
	uint32_t opened; /* sts_running_opened() when the listener was started */
	struct sts_planner planner;
	int snapshot_fd;         /* the snapshot of the configuration file; -1: none */
	bool once;               /* each exchange ends after its first success */
	bool shows;              /* a line on the terminal says what is waited for */
	bool refresh_after_plan; /* a HUP has come: refresh as soon as there are new plans */
	int64_t next_plan_ms;    /* when to make new plans; -1: there is no reason for new plans */
	int64_t last_plan_ms;    /* when plans were made last */
	int64_t started_ms;      /* when this process was started, since the epoch */
	int exit_status;         /* -1: go on */
	/* the hash of the last message that was logged about a configuration file that is not used;
	 * 0: none */
	uint64_t logged_refusal;
} s STS_RESIDENT;

/* ---- planning ---- */

/* Ask for new plans at a time. Does nothing if they were asked for at an earlier time. */
static void request_plan(int64_t at_ms)
{
	if (!s.config || s.once)
		return;
	if (at_ms < s.last_plan_ms + PLAN_FLOOR_MS)
		at_ms = s.last_plan_ms + PLAN_FLOOR_MS;
	if (s.next_plan_ms < 0 || at_ms < s.next_plan_ms)
		s.next_plan_ms = at_ms;
}

/* Own the output directories of the first plans. A directory that cannot be owned ends the program.
 * With later plans, it only makes the attempts of its exchange fail. */
static __attribute__((noinline)) void own_all(void)
{
	struct sts_error e;

	for (STS_EACH_MEMBER(t))
		if (s.exit_status < 0 && sts_member_own(t, &e) != STS_OK)
			s.exit_status = sts_event_log_cannot_start(&e);
}

static void refresh_all(void)
{
	struct sts_moment m = sts_now();

	for (STS_EACH_MEMBER(t))
		sts_exchange_refresh(&t->x, &m);
	s.refresh_after_plan = false;
}

static void note_reload(bool ok)
{
	if (s.listener.metrics)
		sts_metrics_note_reload(s.listener.metrics, ok, sts_clock_real_ms() / 1000);
}

/* Log why a new configuration file is not used. The same reason is logged only once, since workers
 * find the same file again and again. After a HUP it is always logged, since somebody waits for an
 * answer. */
static void log_refusal(const struct sts_error *e)
{
	uint64_t hash = sts_hash(STS_HASH_START, e->msg, strlen(e->msg));

	note_reload(false);
	/* Any other error is not about the file: the planning child was killed or could not be
	 * started. */
	if (e->code != STS_EUSAGE)
		request_plan(sts_clock_boot_ms() + PLAN_AGAIN_MS);
	if (!s.refresh_after_plan && s.logged_refusal == hash)
		return;
	s.logged_refusal = hash;
	sts_event_log_refused(e);
}

/* Enter the sandbox, before the first worker is started. The sandbox holds for later plans too. */
static __attribute__((noinline)) void confine(void)
{
	int dirs[STS_EXCHANGES_MAX];
	size_t count = 0;
	struct sts_error e;

	for (STS_EACH_MEMBER(t))
		dirs[count++] = t->store.dir_fd;
	if (sts_sandbox_supervisor(dirs, count, sts_members_plans()->require_sandbox,
				   s.once ? STS_LEVEL_DEBUG : STS_LEVEL_INFO, &e) != STS_OK)
		s.exit_status = sts_event_log_cannot_start(&e);
}

/* ---- the listener ---- */

/*
 * Publish for the listener what the supervisor knows of the exchanges. This is done before the
 * status files are written, so that /readyz knows no less than `check`.
 *   all  in  publish each exchange, and not only those whose status has changed
 */
static __attribute__((noinline)) void publish(bool all)
{
	const struct sts_plan *first = sts_members_plans()->plan;
	struct sts_metrics *metrics = s.listener.metrics;

	if (!metrics)
		return;
	for (STS_EACH_MEMBER(t))
		if (all || t->x.status_changed)
			sts_metrics_publish(&metrics->exchange[t->x.plan - first], &t->x.status,
					    t->x.expires_s);
}

static __attribute__((noinline)) void plan_listener(void)
{
	const struct sts_plans *plans = sts_members_plans();
	const char *names[STS_EXCHANGES_MAX];

	for (uint32_t i = 0; i < plans->count; i++)
		names[i] = plans->plan[i].name;
	sts_listener_process_plan(&s.listener, plans->listen != 0, names, plans->count);
	if (s.listener.metrics) {
		s.listener.metrics->no_histogram = plans->no_histogram;
		s.listener.metrics->started_ms = s.started_ms;
	}
	publish(true);
}

static __attribute__((noinline)) void start_listener(void)
{
	const struct sts_plans *plans = sts_members_plans();
	const char *dirs[STS_EXCHANGES_MAX];

	for (uint32_t i = 0; i < plans->count; i++)
		dirs[i] = sts_members_text(plans->plan[i].output_dir);
	s.opened = sts_running_opened();
	sts_listener_process_start(&s.listener, s.argv[0], sts_members_text(plans->listen),
				   plans->require_sandbox, dirs);
}

static void count_attempt(const struct sts_member *t, enum sts_outcome outcome,
			  const struct sts_report *report, int64_t duration_ms, int64_t now_s)
{
	struct sts_metrics *metrics = s.listener.metrics;

	if (!metrics || (outcome != STS_OUTCOME_SUCCESS && outcome != STS_OUTCOME_FAILURE))
		return;
	sts_metrics_note(&metrics->exchange[t->x.plan - sts_members_plans()->plan], report,
			 duration_ms, t->x.schedule.failures, now_s);
	metrics->dropped_lines = sts_log_dropped();
}

/* Planning has ended: use the new plans, or report why there are none. */
static __attribute__((noinline)) void finish_planning(void)
{
	bool first = !sts_members_plans();
	pid_t pid = s.planner.pid;
	struct sts_plans *plans;
	struct sts_error e;
	enum sts_err err;

	sts_inputs_config_planned(sts_planner_identity(&s.planner));
	err = sts_planner_finish(&s.planner, &plans, &s.snapshot_fd, &e);

	s.last_plan_ms = sts_clock_boot_ms();
	if (err == STS_ETIMEOUT && s.config)
		err = sts_inputs_config_stuck(pid, s.last_plan_ms - STS_PLANNER_MS, &e);
	if (err == STS_OK) {
		s.logged_refusal = 0;
		bool same = !first && memcmp(plans->digest, sts_members_plans()->digest,
					     sizeof(plans->digest)) == 0;

		sts_log_setup((enum sts_level)plans->log_level, plans->log_format);
		sts_running_take_over(plans);
		if (!same)
			plan_listener();
		note_reload(true);
	} else if (first) {
		s.exit_status = sts_complain(&e);
	} else {
		log_refusal(&e);
	}
	if (first && s.exit_status < 0)
		own_all();
	if (first && s.exit_status < 0)
		confine();
	if (s.refresh_after_plan)
		refresh_all();
}

/* Make new plans. Only `run` makes plans more than once. Its options are read anew, since they are
 * too large to be kept. */
static __attribute__((noinline)) void start_planning(void)
{
	struct sts_options o;
	struct sts_error e;
	char warning[1];

	s.next_plan_ms = -1;
	if (!sts_inputs_config_hangs(&e) &&
	    sts_options_read(&o, STS_COMMAND_RUN, s.argv + 2, environ, NULL, -1, warning,
			     sizeof(warning), &e) == STS_OK &&
	    sts_planner_start(&s.planner, &o, s.argv + 2, false, &e) == STS_OK)
		return;
	log_refusal(&e);
	if (s.refresh_after_plan)
		refresh_all();
}

/* ---- workers ---- */

static void worker_ended(struct sts_member *t, enum sts_outcome outcome,
			 const struct sts_report *report, int64_t duration_ms,
			 const struct sts_moment *now)
{
	sts_event_log_outcome(&t->x, &t->logged, &t->store, sts_members_text(t->x.plan->route),
			      outcome, report, duration_ms, now);
	count_attempt(t, outcome, report, duration_ms, now->real_ms / 1000);
	if (report->flags & STS_REPORT_REPLAN)
		request_plan(now->boot_ms);
}

/* Reap every child. If the supervisor is PID 1, the orphans of `kubectl exec` are its children
 * too. */
static void reap(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s.planner.pid)
			s.planner.pid = -1;
		else if (pid == s.listener.pid)
			sts_listener_process_ended(&s.listener, status);
		sts_workers_reaped(pid, status);
		sts_inputs_reaped(pid);
	}
}

/* ---- the loop ---- */

static int64_t wake_at(void)
{
	bool planning = s.planner.plans != NULL;
	int64_t at_ms = planning                     ? s.planner.kill_boot_ms
			: sts_inputs_config_in_use() ? -1
						     : s.next_plan_ms;

	if (s.shows)
		at_ms = sts_schedule_earlier_ms(at_ms, sts_clock_boot_ms() + SHOW_EVERY_MS);
	at_ms = sts_schedule_earlier_ms(at_ms, sts_workers_wake_ms(sts_clock_boot_ms()));
	at_ms = sts_schedule_earlier_ms(at_ms, sts_inputs_wake_ms(planning));
	return sts_schedule_earlier_ms(at_ms, s.listener.next_ms);
}

static void on_signals(unsigned events)
{
	if (events & STS_EVENT_CHILD)
		reap();
	if ((events & STS_EVENT_REFRESH) && s.config && !s.once) {
		s.refresh_after_plan = true;
		request_plan(sts_clock_boot_ms());
	} else if (events & STS_EVENT_REFRESH) {
		refresh_all();
	}
}

/* Follow the node's clock. Some kernels do not tell of a step, so the clock is compared whenever
 * the supervisor wakes. That makes no system call, unless the clock has moved. */
static void on_clock(bool stepped)
{
	int64_t boot_ms = sts_clock_boot_ms(), real_ms = sts_clock_real_ms();
	struct sts_moment m = {0};

	for (STS_EACH_MEMBER(t)) {
		if (!stepped && !sts_exchange_clock_moved(&t->x, boot_ms, real_ms))
			continue;
		if (m.boot_ms == 0)
			m = sts_now();
		sts_exchange_clock_stepped(&t->x, &m);
	}
}

static void handle(unsigned events)
{
	int64_t now_ms;

	sts_workers_read();
	if (events & STS_EVENT_REPORT)
		sts_inputs_read();
	on_signals(events);
	on_clock(events & STS_EVENT_CLOCK);
	if (events & STS_EVENT_FILES)
		sts_inputs_read_events();
	now_ms = sts_clock_boot_ms();
	if (sts_inputs_config_changed())
		request_plan(now_ms);
	if (sts_planner_read(&s.planner, now_ms))
		finish_planning();
	sts_workers_kill_late(now_ms);
	if (s.next_plan_ms >= 0 && now_ms >= s.next_plan_ms && !s.planner.plans &&
	    !sts_inputs_config_in_use())
		start_planning();
	if (s.exit_status >= 0 || !sts_members_plans())
		return;
	sts_running_end_late();
	sts_workers_start_due(sts_clock_boot_ms(), s.snapshot_fd);
	/* The listener has only the directories that were there when it started. */
	if (s.listener.pid > 0 && s.opened != sts_running_opened())
		plan_listener();
	if (s.listener.next_ms >= 0 && now_ms >= s.listener.next_ms)
		start_listener();
	sts_inputs_start_due(sts_clock_boot_ms(), s.planner.plans != NULL);
	publish(false);
	sts_running_write_status();
}

/* Returns the exit status of the program if all exchanges have ended, or -1 if the supervisor goes
 * on. */
static int done(void)
{
	const struct sts_plans *plans = sts_members_plans();
	int status = STS_EXIT_OK;

	if (s.exit_status >= 0 || !plans)
		return s.exit_status;
	for (uint32_t i = 0; i < plans->count; i++) {
		const struct sts_member *t = sts_member_of(i);

		if (sts_exchange_exit_status(&t->x) < 0)
			return -1;
		if (status == STS_EXIT_OK)
			status = sts_exchange_exit_status(&t->x);
	}
	return status;
}

/* The first exchange that has not ended; NULL if there is none yet. */
static const struct sts_exchange *unfinished(void)
{
	for (STS_EACH_MEMBER(t))
		if (sts_exchange_exit_status(&t->x) < 0)
			return &t->x;
	return NULL;
}

/* Show on a terminal what `fetch` waits for. */
static __attribute__((noinline)) void show_progress(void)
{
	const struct sts_exchange *x = unfinished();

	s.shows = x && s.once && sts_event_log_progress(x, sts_clock_boot_ms());
}

/* Revoke the tokens, if the user wants that. A second signal to stop ends it. */
static void revoke_all(void)
{
	const struct sts_plans *plans = sts_members_plans();
	int64_t until_ms = plans ? sts_clock_boot_ms() + plans->revoke_timeout_ms : 0;
	int64_t now_s = sts_clock_real_ms() / 1000;
	int pipes[STS_WORKERS_MAX];
	unsigned events = 0;

	for (STS_EACH_MEMBER(t)) {
		t->to_revoke = t->x.plan->revokes && t->x.expires_s > now_s;
		t->worker = NULL;
		sts_member_sweep(t);
	}
	while (!(events & STS_EVENT_STOP) && sts_workers_revoke(until_ms, s.snapshot_fd)) {
		sts_workers_pipes(pipes);
		events = sts_events_wait(&s.ev, until_ms, pipes, STS_WORKERS_MAX);
		sts_workers_read();
		reap();
	}
	for (STS_EACH_MEMBER(t))
		if (t->to_revoke && (events & STS_EVENT_STOP))
			sts_event_log_revoked(&t->x, sts_words("a second signal to stop came"));
	sts_workers_stop();
}

/* Not inlined, like other functions in this file: a buffer in the stack frame that sleeps would be
 * memory that is never given back. */
static __attribute__((noinline)) int stop(void)
{
	sts_workers_stop();
	sts_planner_drop(&s.planner);
	sts_listener_process_stop(&s.listener);
	revoke_all();
	if (s.once)
		sts_event_log_stopped(unfinished(), sts_clock_boot_ms());
	else
		sts_event_log_plain(STS_LEVEL_INFO, "told to stop");
	for (STS_EACH_MEMBER(t))
		sts_member_remove(t);
	return s.once ? sts_error_info(STS_ESTOPPED).exit_status : STS_EXIT_OK;
}

static unsigned wait_for_events(void)
{
	int pipes[STS_EVENTS_PIPES_MAX];

	_Static_assert(STS_EVENTS_PIPES_MAX == STS_WORKERS_MAX + 2, "planner and examiners");
	sts_workers_pipes(pipes);
	pipes[STS_WORKERS_MAX] = s.planner.fd;
	pipes[STS_WORKERS_MAX + 1] = sts_examiner_fd();
	s.ev.watch_fd = sts_inputs_watch_fd();
	return sts_events_wait(&s.ev, wake_at(), pipes, STS_EVENTS_PIPES_MAX);
}

static void set_up(const struct sts_options *o, char *const *argv)
{
	s = (struct supervisor){.argv = argv,
				.config = o->config,
				.started_ms = sts_clock_real_ms(),
				.once = o->command == STS_COMMAND_FETCH || o->single_run,
				.snapshot_fd = -1,
				.next_plan_ms = -1,
				.exit_status = -1};
	sts_planner_init(&s.planner);
	sts_inputs_init(o->config);
	sts_listener_process_init(&s.listener);
	sts_workers_init(argv, worker_ended);
}

int sts_supervisor_start(const struct sts_options *o, char *const *argv)
{
	struct sts_error e;

	set_up(o, argv);
	/* Workers must not inherit descriptors that the container runtime has left open. Kernels
	 * before 5.11 refuse this flag. */
	syscall(SYS_close_range, 3, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
	if (sts_events_init(&s.ev, &e) != STS_OK ||
	    sts_planner_start(&s.planner, o, argv + 2, true, &e) != STS_OK)
		return sts_event_log_cannot_start(&e);
	return -1;
}

int sts_supervise(void)
{
	unsigned events = 0;
	int status;

	for (;;) {
		handle(events);
		status = done();
		if (status >= 0) {
			sts_progress_end();
			return status;
		}
		show_progress();
		events = wait_for_events();
		if (events & STS_EVENT_STOP)
			return stop();
	}
}
