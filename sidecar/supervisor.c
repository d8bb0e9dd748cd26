/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/status.h"
#include "../lib/store.h"
#include "child.h"
#include "events.h"
#include "log.h"

/* After a swap of the subject token, or a step of the clock that makes the token look dead: attempts of a fleet spread over this. */
#define SPREAD_MS 10000

/* An attempt with less time than this before the deadline can only end in a time-out, which would hide why the others failed. */
#define LAST_ATTEMPT_MS 500

/* Which file the subject token is. The supervisor looks at it and never into it. */
struct subject_file {
	dev_t device;
	ino_t inode;
	int64_t size_bytes;
	struct timespec modified;
};

/* One exchange: its schedule, its files, its worker. */
struct exchange {
	const struct sts_options *o;
	const struct sts_plan *plan;
	char *const *argv;
	struct sts_store store;
	struct sts_schedule_state schedule;
	struct sts_status status;
	struct sts_child worker;
	int64_t next_ms;             /* of the next exchange; -1: none */
	int64_t next_poll_ms;        /* -1: off */
	int64_t deadline_ms;         /* of all attempts; -1: none */
	int64_t ended_ms;            /* when the last attempt did */
	int64_t not_before_ms;       /* the STS asked us to wait until then */
	int64_t expires_s;           /* of the token that we hold; 0: none */
	bool capped;                 /* by the subject token's own expiry */
	struct subject_file subject; /* as it was when the last worker started */
	bool poll_off;               /* for the run: there is no such endpoint */
	bool has_thumbprint;
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	int32_t poll_error, poll_detail; /* what was logged last */
	bool told_once, told_skew;
	int exit_status; /* of the last failure; -1: go on */
};

static uint32_t random32(void)
{
	uint32_t value = 0;

	/* An entropy pool that is not ready yet must not stop the schedule; the jitter is then none. */
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = (uint32_t)sts_clock_boot_ms() * 2654435761u;
	return value;
}

/* ---- what is told ---- */

static void write_status(struct exchange *x)
{
	char buf[STS_STATUS_MAX_BYTES];
	struct sts_text text;

	if (x->store.dir_fd < 0)
		return;
	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(&x->status, &text);
	/* A full or read-only disk is told by the token's own failure; the status is a convenience. */
	sts_store_write(&x->store, STS_FILE_STATUS, (struct sts_slice){buf, text.len}, NULL);
}

static int64_t epoch_of(int64_t boot_ms)
{
	return boot_ms < 0 ? 0 : (sts_clock_real_ms() + boot_ms - sts_clock_boot_ms()) / 1000;
}

static void note_status(struct exchange *x, const struct sts_report *report)
{
	struct sts_status *s = &x->status;
	bool failed = report->error != STS_OK;

	s->state = failed ? STS_STATE_FAILING : STS_STATE_OK;
	s->error = (enum sts_err)report->error;
	s->detail = report->detail;
	s->http_status = report->http_status;
	s->tries = failed ? x->schedule.failures : 0;
	s->attempts++;
	s->sts_error[0] = '\0';
	if (sts_status_code_known(report->sts_error))
		memcpy(s->sts_error, report->sts_error, strlen(report->sts_error) + 1);
	s->last_attempt_s = sts_clock_real_ms() / 1000;
	s->next_attempt_s = x->exit_status >= 0 ? 0 : epoch_of(x->next_ms);
	if (!failed)
		s->last_success_s = s->last_attempt_s;
	write_status(x);
}

/* What the first line says: with which mode files are written, and through which proxy the STS is reached. */
static void add_once(struct sts_log *l, struct exchange *x)
{
	const struct sts_store *store = &x->store;
	char mode[8] = {'0', (char)('0' + (store->mode >> 6 & 7)),
			(char)('0' + (store->mode >> 3 & 7)), (char)('0' + (store->mode & 7))};

	if (x->told_once)
		return;
	x->told_once = true;
	if (store->dir_fd >= 0)
		sts_log_str(l, "mode", mode);
	if (x->plan->proxy[0])
		sts_log_str(l, "proxy", x->plan->proxy);
}

