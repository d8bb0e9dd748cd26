/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of answers. It gets the status, head and body of a complete HTTP answer, and a
 * protocol of the table, which says how to read them. The result is a token with its expiry, or an
 * error, which says how the schedule tries again. The functions are pure: time is an argument.
 */
#ifndef STS_PROTOCOL_ANSWER_H
#define STS_PROTOCOL_ANSWER_H

#include "base/sizes.h"
#include "http_messages/response.h"
#include "protocol/reason.h"
#include "protocol/request.h"
#include "protocol/table.h"
#include "token/expiry.h"
#include "token/subject.h"

#define STS_TOKEN_MAX_BYTES (64 * 1024)

struct sts_answer_input {
	const struct sts_protocol *protocol;
	/* JSON pointers of --token-field and --expiry-field, which start at the document's root;
	 * NULL: the pointer of the protocol is used */
	const char *token_pointer;
	const char *expiry_pointer;
	enum sts_expiry_kind expiry_kind; /* of expiry_pointer */
	const struct sts_http_head *head;
	struct sts_slice body; /* complete, UNTRUSTED */
	/* The request that was sent. Text of the answer that repeats a secret of the request (the
	 * subject token, a client secret, another value that was read from a file) does not get
	 * into a message. */
	const struct sts_request *request;
	size_t request_head_bytes, request_body_bytes; /* of the request, as it was sent */
	int64_t sent_real_ms;              /* the node's clock when the request was sent */
	int64_t received_real_ms;          /* the node's clock when the head had arrived */
	enum sts_subject_use subject_use;  /* of --subject-use or the protocol */
	const struct sts_subject *subject; /* its times may explain a refusal; may be NULL */
	int64_t default_ttl_s;             /* --default-ttl; 0: the protocol's */
	struct sts_slice expect_audience, expect_issuer; /* empty: not checked */
	int64_t max_lifetime_s;                          /* 0: not checked */
};

struct sts_answer {
	/* Valid as long as the JSON document is open: copy it before sts_json_close(). It has
	 * passed sts_answer_token_ok(). */
	struct sts_slice token;
	/* Where the protocol answers with AWS credentials, token is the session token, and these
	 * are the id and the secret of the access key. They are valid as long as token is, and
	 * checked as token is. Elsewhere they are empty. */
	struct sts_slice aws_key_id, aws_secret;
	int64_t expires_s;  /* what goes into `expires`, by the node's clock: see token/expiry.h */
	int64_t lifetime_s; /* from when the request was sent */
	int64_t clock_skew_s; /* the STS's clock minus the node's; 0 within 60 s or unknown */
	int64_t not_before_s; /* by the node's clock: the token is not valid earlier; 0: it is
				 valid now, or unknown */
	bool is_assumed;      /* nothing states the lifetime: default_ttl_s counts */
	bool has_date; /* the answer shows the time of the STS: by a Date that can be read, or
				 by an iat of the token that is later than the node's time */
	bool has_thumbprint;
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	/* on failure */
	int http_status;
	int retry_after_s;                  /* -1: none */
	char sts_error[STS_CODE_MAX_BYTES]; /* the peer's error code, [A-Za-z0-9_.-] only; "" where
					       there is none, or none that may be shown */
};

/*
 * Read an answer.
 *   scratch  in   memory for decoding XML and the returned JWT, 48 KiB or more
 *   out      out  http_status, retry_after_s, sts_error, has_date and clock_skew_s are set in every
 *                  case
 * Returns STS_OK, or an error. For a status that is not 2xx, an error code that protocols.toml
 * lists as busy, unauthorized, used or refused counts first (sts_protocol_code()). The code may
 * also stand at the beginning of the words, with a colon after it. Otherwise the first of these
 * rows that fits counts:
 *   STS_EBUSY          408, 412, 425, 429, 5xx without 501 and 505
 *   STS_EREDIRECT      below 400; the message names a redirect's target, without its query
 *   STS_ECLIENT        4xx whose error code or words blame the client of the request
 *   STS_ESUBJECT_USED  4xx whose words say that the subject token was sent before, unless
 *                      subject_use is STS_USE_AGAIN
 *   STS_EREQUEST_TOOBIG  413, 414, 431, or 400 with nginx's page about a header that is too
 *                      large; the message has the sizes of what was sent
 *   STS_EHTML          any other 4xx but 404 and 405, with a web page in place of an error
 *   STS_EUNAUTHORIZED  401, 4xx whose words say that the issuer's keys could not be fetched, or 403
 *                      whose words leave open whether the subject token is the reason. The message
 *                      about a bare 401 asks for a client, where the protocol may have one and none
 *                      authenticates itself
 *   STS_EDENIED        any other 403
 *   STS_EREFUSED       any other 4xx with an error code that may be shown
 *   STS_EREFUSED       any other 4xx but 404 and 405, without an error code, but with an error
 *                      message in a field in which an STS has it (as Vault's answers are); or
 *                      404 with OpenBao's words about a namespace that there is not
 *   STS_ENOTFOUND      any other 404
 *   STS_ESTATUS        any other 4xx
 * If the protocol has STS_PROTOCOL_FINAL, STS_EREFUSED takes the place of STS_EUNAUTHORIZED.
 * Where that is a refusal of the subject token (STS_EUNAUTHORIZED, STS_EDENIED, STS_EREFUSED, or
 * STS_ESTATUS with 400 or 422), the times of the subject token may explain it (untimely.h):
 *   STS_EEARLY         in its place, if the subject token is not valid yet. retry_after_s is then
 *                      at least the time until it is valid, or STS_RETRY_AFTER_MAX_S
 * For a 2xx that cannot be used:
 *   STS_EREFUSED       there is an error code of protocols.toml in place of a token
 *   STS_EEMPTY, STS_EHTML, STS_EJSON, STS_ETOOBIG  as sts_json_parse() and sts_xml_to_json()
 *   STS_EANSWER        a field is missing or of the wrong type; the message names its pointer. The
 *                      detail says whether the answer is a discovery document
 *   STS_ETOKEN         a value fails sts_answer_token_ok(), the token is a value that was sent
 *                      (sts_secrets_returned()), the thumbprint is not hexadecimal, or the returned
 *                      token's exp is not a time or appears twice
 *   STS_ELIFETIME      the token has expired already
 *   STS_EEXPECT        the token is not what expect_audience, expect_issuer or max_lifetime_s want
 *
 * A message for a status begins with "unexpected status 403". The error code and the words of the
 * answer follow (sts_reason_read()), escaped and cut. Words that hold a piece of the subject token,
 * of another secret that was sent, or of any JWT are left out. Fields that the protocol does not
 * name are ignored.
 *
 * On STS_OK the JSON document stays open, since token points into it, and the caller closes it.
 * After an error it is closed.
 */
enum sts_err sts_answer_read(const struct sts_answer_input *in, char *scratch, size_t scratch_size,
			     struct sts_answer *out, struct sts_error *e);

/* May this value be written to a file? It must be printable ASCII without white space, and have 1
 * to STS_TOKEN_MAX_BYTES bytes. */
bool sts_answer_token_ok(struct sts_slice token);

#endif
