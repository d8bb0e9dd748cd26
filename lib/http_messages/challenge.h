/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of WWW-Authenticate (RFC 9110 section 11.6.1), for the reason of a refusal that
 * OAuth 2.0 puts there (RFC 6750 section 3, RFC 9449 section 7.1). It is pure and lenient. */
#ifndef STS_HTTP_MESSAGES_CHALLENGE_H
#define STS_HTTP_MESSAGES_CHALLENGE_H

#include "base/text.h"

/* UNTRUSTED slices into the header, without their quotation marks; empty where there is none. */
struct sts_http_challenge {
	struct sts_slice error;
	struct sts_slice description; /* may have quoted pairs */
};

/*
 * Read one header, which may have several challenges. The first one counts that has `error` or
 * `error_description`, whatever its scheme is. An `error` that is there twice, with two values,
 * does not count. Of several descriptions the first counts.
 *   value  in  UNTRUSTED
 */
struct sts_http_challenge sts_http_challenge_read(struct sts_slice value);

#endif
