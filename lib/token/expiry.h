/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expiry of a token: the earliest of what an answer says. Pure arithmetic on the values that
 * protocol/answer.c found. Two results, because two clocks use them.
 *
 * lifetime_s drives our schedule, on a clock that never steps (BOOTTIME), counted from when the
 * request was sent. It needs the difference of two times of one clock. For an absolute time that is
 * the server's own, its Date header: then it does not matter how wrong the node's clock is. The
 * answer was dated after the request was sent, so the difference is never too long (but for the
 * second that a Date is rounded down by). Without a Date that can be believed it is the local
 * clock, the later one of sent and received. exp - iat of a JWT is one more bound, and needs no
 * clock.
 *
 * expires_s goes into the file `expires`, and whoever reads it compares it with the node's clock.
 * It is sent + lifetime on that clock, but never later than any absolute time as the server wrote
 * it: a reader who goes by the token's own exp must not be promised more. Where the node's clock is
 * ahead, that may be in the past already; the schedule is right all the same.
 *
 * A Date more than a day from the local clock is not believed: with a clock that wrong neither the
 * server's certificate nor the subject token would have passed, so the Date is the odd one out.
 */
#ifndef STS_TOKEN_EXPIRY_H
#define STS_TOKEN_EXPIRY_H

#include "data/json.h"

#define STS_EXPIRY_MAX_S (366LL * 24 * 3600 * 100) /* no lifetime is longer: a hundred years */

/* What kind of value an answer says an expiry with. */
enum sts_expiry_kind {
	STS_EXPIRY_ABSOLUTE, /* RFC 3339 text, or seconds since the epoch (also in a string) */
	STS_EXPIRY_LIFETIME, /* seconds from when the request was sent (also in a string) */
};

/*
 * One expiry value out of JSON, in any of the forms that servers use.
 *   value    in   UNTRUSTED; a number (integer or float), or a string holding one, or RFC 3339 text
 *                 (absolute only); NULL is none of them
 *   seconds  out  since the epoch, or of lifetime (which may be negative), rounded down
 * False when it has no such form, or is not finite, or out of range.
 */
bool sts_expiry_value(const struct sts_json *value, enum sts_expiry_kind kind, int64_t *seconds);

struct sts_expiry_input {
	int64_t absolute_s;                   /* the earliest absolute time stated; -1: none */
	int64_t token_exp_s;                  /* the returned JWT's own exp; -1: none */
	int64_t token_iat_s;                  /* the returned JWT's own iat; -1: none */
	int64_t lifetime_s;                   /* the shortest lifetime stated; INT64_MIN: none */
	int64_t default_ttl_s;                /* where there is no absolute time, exp or lifetime */
	int64_t date_s;                       /* the answer's Date; -1: none */
	int64_t sent_real_s, received_real_s; /* on the local clock */
};

struct sts_expiry {
	int64_t lifetime_s;   /* from when the request was sent, on a clock that does not step */
	int64_t expires_s;    /* on the local clock; never later than absolute_s or token_exp_s */
	int64_t clock_skew_s; /* as sts_expiry_skew() */
};

/* Combine; any values are allowed. False when the lifetime is zero or less (*out is set). */
bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out);

/* How far the Date is from the local clock: positive when ours is behind; 0 within 60 s or unknown.
 */
int64_t sts_expiry_skew(int64_t date_s, int64_t sent_real_s, int64_t received_real_s);

#endif
