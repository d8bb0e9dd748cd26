/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why a file is not read: 0 for a regular file, else an errno. */
static int refusal(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode))
		return EISDIR;
	return S_ISLNK(st->st_mode) ? ELOOP : ESPIPE;
}

int sts_file_open(int dir_fd, const char *path, enum sts_file_links links, int *fd)
{
	bool follow = links == STS_FILE_FOLLOW;
	struct stat st;
	int err;

	*fd = -1;
	/* Opening a device can already act on it: a tape rewinds, a watchdog starts. So the type
	 * is checked before. */
	if (fstatat(dir_fd, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	err = refusal(&st);
	if (err != 0)
		return err;

	/* The file may be replaced in between, so its type is checked again below. O_NONBLOCK
	 * keeps openat() from waiting for the other end of a FIFO. */
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

/* Should a failed read(2) or write(2) be tried again? Another process that shares the descriptor
 * may have made the descriptor non-blocking. This function then waits until the descriptor is
 * ready, as a blocking call would. */
static bool retry(int fd, short events, int err)
{
	struct pollfd p = {.fd = fd, .events = events};

	if (err == EAGAIN || err == EWOULDBLOCK)
		return poll(&p, 1, -1) > 0 || errno == EINTR;
	return err == EINTR;
}

/*
 * Read until the end of the file, or until size bytes are there.
 *   wait  in  wait where the descriptor is non-blocking
 */
static int fill(int fd, char *data, size_t size, bool wait, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, data + *len, size - *len);
		if (n < 0 && (wait ? !retry(fd, POLLIN, errno) : errno != EINTR))
			return errno;
		if (n == 0)
			break;
		if (n > 0)
			*len += (size_t)n;
	}
	return 0;
}

int sts_file_fill(int fd, void *data, size_t size, size_t *len)
{
	return fill(fd, data, size, false, len);
}

/* Read until the end of the file. Returns EFBIG when the file has more than size bytes. */
static int read_all(int fd, void *data, size_t size, bool wait, size_t *len)
{
	size_t more = 0;
	char extra;
	int err = fill(fd, data, size, wait, len);

	if (err == 0 && *len == size)
		err = fill(fd, &extra, 1, wait, &more);
	if (err == 0 && more > 0)
		err = EFBIG;
	if (err != 0)
		*len = 0;
	return err;
}

int sts_file_read_fd(int fd, void *data, size_t size, size_t *len)
{
	struct stat st;

	*len = 0;
	if (fstat(fd, &st) != 0)
		return errno;
	if (st.st_size > 0 && (uint64_t)st.st_size > size)
		return EFBIG;
	/* The size does not end the reading: a file may grow, and the files of /proc have size 0.
	 */
	return read_all(fd, data, size, false, len);
}

int sts_file_read_given(int fd, void *data, size_t size, size_t *len)
{
	return read_all(fd, data, size, true, len);
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

int sts_file_write_fd(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && !retry(fd, POLLOUT, errno))
			return errno;
		if (n == 0)
			return EIO; /* a regular file never gives 0; this loop must not spin */
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}
