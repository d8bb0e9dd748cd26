/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expiry of a token: one decision from everything that an answer says. The functions only
 * calculate, with values that protocol/answer.c has found.
 *
 * The node's clock may be wrong, and the answer's Date may be a gateway's and wrong. The statements
 * of an answer are of two kinds:
 *   - A lifetime needs no clock: the answer's own (expires_in), and exp - iat of the returned JWT.
 *   - An absolute time (the answer's, and exp of the returned JWT) is held against the local clock
 *     and against the Date. Each of the two gives a view: how many seconds are left.
 * A Date more than a day away from the local clock is not believed. If the local clock were that
 * wrong, neither the server's certificate nor the subject token would have been valid, so it must
 * be the Date that is wrong.
 *
 * The token has expired already
 *   - when the answer's lifetime is zero or less, or
 *   - when the absolute time has passed by both clocks, or by the local clock where there is no
 *     Date that is believed. But a lifetime that the answer states says more than the local clock
 *     alone, unless the time has passed by more than a day.
 * exp - iat cannot revive a token that the clocks call expired: the STS may have kept that token
 * for a while. If the token has not expired, a clock by which it has is wrong and does not count.
 * Nor does a clock by which the token ends within a minute, if a lifetime and the other clock give
 * over a minute more (without a Date: both lifetimes). Each new token would have as short a life.
 *
 * lifetime_s is the earliest end that any statement gives. It counts from the moment when the
 * request was sent, on a clock that never steps (CLOCK_BOOTTIME). expires_s is the time of sending
 * on the local clock plus lifetime_s, always. So the schedule and the readers of `expires`, who go
 * by the node's clock, have one decision. Where the node's clock is so far ahead that the exp of
 * the token lies in its past, or less than a minute ahead, expires_s is later than that exp.
 *
 * not_before_s goes by the Date, or by the local clock where no Date is believed. A token that was
 * valid when it was issued (nbf is not after iat) is valid, if it is valid by the local clock or no
 * Date is believed. Five seconds make no difference in any of these comparisons. A clock by which
 * the token becomes valid when it has ended does not count.
 *
 * usable_s is for --max-lifetime: how long a service may accept the token. There a clock that is
 * ahead must not make a life look short, so the longer of the two views counts, and an iat that is
 * over a minute later than both clocks says nothing.
 */
#ifndef STS_TOKEN_EXPIRY_H
#define STS_TOKEN_EXPIRY_H

#include "base/sizes.h"
#include "json_xml/json.h"

#define STS_EXPIRY_NUMBER_MAX_BYTES 64

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

/* Read one expiry out of the text of a string, in the same forms, with the same results. */
bool sts_expiry_text(struct sts_slice text, enum sts_expiry_kind kind, int64_t *seconds);

/*
 * Read a decimal number: -?digits(.digits)?([eE][+-]?digits)?, all of the text.
 *   text    in   UNTRUSTED; at most STS_EXPIRY_NUMBER_MAX_BYTES
 *   number  out  finite; undefined after a failure
 * Returns false for anything else.
 */
bool sts_expiry_number(struct sts_slice text, double *number);

struct sts_expiry_input {
	int64_t absolute_s;                   /* the answer's absolute time; -1: none */
	int64_t token_exp_s;                  /* the returned JWT's own exp; -1: none */
	int64_t token_iat_s;                  /* the returned JWT's own iat; -1: none */
	int64_t token_nbf_s;                  /* the returned JWT's own nbf; -1: none */
	int64_t lifetime_s;                   /* the answer's lifetime; INT64_MIN: none */
	int64_t default_ttl_s;                /* used without absolute_s, token_exp_s, lifetime_s */
	int64_t date_s;                       /* the answer's Date; -1: none */
	int64_t sent_real_s, received_real_s; /* on the local clock, as it is set now */
};

/* Why a token can be used, or cannot. */
enum sts_expiry_verdict {
	STS_EXPIRY_OK,
	STS_EXPIRY_NO_LIFETIME, /* the answer's lifetime is zero or less */
	STS_EXPIRY_ENDED,       /* the absolute time has passed */
	STS_EXPIRY_TOO_LATE,    /* lifetime_s was over before the answer had arrived */
};

struct sts_expiry {
	enum sts_expiry_verdict verdict;
	int64_t lifetime_s; /* from when the request was sent, on a clock that does not step; after
			       STS_EXPIRY_ENDED it is 0 */
	int64_t expires_s;  /* on the local clock: the time of sending plus lifetime_s */
	int64_t usable_s;   /* for --max-lifetime; 0 where nothing states it */
	int64_t not_before_s; /* on the local clock: the token is not valid earlier; 0: it is valid
				 now, or unknown */
	int64_t end_s;        /* the earlier of absolute_s and token_exp_s; -1: none */
	/* How long ago end_s is (negative: in the future), by the local clock and by the Date. Not
	 * meaningful without end_s. */
	int64_t ago_local_s, ago_date_s;
	bool has_date; /* there is a Date that is believed */
};

/* Combine the values; any values are allowed. Returns whether the token can be used: *out is filled
 * in all the same. */
bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out);

/* The difference between the answer's Date and the local clock, in seconds: positive when the local
 * clock is behind; 0 when they are within 60 s, or when date_s is -1 (none). */
int64_t sts_expiry_skew(int64_t date_s, int64_t sent_real_s, int64_t received_real_s);

#endif
