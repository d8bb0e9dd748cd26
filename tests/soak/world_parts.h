/* SPDX-License-Identifier: Apache-2.0 */
/* What world.c and world_workers.c share. */
#ifndef STS_SOAK_WORLD_PARTS_H
#define STS_SOAK_WORLD_PARTS_H

#include "world.h"

/* Give a place another subject token, which ends at this time. */
void world_renew_subject(struct place *p, int64_t until_ms);

/* A worker has ended: its files are there, and the supervisor is told. */
void world_end_worker(struct worker *w);

/* Somebody changes the configuration file; what was removed from it comes back. */
void world_change_config(void);
void world_return_exchange(void);

/* Another supervisor starts. */
void world_start_planning(void);

#endif
