/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain: an exchange may use the token of another exchange, its source, as its subject token.
 * It then waits for the first token of the source. The source may have a source as well.
 */
#ifndef STS_SUPERVISOR_CHAIN_H
#define STS_SUPERVISOR_CHAIN_H

#include "supervisor/members.h"

/*
 * Bring each exchange that has a source up to date: it waits if the source has no token, goes on if
 * the source has a token, and ends if the source has ended without a token. This is repeated until
 * nothing changes, so that the order of the exchanges in the configuration file does not matter.
 */
void sts_chain_settle(void);

/* An attempt of this exchange has ended. If it has found that its subject token was sent before,
 * and may be sent once, ask the source for another token. */
void sts_chain_ask_source(struct sts_member *t);

/* An attempt of this exchange has ended: do the same, and ask for an examination of the exchanges
 * whose source it is, since their subject token may have changed. */
void sts_chain_attempted(const struct sts_member *source);

#endif
