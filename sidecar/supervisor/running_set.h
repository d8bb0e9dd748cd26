/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running set: the exchanges of this process, each with its state, its output directory and its
 * worker. This module owns the output directories and the status files, and changes the set when
 * there are new plans. members.h holds the set, workers.h starts the workers, inputs.h looks at the
 * files that the exchanges read, and chain.h knows which exchange waits for which other exchange.
 */
#ifndef STS_SUPERVISOR_RUNNING_SET_H
#define STS_SUPERVISOR_RUNNING_SET_H

#include "supervisor/members.h"

/*
 * Use new plans from now on.
 *   plans  in  kept, and freed when the next plans come
 * A member whose name, directory, mode and group are the same goes on with its state. A member that
 * has no plan any more is removed before new members are added, since a new member may get its
 * directory.
 */
void sts_running_take_over(struct sts_plans *plans);

/* Write the status files of the exchanges whose status has changed. */
void sts_running_write_status(void);

/* End the exchanges that still wait although the time for all attempts is over. */
void sts_running_end_late(void);

/*
 * Open and lock the output directory, remove the temporary files that a killed worker has left, and
 * write the first status file to show that the directory can be written. Does nothing if that was
 * done before, or if there is no output directory.
 * Returns STS_OK, STS_EOUTPUT or STS_ELOCKED.
 */
enum sts_err sts_member_own(struct sts_member *t, struct sts_error *e);

/* Remove the temporary files that a worker of this exchange has left. The worker must have ended.
 * Does nothing if the directory is not locked: the files may be those of another sidecar. */
void sts_member_sweep(struct sts_member *t);

/* Returns how many output directories sts_member_own() has opened since the start. The
 * listener opens these directories when it starts, so it must be started again when the number has
 * changed. */
uint32_t sts_running_opened(void);

/* Remember the subject token that a worker has sent, if the worker has reported that. `worker` is
 * the worker of the exchange, while it runs or after its end. */
void sts_member_sent(struct sts_member *t, const struct sts_child *worker);

/* The STS has not taken the subject token that was sent to it: it refused the token as not valid
 * yet, or it refused the client's certificate in TLS 1.3, after the request was on its way. The
 * token counts as not sent. Call this after sts_member_sent(). If the STS has used the token all
 * the same, one more attempt is refused, and then the exchange waits for another token. */
void sts_member_not_taken(struct sts_member *t, const struct sts_child *worker);

/*
 * An attempt has ended: examine its input files, and the exchanges whose source it is.
 *   report  in  checked
 */
void sts_member_attempted(struct sts_member *t, const struct sts_report *report);

/* Remove an exchange: its worker is killed and its directory is unlocked. The files stay. */
void sts_member_remove(struct sts_member *t);

#endif
