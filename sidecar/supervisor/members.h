/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the running set: its members, and the plans in use. running_set.h decides which
 * members there are.
 */
#ifndef STS_SUPERVISOR_MEMBERS_H
#define STS_SUPERVISOR_MEMBERS_H

#include "output/store.h"
#include "supervisor/child.h"
#include "supervisor/event_log.h"
#include "supervisor/exchange.h"
#include "supervisor/watches.h"

/* What looks at the files of one exchange, or at the configuration file: see inputs.h. */
struct sts_look {
	/* the process: an examining child, or a worker or a planning child that was killed and has
	 * not ended; 0: none */
	pid_t pid;
	bool hangs;     /* the process was killed, and has not ended */
	bool refused;   /* an attempt was not made because of that */
	bool wants_cas; /* the CA files are to be watched: the examining child looks at them too */
	uint8_t round;  /* the number of the inotify descriptor that the child has: see inputs.c */
	uint8_t path;   /* enum sts_reads: which file the process looks at */
	int64_t due_ms; /* when the next child is wanted (BOOTTIME); 0: none is wanted */
	int64_t started_ms; /* when the process was started */
	struct sts_watch_names names;
};

/* One exchange of the set. */
struct sts_member {
	struct sts_child *worker; /* NULL for none */
	bool locked;              /* the output directory is locked: see sts_lock_take() */
	bool to_revoke;           /* the token is still to be revoked, now that the program stops */
	bool killed;              /* a worker was killed whose end has not been seen yet */
	struct sts_logged logged;
	struct sts_exchange x; /* x.plan is NULL if this place of the set is free */
	struct sts_store store;
	/* the identities of the subject token and of all CA files, as they were last seen:
	 * base/identity.h */
	uint64_t subject, trust;
	struct sts_look look;
};

/* Returns the member after t, or the first member if t is NULL; NULL after the last. */
struct sts_member *sts_member_next(struct sts_member *t);

/* All members one after the other: for (STS_EACH_MEMBER(t)). */
#define STS_EACH_MEMBER(t) \
	struct sts_member *t = NULL; \
	(t = sts_member_next(t));

/* Returns the member of the plan number i of the plans in use, in the order of the configuration
 * file. */
struct sts_member *sts_member_of(uint32_t i);

/* Returns the member with this plan; NULL for none. */
struct sts_member *sts_member_of_plan(const struct sts_plan *plan);

/* Returns the plans in use; NULL before the first plans. */
struct sts_plans *sts_members_plans(void);

/* Returns a text of the plans in use: see sts_plans_text(). */
const char *sts_members_text(uint16_t at);

/* Does each exchange end after its first success (`fetch`, --single-run)? */
bool sts_members_once(void);

/* Use these plans from now on. The members still have the plans before: the caller replaces
 * them. */
void sts_members_use(struct sts_plans *plans);

/* Returns the place of a member in the set, from 0. It never changes while the member exists. */
uint8_t sts_member_place(const struct sts_member *t);

/* Returns a free place for a new member. There must be fewer than STS_EXCHANGES_MAX members. */
struct sts_member *sts_member_free(void);

/* Returns the present moment, with a new random number. */
struct sts_moment sts_now(void);

#endif