static void log_success(struct exchange *x, const struct sts_report *report)
{
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_INFO,
		      report->flags & STS_REPORT_ADOPTED ? "token adopted" : "token refreshed");
	sts_log_str(&l, "exchange", "default");
	sts_log_time(&l, "expires", report->expires_s);
	sts_log_int(&l, "lifetime_s", report->lifetime_s);
	if (x->next_ms >= 0)
		sts_log_int(&l, "next_refresh_s", (x->next_ms - sts_clock_boot_ms() + 500) / 1000);
	sts_log_int(&l, "duration_ms", sts_clock_boot_ms() - x->worker.started_boot_ms);
	if (report->clock_skew_s && !x->told_skew)
		sts_log_int(&l, "clock_skew_s", report->clock_skew_s);
	x->told_skew = report->clock_skew_s != 0;
	add_once(&l, x);
	sts_log_end(&l);
}

/* "the STS refused this ServiceAccount: check its authorization rules"; without the first half where the message says it already. */
static void add_hint(struct sts_log *l, const struct sts_error_info info, const char *msg)
{
	char hint[256];
	struct sts_text text;

	sts_text_init(&text, hint, sizeof(hint));
	if (strncmp(msg, info.meaning, strlen(info.meaning)) != 0) {
		sts_text_add_str(&text, info.meaning);
		sts_text_add_str(&text, ": ");
	}
	sts_text_add_str(&text, info.hint);
	sts_log_str(l, "hint", hint);
}

static void log_failure(struct exchange *x, const struct sts_report *report)
{
	const struct sts_error_info info = sts_error_info((enum sts_err)report->error);
	int64_t now_ms = sts_clock_boot_ms(), valid_ms = x->schedule.token_until_ms - now_ms;
	const char *msg = report->text[0] ? report->text : info.meaning;
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_ERROR, msg);
	sts_log_str(&l, "exchange", "default");
	sts_log_str(&l, "error", info.name);
	if (report->sts_error[0])
		sts_log_str(&l, "sts_error", report->sts_error);
	if (x->next_ms >= 0 && x->exit_status < 0)
		sts_log_int(&l, "retry_in_s", (x->next_ms - now_ms + 500) / 1000);
	sts_log_int(&l, "token_valid_s", valid_ms > 0 ? valid_ms / 1000 : 0);
	add_hint(&l, info, msg);
	add_once(&l, x);
	sts_log_end(&l);
}

/* ---- the schedule ---- */

static void after_success(struct exchange *x, const struct sts_report *report)
{
	x->schedule = (struct sts_schedule_state){.token_from_ms = report->sent_boot_ms,
						  .token_until_ms = report->sent_boot_ms +
								    report->lifetime_s * 1000,
						  .failing_since_ms = -1};
	x->expires_s = report->expires_s;
	x->capped = report->flags & STS_REPORT_CAPPED;
	x->has_thumbprint = report->flags & STS_REPORT_THUMBPRINT;
	memcpy(x->thumbprint, report->thumbprint, sizeof(x->thumbprint));
	x->next_ms = sts_schedule_after_success(&x->plan->rules, &x->schedule, sts_clock_boot_ms(),
						random32());
	if (x->plan->once) {
		x->exit_status = STS_EXIT_OK;
		x->next_ms = -1;
	}
	log_success(x, report);
	note_status(x, report);
}

/* Is there a reason to end: a mistake of the caller's, the deadline, or a failure that `fetch` does not retry? */
static bool gives_up(const struct exchange *x, enum sts_err err)
{
	const struct sts_error_info info = sts_error_info(err);

	if (info.retry == STS_RETRY_NEVER)
		return true;
	if (!x->plan->once)
		return false;
	return !info.fetch_retries || x->plan->one_attempt ||
	       x->next_ms > x->deadline_ms - LAST_ATTEMPT_MS;
}

/* A token that lay there when we started and is due, but still valid: it counts until there is a new one. */
static void hold_what_is_there(struct exchange *x, const struct sts_report *report, int64_t now_ms)
{
	int64_t left_ms = report->expires_s * 1000 - sts_clock_real_ms();

	if (!(report->flags & STS_REPORT_ADOPTED) || x->expires_s > 0 || left_ms <= 0)
		return;
	x->expires_s = report->expires_s;
	x->schedule.token_until_ms = now_ms + left_ms;
	x->schedule.token_from_ms = x->schedule.token_until_ms - report->lifetime_s * 1000;
}

