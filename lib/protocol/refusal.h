/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer that is not 2xx means: which error it is, by its status, its error code and its
 * words. */
#ifndef STS_PROTOCOL_REFUSAL_H
#define STS_PROTOCOL_REFUSAL_H

#include "protocol/reason.h"
#include "protocol/request.h"
#include "protocol/table.h"

struct sts_refusal_input {
	const struct sts_protocol *protocol;
	const struct sts_request *request; /* that was sent */
	struct sts_slice body;             /* UNTRUSTED */
	int status;                        /* of the answer */
	enum sts_subject_use subject_use;
};

/* What an answer means that is not 2xx. Returns the error; sts_answer_read() (answer.h) lists
 * which. */
enum sts_err sts_refusal_meaning(const struct sts_refusal_input *in,
				 const struct sts_reason *reason);

/*
 * What an error code means for this protocol and request.
 *   code       in   UNTRUSTED
 *   otherwise  in   returned where the code does not say more
 *   known      out  as that of sts_protocol_code(); may be NULL
 */
enum sts_err sts_refusal_by_code(const struct sts_refusal_input *in, struct sts_slice code,
				 enum sts_err otherwise, bool *known);

/* May the STS want a client that authenticates itself? A bare 401 does not tell. */
bool sts_refusal_wants_client(const struct sts_refusal_input *in, const struct sts_reason *reason);

#endif
