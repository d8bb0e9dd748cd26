/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule: when the next attempt is made. Pure arithmetic; the time and the random number are arguments. All times are
 * milliseconds of BOOTTIME unless a name says otherwise.
 *
 * Success: 2/3 of the lifetime L, counted from when the request was sent, spread by +-15 % of L. --refresh-before D: D before the
 * end, clamped to L/2, spread over the 10 % of L before it. Never sooner than 5 s after a success.
 * Failure (soon): exponential back-off with full jitter from 1 s to 60 s, to 300 s once it has failed for ten minutes; shortened while
 * a still-valid token is running out, but never under 10 s for that; Retry-After obeyed (to 300 s).
 * Failure (slow): 30 s to 300 s while more than half of the life is left; never longer than a quarter of what is left (floor 10 s);
 * 60 s once no valid token is on disk.
 */
#ifndef STS_SCHEDULE_H
#define STS_SCHEDULE_H

#include <stdint.h>

#include "error.h"

#define STS_SCHEDULE_MAX_MS (24LL * 3600 * 1000)
#define STS_SCHEDULE_FLOOR_MS 5000

struct sts_schedule_rules {
	int64_t refresh_before_ms; /* 0: use fraction */
	uint32_t fraction_permille; /* of the life; default 667 */
	int64_t longest_wait_ms;   /* `exchange`: the longest wait after any failure; 0: none */
};

struct sts_schedule_state {
	int64_t token_from_ms;	  /* when the request of the token on disk was sent; lifetimes count from here */
	int64_t token_until_ms;	  /* when it expires; <= now: no valid token */
	int64_t failing_since_ms; /* first failure of this run of failures; -1: none */
	uint32_t failures;	  /* in a row */
};

/*
 * After a success: when to refresh.
 *   random  in   uniform 32 bits
 * Returns a time in BOOTTIME: >= now + floor, <= now + 24 h, and before token_until_ms wherever the floor allows it.
 */
int64_t sts_schedule_after_success(const struct sts_schedule_rules *rules, const struct sts_schedule_state *state, int64_t now_ms,
				   uint32_t random);

/*
 * After a failure: when to try again. state->failures counts this one already.
 *   retry_after_s  in  -1: none
 */
int64_t sts_schedule_after_failure(const struct sts_schedule_rules *rules, const struct sts_schedule_state *state,
				   enum sts_retry retry, int retry_after_s, int64_t now_ms, uint32_t random);

/* Uniform in [0, span_ms) from 32 random bits; 0 for span_ms <= 0. */
int64_t sts_schedule_jitter(int64_t span_ms, uint32_t random);

#endif
