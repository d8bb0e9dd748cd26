/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* Beyond the program's own options; a longer command line is refused by the exec of the worker, not cut. */
#define ARGUMENTS_MAX 256

/* Exit status of a child whose exec failed: EX_OSERR, which no worker uses. */
#define EXEC_FAILED 71

static const char *const mode_names[STS_WORKER__COUNT] = {
	[STS_WORKER_EXCHANGE] = "exchange",
	[STS_WORKER_ADOPT] = "adopt",
	[STS_WORKER_POLL] = "poll",
	[STS_WORKER_NOTIFY] = "notify",
};

const char *sts_worker_mode_name(enum sts_worker_mode mode)
{
	return mode_names[mode];
}

bool sts_worker_mode_find(const char *name, enum sts_worker_mode *mode)
{
	for (int i = 0; i < STS_WORKER__COUNT; i++)
		if (strcmp(name, mode_names[i]) == 0) {
			*mode = (enum sts_worker_mode)i;
			return true;
		}
	return false;
}

void sts_child_init(struct sts_child *c)
{
	memset(c, 0, sizeof(*c));
	c->pid = -1;
	c->fd = -1;
}

bool sts_child_has_report_pipe(void)
{
	struct stat st;

	return fstat(STS_CHILD_REPORT_FD, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* In the child, between fork and exec: only system calls. */
static void become(int inherited_fd, int snapshot_fd, pid_t parent, char *const *arguments,
		   char *const *environ_)
{
	sigset_t none;

	/* It must not outlive its supervisor, which may have died before this line. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXEC_FAILED);
	if (inherited_fd == STS_CHILD_REPORT_FD ? syscall(SYS_fcntl, inherited_fd, F_SETFD, 0) != 0
						: dup2(inherited_fd, STS_CHILD_REPORT_FD) < 0)
		_exit(EXEC_FAILED);
	if (snapshot_fd >= 0 && dup2(snapshot_fd, STS_CHILD_SNAPSHOT_FD) < 0)
		_exit(EXEC_FAILED);
	/* Whoever sends HUP to all that have this name (pkill) means the supervisor: it must not end an exchange that is under way. */
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve("/proc/self/exe", arguments, environ_);
	/* No /proc: by the path that the kernel was given. */
	int self = open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
	if (self >= 0)
		syscall(SYS_execveat, self, "", arguments, environ_, AT_EMPTY_PATH);
	_exit(EXEC_FAILED);
}

pid_t sts_child_spawn(char *const *arguments, char *const *environ_, int inherited_fd,
		      int snapshot_fd)
{
	pid_t self = getpid(), pid = _Fork();

	if (pid == 0)
		become(inherited_fd, snapshot_fd, self, arguments, environ_);
	return pid;
}

/* Eight bytes, all that is ever needed here. */
#define ID_BYTES STS_SUBJECT_ID_BYTES

static void add_id(struct sts_text *out, const uint8_t *id)
{
	if (id)
		sts_hex_encode(out, id, ID_BYTES);
	else
		sts_text_add_char(out, '-');
}

/* The arguments that are no pointer yet, one after the other. */
struct words {
	char timeout[24], digest[2 * ID_BYTES + 2], used[2 * ID_BYTES + 2];
};

static bool fill_arguments(char **out, struct words *words, const struct sts_job *job)
{
	const char *const first[] = {job->argv[0],   "worker",  mode_names[job->mode],
				     words->timeout, job->name, words->digest,
				     words->used};
	struct sts_text text;
	size_t n = 0;

	sts_text_init(&text, words->timeout, sizeof(words->timeout));
	sts_text_addf(&text, "%lld", (long long)job->timeout_ms);
	sts_text_init(&text, words->digest, sizeof(words->digest));
	add_id(&text, job->digest);
	sts_text_init(&text, words->used, sizeof(words->used));
	add_id(&text, job->used);
	for (; n < sizeof(first) / sizeof(first[0]); n++)
		out[n] = (char *)(uintptr_t)first[n];
	for (char *const *arg = job->argv + 1; *arg; arg++) {
		if (n == ARGUMENTS_MAX - 1)
			return false;
		out[n++] = *arg;
	}
	out[n] = NULL;
	return true;
}

extern char **environ;

enum sts_err sts_child_start(struct sts_child *c, const struct sts_job *job, struct sts_error *e)
{
	char *arguments[ARGUMENTS_MAX];
	struct words words;
	int fds[2];

	sts_child_init(c);
	if (!fill_arguments(arguments, &words, job))
		return sts_fail(e, STS_EUSAGE, 0, "more than %d arguments", ARGUMENTS_MAX - 8);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return sts_fail(e, STS_EFORK, errno, "no pipe for a worker: %s",
				sts_errno_words(errno));
	c->pid = sts_child_spawn(arguments, environ, fds[1], job->snapshot_fd);
	close(fds[1]);
	if (c->pid < 0) {
		int err = errno;

		close(fds[0]);
		return sts_fail(e, STS_EFORK, err, "the worker process could not be started: %s",
				sts_errno_words(err));
	}
	c->fd = fds[0];
	c->mode = job->mode;
	c->started_boot_ms = sts_clock_boot_ms();
	c->kill_boot_ms = c->started_boot_ms + job->timeout_ms + 1000;
	return STS_OK;
}

/* Bytes past the report are counted and not kept: a report of the wrong size is none. */
static void take(struct sts_child *c, const char *data, size_t len)
{
	while (len > 0 && c->len == 0 && c->stage_len < sizeof(c->stage) &&
	       (c->stage_len > 0 || data[0] == STS_REPORT_STAGE_SENT)) {
		c->stage[c->stage_len++] = (uint8_t)*data++;
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

	for (int turns = 0; c->fd >= 0 && turns < 8; turns++) {
		ssize_t got = read(c->fd, buf, sizeof(buf));

		if (got > 0)
			take(c, buf, (size_t)got);
		/* What is too long is no report: there is no need to hear the rest. */
		if (got > 0 && c->len <= sizeof(c->report))
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		close(c->fd);
		c->fd = -1;
	}
}

static void made_up(struct sts_child *c, int status, struct sts_report *report)
{
	struct sts_error error = {.code = STS_EWORKER};
	const char *when = c->stage_len > 0 ? "after the request was sent"
					    : "before the request was sent";

	if (c->killed)
		sts_fail(&error, STS_ETIMEOUT, 0,
			 "the worker did not end in time (%s) and was killed", when);
	else if (WIFSIGNALED(status))
		sts_fail(&error, STS_EWORKER, WTERMSIG(status),
			 "the worker was killed by signal %d (%s)", WTERMSIG(status), when);
	else if (WEXITSTATUS(status) == EXEC_FAILED)
		sts_fail(&error, STS_EFORK, 0, "the worker could not be executed");
	else
		sts_fail(&error, STS_EWORKER, WEXITSTATUS(status),
			 "the worker ended with status %d and no valid report (%s)",
			 WEXITSTATUS(status), when);
	*report = (struct sts_report){.magic = STS_REPORT_MAGIC,
				      .version = STS_REPORT_VERSION,
				      .error = (int32_t)error.code,
				      .detail = error.detail,
				      .retry_after_s = -1,
				      .subject_exp_s = -1};
	memcpy(report->text, error.msg, sizeof(report->text));
}

void sts_child_finish(struct sts_child *c, int status, struct sts_report *report)
{
	sts_child_read(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->pid = -1;
	if (sts_report_ok(&c->report, c->len, sts_clock_real_ms() / 1000, sts_clock_boot_ms()))
		*report = c->report;
	else
		made_up(c, status, report);
}

void sts_child_kill(struct sts_child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
	c->killed = true;
}

void sts_child_end(pid_t pid)
{
	if (pid > 0)
		kill(pid, SIGKILL);
	for (int i = 0; pid > 0 && i < 20 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

void sts_child_drop(struct sts_child *c)
{
	sts_child_end(c->pid);
	if (c->fd >= 0)
		close(c->fd);
	sts_child_init(c);
}
