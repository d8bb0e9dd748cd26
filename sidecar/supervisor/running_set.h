/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running set: the exchanges of this process, each with its state, its output directory and its
 * worker. This module owns the memory, the directories and the status files, and carries the set
 * over to new plans. workers.h starts the workers, inputs.h looks at the files that the exchanges
 * read, and chain.h knows which exchange waits for which.
 */
#ifndef STS_SUPERVISOR_RUNNING_SET_H
#define STS_SUPERVISOR_RUNNING_SET_H

#include "output/store.h"
#include "supervisor/child.h"
#include "supervisor/event_log.h"
#include "supervisor/exchange.h"

/* One exchange of the set. */
struct sts_member {
	struct sts_exchange x; /* x.plan is NULL if this place of the set is free */
	struct sts_store store;
	struct sts_child *worker; /* NULL for none */
	uint64_t subject,
		trust; /* the identities of its input files when they were last looked at */
	bool watches_cas;
	struct sts_logged logged;
};

/* The members one after the other: for (struct sts_member *t = NULL; (t = sts_member_next(t));) */
struct sts_member *sts_member_next(struct sts_member *t);

/* The member of the plans' exchange number i, in the order of the configuration file. */
struct sts_member *sts_member_of(uint32_t i);

/* The member that goes by a plan of the plans in use; NULL for none. */
struct sts_member *sts_member_of_plan(const struct sts_plan *plan);

/* The plans in use; NULL before the first. */
const struct sts_plans *sts_running_plans(void);

/* A text of the plans in use: see sts_plans_text(). */
const char *sts_running_text(uint16_t at);

/* Does each exchange end after its first success (`fetch`, --single-run)? */
bool sts_running_once(void);

/*
 * Go over to new plans.
 *   plans  in  kept, and freed when the next plans come
 * A member whose name, directory, mode and group are the same goes on with its state. A member that
 * has no plan any more is removed before new ones are added, since a new one may get its directory.
 */
void sts_running_take_over(struct sts_plans *plans);

/* Write the status files of the exchanges whose status has changed. */
void sts_running_write_status(void);

/*
 * Open and lock the output directory, and write the first status file to show that it can be
 * written. Does nothing if that was done, or if there is no output directory.
 * Returns STS_OK, STS_EOUTPUT or STS_ELOCKED.
 */
enum sts_err sts_member_own(struct sts_member *t, struct sts_error *e);

/* An attempt has ended: look at its inputs, and at the exchanges that wait for it. */
void sts_member_attempted(struct sts_member *t);

/* Remove an exchange: its worker is killed and its directory is unlocked. The files stay. */
void sts_member_remove(struct sts_member *t);

/* The present moment with a random number. */
struct sts_moment sts_now(void);

#endif
