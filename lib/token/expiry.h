/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expiry of a token: one time that follows from all statements of an answer. The functions only
 * calculate, with values that protocol/answer.c has found.
 *
 * The node's clock may be ahead or behind, and so may the answer's Date, which a gateway may have
 * written. The statements of an answer are of two kinds:
 *   - A lifetime needs no clock: the answer's own (expires_in), and exp - iat of the returned JWT.
 *   - An absolute time (the answer's, and exp of the returned JWT) is compared with the node's
 *     clock and with the Date. Each of the two comparisons is a view: how many seconds are left.
 * A Date that differs from the node's clock by more than a day is not believed. If the node's clock
 * differed that much from the right time, neither the server's certificate nor the subject token
 * would have been valid, so it must be the Date that differs.
 *
 * The token has expired already
 *   - if the answer's lifetime is zero or less, or
 *   - if the absolute time has passed by both clocks, or by the node's clock if no Date is
 *     believed. But without a Date, a lifetime of the answer that is above zero counts more than
 *     the node's clock, unless the time has passed by more than a day.
 * exp - iat does not count here: the STS may have kept the token for a while before it answered.
 *
 * If the token has not expired, a clock by which it has expired is ignored. A clock by which the
 * token ends within a minute is ignored too, if a lifetime and the other clock allow over a minute
 * more (without a Date: if both lifetimes do), since each new token would have as short a life.
 *
 * lifetime_s is the earliest of the ends that remain. It counts from the moment when the request
 * was sent, on a clock that never steps (CLOCK_BOOTTIME). expires_s is always the time of sending
 * on the node's clock plus lifetime_s. So the schedule agrees with the readers of `expires`, who
 * compare it with the node's clock. If the node's clock has passed the exp of the token, or passes
 * it within a minute, although the token lives longer, expires_s is later than that exp.
 *
 * not_before_s goes by the Date, or by the node's clock if no Date is believed. A token whose nbf
 * is not after its iat was valid when it was issued: it is valid if it is valid by the node's clock
 * too, or if no Date is believed. Five seconds make no difference in any of these comparisons. A
 * time that is not before the end of the token does not count.
 *
 * usable_s is for --max-lifetime: how long a service may accept the token. A clock that is ahead
 * must not make this life look short, so the longer of the two views counts, and an iat that is
 * over a minute later than both clocks is ignored.
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
	int64_t sent_real_s, received_real_s; /* on the node's clock, as it is set now */
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
	int64_t expires_s;  /* on the node's clock: the time of sending plus lifetime_s */
	int64_t usable_s;   /* for --max-lifetime; 0 where nothing states it */
	int64_t not_before_s; /* on the node's clock: the token is not valid earlier; 0: it is valid
				 now, or unknown */
	int64_t end_s;        /* the earlier of absolute_s and token_exp_s; -1: none */
	/* How long ago end_s is (negative: in the future), by the node's clock and by the Date. Not
	 * meaningful without end_s. */
	int64_t ago_local_s, ago_date_s;
	bool has_date; /* there is a Date that is believed */
};

/* Combine the values; any values are allowed. Returns whether the token can be used: *out is filled
 * in all the same. */
bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out);

/* The difference between the answer's Date and the node's clock, in seconds: positive when the
 * node's clock is behind; 0 when they are within 60 s, or when date_s is -1 (none). */
int64_t sts_expiry_skew(int64_t date_s, int64_t sent_real_s, int64_t received_real_s);

/* The same for an answer without a Date, by the iat of the token. Only one that is later than the
 * node's time says how the clocks differ, since a token may be older than its answer. Never
 * negative. */
int64_t sts_expiry_skew_of_iat(const struct sts_expiry_input *in);

#endif
