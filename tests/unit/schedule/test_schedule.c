/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule/schedule.h"

#include "http_messages/response.h"
#include "test.h"

#define SECOND   1000LL
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define NOW      (1000 * HOUR)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct sts_schedule_rules plain;

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t random64(void) /* xorshift64*, seeded the same in every run */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1du;
}

static uint32_t random32(void)
{
	return (uint32_t)(random64() >> 32);
}

static int64_t saturated(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void jitter(void)
{
	static const int64_t spans[] = {
		1, 2, 1000, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX / 3, INT64_MAX};

	CHECK_INT(sts_schedule_jitter(0, UINT32_MAX), 0);
	CHECK_INT(sts_schedule_jitter(-5, UINT32_MAX), 0);
	CHECK_INT(sts_schedule_jitter(INT64_MIN, 7), 0);
	CHECK_INT(sts_schedule_jitter(1000, 0), 0);
	CHECK_INT(sts_schedule_jitter(1000, 1u << 31), 500);
	CHECK_INT(sts_schedule_jitter(1000, UINT32_MAX), 999);
	CHECK_INT(sts_schedule_jitter(1LL << 40, 1u << 31), 1LL << 39);
	for (size_t i = 0; i < COUNT(spans); i++) {
		int64_t last = 0;

		for (uint64_t r = 0; r <= UINT32_MAX; r += UINT32_MAX / 100) {
			int64_t j = sts_schedule_jitter(spans[i], (uint32_t)r);

			CHECK(j >= last && j < spans[i]);
			last = j;
		}
	}
}

/* The two ends of each span are those that the header promises. */
static void success_spans(void)
{
	static const struct {
		struct sts_schedule_rules rules;
		int64_t life_ms, earliest_ms, latest_ms;
	} rows[] = {
		{{0},
		 900 * SECOND,
		 465300,
		 735300}, /* 2/3 of the life, and 15 % of it on both sides */
		{{.fraction_permille = 500}, 1000 * SECOND, 350 * SECOND, 650 * SECOND},
		/* not in the last 5 % */
		{{.fraction_permille = 900}, 1000 * SECOND, 750 * SECOND, 950 * SECOND},
		{{.fraction_permille = 5000}, 1000 * SECOND, 850 * SECOND, 950 * SECOND},
		{{.fraction_permille = 50}, 1000 * SECOND, 5 * SECOND, 200 * SECOND},
		{{.refresh_before_ms = 5 * MINUTE}, 15 * MINUTE, 510 * SECOND, 600 * SECOND},
		/* half of the life */
		{{.refresh_before_ms = 5 * MINUTE}, 6 * MINUTE, 144 * SECOND, 180 * SECOND},
		{{.refresh_before_ms = 2 * HOUR}, 1 * HOUR, 24 * MINUTE, 30 * MINUTE},
		/* room for a retry */
		{{.refresh_before_ms = 1}, 1 * HOUR, 3230 * SECOND, 3590 * SECOND},
		{{.refresh_before_ms = 1}, 100 * SECOND, 85 * SECOND, 95 * SECOND},
		{{.fraction_permille = 50}, 10000 * SECOND, 5 * SECOND, 2000 * SECOND},
		{{0}, 0, 5 * SECOND, 5 * SECOND},
		{{0}, 6 * SECOND, 5 * SECOND, 5 * SECOND},
		{{0}, 10 * SECOND, 5170, 8170},
		{{0},
		 30 * 24 * HOUR,
		 73440 * SECOND,
		 24 * HOUR}, /* spread before the end of a day */
		{{.refresh_before_ms = HOUR}, 30 * 24 * HOUR, 73440 * SECOND, 24 * HOUR},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_schedule_state state = {.token_from_ms = NOW,
						   .token_until_ms = NOW + rows[i].life_ms};
		int64_t earliest = sts_schedule_after_success(&rows[i].rules, &state, NOW, 0) - NOW;
		int64_t latest =
			sts_schedule_after_success(&rows[i].rules, &state, NOW, UINT32_MAX) - NOW;

		CHECK_INT(earliest, rows[i].earliest_ms);
		CHECK(latest <= rows[i].latest_ms && latest >= rows[i].latest_ms - 1);
	}
}

/* The life counts from when the request was sent, not from now. */
static void success_counts_from_sent(void)
{
	struct sts_schedule_state state = {.token_from_ms = NOW - 100 * SECOND,
					   .token_until_ms = NOW + 800 * SECOND};

	CHECK_INT(sts_schedule_after_success(&plain, &state, NOW, 0), NOW - 100 * SECOND + 465300);
	state = (struct sts_schedule_state){.token_from_ms = NOW - 890 * SECOND,
					    .token_until_ms = NOW + 10 * SECOND};
	CHECK_INT(sts_schedule_after_success(&plain, &state, NOW, UINT32_MAX),
		  NOW + STS_SCHEDULE_FLOOR_MS);
	/* A token that is said to begin after its end is replaced while it lasts. */
	state = (struct sts_schedule_state){.token_from_ms = NOW + 100 * SECOND,
					    .token_until_ms = NOW + 50 * SECOND};
	CHECK_INT(sts_schedule_after_success(&plain, &state, NOW, 0), NOW + 50 * SECOND - 1);
}

struct span_row {
	struct sts_schedule_state state; /* times relative to NOW */
	enum sts_retry retry;
	int64_t longest_wait_ms;
	int retry_after_s;
	int64_t earliest_ms, latest_ms;
};

#define NO_TOKEN  .token_from_ms = -HOUR, .token_until_ms = 0
#define FRESH     .token_from_ms = -MINUTE, .token_until_ms = 10 * HOUR
#define HALF_GONE .token_from_ms = -10 * HOUR, .token_until_ms = 8 * HOUR
#define LEFT(ms)  .token_from_ms = -HOUR, .token_until_ms = (ms)
#define SINCE(ms) .failing_since_ms = -(ms)
#define SOON      STS_RETRY_SOON
#define SLOW      STS_RETRY_SLOW

static void failure_spans(void)
{
	static const struct span_row rows[] = {
		{{NO_TOKEN, SINCE(0), 1}, SOON, 0, -1, 1000, 2000},
		{{NO_TOKEN, SINCE(0), 0}, SOON, 0, -1, 1000, 2000},
		{{NO_TOKEN, SINCE(0), 2}, SOON, 0, -1, 1000, 4000},
		{{NO_TOKEN, SINCE(0), 5}, SOON, 0, -1, 1000, 32000},
		{{NO_TOKEN, SINCE(0), 6}, SOON, 0, -1, 1000, 60000},
		{{NO_TOKEN, SINCE(10 * MINUTE - 1), 4000000000u}, SOON, 0, -1, 1000, 60000},
		{{NO_TOKEN, SINCE(10 * MINUTE), 30}, SOON, 0, -1, 1000, 300000},
		{{FRESH, SINCE(10 * MINUTE), 30}, SOON, 0, -1, 1000, 300000},
		{{FRESH, SINCE(NOW + 1), 30},
		 SOON,
		 0,
		 -1,
		 1000,
		 60000}, /* it is not known since when it fails */
		{{FRESH, SINCE(NOW), 30}, SOON, 0, -1, 1000, 300000}, /* since time 0 */
		{{LEFT(400 * SECOND), SINCE(HOUR), 30}, SOON, 0, -1, 1000, 100000},
		{{LEFT(41 * SECOND), SINCE(HOUR), 30}, SOON, 0, -1, 1000, 10250},
		{{LEFT(20 * SECOND), SINCE(HOUR), 30}, SOON, 0, -1, 1000, 10000},
		{{LEFT(1), SINCE(HOUR), 30}, SOON, 0, -1, 1000, 10000},
		{{LEFT(20 * SECOND), SINCE(HOUR), 1}, SOON, 0, -1, 1000, 2000},

		{{NO_TOKEN, SINCE(0), 1}, SLOW, 0, -1, 50000, 60000},
		{{NO_TOKEN, SINCE(HOUR), 99}, SLOW, 0, -1, 50000, 60000},
		{{NO_TOKEN, SINCE(HOUR), 99}, STS_RETRY_NEVER, 0, -1, 50000, 60000},
		{{FRESH, SINCE(0), 1}, SLOW, 0, -1, 30000, 60000},
		{{FRESH, SINCE(0), 3}, SLOW, 0, -1, 30000, 240000},
		{{FRESH, SINCE(0), 4}, SLOW, 0, -1, 30000, 300000},
		{{FRESH, SINCE(0), 4000000000u}, SLOW, 0, -1, 30000, 300000},
		{{HALF_GONE, SINCE(0), 1}, SLOW, 0, -1, 10000, 20000},
		{{HALF_GONE, SINCE(0), 9}, SLOW, 0, -1, 10000, 300000},
		/* half of the life, and a moment more */
		{{.token_from_ms = -HOUR, .token_until_ms = HOUR, SINCE(0), 9},
		 SLOW,
		 0,
		 -1,
		 10000,
		 300000},
		{{.token_from_ms = -HOUR, .token_until_ms = HOUR + 2, SINCE(0), 9},
		 SLOW,
		 0,
		 -1,
		 30000,
		 300000},
		{{LEFT(400 * SECOND), SINCE(0), 9}, SLOW, 0, -1, 10000, 100000},
		{{LEFT(20 * SECOND), SINCE(0), 9}, SLOW, 0, -1, 10000, 10000},
		{{.token_until_ms = MINUTE, SINCE(0), 9}, SLOW, 0, -1, 15000, 15000},

		{{NO_TOKEN, SINCE(HOUR), 99}, SLOW, 30 * SECOND, -1, 25000, 30000},
		{{NO_TOKEN, SINCE(HOUR), 99}, SOON, 30 * SECOND, -1, 25000, 30000},
		{{NO_TOKEN, SINCE(0), 1}, SOON, 30 * SECOND, -1, 1000, 2000},
		{{FRESH, SINCE(HOUR), 99}, SLOW, 12 * SECOND, -1, 10000, 12000},
		{{FRESH, SINCE(HOUR), 99}, SLOW, INT64_MAX, -1, 30000, 300000},
		/* only a bound below the usual one changes anything */
		{{FRESH, SINCE(HOUR), 99}, SLOW, 300 * SECOND, -1, 30000, 300000},
		{{FRESH, SINCE(HOUR), 99}, SOON, 1, -1, 1000, 1000},
		{{FRESH, SINCE(HOUR), 99}, SOON, -7, -1, 1000, 300000},

		{{NO_TOKEN, SINCE(0), 1}, SOON, 0, 0, 1000, 2000},
		{{NO_TOKEN, SINCE(0), 1}, SOON, 0, 40, 40000, 50000},
		{{NO_TOKEN, SINCE(HOUR), 99}, SOON, 0, 40, 40000, 300000},
		{{NO_TOKEN, SINCE(0), 1}, SLOW, 0, 300, 300000, 375000},
		{{NO_TOKEN, SINCE(0), 1}, SOON, 0, 2000000000, 300000, 375000},
		{{LEFT(20 * SECOND), SINCE(0), 1}, SOON, 10 * SECOND, 120, 120000, 150000},
		{{LEFT(20 * SECOND), SINCE(0), 9},
		 SLOW,
		 0,
		 10,
		 10000,
		 12500}, /* a Retry-After is spread too */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_schedule_rules rules = {.longest_wait_ms = rows[i].longest_wait_ms};
		struct sts_schedule_state state = rows[i].state;

		state.token_from_ms += NOW;
		state.token_until_ms += NOW;
		state.failing_since_ms += NOW;
		int64_t earliest = sts_schedule_after_failure(&rules, &state, rows[i].retry,
							      rows[i].retry_after_s, NOW, 0) -
				   NOW;
		int64_t latest = sts_schedule_after_failure(&rules, &state, rows[i].retry,
							    rows[i].retry_after_s, NOW,
							    UINT32_MAX) -
				 NOW;

		if (earliest != rows[i].earliest_ms || latest > rows[i].latest_ms ||
		    latest < rows[i].latest_ms - 1)
			printf("# row %zu\n", i);
		CHECK_INT(earliest, rows[i].earliest_ms);
		CHECK(latest <= rows[i].latest_ms && latest >= rows[i].latest_ms - 1);
	}
}

/* Check what must hold whatever the arguments are. */
static void check_success(const struct sts_schedule_rules *rules,
			  const struct sts_schedule_state *state, int64_t now, uint32_t random)
{
	int64_t t = sts_schedule_after_success(rules, state, now, random);

	CHECK(t >= saturated(now, STS_SCHEDULE_FLOOR_MS) &&
	      t <= saturated(now, STS_SCHEDULE_MAX_MS));
	if (state->token_until_ms > saturated(now, STS_SCHEDULE_FLOOR_MS))
		CHECK(t < state->token_until_ms);
	CHECK(sts_schedule_after_success(rules, state, now, random | 0xff) >= t);

	/* A life that is longer by more than rounding never means an earlier refresh. */
	struct sts_schedule_state longer = *state;
	longer.token_until_ms = saturated(state->token_until_ms, 60 * SECOND);
	if (longer.token_until_ms < INT64_MAX)
		CHECK(sts_schedule_after_success(rules, &longer, now, random) >= t);
}

/* Work out the longest wait that the header allows. */
static int64_t longest_wait(const struct sts_schedule_state *state, enum sts_retry retry,
			    int64_t left)
{
	int64_t wait = 300 * SECOND;

	if (retry != STS_RETRY_SOON && left <= 0)
		wait = 60 * SECOND;
	else if (retry == STS_RETRY_SOON && state->failing_since_ms < 0)
		wait = 60 * SECOND;
	if (left > 0 && wait > left / 4)
		wait = left / 4 > 10 * SECOND ? left / 4 : 10 * SECOND;
	return wait;
}

static int64_t shortest_wait(const struct sts_schedule_rules *rules, enum sts_retry retry,
			     int64_t left)
{
	if (retry == STS_RETRY_SOON || rules->longest_wait_ms > 0)
		return STS_SCHEDULE_RETRY_FLOOR_MS;
	return left <= 0 ? 50 * SECOND : 10 * SECOND;
}

static int64_t saturated_gap(int64_t a, int64_t b)
{
	int64_t gap;

	return !__builtin_sub_overflow(a, b, &gap) ? gap : a < b ? INT64_MIN : INT64_MAX;
}

static void check_failure(const struct sts_schedule_rules *rules,
			  const struct sts_schedule_state *state, enum sts_retry retry,
			  int retry_after_s, int64_t now, uint32_t random)
{
	int64_t t = sts_schedule_after_failure(rules, state, retry, retry_after_s, now, random);
	int64_t asked = retry_after_s < 0 ? 0
					  : (retry_after_s > 300 ? 300 : retry_after_s) * SECOND;
	int64_t left = saturated_gap(state->token_until_ms, now);
	int64_t longest = longest_wait(state, retry, left);

	CHECK(t >= saturated(now, shortest_wait(rules, retry, left)));
	CHECK(t >= saturated(now, asked));
	CHECK(t <= saturated(now, longest > asked + asked / 4 ? longest : asked + asked / 4));
	if (asked == 0 && left > 10 * SECOND)
		CHECK(t < state->token_until_ms);
	if (asked == 0 && rules->longest_wait_ms >= STS_SCHEDULE_RETRY_FLOOR_MS)
		CHECK(t <= saturated(now, rules->longest_wait_ms));
	CHECK(sts_schedule_after_failure(rules, state, retry, retry_after_s, now, random | 0xff) >=
	      t);

	if (retry_after_s < INT32_MAX)
		CHECK(sts_schedule_after_failure(rules, state, retry, retry_after_s + 1, now,
						 random) >= t);
	struct sts_schedule_state worse = *state;
	if (worse.failures < UINT32_MAX) {
		worse.failures++;
		CHECK(sts_schedule_after_failure(rules, &worse, retry, retry_after_s, now,
						 random) >= t);
	}
}

static const int64_t extremes[] = {INT64_MIN,
				   INT64_MIN + 1,
				   -STS_SCHEDULE_MAX_MS,
				   -1,
				   0,
				   1,
				   4999,
				   5000,
				   5001,
				   900 * SECOND,
				   NOW - 10 * MINUTE,
				   NOW - 1,
				   NOW,
				   NOW + 1,
				   NOW + 5000,
				   NOW + 900 * SECOND,
				   NOW + 9000 * HOUR,
				   INT64_MAX - STS_SCHEDULE_MAX_MS,
				   INT64_MAX - 1,
				   INT64_MAX};
static const uint32_t extremes32[] = {0, 1, 15, 16, 17, 667, 1000, 1001, INT32_MAX, UINT32_MAX};

static void grid(void)
{
	for (size_t now = 0; now < COUNT(extremes); now++)
		for (size_t from = 0; from < COUNT(extremes); from++)
			for (size_t until = 0; until < COUNT(extremes); until++)
				for (size_t k = 0; k < COUNT(extremes32); k++) {
					struct sts_schedule_state state = {
						extremes[from], extremes[until],
						extremes[(from + k) % COUNT(extremes)],
						extremes32[k]};
					struct sts_schedule_rules rules = {
						0, extremes32[k],
						extremes[(until + k) % COUNT(extremes)]};
					uint32_t random = k % 2 ? UINT32_MAX - (uint32_t)k
								: (uint32_t)k;

					check_success(&rules, &state, extremes[now], random);
					check_failure(
						&rules, &state, (enum sts_retry)(k % 3),
						(int)extremes32[(k + until) % COUNT(extremes32)],
						extremes[now], random);
					rules.refresh_before_ms =
						extremes[(now + k) % COUNT(extremes)];
					check_success(&rules, &state, extremes[now], random);
				}
}

static int64_t any_time(void)
{
	switch (random32() % 4) {
	case 0:
		return extremes[random32() % COUNT(extremes)];
	case 1:
		return (int64_t)random64();
	default: /* magnitudes of all sizes near NOW */
		return NOW +
		       (int64_t)(random64() >> (20 + random32() % 44)) * (random32() % 2 ? 1 : -1);
	}
}

static void pseudo_random(void)
{
	for (int i = 0; i < 4000000; i++) {
		struct sts_schedule_rules rules = {random32() % 2 ? 0 : any_time(),
						   random32() % 1200,
						   random32() % 3 ? 0 : any_time()};
		struct sts_schedule_state state = {any_time(), any_time(), any_time(),
						   random32() >> random32() % 32};
		int64_t now = random32() % 4 ? NOW : any_time();

		if (i % 2)
			check_success(&rules, &state, now, random32());
		else
			check_failure(&rules, &state, (enum sts_retry)(random32() % 3),
				      (int)random32(), now, random32());
	}
}

/* However long the life is, at least five per cent or ten seconds of it are left after the
 * refresh. */
static void room_for_a_retry(void)
{
	for (int i = 0; i < 300000; i++) {
		int64_t life = 20 * SECOND + (int64_t)(random64() % (400 * 24 * (uint64_t)HOUR));
		struct sts_schedule_rules rules = {
			random32() % 2 ? 0 : (int64_t)(random64() % (2 * (uint64_t)life)),
			random32() % 2 ? 0 : random32() % 1200, 0};
		struct sts_schedule_state state = {NOW, NOW + life, -1, 0};
		int64_t room = life / 20 < 10 * SECOND ? life / 20 : 10 * SECOND;

		CHECK(sts_schedule_after_success(&rules, &state, NOW, random32()) <=
		      NOW + life - room);
	}
}

/* If a part of the life is asked for, a longer life does not have an earlier refresh. */
static void long_lives(void)
{
	static const struct sts_schedule_rules hurried = {.fraction_permille = 1};

	for (int64_t years = 1; years <= 200; years++) {
		struct sts_schedule_state state = {NOW, NOW + years * 365 * 24 * HOUR, -1, 0};
		int64_t wait =
			sts_schedule_after_success(&hurried, &state, NOW, UINT32_MAX / 1000) - NOW;
		int64_t want = years * 365 * 24 * HOUR / 1000 * 151 / 1000;
		int64_t day = STS_SCHEDULE_MAX_MS * 850 / 1000;

		CHECK(wait >= (want < day ? want * 99 / 100 : day));
	}
}

/*
 * Whenever a run of failures starts, and whatever fails, attempts go on until the token ends. The
 * last attempt is in the last ten seconds of the token, and no wait is longer than a quarter of
 * what was left.
 */
static void tried_to_the_end(void)
{
	for (int i = 0; i < 20000; i++) {
		int64_t life = 20 * SECOND + (int64_t)(random64() % (random32() % 2 ? 2 : 100) *
						       (uint64_t)HOUR / 7);
		int64_t now = NOW + (int64_t)(random64() % (uint64_t)life);
		int64_t until = NOW + life, last = now;
		struct sts_schedule_state state = {NOW, until, now, 0};

		while (now < until) {
			last = now;
			state.failures++;
			now = sts_schedule_after_failure(&plain, &state,
							 (enum sts_retry)(random32() % 3), -1, now,
							 random32());
			int64_t quarter = (until - last) / 4;
			CHECK(now - last <= (quarter > 10 * SECOND ? quarter : 10 * SECOND));
		}
		CHECK(until - last <= 10 * SECOND);
	}
}

/* Both forms of Retry-After are followed from the text of the header to the time of the next
 * attempt. */
static void asked_to_wait(void)
{
	static const struct sts_schedule_state no_token = {NOW - HOUR, NOW, NOW, 1};
	static const struct {
		const char *value, *date;
		int64_t least_s;
	} rows[] = {
		{"45", "", 45},
		{"Sun, 06 Nov 1994 08:50:22 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 45},
		{"Sunday, 06-Nov-94 08:50:22 GMT", "", 45}, /* by the node's clock */
		{"Sun Nov  6 08:50:22 1994", "", 45},
		{"86400", "", 300},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 300},
		{"Thu, 01 Jan 1970 00:00:00 GMT", "", 1},
		{"in a while", "", 1},
		{"-5", "", 1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_http_head head = {.retry_after = sts_slice_of(rows[i].value),
					     .date = sts_slice_of(rows[i].date)};
		int asked = sts_http_retry_after_s(&head, 784111777, STS_RETRY_AFTER_MAX_S);
		int64_t wait = sts_schedule_after_failure(&plain, &no_token, STS_RETRY_SOON, asked,
							  NOW, 0) -
			       NOW;

		CHECK_INT(wait, rows[i].least_s * SECOND);
	}
}

/* -1 means never, so that each time is earlier. */
static void the_earlier_of_two(void)
{
	CHECK_INT(sts_schedule_earlier_ms(5, 0), 0);
	CHECK_INT(sts_schedule_earlier_ms(1, 2), 1);
	CHECK_INT(sts_schedule_earlier_ms(2, 1), 1);
	CHECK_INT(sts_schedule_earlier_ms(-1, 2), 2);
	CHECK_INT(sts_schedule_earlier_ms(2, -1), 2);
	CHECK_INT(sts_schedule_earlier_ms(0, 5), 0);
	CHECK_INT(sts_schedule_earlier_ms(-1, -1), -1);
}

static const struct sts_test tests[] = {
	{"the earlier of two times", the_earlier_of_two},
	{"jitter is below its span and grows with the random number", jitter},
	{"after a success: the spans", success_spans},
	{"after a success: the life counts from when the request was sent",
	 success_counts_from_sent},
	{"after a failure: the spans", failure_spans},
	{"what holds for a grid of extreme values", grid},
	{"what holds for 4e6 pseudo-random inputs", pseudo_random},
	{"after a success: there is time for a retry", room_for_a_retry},
	{"after a success: tokens that live long", long_lives},
	{"after failures: attempts go on to the end of the token", tried_to_the_end},
	{"after a failure: Retry-After in both forms", asked_to_wait},
};

STS_TEST_MAIN(tests)
