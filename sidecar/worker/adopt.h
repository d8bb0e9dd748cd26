/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adoption: if a token is on disk at the start and is not due for a refresh yet, it is used as if
 * it had just been exchanged. Each file that --write names must exist, and must be a regular file
 * of our UID that is not empty. token.jwt must be a JWT. The expiry is the time in the file
 * `expires`, or the `exp` of the token where that is earlier and has not passed. A token whose
 * `exp` has passed by the node's clock is not adopted. Nor is a token whose files are over a minute
 * newer than the node's clock: that clock was set back, and the token may have ended.
 * --expect-audience, --expect-issuer and --max-lifetime apply here too.
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
 *   report        out  after true: the expiry, the lifetime, the thumbprint, the flag ADOPTED, and
 *                      sent_boot_ms, which is the start of the token's life. After false, for a
 *                      token that is valid by `expires` and not adopted: the expiry, the lifetime
 *                      and the flag. So the supervisor knows how long that token is valid if the
 *                      exchange fails
 * Returns whether the token can be adopted.
 */
bool sts_adopt(const struct sts_store *store, const struct sts_options *o, unsigned write,
	       char *buf, size_t size, char *scratch, size_t scratch_size,
	       struct sts_report *report);

#endif
