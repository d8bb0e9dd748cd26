/* SPDX-License-Identifier: Apache-2.0 */
/* The lock that allows one writer for each output directory. */
#ifndef STS_OUTPUT_LOCK_H
#define STS_OUTPUT_LOCK_H

#include <sys/types.h>

#include "base/error.h"

/*
 * Lock a directory for writing: flock(LOCK_EX|LOCK_NB). The lock is held until the descriptor is
 * closed. It guards against a second sidecar that was started by mistake, not against malice. On a
 * file system that cannot lock a directory (NFS) the directory is used without a lock.
 *   dir     in   the path of the directory, for the message
 *   locked  out  the lock is held, so no other sidecar writes in the directory
 * Returns STS_OK, or STS_ELOCKED. The message has the holder's PID where /proc/locks says it; it
 * does not say the PIDs of another container.
 */
enum sts_err sts_lock_take(int dir_fd, const char *dir, bool *locked, struct sts_error *e);

/*
 * The PID of the process that holds the lock, from /proc/locks. 0 when no process holds it, or a
 * process that this one cannot see (in another container). Any process that can open the directory
 * can lock it, so make sure that the PID is a sidecar's before you send it a signal.
 */
pid_t sts_lock_owner(int dir_fd);

#endif
