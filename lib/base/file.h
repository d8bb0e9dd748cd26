/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading of files that somebody else may control: never blocks on a FIFO, never follows a
 * link where it must not, never reads more than it was told to. And writing all of what there is.
 */
#ifndef STS_BASE_FILE_H
#define STS_BASE_FILE_H

#include <stddef.h>

enum sts_file_links {
	STS_FILE_FOLLOW,   /* the kubelet's projected files are links through ..data */
	STS_FILE_NOFOLLOW, /* in the output directory nothing is trusted */
};

/*
 * Open a regular file for reading: O_NONBLOCK|O_CLOEXEC|O_NOCTTY (and O_NOFOLLOW), then fstat.
 *   dir_fd  in   AT_FDCWD or a directory
 *   path    in   relative to dir_fd
 *   fd      out  the descriptor, caller closes; -1 after a failure
 * Returns 0 or an errno: ENOENT, EACCES, ELOOP for a link, EISDIR for a directory, EINVAL for a
 * FIFO, socket or device, EAGAIN when another process holds a lease on the file.
 */
int sts_file_open(int dir_fd, const char *path, enum sts_file_links links, int *fd);

/*
 * Read a whole file into the caller's buffer.
 *   data  out  size bytes; not NUL-terminated
 *   len   out  bytes read
 * Returns 0 or an errno of sts_file_open() or read(2); EFBIG when there is more than size (a file
 * that says so is not read at all).
 */
int sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data, size_t size,
		  size_t *len);

/* The same from a descriptor of sts_file_open(), from where it stands; stays open. */
int sts_file_read_fd(int fd, void *data, size_t size, size_t *len);

/* The same from a descriptor that we were given (standard input), which may be a pipe: waits. */
int sts_file_read_given(int fd, void *data, size_t size, size_t *len);

/*
 * Read a piece of a file: len is less than size only at its end. Returns 0, or the errno of read(2)
 * with what was read before it.
 */
int sts_file_fill(int fd, void *data, size_t size, size_t *len);

/*
 * Write all bytes, to a file of ours or to a descriptor that we were given: waits where it is
 * non-blocking. Returns 0 or the errno of write(2); EIO when it takes nothing.
 */
int sts_file_write_fd(int fd, const void *data, size_t len);

#endif
