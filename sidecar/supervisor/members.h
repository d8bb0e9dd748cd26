/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the running set: its members, and the plans that they go by. running_set.h decides
 * what becomes of them.
 */
#ifndef STS_SUPERVISOR_MEMBERS_H
#define STS_SUPERVISOR_MEMBERS_H

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

/* The member after t, or the first if t is NULL; NULL after the last. */
struct sts_member *sts_member_next(struct sts_member *t);

/* All members one after the other: for (STS_EACH_MEMBER(t)). */
#define STS_EACH_MEMBER(t) \
	struct sts_member *t = NULL; \
	(t = sts_member_next(t));

/* The member of the plans' exchange number i, in the order of the configuration file. */
struct sts_member *sts_member_of(uint32_t i);

/* The member that goes by a plan of the plans in use; NULL for none. */
struct sts_member *sts_member_of_plan(const struct sts_plan *plan);

/* The plans in use; NULL before the first. */
struct sts_plans *sts_members_plans(void);

/* A text of the plans in use: see sts_plans_text(). */
const char *sts_members_text(uint16_t at);

/* Does each exchange end after its first success (`fetch`, --single-run)? */
bool sts_members_once(void);

/* Use these plans from now on. The members still go by the plans before. */
void sts_members_use(struct sts_plans *plans);

/* A place for another member; there is one as long as there are fewer than STS_EXCHANGES_MAX. */
struct sts_member *sts_member_free(void);

/* The present moment with a random number. */
struct sts_moment sts_now(void);

#endif
