/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject tokens that may be sent once and were sent: remembered by the token and not by the
 * exchange, for the life of the process. Two exchanges may swap their token files, and an exchange
 * may be removed from the configuration and come back.
 *
 * The memory is bounded: STS_USED_MAX tokens. The last one that an exchange has sent is kept as
 * long as the exchange is there; of the others the oldest is forgotten first.
 */
#ifndef STS_SUPERVISOR_SENT_TOKENS_H
#define STS_SUPERVISOR_SENT_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "token/subject.h"

/*
 * A subject token was sent, or is about to be.
 *   id     in  of the token (struct sts_subject)
 *   owner  in  the exchange that sends it; any address that stands for it
 */
void sts_sent_note(const uint8_t id[STS_SUBJECT_ID_BYTES], const void *owner);

/* This exchange is not there any more. What it has sent is still remembered, and may be forgotten
 * when there is no room. */
void sts_sent_orphan(const void *owner);

/* The ids of all that were sent, the oldest first.
 *   count  out  at most STS_USED_MAX */
const uint8_t (*sts_sent_all(size_t *count))[STS_SUBJECT_ID_BYTES];

/* Forget all of them, for tests. */
void sts_sent_clear(void);

#endif
