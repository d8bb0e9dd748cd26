/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "base/text.h"

#define PID_FILE_MAX_BYTES 16
#define PATH_SHOWN_BYTES   63

static enum sts_err fail(const char *path, int err, const char *why, struct sts_error *e)
{
	return sts_fail(e, STS_EINPUT, err, "no signal was sent: --notify-pid-file %s: %s",
			sts_shown_str(path, PATH_SHOWN_BYTES), sts_words(why));
}

static enum sts_err read_pid(const char *path, uint64_t *pid, struct sts_error *e)
{
	char data[PID_FILE_MAX_BYTES];
	struct sts_slice text = {data, 0};
	int err = sts_file_read(AT_FDCWD, path, STS_FILE_NOFOLLOW, data, sizeof(data), &text.len);

	if (err != 0)
		return fail(path, err, sts_read_words(path, err), e);
	text.len -= text.len > 0 && data[text.len - 1] == '\n';
	if (!sts_parse_u64(text, INT32_MAX, pid))
		return fail(path, 0, STS_PACKED("it must hold a PID, digits only"), e);
	if (*pid <= 1 || (pid_t)*pid == getpid() || (pid_t)*pid == getppid())
		return fail(
			path, 0,
			STS_PACKED(
				"its PID is 1 or this sidecar's: is it of another PID namespace?"),
			e);
	return STS_OK;
}

/* Returns what an errno of pidfd_open(2) or pidfd_send_signal(2) means to a user. */
static const char *refusal(int err)
{
	/* EINVAL and ENOENT mean that the PID is the id of a thread. */
	return err == ESRCH || err == EINVAL || err == ENOENT
		       ? STS_PACKED("no such process: the Pod needs shareProcessNamespace")
	       : err == EPERM ? STS_PACKED("another UID's process: run both as one")
			      : sts_errno_words(err);
}

/* The C library has no functions for pidfd_open(2) and pidfd_send_signal(2). */
enum sts_err sts_notify_open(const char *pid_file, int *pidfd, struct sts_error *e)
{
	uint64_t pid, again;
	enum sts_err err = read_pid(pid_file, &pid, e);

	*pidfd = -1;
	if (err != STS_OK)
		return err;
	*pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (*pidfd < 0)
		return fail(pid_file, errno, refusal(errno), e);
	/* The application may have ended after the file was read and before the process was opened.
	 * The descriptor may then be that of another process with the same PID. In that case the
	 * application was started again and has written another PID, so the file is read again. The
	 * descriptor itself refers to the same process for ever. */
	err = read_pid(pid_file, &again, e);
	if (err == STS_OK && again != pid)
		err = fail(pid_file, EAGAIN, STS_PACKED("it has just changed"), e);
	if (err != STS_OK) {
		close(*pidfd);
		*pidfd = -1;
	}
	return err;
}

enum sts_err sts_notify_send(const char *pid_file, int pidfd, int signal, struct sts_error *e)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) != 0)
		return fail(pid_file, errno, refusal(errno), e);
	return STS_OK;
}
