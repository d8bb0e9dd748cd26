/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "commands/commands.h"
#include "output/lock.h"
#include "output/status.h"
#include "process/print.h"

#define LOOK_EVERY_MS 50

/* Read the name of a process from /proc/PID/comm (proc_pid_comm(5)). The kernel shows it even if
 * the process is not dumpable. */
static struct sts_slice read_comm(pid_t pid, char *buf, size_t size)
{
	char path[40];
	struct sts_text text;
	size_t len;

	sts_text_init(&text, path, sizeof(path));
	sts_text_addf(&text, "/proc/%u/comm", (unsigned)pid);
	if (sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, &len) != 0)
		len = 0;
	return (struct sts_slice){buf, len};
}

/* Does the process run a program of our name? Any process that may open the directory may lock it,
 * and SIGHUP ends most programs, so the signal goes to sts-sidecar processes only. */
static bool is_our_kind(pid_t pid)
{
	char theirs[32], ours[32];
	struct sts_slice a = read_comm(pid, theirs, sizeof(theirs)),
			 b = read_comm(getpid(), ours, sizeof(ours));

	return a.len > 0 && sts_slice_same(a, b);
}

static int say(const struct sts_options *o, const struct sts_status *status)
{
	char line[768];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	if (status->error == STS_OK) {
		sts_text_add_str(&text, "refreshed the token in ");
		sts_text_add_escaped(&text, sts_slice_of(o->output_dir), 200);
		sts_text_add_char(&text, '\n');
		sts_print(STDOUT_FILENO, (struct sts_slice){line, text.len});
		return STS_EXIT_OK;
	}
	sts_status_explain(&text, "not refreshed", status, sts_clock_real_ms() / 1000);
	sts_text_add_char(&text, '\n');
	sts_print(STDERR_FILENO, (struct sts_slice){line, text.len});
	return sts_error_info(status->error).exit_status;
}

static int fail(enum sts_err code, int detail, const char *what, const char *dir)
{
	struct sts_error e;
	char shown[128];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, sts_slice_of(dir), 100);
	sts_fail(&e, code, detail, "%s %s%s%s", what, shown, detail ? ": " : "",
		 detail ? sts_errno_words(detail) : "");
	return sts_complain(&e);
}

int sts_command_refresh(const struct sts_options *o)
{
	int64_t give_up_ms = sts_clock_boot_ms() + o->timeout_ms;
	struct sts_status before = {0}, after = {0};
	int dir_fd = open(o->output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done;
	pid_t owner;
	int status;

	if (dir_fd < 0)
		return fail(STS_EOUTPUT, errno, "cannot look into", o->output_dir);
	owner = sts_lock_owner(dir_fd);
	sts_status_read(dir_fd, &before);
	if (owner == 0 || !is_our_kind(owner))
		status = fail(STS_ELOCKED, 0,
			      "no running sts-sidecar that this process can see owns",
			      o->output_dir);
	else if (kill(owner, SIGHUP) != 0)
		status = fail(STS_ELOCKED, errno, "cannot signal the sts-sidecar that owns",
			      o->output_dir);
	else {
		while (!(done = sts_status_read(dir_fd, &after) &&
				after.attempts != before.attempts) &&
		       sts_clock_boot_ms() < give_up_ms)
			nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
		status = done ? say(o, &after)
			      : fail(STS_ETIMEOUT, 0,
				     "no result in time from the sts-sidecar that owns",
				     o->output_dir);
	}
	close(dir_fd);
	return status;
}
