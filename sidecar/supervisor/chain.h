/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain: an exchange may use the token of another exchange as its subject token, and then waits
 * for the first token of that exchange.
 */
#ifndef STS_SUPERVISOR_CHAIN_H
#define STS_SUPERVISOR_CHAIN_H

#include "supervisor/members.h"

/* Make an exchange wait if the exchange that it reads from has no token. Does nothing while an
 * attempt is under way: that attempt sees what there is. */
void sts_chain_make_wait(struct sts_member *t);

/*
 * Pass on what has happened to the exchanges: start what waited for a token that is there now, end
 * what waits for an exchange that has failed for good, and check whether the other subject tokens
 * changed.
 */
void sts_chain_pass_on(void);

#endif
