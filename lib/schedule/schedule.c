/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule/schedule.h"

#define SECOND 1000LL
/* 200 years. Lives and distances are clamped to it, so that no sum and no product overflows. */
#define LIFE_MAX_MS          (200LL * 366 * 24 * 3600 * SECOND)
#define FRACTION_DEFAULT     667
#define SPREAD_PERMILLE      150
#define LATEST_PERMILLE      950 /* of the life; the rest is left for a retry */
#define RETRY_ROOM_MS        (10 * SECOND)
#define LONG_OUTAGE_MS       (600 * SECOND)
#define SOON_MAX_MS          (60 * SECOND)
#define SOON_LONG_OUTAGE_MS  (300 * SECOND)
#define SLOW_MIN_MS          (30 * SECOND)
#define SLOW_MIN_LATE_MS     (10 * SECOND) /* in the second half of the token's life */
#define SLOW_MAX_MS          (300 * SECOND)
#define SLOW_NO_TOKEN_MIN_MS (50 * SECOND)
#define SLOW_NO_TOKEN_MAX_MS (60 * SECOND)
#define DOUBLINGS_MAX        16 /* of a wait; enough to exceed every bound */

/* The range that a wait is drawn from, in milliseconds. */
struct window {
	int64_t lo, hi;
};

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return max(lo, min(v, hi));
}

/* a - b, clamped to LIFE_MAX_MS either way. It does not overflow for any arguments. */
static int64_t distance(int64_t a, int64_t b)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d))
		d = a < b ? -LIFE_MAX_MS : LIFE_MAX_MS;
	return clamp(d, -LIFE_MAX_MS, LIFE_MAX_MS);
}

/* The time wait_ms after now_ms, INT64_MAX where there is no such time. */
static int64_t after(int64_t now_ms, int64_t wait_ms)
{
	int64_t t;

	return __builtin_add_overflow(now_ms, wait_ms, &t) ? INT64_MAX : t;
}

int64_t sts_schedule_jitter(int64_t span_ms, uint32_t random)
{
	if (span_ms <= 0)
		return 0;
	/* span * random / 2^32, calculated in two halves, whose products have 64 bits. */
	uint64_t high = (uint64_t)span_ms >> 32, low = (uint64_t)span_ms & UINT32_MAX;

	return (int64_t)(high * random + (low * random >> 32));
}

static int64_t draw(struct window w, uint32_t random)
{
	return w.lo + sts_schedule_jitter(w.hi - w.lo, random);
}

/* The range for the refresh, in milliseconds from the beginning of the token's life. */
static struct window refresh_window(const struct sts_schedule_rules *rules, int64_t life)
{
	struct window w;

	if (rules->refresh_before_ms > 0) {
		w.hi = life -
		       clamp(rules->refresh_before_ms, min(life / 20, RETRY_ROOM_MS), life / 2);
		w.lo = w.hi - life / 10;
	} else {
		int64_t fraction = rules->fraction_permille ? min(rules->fraction_permille, 1000)
							    : FRACTION_DEFAULT;

		w.hi = life * min(fraction + SPREAD_PERMILLE, LATEST_PERMILLE) / 1000;
		w.lo = life * max(fraction - SPREAD_PERMILLE, 0) / 1000;
	}
	return w;
}

int64_t sts_schedule_after_success(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, int64_t now_ms,
				   uint32_t random)
{
	/* The longest wait is spread too. Sidecars whose tokens live for a month would otherwise
	 * all come back after exactly a day. */
	struct window longest = {STS_SCHEDULE_MAX_MS * (1000 - SPREAD_PERMILLE) / 1000,
				 STS_SCHEDULE_MAX_MS};
	int64_t from = distance(state->token_from_ms, now_ms);
	int64_t until = distance(state->token_until_ms, now_ms);
	int64_t life = clamp(until - from, 0, LIFE_MAX_MS);
	int64_t wait = min(from + draw(refresh_window(rules, life), random), until - 1);

	wait = min(wait, draw(longest, random));
	return after(now_ms, clamp(wait, STS_SCHEDULE_FLOOR_MS, STS_SCHEDULE_MAX_MS));
}

/* After the first failure, the window reaches from lo to 2 * lo. Each further failure doubles the
 * upper end, up to hi. */
static struct window back_off(int64_t lo, int64_t hi, uint32_t failures)
{
	return (struct window){lo, min(hi, lo << clamp(failures, 1, DOUBLINGS_MAX))};
}

static struct window soon_window(const struct sts_schedule_state *state, int64_t now_ms)
{
	bool long_outage = state->failing_since_ms >= 0 &&
			   distance(now_ms, state->failing_since_ms) >= LONG_OUTAGE_MS;

	return back_off(STS_SCHEDULE_RETRY_FLOOR_MS,
			long_outage ? SOON_LONG_OUTAGE_MS : SOON_MAX_MS, state->failures);
}

static struct window slow_window(const struct sts_schedule_state *state, int64_t left, int64_t life)
{
	if (left <= 0)
		return (struct window){SLOW_NO_TOKEN_MIN_MS, SLOW_NO_TOKEN_MAX_MS};
	return back_off(left > life / 2 ? SLOW_MIN_MS : SLOW_MIN_LATE_MS, SLOW_MAX_MS,
			state->failures);
}

int64_t sts_schedule_after_failure(const struct sts_schedule_rules *rules,
				   const struct sts_schedule_state *state, enum sts_retry retry,
				   int retry_after_s, int64_t now_ms, uint32_t random)
{
	int64_t left = distance(state->token_until_ms, now_ms);
	int64_t life = distance(state->token_until_ms, state->token_from_ms);
	int64_t asked_ms = clamp(retry_after_s, 0, STS_RETRY_AFTER_MAX_S) * SECOND;
	struct window w = retry == STS_RETRY_SOON ? soon_window(state, now_ms)
						  : slow_window(state, left, life);

	if (left > 0)
		w.hi = min(w.hi, max(left / 4, RETRY_ROOM_MS));
	w.lo = min(w.lo, w.hi);
	/* The wait is drawn from the last sixth of longest_wait_ms. A window from the usual lower
	 * end would make nearly twice as many attempts in a long outage. */
	if (rules->longest_wait_ms > 0 && rules->longest_wait_ms < w.hi) {
		w.hi = rules->longest_wait_ms;
		w.lo = w.hi - w.hi / 6;
	}

	/* No sidecar comes back before Retry-After, and not all of them at the same moment. */
	if (asked_ms >= w.lo) {
		w.lo = asked_ms;
		w.hi = max(w.hi, asked_ms + asked_ms / 4);
	}
	return after(now_ms,
		     clamp(draw(w, random), STS_SCHEDULE_RETRY_FLOOR_MS, STS_SCHEDULE_MAX_MS));
}

int64_t sts_schedule_earlier_ms(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : min(a, b);
}
