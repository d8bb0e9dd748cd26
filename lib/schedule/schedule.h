/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule decides when the next attempt is made. docs/schedule.md shows what follows from it.
 * The functions are pure: the time and the random number are arguments. Times are milliseconds of
 * BOOTTIME. Every argument is allowed: a value that makes no sense is clamped, and no sum
 * overflows.
 *
 * After a success, the token is refreshed at 2/3 of its lifetime L, which begins when the request
 * was sent. The time is spread over 15 % of L before and after, but leaves the last 5 % of L free.
 * With --refresh-before D, the token is refreshed at D before its end, spread over the 10 % of L
 * before that. D is clamped to at most L/2, and to at least 10 s or 5 % of L, whichever is less.
 * The wait is never less than 5 s, and never more than 24 h, spread over the last 15 % of the 24 h.
 *
 * After a failure that may pass by itself (STS_RETRY_SOON), the wait is drawn from 1 to 2 s, then
 * from 1 to 4 s, and so on up to 1 to 60 s: exponential back-off with full jitter. After ten
 * minutes of failures it goes on up to 1 to 300 s.
 *
 * After a failure that somebody must mend (STS_RETRY_SLOW), the wait is drawn from 30 to 60 s, then
 * from 30 to 120 s, and so on up to 30 to 300 s. In the second half of the token's life it begins
 * with 10 to 20 s. Without a valid token on disk it is always drawn from 50 to 60 s.
 *
 * After both kinds of failure, the upper end is at most a quarter of the life that the token on
 * disk has left, or 10 s where that is more.
 *
 * Retry-After outranks all of this: the wait after a failure is never shorter. Values above 300 s
 * count as 300 s. The upper end is then at least a quarter more than Retry-After, so that not all
 * sidecars come back at the same moment.
 */
#ifndef STS_SCHEDULE_SCHEDULE_H
#define STS_SCHEDULE_SCHEDULE_H

#include <stdint.h>

#include "base/error.h"

#define STS_SCHEDULE_MAX_MS            (24LL * 3600 * 1000) /* the longest wait */
#define STS_SCHEDULE_FLOOR_MS          5000LL               /* the least after a success */
#define STS_SCHEDULE_RETRY_FLOOR_MS    1000LL               /* the least after a failure */
#define STS_SCHEDULE_RETRY_AFTER_MAX_S 300                  /* the most that an STS may ask for */

/* What the user has asked for. */
struct sts_schedule_rules {
	int64_t refresh_before_ms;  /* 0: fraction_permille decides */
	uint32_t fraction_permille; /* of the token's life; 0: the default, 667 */
	/* The longest wait after a failure, for `exchange`; 0: there is none. A longer wait is
	 * drawn from the last sixth of this one instead. Retry-After outranks it. */
	int64_t longest_wait_ms;
};

/* What has happened so far. */
struct sts_schedule_state {
	int64_t token_from_ms;    /* when the request for the token on disk was sent */
	int64_t token_until_ms;   /* when that token expires; not after now: there is no token */
	int64_t failing_since_ms; /* the first of the failures in a row; -1: there are none */
	uint32_t failures;        /* failures in a row */
};

/*
 * When to refresh after a success.
 *   random  in  uniform 32 bits
 * Returns a time from now + 5 s to now + 24 h. It is before token_until_ms, unless that is less
 * than 5 s away.
 */
int64_t sts_schedule_after_success(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, int64_t now_ms,
				   uint32_t random);

/*
 * When to try again after a failure.
 *   state          in  failures counts this failure already
 *   retry          in  of the error's row; STS_RETRY_NEVER counts as STS_RETRY_SLOW. `fetch` gives
 *                      STS_RETRY_SOON for every error that it retries, since its deadline is near
 *   retry_after_s  in  seconds; -1: the answer had no Retry-After
 *   random         in  uniform 32 bits
 * Returns a time from now + 1 s to now + 375 s. It is before token_until_ms where that is more than
 * 10 s away, unless Retry-After is later.
 */
int64_t sts_schedule_after_failure(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, enum sts_retry retry,
				   int retry_after_s, int64_t now_ms, uint32_t random);

/*
 * Draw a part of a span.
 *   random  in  uniform 32 bits
 * Returns a uniform number from 0 to less than span_ms; 0 when span_ms <= 0.
 */
int64_t sts_schedule_jitter(int64_t span_ms, uint32_t random);

/* The earlier of two times. A negative time means never, and so does a negative result. */
int64_t sts_schedule_earlier_ms(int64_t a, int64_t b);

#endif
