/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule decides when the next attempt is made. docs/schedule.md shows what follows from it.
 * The functions are pure: the time and the random number are arguments. Times are milliseconds of
 * BOOTTIME. Every argument is allowed: a value that makes no sense is clamped, and no sum
 * overflows.
 *
 * After a success, the token is refreshed at about 2/3 of its lifetime L, which begins when the
 * request was sent. The time is drawn from the range that begins 15 % of L before 2/3 of L, and
 * ends 15 % of L after it, but not later than at 95 % of L. With --refresh-before D, the time is
 * drawn from the range that ends D before the token's end and is 10 % of L long. D is clamped to at
 * most L/2, and to at least 10 s or 5 % of L, whichever is less. The wait is never less than 5 s.
 * It is never more than a longest wait, which is drawn anew each time from the last 15 % of 24 h.
 *
 * After a failure that may pass by itself (STS_RETRY_SOON), the wait is drawn from 1 to 2 s, then
 * from 1 to 4 s, and so on up to 1 to 60 s: exponential back-off with full jitter. After ten
 * minutes of failures it goes on up to 1 to 300 s.
 *
 * After a failure that somebody must mend (STS_RETRY_SLOW), the wait is drawn from 30 to 60 s, then
 * from 30 to 120 s, and so on up to 30 to 300 s. In the second half of the token's life the lower
 * end is 10 s, so the first of these ranges is 10 to 20 s. Without a valid token on disk the wait
 * is always drawn from 50 to 60 s.
 *
 * After both kinds of failure, the upper end of the range is at most a quarter of the time that the
 * token on disk is still valid, or 10 s where that is more.
 *
 * Retry-After outranks all of these rules: the wait after a failure is never shorter than
 * Retry-After. Values above 300 s count as 300 s. The upper end of the range is then at least a
 * quarter more than Retry-After, so that not all sidecars come back at the same moment.
 */
#ifndef STS_SCHEDULE_SCHEDULE_H
#define STS_SCHEDULE_SCHEDULE_H

#include <stdint.h>

#include "base/error.h"
#include "base/sizes.h"

#define STS_SCHEDULE_MAX_MS         (24LL * 3600 * 1000) /* the longest wait */
#define STS_SCHEDULE_FLOOR_MS       5000LL               /* the least after a success */
#define STS_SCHEDULE_RETRY_FLOOR_MS 1000LL               /* the least after a failure */

/* What the user has asked for. */
struct sts_schedule_rules {
	int64_t refresh_before_ms;  /* 0: fraction_permille decides */
	uint32_t fraction_permille; /* of the token's life; 0: the default, 667 */
	/* The longest wait after a failure, which only `exchange` has; 0: there is none. When the
	 * range of the wait reaches further, the wait is drawn from the last sixth of
	 * longest_wait_ms. Retry-After outranks longest_wait_ms. */
	int64_t longest_wait_ms;
};

/* What has happened so far. */
struct sts_schedule_state {
	int64_t token_from_ms;    /* when the request for the token on disk was sent */
	int64_t token_until_ms;   /* when that token expires; a time that is not after now means
				     that there is no valid token */
	int64_t failing_since_ms; /* the first of the failures in a row; -1: there are none */
	uint32_t failures;        /* failures in a row */
};

/*
 * When to refresh after a success.
 *   random  in  uniform 32 bits
 * Returns a time from now + 5 s to now + 24 h. The time is before token_until_ms, unless
 * token_until_ms is less than 5 s away.
 */
int64_t sts_schedule_after_success(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, int64_t now_ms,
				   uint32_t random);

/*
 * When to try again after a failure.
 *   state          in  failures counts this failure already
 *   retry          in  what the table of errors says; STS_RETRY_NEVER counts as STS_RETRY_SLOW.
 *                      `fetch` passes STS_RETRY_SOON for every error that it retries, since its
 *                      deadline is near
 *   retry_after_s  in  seconds; -1: the answer had no Retry-After
 *   random         in  uniform 32 bits
 * Returns a time from now + 1 s to now + 375 s. When token_until_ms is more than 10 s away, the
 * time is before token_until_ms, unless Retry-After is later.
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