static void after_failure(struct exchange *x, const struct sts_report *report)
{
	enum sts_err err = (enum sts_err)report->error;
	const struct sts_error_info info = sts_error_info(err);
	int64_t now_ms = sts_clock_boot_ms();

	hold_what_is_there(x, report, now_ms);
	if (x->schedule.failures++ == 0)
		x->schedule.failing_since_ms = now_ms;
	/* A fetch has somebody waiting: what it retries, it retries soon. */
	x->next_ms = sts_schedule_after_failure(&x->plan->rules, &x->schedule,
						x->plan->once ? STS_RETRY_SOON : info.retry,
						report->retry_after_s, now_ms, random32());
	/* Where the STS asked for a pause, nothing but the caller brings the next attempt forward. */
	x->not_before_ms = report->retry_after_s > 0 ? x->next_ms : 0;
	if (gives_up(x, err))
		x->exit_status = info.exit_status;
	log_failure(x, report);
	note_status(x, report);
}

/* ---- what brings an exchange forward ---- */

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

/* Whatever the reason is, the floors hold. */
static void bring_forward(struct exchange *x, int64_t at_ms)
{
	int64_t floor_ms = x->schedule.failures > 0
				   ? x->ended_ms + STS_SCHEDULE_RETRY_FLOOR_MS
				   : x->schedule.token_from_ms + STS_SCHEDULE_FLOOR_MS;

	if (at_ms < floor_ms)
		at_ms = floor_ms;
	/* An exchange that is under way sets the next time itself. */
	if ((x->worker.pid < 0 || x->worker.mode == STS_WORKER_POLL) &&
	    (x->next_ms < 0 || at_ms < x->next_ms))
		x->next_ms = at_ms;
}

static void bring_forward_spread(struct exchange *x)
{
	int64_t now_ms = sts_clock_boot_ms(),
		from_ms = x->not_before_ms > now_ms ? x->not_before_ms : now_ms;

	/* Drawn once: where reasons come in a storm, the least of many draws would be no spread, and no back-off. */
	if (x->next_ms > from_ms + SPREAD_MS)
		bring_forward(x, from_ms + sts_schedule_jitter(SPREAD_MS, random32()));
}

/* Somebody asks for it: neither the back-off nor Retry-After holds. */
static void refresh_now(struct exchange *x)
{
	bring_forward(x, sts_clock_boot_ms());
}

static void clock_stepped(struct exchange *x)
{
	if (x->expires_s > 0 && x->expires_s <= sts_clock_real_ms() / 1000)
		bring_forward_spread(x);
}

/* Something changed beside the subject token. In a directory that others write in, that may happen all the time. */
static void subject_changed(struct exchange *x)
{
	struct subject_file now = look_at(x->o->token_file);

	/* A worker may have the old one: what it brings is judged when it ends. */
	if ((x->worker.pid > 0 && x->worker.mode != STS_WORKER_POLL) ||
	    same_file(&now, &x->subject))
		return;
	x->subject = now;
	if (x->capped || x->schedule.failures > 0)
		bring_forward_spread(x);
}

/* ---- the sig-cert poll ---- */

static void schedule_poll(struct exchange *x)
{
	int64_t interval_ms = x->plan->poll_ms;

	x->next_poll_ms = -1;
	if (interval_ms > 0 && x->has_thumbprint && !x->poll_off && !x->plan->once)
		x->next_poll_ms = sts_clock_boot_ms() + interval_ms * 4 / 5 +
				  sts_schedule_jitter(interval_ms * 2 / 5, random32());
}

static void log_poll(enum sts_level level, const char *msg, const struct sts_report *report)
{
	struct sts_log l;

	sts_log_start(&l, level, msg);
	sts_log_str(&l, "exchange", "default");
	if (report->error != STS_OK)
		sts_log_str(&l, "error", sts_error_info((enum sts_err)report->error).name);
	sts_log_end(&l);
}

