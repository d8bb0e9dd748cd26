/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers that run: at most STS_WORKERS_MAX at a time, and at most one for each exchange. This
 * module decides which exchange gets the next worker, starts the workers, and ends those that are
 * late.
 *
 * An exchange that is due waits only while so many attempts run, and the exchange that has been due
 * for the longest time is served first. A worker that makes no attempt (a poll, a signal to the
 * application) is dropped if an attempt needs its place. An exchange that fails, or has never had a
 * token, may hang until its time is up: it does not get the last place if another exchange will
 * need that place by then.
 */
#ifndef STS_SUPERVISOR_WORKERS_H
#define STS_SUPERVISOR_WORKERS_H

#include "supervisor/members.h"

/*
 * Called after a worker has ended and its exchange has taken note.
 *   report       in  checked
 *   duration_ms  in  of the worker
 */
typedef void sts_workers_ended(struct sts_member *t, enum sts_outcome outcome,
			       const struct sts_report *report, int64_t duration_ms,
			       const struct sts_moment *now);

/*
 * Set up: no worker runs.
 *   argv  in  the argument list of this process; kept
 *   told  in  see there
 */
void sts_workers_init(char *const *argv, sts_workers_ended *told);

/*
 * Start the workers that are due, as many as there are places.
 *   snapshot_fd  in  the snapshot of the configuration file; -1 for none
 */
void sts_workers_start_due(int64_t now_ms, int snapshot_fd);

/* Kill the workers whose time is up. */
void sts_workers_kill_late(int64_t now_ms);

/* A child process with this PID has ended. Does nothing if it is not a worker. */
void sts_workers_reaped(pid_t pid, int status);

/* Read what the workers have written, without blocking. */
void sts_workers_read(void);

/* Write the reading ends of the pipes, STS_WORKERS_MAX of them, -1 for none. */
void sts_workers_pipes(int *pipes);

/*
 * When a worker is to be started or killed next (BOOTTIME); -1 if nobody knows. An exchange that is
 * due and finds no place waits for the end of a worker and not for a time.
 */
int64_t sts_workers_wake_ms(int64_t now_ms);

/* Kill all workers. */
void sts_workers_stop(void);

#endif
