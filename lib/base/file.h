/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading of files that somebody else may control, and complete writing. Reading a named
 * file never blocks on a FIFO, never follows a link where links are forbidden, and never stores
 * more bytes than the caller's buffer holds.
 */
#ifndef STS_BASE_FILE_H
#define STS_BASE_FILE_H

#include <stddef.h>

/* What a symbolic link as the last part of a path leads to. */
enum sts_file_links {
	STS_FILE_FOLLOW,   /* the link is followed: the kubelet's projected files are links */
	STS_FILE_NOFOLLOW, /* the link is refused: in the output directory nothing is trusted */
};

/*
 * Open a regular file for reading, with O_NONBLOCK, O_CLOEXEC and O_NOCTTY. Its type is checked
 * before and after it is opened.
 *   dir_fd  in   AT_FDCWD or a directory
 *   path    in   relative to dir_fd
 *   fd      out  the descriptor, which the caller closes; -1 after a failure
 * Returns 0 or an errno: ENOENT, EACCES, ELOOP for a link, EISDIR for a directory, ESPIPE for a
 * FIFO, a socket or a device, EAGAIN when another process holds a lease on the file.
 */
int sts_file_open(int dir_fd, const char *path, enum sts_file_links links, int *fd);

/*
 * Read a whole file into the caller's buffer.
 *   dir_fd, path, links  in  as for sts_file_open()
 *   data  out  size bytes; the content, not NUL-terminated
 *   len   out  bytes read; 0 after a failure
 * Returns 0, an errno of sts_file_open() or read(2), or EFBIG when the file has more than size
 * bytes. A file whose metadata says that it is larger is not read at all.
 */
int sts_file_read(int dir_fd, const char *path, enum sts_file_links links, void *data, size_t size,
		  size_t *len);

/*
 * Read the rest of a file from a descriptor of sts_file_open(), beginning at its present offset.
 * The descriptor stays open. Otherwise as sts_file_read().
 */
int sts_file_read_fd(int fd, void *data, size_t size, size_t *len);

/*
 * Read everything from a descriptor that this process was given, such as standard input. It may be
 * a pipe, so this waits until the other end closes. The descriptor stays open. Otherwise as
 * sts_file_read().
 */
int sts_file_read_given(int fd, void *data, size_t size, size_t *len);

/*
 * Read the next piece of a file from a descriptor of sts_file_open().
 *   data  out  size bytes
 *   len   out  bytes read, also after a failure; when there was no failure and len is less than
 *              size, the end of the file was reached
 * Returns 0 or the errno of read(2).
 */
int sts_file_fill(int fd, void *data, size_t size, size_t *len);

/*
 * Write all bytes to a descriptor. Where the descriptor is non-blocking, this waits until it takes
 * them. Returns 0, the errno of write(2), or EIO when write(2) takes nothing.
 */
int sts_file_write_fd(int fd, const void *data, size_t len);

#endif