static void after_poll(struct exchange *x, const struct sts_report *report)
{
	x->poll_off = report->flags & STS_REPORT_POLL_OFF;
	schedule_poll(x);
	if (x->poll_off) {
		log_poll(STS_LEVEL_INFO,
			 "the STS has no sig-cert endpoint: key rotation is noticed at the next "
			 "refresh",
			 report);
		return;
	}
	if (report->error != STS_OK &&
	    (x->poll_error != report->error || x->poll_detail != report->detail))
		log_poll(STS_LEVEL_WARN, report->text, report);
	x->poll_error = report->error;
	x->poll_detail = report->detail;
	/* While exchanges fail, the next one is planned already, and soon. */
	if (report->error == STS_OK && (report->flags & STS_REPORT_THUMBPRINT) &&
	    x->schedule.failures == 0 &&
	    memcmp(x->thumbprint, report->thumbprint, sizeof(x->thumbprint)) != 0) {
		log_poll(STS_LEVEL_INFO, "the signing certificate changed: exchanging now", report);
		refresh_now(x);
	}
}

/* ---- the worker ---- */

/* A report that is fit to be believed may still claim a success without a token. */
static void refuse_empty_success(struct sts_report *report)
{
	static const char text[] = "the worker reported a success without a token";

	if (report->error != STS_OK || report->lifetime_s > 0)
		return;
	report->error = STS_EWORKER;
	memcpy(report->text, text, sizeof(text));
}

static void finished(struct exchange *x, struct sts_report *report)
{
	if (x->worker.mode == STS_WORKER_POLL) {
		after_poll(x, report);
		return;
	}
	x->ended_ms = sts_clock_boot_ms();
	refuse_empty_success(report);
	if (report->error == STS_OK)
		after_success(x, report);
	else
		after_failure(x, report);
	schedule_poll(x);
	if (!x->plan->once)
		subject_changed(x);
}

static void start(struct exchange *x, enum sts_worker_mode mode)
{
	struct sts_report report = {.retry_after_s = -1};
	int64_t timeout_ms = x->plan->timeout_ms;
	struct sts_error e;

	if (mode != STS_WORKER_POLL)
		x->subject = look_at(x->o->token_file);
	if (x->deadline_ms >= 0 && x->deadline_ms - sts_clock_boot_ms() < timeout_ms)
		timeout_ms = x->deadline_ms - sts_clock_boot_ms();
	if (timeout_ms < 1)
		timeout_ms = 1;
	if (sts_child_start(&x->worker, mode, x->argv, timeout_ms, &e) == STS_OK)
		return;
	report.error = (int32_t)e.code;
	report.detail = e.detail;
	memcpy(report.text, e.msg, sizeof(report.text));
	x->worker.mode = mode;
	x->worker.started_boot_ms = sts_clock_boot_ms();
	finished(x, &report);
}

/* Reap every child: orphans of `kubectl exec` become ours where we are PID 1. */
static void reap(struct exchange *x)
{
	struct sts_report report;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == x->worker.pid) {
			sts_child_finish(&x->worker, status, &report);
			finished(x, &report);
		}
}

/* ---- events ---- */

