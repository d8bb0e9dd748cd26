/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one answer reader: HTTP status, head and body of a complete answer, read by a protocol
 * of the table, become a token and its expiry, or one error with the class that the schedule
 * needs. Pure: time is an argument.
 */
#ifndef STS_PROTOCOL_ANSWER_H
#define STS_PROTOCOL_ANSWER_H

#include "http/response.h"
#include "protocol/reason.h"
#include "protocol/request.h"
#include "protocol/table.h"
#include "token/expiry.h"

#define STS_TOKEN_MAX_BYTES  (64 * 1024)
#define STS_THUMBPRINT_BYTES 32

struct sts_answer_input {
	const struct sts_protocol *protocol;
	/* --token-field and --expiry-field, from the document's root; NULL: the protocol's */
	const char *token_pointer;
	const char *expiry_pointer;
	enum sts_expiry_kind expiry_kind; /* of expiry_pointer */
	const struct sts_http_head *head;
	struct sts_slice body; /* complete, UNTRUSTED */
	/* What was sent, so that no echo of the subject token, of a client secret or of what came
	 * from a file reaches a message. */
	const struct sts_request *request;
	int64_t sent_real_ms;                            /* local clock when the request was sent */
	int64_t received_real_ms;                        /* local clock when the head had arrived */
	int64_t default_ttl_s;                           /* --default-ttl; 0: the protocol's */
	struct sts_slice expect_audience, expect_issuer; /* empty: not checked */
	int64_t max_lifetime_s;                          /* 0: not checked */
};

struct sts_answer {
	struct sts_slice token; /* into the JSON document: copy before sts_json_close() */
	/* Empty but for protocols that answer with AWS credentials: there token is the session
	 * token, and all three have passed sts_answer_token_ok(). They live as long as token. */
	struct sts_slice aws_key_id, aws_secret;
	int64_t expires_s;  /* local clock: what goes into `expires`; never after the token's exp */
	int64_t lifetime_s; /* from when the request was sent */
	int64_t clock_skew_s; /* Date minus local clock; 0 within 60 s or unknown */
	bool has_thumbprint;
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	/* on failure */
	int http_status;
	int retry_after_s;                  /* -1: none */
	char sts_error[STS_CODE_MAX_BYTES]; /* the peer's code, [A-Za-z0-9_.-] only; "" when there
					       is none that may be shown */
};

/*
 * Read an answer.
 *   scratch  in   memory for decoding XML and the returned JWT, 48 KiB or more
 *   out      out  http_status, retry_after_s, sts_error and clock_skew_s are set in every case
 * Returns STS_OK; for a status that is not 2xx, by the codes of the table and then by the status:
 *   STS_EBUSY          408, 425, 429, 5xx
 *   STS_EREDIRECT      3xx; the message names the target's origin
 *   STS_EUNAUTHORIZED  401
 *   STS_ECLIENT        4xx with a code that is about the request's client
 *   STS_EDENIED        403
 *   STS_EREFUSED       any other 4xx with an error code (OAuth's or the STS's), or with its own
 *                      words and no code (Vault)
 *   STS_ENOTFOUND      404 without one
 *   STS_ESTATUS        any other 4xx without one
 * for a 2xx that cannot be used: STS_EREFUSED (no token, but a code that is known), STS_EEMPTY,
 * STS_EHTML, STS_EJSON, STS_ETOOBIG, STS_EANSWER (a field is missing or of the wrong type: the
 * message names its pointer), STS_ETOKEN (not printable
 * ASCII without white space, or over 64 KiB; thumbprint not hex), STS_ELIFETIME, STS_EEXPECT.
 *
 * A message for a status begins with "unexpected status 403", then come the peer's code and words,
 * escaped and cut; words that hold a piece of the subject token, of another secret that was sent,
 * or of any JWT are left out. Fields that the protocol does not name are ignored.
 *
 * The JSON document stays open on STS_OK (token points into it): the caller closes it. After an
 * error it is closed.
 */
enum sts_err sts_answer_read(const struct sts_answer_input *in, char *scratch, size_t scratch_size,
			     struct sts_answer *out, struct sts_error *e);

/* Is this a value that may be written to a file: printable ASCII without white space, 1 byte to
 * STS_TOKEN_MAX_BYTES? */
bool sts_answer_token_ok(struct sts_slice token);

#endif
