/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/listener_process.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/packed.h"
#include "supervisor/event_log.h"
#include "supervisor/spawn.h"
#include "wire/listener_job.h"

#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000

void sts_listener_process_init(struct sts_listener_process *l)
{
	*l = (struct sts_listener_process){.pid = -1, .fd = -1, .next_ms = -1};
}

/* Log that the listener does not run, and plan its next start. The wait doubles each time. It
 * begins again at AGAIN_MIN_MS if the listener has lived longer than AGAIN_MAX_MS.
 *   key    in  of value in the log line; NULL if value is an errno, which is told in words */
static __attribute__((noinline)) void start_again(struct sts_listener_process *l, const char *msg,
						  const char *key, int value)
{
	int64_t now_ms = sts_clock_boot_ms();
	struct sts_log line;

	l->wait_ms = now_ms - l->started_ms > AGAIN_MAX_MS ? AGAIN_MIN_MS : 2 * l->wait_ms;
	if (l->wait_ms > AGAIN_MAX_MS)
		l->wait_ms = AGAIN_MAX_MS;
	l->next_ms = now_ms + l->wait_ms;
	sts_log_start(&line, STS_LEVEL_WARN, sts_words(msg));
	if (key)
		sts_log_int(&line, key, value);
	else
		sts_log_str(&line, "reason", sts_errno_words(value));
	sts_log_int(&line, "retry_in_s", l->wait_ms / 1000);
	sts_log_end(&line);
}

void sts_listener_process_plan(struct sts_listener_process *l, bool wanted,
			       const char *const *names, size_t count)
{
	struct sts_error e;

	sts_listener_process_stop(l);
	if (wanted && !l->metrics && sts_metrics_make(&l->metrics, &l->fd, &e) != STS_OK)
		sts_event_log_plain(STS_LEVEL_WARN, e.msg);
	if (l->metrics)
		sts_metrics_set_names(l->metrics, names, count);
	if (!wanted || !l->metrics)
		return;
	l->wait_ms = AGAIN_MIN_MS / 2;
	l->next_ms = sts_clock_boot_ms();
}

void sts_listener_process_start(struct sts_listener_process *l, const char *program,
				const char *where, bool require, const char *const *dirs)
{
	struct sts_listener_job job = {.where = where,
				       .level = sts_log_level(),
				       .format = sts_log_format(),
				       .require_sandbox = require};
	const char *arguments[STS_LISTENER_DIRECTORIES_AT + STS_EXCHANGES_MAX + 1];
	char numbers[2][2];

	sts_listener_arguments(&job, program, dirs, l->metrics->count, numbers, arguments);
	l->next_ms = -1;
	l->started_ms = sts_clock_boot_ms();
	/* The environment is empty, since a variable may hold the password of a proxy. */
	l->pid = sts_spawn((char *const *)(uintptr_t)arguments, (char *const[]){NULL}, l->fd, -1);
	if (l->pid < 0)
		start_again(l, STS_PACKED("the process of --listen could not be started"), NULL,
			    errno);
}

void sts_listener_process_ended(struct sts_listener_process *l, int status)
{
	l->pid = -1;
	if (WIFSIGNALED(status))
		start_again(l, STS_PACKED("the process of --listen was killed"), "signal",
			    WTERMSIG(status));
	else
		start_again(l, STS_PACKED("the process of --listen ended"), "status",
			    WEXITSTATUS(status));
}

void sts_listener_process_stop(struct sts_listener_process *l)
{
	sts_spawn_end(l->pid);
	l->pid = -1;
	l->next_ms = -1;
}
