/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only a regular file is ever read. */
static int refusal(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode))
		return EISDIR;
	return S_ISLNK(st->st_mode) ? ELOOP : EINVAL;
}

int sts_file_open(int dir_fd, const char *path, enum sts_file_links links, int *fd)
{
	bool follow = links == STS_FILE_FOLLOW;
	struct stat st;
	int err;

	*fd = -1;
	/* Opening a device can already act on it (a tape rewinds, a watchdog starts), so look
	 * before. */
	if (fstatat(dir_fd, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	err = refusal(&st);
	if (err != 0)
		return err;

	/* And look again at what was really opened, should it have been swapped. O_NONBLOCK: a FIFO
	 * must not hang us. */
	int file = openat(dir_fd, path,
			  O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (follow ? 0 : O_NOFOLLOW));
	if (file < 0)
		return errno;
	err = fstat(file, &st) != 0 ? errno : refusal(&st);
	if (err != 0) {
		close(file);
		return err;
	}
	*fd = file;
	return 0;
}

/* Read until the end of the file, or until size bytes are there. */
static int read_up_to(int fd, char *data, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, data + *len, size - *len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n == 0)
			break;
		if (n > 0)
			*len += (size_t)n;
	}
	return 0;
}

int sts_file_read_fd(int fd, void *data, size_t size, size_t *len)
{
	struct stat st;
	size_t more = 0;
	char extra;
	int err = 0;

	*len = 0;
	if (fstat(fd, &st) != 0)
		return errno;
	if (st.st_size > 0 && (uint64_t)st.st_size > size)
		return EFBIG;
	err = read_up_to(fd, data, size, len);
	/* A file may grow while it is read, and those of /proc say 0: what counts is that nothing
	 * follows. */
	if (err == 0 && *len == size)
		err = read_up_to(fd, &extra, 1, &more);
	if (err == 0 && more > 0)
		err = EFBIG;
	if (err != 0)
		*len = 0;
	return err;
}

int sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data, size_t size,
		  size_t *len)
{
	int fd;
	int err = sts_file_open(dir_fd, path, links, &fd);

	*len = 0;
	if (err != 0)
		return err;
	err = sts_file_read_fd(fd, data, size, len);
	close(fd);
	return err;
}

bool sts_file_retry(int fd, short events, int err)
{
	struct pollfd p = {.fd = fd, .events = events};

	if (err == EAGAIN || err == EWOULDBLOCK)
		return poll(&p, 1, -1) > 0 || errno == EINTR;
	return err == EINTR;
}

static const struct errno_words {
	int err;
	const char *words;
} errno_words[] = {
	{ENOENT, "no such file"},
	{EACCES, "permission denied"},
	{EPERM, "operation not permitted"},
	{EISDIR, "it is a directory"},
	{ENOTDIR, "not a directory"},
	{ENOTEMPTY, "a directory that is not empty"},
	{ELOOP, "a symbolic link, or too many of them"},
	{EINVAL, "not a regular file"},
	{EFBIG, "too big"},
	{EEXIST, "it exists already"},
	{ENAMETOOLONG, "the name is too long"},
	{ENOSPC, "no space left"},
	{EDQUOT, "the quota is used up"},
	{EROFS, "a read-only file system"},
	{EIO, "input/output error"},
	{EMFILE, "too many open files in this process"},
	{ENFILE, "too many open files on this node"},
	{ENOMEM, "out of memory"},
	{EAGAIN, "not available now"},
	{ESTALE, "a stale file handle"},
	{ECONNREFUSED, "connection refused"},
	{ECONNRESET, "connection reset"},
	{EPIPE, "connection closed"},
	{ENETUNREACH, "network unreachable"},
	{EHOSTUNREACH, "host unreachable"},
	{ETIMEDOUT, "timed out"},
	{EADDRNOTAVAIL, "address not available"},
	{EAFNOSUPPORT, "address family not supported"},
};

const char *sts_errno_words(int err)
{
	for (size_t i = 0; i < sizeof(errno_words) / sizeof(errno_words[0]); i++)
		if (errno_words[i].err == err)
			return errno_words[i].words;
	return "an unexpected error of the system";
}
