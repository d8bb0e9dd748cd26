/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer says went wrong: its error code and its words, and what of them may be shown. */
#ifndef STS_PROTOCOL_REASON_H
#define STS_PROTOCOL_REASON_H

#include "data/json.h"
#include "protocol/request.h"

#define STS_CODE_MAX_BYTES 48 /* of an error code from the peer, with the NUL */

/* Slices into the open document, or the body. UNTRUSTED. */
struct sts_reason {
	struct sts_slice code; /* under STS_CODE_MAX_BYTES, [A-Za-z0-9_.-] only; empty when there is
				  none that may be shown */
	struct sts_slice text;
	bool own; /* no code, but text where an STS has it, and no portal */
};

/*
 * Find them.
 *   request  in  what was sent: a code that repeats a secret of it counts as text
 *   root     in  the body as JSON; NULL where it is not JSON
 */
struct sts_reason sts_reason_read(const struct sts_request *request, struct sts_slice body,
				  const struct sts_json *root);

/* Add ": CODE: WORDS", escaped and cut, as far as there are any. Words that repeat a secret are
 * left out. */
void sts_reason_add(struct sts_text *t, const struct sts_request *request,
		    const struct sts_reason *reason);

#endif