static int64_t earliest(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static int64_t wake_at(const struct exchange *x)
{
	if (x->worker.pid > 0)
		return x->worker.mode == STS_WORKER_POLL
			       ? earliest(x->next_ms, x->worker.kill_boot_ms)
			       : x->worker.kill_boot_ms;
	return earliest(x->next_ms, x->next_poll_ms);
}

static void on_time(struct exchange *x)
{
	int64_t now_ms = sts_clock_boot_ms();
	bool due = x->next_ms >= 0 && now_ms >= x->next_ms;

	/* A poll that hangs must not hold up an exchange. */
	if (due && x->worker.pid > 0 && x->worker.mode == STS_WORKER_POLL)
		sts_child_drop(&x->worker);
	if (x->worker.pid > 0) {
		struct sts_report report;

		if (now_ms < x->worker.kill_boot_ms)
			return;
		sts_child_kill(&x->worker);
		sts_child_finish(&x->worker, 0, &report);
		finished(x, &report);
	} else if (due) {
		start(x,
		      x->plan->adopt && x->expires_s == 0 ? STS_WORKER_ADOPT : STS_WORKER_EXCHANGE);
	} else if (x->next_poll_ms >= 0 && now_ms >= x->next_poll_ms) {
		start(x, STS_WORKER_POLL);
	}
}

/* Not inlined, as others below: a buffer in the frame that sleeps would be memory that is never given back. */
static __attribute__((noinline)) int stop(struct exchange *x)
{
	struct sts_log l;

	sts_child_drop(&x->worker);
	if (!x->plan->once) {
		x->status.state = STS_STATE_STOPPED;
		x->status.next_attempt_s = 0;
		write_status(x);
	}
	sts_log_start(&l, STS_LEVEL_INFO,
		      x->plan->once ? sts_error_info(STS_ESTOPPED).meaning : "told to stop");
	sts_log_end(&l);
	return x->plan->once ? sts_error_info(STS_ESTOPPED).exit_status : STS_EXIT_OK;
}

static int loop(struct exchange *x, struct sts_events *ev)
{
	while (x->exit_status < 0) {
		unsigned events = sts_events_wait(ev, wake_at(x), x->worker.fd);

		if (events & STS_EVENT_STOP)
			return stop(x);
		if (events & STS_EVENT_REPORT)
			sts_child_read(&x->worker);
		if (events & STS_EVENT_CHILD)
			reap(x);
		if (events & STS_EVENT_REFRESH)
			refresh_now(x);
		if (events & STS_EVENT_CLOCK)
			clock_stepped(x);
		if (events & STS_EVENT_SUBJECT)
			subject_changed(x);
		if (x->exit_status < 0)
			on_time(x);
	}
	return x->exit_status;
}

static __attribute__((noinline)) int fail_at_start(const struct sts_error *e)
{
	const struct sts_error_info info = sts_error_info(e->code);
	struct sts_log l;

	sts_log_start(&l, STS_LEVEL_ERROR, e->msg);
	sts_log_str(&l, "error", info.name);
	sts_log_str(&l, "hint", info.hint);
	sts_log_end(&l);
	return info.exit_status;
}

/* Open the directory, own it, and show that it can be written: what is wrong with it now will not mend by itself. */
static __attribute__((noinline)) enum sts_err own_directory(struct exchange *x, struct sts_error *e)
{
	const struct sts_options *o = x->o;
	char buf[STS_STATUS_MAX_BYTES];
	struct sts_text text;
	enum sts_err err = sts_store_open(&x->store, o->output_dir, o->create_dir, o->mode,
					  o->group, e);

	if (err == STS_OK)
		err = sts_store_lock(&x->store, e);
	if (err != STS_OK)
		return err;
	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(&x->status, &text);
	err = sts_store_write(&x->store, STS_FILE_STATUS, (struct sts_slice){buf, text.len}, e);
	/* A full disk may have room again. */
	return err != STS_OK && (e->detail == ENOSPC || e->detail == EDQUOT) ? STS_OK : err;
}

int sts_supervise(const struct sts_options *o, const struct sts_plan *plan, char *const *argv)
{
	struct exchange x = {.o = o,
			     .plan = plan,
			     .argv = argv,
			     .store = {.dir_fd = -1},
			     .next_poll_ms = -1,
			     .deadline_ms = -1,
			     .exit_status = -1,
			     .schedule = {.failing_since_ms = -1}};
	struct sts_events ev;
	struct sts_error e;

	sts_child_init(&x.worker);
	if (sts_events_init(&ev, &e) != STS_OK)
		return fail_at_start(&e);
	if (!plan->to_stdout && own_directory(&x, &e) != STS_OK)
		return fail_at_start(&e);
	if (!plan->once)
		sts_events_watch(&ev, o->token_file);
	x.next_ms = sts_clock_boot_ms();
	if (plan->deadline_ms > 0)
		x.deadline_ms = x.next_ms + plan->deadline_ms;
	on_time(&x);
	return loop(&x, &ev);
}
