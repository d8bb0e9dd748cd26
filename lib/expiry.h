/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expiry of a token: the earliest of what an answer says (protocols.md, "Reading the expiry"). Pure arithmetic on the values
 * that answer.c found.
 *
 * An absolute time is judged relative to the answer's Date header when it has one, so that a wrong node clock does not make
 * every token look expired; a lifetime counts from the moment the request was sent.
 */
#ifndef STS_EXPIRY_H
#define STS_EXPIRY_H

#include "json.h"
#include "protocol.h"

#define STS_EXPIRY_MAX_S (366LL * 24 * 3600 * 100) /* no lifetime is longer than a hundred years */

/*
 * One expiry value out of JSON, in any of the forms that servers use.
 *   value    in   a number (integer or float), or a string holding one, or RFC 3339 text (absolute only)
 *   seconds  out  since the epoch, or of lifetime, rounded down
 * False when it has no such form, or is not finite, or out of range.
 */
bool sts_expiry_value(const struct sts_json *value, enum sts_expiry_kind kind, int64_t *seconds);

struct sts_expiry_input {
	int64_t absolute_s;	/* the earliest absolute time stated, -1: none */
	int64_t token_exp_s;	/* the returned JWT's own exp, -1: none */
	int64_t lifetime_s;	/* the shortest lifetime stated; INT64_MIN: none */
	int64_t default_ttl_s;	/* where there is none of the three */
	int64_t date_s;		/* the answer's Date, -1: none */
	int64_t sent_real_s, received_real_s;
};

struct sts_expiry {
	int64_t lifetime_s;   /* from when the request was sent, on a clock that does not step */
	int64_t expires_s;    /* on the local clock; never later than token_exp_s or absolute_s as the server wrote it */
	int64_t clock_skew_s; /* Date minus local, 0 within 60 s or unknown */
};

/* Combine. False when the lifetime is zero or less. */
bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out);

#endif
