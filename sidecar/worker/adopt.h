/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adoption: the token that is on disk at the start is used further, if it is not yet due for a
 * refresh. Each file that --write names must be there, and must be a regular file of our UID that
 * is not empty; token.jwt must be a JWT. The expiry is the earlier one of the file `expires` and
 * the token's own `exp`. --expect-audience, --expect-issuer and --max-lifetime apply here too.
 */
#ifndef STS_WORKER_ADOPT_H
#define STS_WORKER_ADOPT_H

#include "options/options.h"
#include "output/store.h"
#include "wire/report.h"

/*
 * Find out whether the token on disk can be adopted. Nothing in the directory is trusted.
 *   store         in   open
 *   write         in   bits of the files that --write names
 *   buf, scratch  in   memory: STS_TOKEN_MAX_BYTES + 1 bytes each, or more
 *   report        out  after true: expiry, lifetime, thumbprint, the time from which the token
 *                      counts (as the time of sending), and the flag ADOPTED. Expiry, lifetime and
 *                      flag are also set, with false, for a token that is due but still valid: if
 *                      the exchange then fails, the supervisor knows how long the token lasts
 * Returns whether it can be adopted.
 */
bool sts_adopt(const struct sts_store *store, const struct sts_options *o, unsigned write,
	       char *buf, size_t size, char *scratch, size_t scratch_size,
	       struct sts_report *report);

#endif
