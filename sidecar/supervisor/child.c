/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/packed.h"
#include "base/system_calls.h"
#include "supervisor/spawn.h"

/* The most reads of a pipe at a time, so that a worker that writes without end does not keep the
 * supervisor from its other work. */
#define READS_MAX 8

void sts_child_init(struct sts_child *c)
{
	memset(c, 0, sizeof(*c));
	c->pid = -1;
	c->fd = -1;
}

extern char **environ;

enum sts_err sts_child_start(struct sts_child *c, const struct sts_job *job, char *const *argv,
			     int snapshot_fd, struct sts_error *e)
{
	char *arguments[STS_JOB_ARGUMENTS_MAX];
	struct sts_job_words words;
	int fds[2];

	sts_child_init(c);
	if (!sts_job_arguments(job, argv, &words, arguments))
		return sts_fail(e, STS_EUSAGE, 0, "more than %d arguments",
				STS_JOB_ARGUMENTS_MAX - STS_JOB_COMMAND_AT - 1);
	if (sts_pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return sts_fail(e, sts_errno_code(errno, STS_EFORK), errno,
				"no pipe for a worker: %s", sts_errno_words(errno));
	c->pid = sts_spawn(arguments, environ, fds[1], snapshot_fd);
	close(fds[1]);
	if (c->pid < 0) {
		int err = errno;

		close(fds[0]);
		return sts_fail(e, sts_errno_code(err, STS_EFORK), err,
				"the worker process could not be started: %s",
				sts_errno_words(err));
	}
	c->fd = fds[0];
	c->started_boot_ms = sts_clock_boot_ms();
	c->kill_boot_ms = c->started_boot_ms + job->timeout_ms + STS_JOB_GRACE_MS;
	return STS_OK;
}

/* Put bytes of the pipe into the stage and the report. Bytes beyond the size of a report are
 * counted too, so that sts_report_ok() refuses the size. */
static void take(struct sts_child *c, const char *data, size_t len)
{
	while (len > 0 && c->len == 0 && c->findings_len == 0 && c->stage_len == 0 && *data > 0 &&
	       *data <= STS_READS_LAST) {
		c->reads = (uint8_t)*data++;
		len--;
	}
	while (len > 0 && c->len == 0 && c->findings_len == 0 && c->stage_len < sizeof(c->stage) &&
	       (c->stage_len > 0 || data[0] == STS_REPORT_STAGE_SENT)) {
		c->stage[c->stage_len++] = (uint8_t)*data++;
		len--;
	}
	if (len > 0 && c->len == 0 && c->stage_len == sizeof(c->stage) && !c->prints &&
	    data[0] == STS_REPORT_STAGE_PRINT) {
		c->prints = true;
		data++;
		len--;
	}
	while (len > 0 && c->findings_len < c->findings_bytes) {
		c->findings[c->findings_len++] = *data++;
		len--;
	}
	if (c->len < sizeof(c->report)) {
		size_t room = sizeof(c->report) - c->len;

		memcpy((char *)&c->report + c->len, data, len < room ? len : room);
	}
	c->len += len;
}

void sts_child_read(struct sts_child *c)
{
	char buf[sizeof(struct sts_report) + 8];

	for (int turns = 0; c->fd >= 0 && turns < READS_MAX; turns++) {
		ssize_t got = read(c->fd, buf, sizeof(buf));

		if (got > 0)
			take(c, buf, (size_t)got);
		/* Bytes beyond the size of a report are a mistake: do not read the rest. */
		if (got > 0 && c->len <= sizeof(c->report))
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		close(c->fd);
		c->fd = -1;
	}
}

/* Make the report of a worker that has left no valid one: it says how the worker ended. */
static void report_end(struct sts_child *c, int status, struct sts_report *report)
{
	struct sts_error error = {.code = STS_EWORKER};
	const char *when = sts_words(c->prints ? "standard output may have a part of the token"
				     : c->stage_len > 0 ? "after the request was sent"
							: "before the request was sent");

	if (c->killed)
		sts_fail(&error, STS_ETIMEOUT, STS_TIMEOUT_HERE,
			 "the worker did not end in time (%s) and was killed", when);
	else if (WIFSIGNALED(status))
		sts_fail(&error, STS_EWORKER, WTERMSIG(status),
			 "the worker was killed by signal %d (%s)", WTERMSIG(status), when);
	else if (WEXITSTATUS(status) == STS_SPAWN_EXEC_FAILED ||
		 WEXITSTATUS(status) == STS_SPAWN_EMULATED)
		sts_fail(&error, STS_EFORK, WEXITSTATUS(status) == STS_SPAWN_EMULATED ? ENOEXEC : 0,
			 "the worker could not be executed");
	else
		sts_fail(&error, STS_EWORKER, WEXITSTATUS(status),
			 "the worker ended with status %d and no valid report (%s)",
			 WEXITSTATUS(status), when);
	sts_report_failure(report, &error);
}

bool sts_child_finish(struct sts_child *c, int status, struct sts_report *report)
{
	sts_child_read(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->pid = -1;
	bool is_valid = sts_report_ok(&c->report, c->len, sts_clock_real_ms() / 1000,
				      sts_clock_boot_ms());
	if (is_valid)
		*report = c->report;
	else
		report_end(c, status, report);
	if (c->prints && (report->error != STS_OK || report->lifetime_s == 0)) {
		report->detail = report->error == STS_ESTDOUT ? report->detail : 0;
		report->error = STS_ESTDOUT;
	}
	return is_valid;
}

bool sts_child_drop(struct sts_child *c)
{
	bool has_ended = sts_spawn_end(c->pid);

	if (c->fd >= 0)
		close(c->fd);
	sts_child_init(c);
	return has_ended;
}
