/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule: when the next attempt is made. Pure arithmetic; the time and the random number are
 * arguments. All times are milliseconds of BOOTTIME unless a name says otherwise. Any argument is
 * allowed: what makes no sense is clamped, nothing overflows.
 *
 * After a success: 2/3 of the lifetime L, counted from when the request was sent, spread by +-15 %
 * of L, but not in its last 5 %. --refresh-before D: D before the end, clamped to L/2 and to no
 * less than 10 s (or 5 % of L), spread over the 10 % of L before it. Never sooner than 5 s, never
 * later than 24 h (spread over the 15 % before it).
 *
 * After a failure (soon): exponential back-off with full jitter, no wait under 1 s: 1 to 2 s, 1 to
 * 4 s, up to 1 to 60 s, to 300 s once it has failed for ten minutes. While a still-valid token is
 * running out the upper end is at most a quarter of what is left, but not under 10 s for that.
 *
 * After a failure (slow): 30 to 60 s, 30 to 120 s, up to 30 to 300 s while more than half of the
 * life is left, from 10 s in its second half; the upper end is at most a quarter of what is left,
 * but not under 10 s for that; 50 to 60 s once no valid token is on disk.
 *
 * Retry-After (to 300 s) is the least wait after any failure, whatever else is said here; it is
 * spread over the quarter of it that follows.
 */
#ifndef STS_SCHEDULE_SCHEDULE_H
#define STS_SCHEDULE_SCHEDULE_H

#include <stdint.h>

#include "base/error.h"

#define STS_SCHEDULE_MAX_MS         (24LL * 3600 * 1000)
#define STS_SCHEDULE_FLOOR_MS       5000LL /* after a success, HUP included */
#define STS_SCHEDULE_RETRY_FLOOR_MS 1000LL /* after a failure */

struct sts_schedule_rules {
	int64_t refresh_before_ms;  /* 0: use fraction */
	uint32_t fraction_permille; /* of the life; 0: the default, 667 */
	/* `exchange`: the most after any failure, 0: none. What would wait longer is spread over
	 * the last sixth of it; Retry-After outranks it. */
	int64_t longest_wait_ms;
};

struct sts_schedule_state {
	int64_t token_from_ms;  /* when the request of the token on disk was sent: L counts from it
				 */
	int64_t token_until_ms; /* when it expires; <= now: no valid token */
	int64_t failing_since_ms; /* first failure of this run of failures; -1: none */
	uint32_t failures;        /* in a row */
};

/*
 * After a success: when to refresh.
 *   random  in   uniform 32 bits
 * Returns a time in BOOTTIME: >= now + 5 s, <= now + 24 h, and before token_until_ms wherever the 5
 * s allow it.
 */
int64_t sts_schedule_after_success(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, int64_t now_ms,
				   uint32_t random);

/*
 * After a failure: when to try again. state->failures counts this one already.
 *   retry          in  of the error's row; STS_RETRY_NEVER is treated as slow. `fetch` passes
 *                      STS_RETRY_SOON for all that it retries: its deadline is near
 *   retry_after_s  in  -1: none
 * Returns a time in BOOTTIME: >= now + 1 s, >= now + Retry-After, <= now + 375 s. While the token
 * on disk has more than 10 s left it is before token_until_ms, unless Retry-After says otherwise.
 */
int64_t sts_schedule_after_failure(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, enum sts_retry retry,
				   int retry_after_s, int64_t now_ms, uint32_t random);

/* Uniform in [0, span_ms) from 32 random bits; 0 for span_ms <= 0. */
int64_t sts_schedule_jitter(int64_t span_ms, uint32_t random);

/* The earlier of two times; -1 means never. */
int64_t sts_schedule_earlier_ms(int64_t a, int64_t b);

#endif
