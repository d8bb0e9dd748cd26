/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adoption: what is on disk at start is taken over when each file that --write names is there and
 * ours (our UID, regular, not empty; token.jwt parses) and not yet due by the earlier of `expires`
 * and the token's own `exp`. What --expect-audience, --expect-issuer and --max-lifetime refuse from
 * the STS is refused here too.
 */
#ifndef STS_WORKER_ADOPT_H
#define STS_WORKER_ADOPT_H

#include "options/options.h"
#include "output/store.h"
#include "wire/report.h"

/*
 * Look at what is in the directory.
 *   write         in   bits of what --write names
 *   buf, scratch  in   memory: STS_TOKEN_MAX_BYTES + 1 each, or more
 *   report        out  on true: expiry, lifetime, when it counts from, thumbprint, and the flag
 *                      ADOPTED. Expiry, lifetime and flag too for one that is due but still valid:
 *                      should the exchange fail, the supervisor knows how long there is time
 */
bool sts_adopt(const struct sts_store *store, const struct sts_options *o, unsigned write,
	       char *buf, size_t size, char *scratch, size_t scratch_size,
	       struct sts_report *report);

#endif
