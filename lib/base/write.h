/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to a reader that may be slow, within a deadline. base/file.h writes without one. */
#ifndef STS_BASE_WRITE_H
#define STS_BASE_WRITE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write all bytes to a descriptor, until a deadline. The descriptor may be a pipe, a socket, a
 * terminal or a file, blocking or not; its flags are not changed, since other processes may share
 * it. A pipe is never waited for beyond the deadline: each write(2) comes after POLLOUT and has at
 * most PIPE_BUF bytes. On a blocking terminal, or beside another writer, a write(2) may block
 * longer; a caller for whom that matters lets a signal interrupt it.
 *   until_boot_ms  in   INT64_MAX for no deadline
 *   written        out  the number of bytes that the descriptor took, also after a failure
 * Returns 0, ETIMEDOUT at the deadline, the errno of poll(2) or write(2), or EIO when write(2)
 * takes nothing.
 */
int sts_write_until(int fd, const void *data, size_t len, int64_t until_boot_ms, size_t *written);

#endif
