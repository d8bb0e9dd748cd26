/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers the subject tokens that may be sent only once and were sent, for the life of the
 * process. The tokens are remembered for all exchanges together: two exchanges may swap their token
 * files, and an exchange may be removed from the configuration and come back. An id stands for a
 * token and an STS: what was sent to one STS may still be sent to another one.
 *
 * At most STS_USED_MAX tokens are remembered. The last token that an exchange has sent is kept as
 * long as the exchange exists. Of the other tokens, the oldest is forgotten first.
 */
#ifndef STS_SUPERVISOR_SENT_TOKENS_H
#define STS_SUPERVISOR_SENT_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "base/sizes.h"

/*
 * A subject token was sent, or is about to be.
 *   id     in  the id of the token and the STS (sts_subject_token_read())
 *   owner  in  an address that stands for the exchange that sends the token
 */
void sts_sent_note(const uint8_t id[STS_SUBJECT_ID_BYTES], const void *owner);

/* The subject token was refused before it was used, so it may be sent again: forget it. Does
 * nothing if another exchange has sent it. */
void sts_sent_forget(const uint8_t id[STS_SUBJECT_ID_BYTES], const void *owner);

/* This exchange does not exist any more. Its last token is still remembered, but may be forgotten
 * when there is no room. */
void sts_sent_orphan(const void *owner);

/* Returns the ids of all remembered tokens, the oldest first. `count` is set to their number. */
const uint8_t (*sts_sent_all(size_t *count))[STS_SUBJECT_ID_BYTES];

/* Forget all tokens, for tests. */
void sts_sent_clear(void);

#endif
