/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory in which a worker of `doctor` leaves the token that came back, for the worker that
 * revokes it: the sandbox allows a worker one connection. The command that starts both makes the
 * memory, and never looks into it.
 */
#ifndef STS_WIRE_HANDOVER_H
#define STS_WIRE_HANDOVER_H

#include "base/text.h"

/* Make the empty memory, as descriptor STS_INHERITED_TOKEN_FD, which child processes inherit.
 * Returns false if that is not possible; then no token is left. */
bool sts_handover_make(void);

/* Leave a token. Does nothing if the memory was not inherited, or is not empty. */
void sts_handover_put(struct sts_slice token);

/*
 * Take the token, and overwrite the memory with zeros.
 *   buf  out  size bytes
 * Returns the token, in buf; an empty slice if there is none, or it does not fit.
 */
struct sts_slice sts_handover_take(char *buf, size_t size);

#endif
