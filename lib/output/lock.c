/* SPDX-License-Identifier: Apache-2.0 */
#include "output/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define CHUNK_BYTES 2048
#define CHUNKS_MAX  1000 /* so many reads of /proc/locks */
#define LOOKS_MAX   3

/* The PID in a line of /proc/locks such as "1: FLOCK  ADVISORY  WRITE 17 00:2f:131 0 EOF", when the
 * line is about this file; else 0. The line of a process that waits has "->" before FLOCK. */
static pid_t lock_line(struct sts_slice line, const char *file)
{
	struct sts_slice field[6];
	uint64_t pid;

	for (size_t i = 0; i < 6; i++)
		sts_slice_take_word(&line, &field[i]);
	/* A shared lock is not a sidecar's, and `refresh` sends a signal to this PID. */
	bool ours = sts_slice_eq(field[1], "FLOCK") && sts_slice_eq(field[3], "WRITE") &&
		    sts_slice_eq(field[5], file);
	return ours && sts_parse_u64(field[4], INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/* Look through the whole lines among the *len bytes of buf, and keep the part of a line at its end
 * for the next call. Returns the PID, or 0. */
static pid_t scan_locks(char *buf, size_t *len, const char *file)
{
	char *line = buf, *end;
	pid_t pid = 0;

	while (pid == 0 && (end = memchr(line, '\n', *len - (size_t)(line - buf)))) {
		pid = lock_line((struct sts_slice){line, (size_t)(end - line)}, file);
		line = end + 1;
	}
	*len -= (size_t)(line - buf);
	memmove(buf, line, *len);
	return pid;
}

/* Look through the list of all locks once. Returns 0 if the lock of this file is not in it. */
static pid_t look_for_owner(const char *file)
{
	char buf[CHUNK_BYTES];
	size_t len = 0;
	ssize_t n;
	pid_t pid = 0;
	int fd;

	if (sts_file_open(AT_FDCWD, "/proc/locks", STS_FILE_FOLLOW, &fd) != 0)
		return 0;
	for (int chunk = 0; pid == 0 && chunk < CHUNKS_MAX && len < sizeof(buf); chunk++) {
		n = read(fd, buf + len, sizeof(buf) - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		pid = scan_locks(buf, &len, file);
	}
	close(fd);
	return pid;
}

pid_t sts_lock_owner(int dir_fd)
{
	char file[64];
	struct sts_text text;
	struct stat st;
	pid_t pid = 0;

	if (fstat(dir_fd, &st) != 0)
		return 0;
	sts_text_init(&text, file, sizeof(file));
	sts_text_addf(&text, "%02x:%02x:%llu", major(st.st_dev), minor(st.st_dev),
		      (unsigned long long)st.st_ino);
	/* While the list is read in pieces, another lock may end, and the kernel may then leave out
	 * a line. */
	for (int looks = 0; pid == 0 && looks < LOOKS_MAX; looks++)
		pid = look_for_owner(file);
	return pid;
}

enum sts_err sts_lock_take(int dir_fd, const char *dir, bool *locked, struct sts_error *e)
{
	int result;

	do
		result = flock(dir_fd, LOCK_EX | LOCK_NB);
	while (result != 0 && errno == EINTR);
	*locked = result == 0;
	if (result == 0 || errno != EWOULDBLOCK)
		return STS_OK;
	pid_t pid = sts_lock_owner(dir_fd);
	if (pid > 0)
		return sts_fail(e, STS_ELOCKED, 0, "process %u already writes to %.100s",
				(unsigned)pid, dir);
	return sts_fail(e, STS_ELOCKED, 0,
			"another process (perhaps in another container) already writes to %.100s",
			dir);
}
