/* SPDX-License-Identifier: Apache-2.0 */
/* What the world of soak and the world of chains have in common. */
#ifndef STS_SOAK_WORLD_SHARED_H
#define STS_SOAK_WORLD_SHARED_H

#include "base/error.h"
#include "world.h"

/* Is the exchange in the configuration file? */
bool world_is_configured(int exchange);

/* Write the exchanges of the configuration file in the reverse order. */
void world_reverse_order(void);

/* Let a worker end with this error (or STS_OK) so long after its start. The report has nothing
 * else. */
void world_report(struct worker *w, enum sts_err err, int64_t took_ms);

#endif
