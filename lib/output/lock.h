/* SPDX-License-Identifier: Apache-2.0 */
/* The lock that keeps two writers of one output directory apart. */
#ifndef STS_OUTPUT_LOCK_H
#define STS_OUTPUT_LOCK_H

#include <sys/types.h>

#include "base/error.h"

/*
 * Become the directory's one writer: flock(LOCK_EX|LOCK_NB) on the directory. Held until the
 * descriptor is closed. It guards against a second sidecar by mistake, not against malice. A file
 * system that cannot lock a directory (NFS) is used without.
 *   dir  in  the path of the directory, for the message
 * Returns STS_OK, or STS_ELOCKED with the holder's PID where /proc/locks tells it (not from another
 * container).
 */
enum sts_err sts_lock_take(int dir_fd, const char *dir, struct sts_error *e);

/*
 * The PID that holds that lock by /proc/locks; 0 when there is none, or none that this process can
 * see (another container's). Whoever can open the directory can lock it: before this PID is sent a
 * signal, make sure that it is us.
 */
pid_t sts_lock_owner(int dir_fd);

#endif
