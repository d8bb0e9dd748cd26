/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer says went wrong: its error code and its words, and which of them may be shown. */
#ifndef STS_PROTOCOL_REASON_H
#define STS_PROTOCOL_REASON_H

#include "json_xml/json.h"
#include "protocol/request.h"
#include "token/sizes.h"

/* UNTRUSTED slices into the open document, or into the body. */
struct sts_reason {
	struct sts_slice code; /* under STS_CODE_MAX_BYTES, [A-Za-z0-9_.-] only; empty where there
				  is none, or none that may be shown */
	struct sts_slice text; /* the answer's words; empty where there are none */
	/* There is not an error code, but there are words in a field where an STS has its message:
	 * the answer came from the STS and not from a proxy or portal in front of it. */
	bool own;
};

/*
 * Find the error code and the words of an answer.
 *   request  in  what was sent: an error code that repeats a secret of it counts as words
 *   body     in  UNTRUSTED
 *   root     in  the body as JSON; NULL where it is not JSON
 */
struct sts_reason sts_reason_read(const struct sts_request *request, struct sts_slice body,
				  const struct sts_json *root);

/* Add ": CODE: WORDS", escaped and cut; what is empty is left out. In the place of words that
 * repeat a secret it adds a note that they are left out. */
void sts_reason_add(struct sts_text *t, const struct sts_request *request,
		    const struct sts_reason *reason);

#endif
