/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain: an exchange may use the token of another exchange as its subject token, and then waits
 * for the first token of that exchange, which may wait for a third.
 */
#ifndef STS_SUPERVISOR_CHAIN_H
#define STS_SUPERVISOR_CHAIN_H

#include "supervisor/members.h"

/*
 * Tell each exchange what has become of the exchange that it reads from: an exchange without a
 * token makes its reader wait, a token lets it go on, and an exchange that has ended without a
 * token ends it. Repeats that until nothing changes, so that the order of the exchanges in the
 * configuration file does not matter. Then checks whether the other subject tokens changed.
 */
void sts_chain_settle(void);

#endif
