/* SPDX-License-Identifier: Apache-2.0 */
/* The reason of a failure, as the answer of an STS states it: an error code and words for people.
 * This module finds them, and decides which of them may be shown. */
#ifndef STS_PROTOCOL_REASON_H
#define STS_PROTOCOL_REASON_H

#include "base/sizes.h"
#include "json_xml/json.h"
#include "protocol/request.h"

/* UNTRUSTED slices into the open document, or into the body. */
struct sts_reason {
	struct sts_slice code; /* under STS_CODE_MAX_BYTES, [A-Za-z0-9_.-] only; empty where there
				  is none, or none that may be shown */
	struct sts_slice text; /* the answer's words; empty where there are none */
	/* The answer has no error code, but it has words in a field in which an STS has its error
	 * message. So the answer came from the STS, and not from a proxy or portal in front of it.
	 */
	bool is_from_sts;
};

/*
 * Find the error code and the words of an answer.
 *   request  in  the request that was sent; an error code that repeats a secret of the request
 *                counts as words
 *   body     in  UNTRUSTED
 *   root     in  the body as JSON; NULL where it is not JSON
 */
struct sts_reason sts_reason_read(const struct sts_request *request, struct sts_slice body,
				  const struct sts_json *root);

/* Add ": CODE: WORDS", escaped and cut. An empty code is left out, and so are empty words. When the
 * words repeat a secret, a note that says so takes their place. */
void sts_reason_add(struct sts_text *t, const struct sts_request *request,
		    const struct sts_reason *reason);

#endif
