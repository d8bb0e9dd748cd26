/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers that run: at most STS_WORKERS_MAX at a time, and at most one for each exchange. This
 * module decides which exchange gets the next worker, starts the workers, and kills late workers.
 *
 * A running worker has one of STS_WORKERS_MAX slots. The exchange that has been due for the longest
 * time gets the next slot. A worker that makes no attempt (a poll, a signal to the application) is
 * dropped if an attempt needs its slot. The attempt of an exchange that fails, or that has never
 * had a token, may hang until its timeout. Such an exchange does not get the last slot if another
 * exchange will need that slot before the timeout.
 */
#ifndef STS_SUPERVISOR_WORKERS_H
#define STS_SUPERVISOR_WORKERS_H

#include "supervisor/members.h"

/*
 * A function that is called after each end of a worker, when sts_exchange_finished() has returned.
 *   report       in  checked
 *   duration_ms  in  how long the worker ran
 */
typedef void sts_workers_ended(struct sts_member *t, enum sts_outcome outcome,
			       const struct sts_report *report, int64_t duration_ms,
			       const struct sts_moment *now);

/*
 * Set up: no worker runs.
 *   argv   in  the argument list of this process; kept
 *   ended  in  called after each end of a worker
 */
void sts_workers_init(char *const *argv, sts_workers_ended *ended);

/*
 * Start the workers that are due, as many as there are slots.
 *   snapshot_fd  in  the snapshot of the configuration file; -1 for none
 */
void sts_workers_start_due(int64_t now_ms, int snapshot_fd);

/* Kill the workers whose time is over. */
void sts_workers_kill_late(int64_t now_ms);

/* A child process with this PID has ended. Does nothing if it is not a worker. */
void sts_workers_reaped(pid_t pid, int status);

/* Read what the workers have written, without blocking, and remember the subject tokens that they
 * have sent. */
void sts_workers_read(void);

/* Write the pipes that the supervisor waits for into an array of STS_WORKERS_MAX; -1 for none. If
 * the STS takes a subject token once, the status file must soon say that the token was sent. Other
 * bytes that a worker writes are read when something else happens, at the latest when it ends. */
void sts_workers_pipes(int *pipes);

/*
 * Returns when a worker is to be started or killed next (BOOTTIME); -1 for no time. An exchange
 * that is due and gets no slot waits for the end of a worker and not for a time.
 */
int64_t sts_workers_wake_ms(int64_t now_ms);

/* Kill all workers. */
void sts_workers_stop(void);

/*
 * Revoke the tokens of the exchanges whose plan says so, when all workers were stopped. Call this
 * again and again, between the events of the workers, until it returns false.
 *   until_boot_ms  in  when it must be done; after that, the rest is given up
 *   snapshot_fd    in  as in sts_workers_start_due()
 * Returns whether a worker runs that revokes.
 */
bool sts_workers_revoke(int64_t until_boot_ms, int snapshot_fd);

#endif
