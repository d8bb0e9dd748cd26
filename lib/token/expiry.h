/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expiry of a token: the earliest time that follows from what an answer says. The functions
 * only calculate, with values that protocol/answer.c has found. There are two results, since the
 * schedule and the readers of `expires` use different clocks.
 *
 * lifetime_s drives our schedule. It counts from the moment when the request was sent, on a clock
 * that never steps (CLOCK_BOOTTIME), so it must be a difference of two times of one clock:
 *   - An absolute time minus the server's own Date, where the Date is believed. An error of the
 *     node's clock then does not matter. The answer was dated after the request was sent, so the
 *     difference is never too long, except for the second by which a Date is rounded down.
 *   - An absolute time minus the local clock, where no Date is believed. The local time is the
 *     later of sent and received.
 *   - exp - iat of a JWT, as one more bound. It needs no clock.
 *
 * expires_s goes into the file `expires`, and a reader compares it with the node's clock. It is the
 * time of sending on the local clock plus lifetime_s, but never later than any absolute time that
 * the server wrote: `expires` must not promise more than the token's own exp does. Where the node's
 * clock is ahead, expires_s may lie in the past; the schedule is right all the same.
 *
 * A Date more than a day away from the local clock is not believed. If the local clock were that
 * wrong, neither the server's certificate nor the subject token would have been valid, so it must
 * be the Date that is wrong.
 */
#ifndef STS_TOKEN_EXPIRY_H
#define STS_TOKEN_EXPIRY_H

#include "base/sizes.h"
#include "json_xml/json.h"

/* How an answer states an expiry. */
enum sts_expiry_kind {
	STS_EXPIRY_ABSOLUTE, /* RFC 3339 text, or seconds since the epoch (also in a string) */
	STS_EXPIRY_LIFETIME, /* seconds from when the request was sent (also in a string) */
};

/*
 * Read one expiry out of JSON, in any of the forms that servers use.
 *   value    in   UNTRUSTED; a number (integer or float), a string that holds one, or (absolute
 *                 only) a string that holds RFC 3339 text; NULL has none of these forms
 *   seconds  out  since the epoch, or of lifetime (which may be negative), rounded down
 * Returns false when the value has none of these forms, is not finite, or is out of range.
 */
bool sts_expiry_value(const struct sts_json *value, enum sts_expiry_kind kind, int64_t *seconds);

struct sts_expiry_input {
	int64_t absolute_s;                   /* the earliest absolute time stated; -1: none */
	int64_t token_exp_s;                  /* the returned JWT's own exp; -1: none */
	int64_t token_iat_s;                  /* the returned JWT's own iat; -1: none */
	int64_t lifetime_s;                   /* the shortest lifetime stated; INT64_MIN: none */
	int64_t default_ttl_s;                /* used without absolute_s, token_exp_s, lifetime_s */
	int64_t date_s;                       /* the answer's Date; -1: none */
	int64_t sent_real_s, received_real_s; /* on the local clock */
};

struct sts_expiry {
	int64_t lifetime_s;   /* from when the request was sent, on a clock that does not step */
	int64_t expires_s;    /* on the local clock; never later than absolute_s or token_exp_s */
	int64_t clock_skew_s; /* of sts_expiry_skew() */
};

/* Combine the values; any values are allowed. Returns false when the lifetime is zero or less; *out
 * is filled in all the same. */
bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out);

/* The difference between the answer's Date and the local clock, in seconds: positive when the local
 * clock is behind; 0 when they are within 60 s, or when date_s is -1 (none). */
int64_t sts_expiry_skew(int64_t date_s, int64_t sent_real_s, int64_t received_real_s);

#endif
