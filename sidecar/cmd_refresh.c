/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/file.h"
#include "../lib/status.h"
#include "../lib/store.h"
#include "commands.h"

#define LOOK_EVERY_MS 50

static bool read_status(int dir_fd, struct sts_status *status)
{
	char buf[STS_STATUS_MAX_BYTES];
	size_t len;

	return sts_file_read(dir_fd, STS_FILE_STATUS, STS_FILE_NOFOLLOW, buf, sizeof(buf), &len) == 0 &&
	       sts_status_parse((struct sts_slice){buf, len}, status);
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
	return sts_error_info(status->error)->exit_status;
}

static int fail(enum sts_err code, int detail, const char *what, const char *dir)
{
	struct sts_error e;
	char shown[128];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, sts_slice_of(dir), 100);
	sts_fail(&e, code, detail, "%s %s%s%s", what, shown, detail ? ": " : "", detail ? sts_errno_words(detail) : "");
	return sts_complain(&e);
}

int sts_command_refresh(const struct sts_options *o)
{
	int64_t give_up_ms = sts_clock_boot_ms() + o->timeout_ms;
	struct sts_status before = {0}, after;
	int dir_fd = open(o->output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t owner;
	int status;

	if (dir_fd < 0)
		return fail(STS_EOUTPUT, errno, "cannot look into", o->output_dir);
	owner = sts_store_owner(dir_fd);
	read_status(dir_fd, &before);
	if (owner == 0)
		status = fail(STS_ELOCKED, 0, "no running sts-sidecar that this process can see owns", o->output_dir);
	else if (kill(owner, SIGHUP) != 0)
		status = fail(STS_ELOCKED, errno, "cannot signal the sts-sidecar that owns", o->output_dir);
	else {
		while (!(read_status(dir_fd, &after) && after.attempts != before.attempts) && sts_clock_boot_ms() < give_up_ms)
			nanosleep(&(struct timespec){0, LOOK_EVERY_MS * 1000000L}, NULL);
		status = after.attempts != before.attempts ? say(o, &after)
			: fail(STS_ETIMEOUT, 0, "no result in time from the sts-sidecar that owns", o->output_dir);
	}
	close(dir_fd);
	return status;
}
