/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an STS sees of a fleet: 10,000 sidecars that were started in the same second, tokens of 15
 * minutes, and an outage of an hour. Each of them decides with sidecar/supervisor/exchange.c, as
 * under the supervisor; beside them stands a poll every 30 s without jitter. Time is simulated,
 * random numbers come from a seed, so that the figures are the same wherever it runs.
 *
 *   fleet [--seed N] [--series FILE]
 *
 * Prints the table that docs/schedule.md shows, and ends with 1 where a bound does not hold.
 */
#include <stdlib.h>

#include "fleet/fleet.h"

#define LIFE_S  900
#define LIFE_MS (LIFE_S * SECOND)
#define DOWN_MS (2 * HOUR) /* the outage */
#define UP_MS   (3 * HOUR)
#define END_MS  (5 * HOUR)

/* An STS that can do three times what the fleet needs, and answers 503 to the rest. */
#define NARROW_PER_S 50

struct world {
	const char *name;
	bool fixed_poll; /* every 30 s: refresh when there are 5 minutes left */
	struct sts_plan plan;
	enum sts_err trouble;                         /* what an attempt meets during the outage */
	int capacity_per_s;                           /* after the outage; 0: no limit */
	int retry_after_s;                            /* of its 503; -1: none */
	double settled_max, recovery_max, outage_max; /* bounds; 0: none */
};

/* The bounds of `exchange` follow from its contract: refresh five minutes before the end, retry
 * every 30 s. */
static const struct world worlds[] = {
	{"`run`; refused", .trouble = STS_ECONNECT, .retry_after_s = -1, .settled_max = 3,
	 .recovery_max = 5, .outage_max = 40},
	{"`run`; refused, then 503 beyond 50/s", .trouble = STS_ECONNECT,
	 .capacity_per_s = NARROW_PER_S, .retry_after_s = -1, .settled_max = 3, .recovery_max = 5,
	 .outage_max = 40},
	{"`run`; 503 with `Retry-After: 30`, then beyond 50/s", .trouble = STS_EBUSY,
	 .capacity_per_s = NARROW_PER_S, .retry_after_s = 30, .settled_max = 3, .recovery_max = 5,
	 .outage_max = 20},
	{"`run`; 403", .trouble = STS_EDENIED, .retry_after_s = -1, .settled_max = 3,
	 .recovery_max = 12, .outage_max = 25},
	{"`exchange`; refused", .trouble = STS_ECONNECT,
	 .plan.rules = {.refresh_before_ms = 300 * SECOND, .longest_wait_ms = 30 * SECOND},
	 .retry_after_s = -1, .settled_max = 8, .recovery_max = 24, .outage_max = 45},
	{"poll every 30 s, no jitter; refused", .trouble = STS_ECONNECT, .fixed_poll = true,
	 .retry_after_s = -1},
};

static uint32_t buckets[BUCKETS];
static int64_t
	last_without_ms; /* when the last sidecar that had no token after the outage got one */
/* The fixed poll asks at the first of its wake-ups at which five minutes are left. */
static int64_t poll_after(const struct sidecar *s, int64_t now_ms)
{
	int64_t wake = now_ms + 30 * SECOND - (now_ms - s->phase_ms) % (30 * SECOND);

	while (s->x.schedule.token_until_ms - wake > 300 * SECOND)
		wake += 30 * SECOND;
	return wake;
}

/* A refusal takes little time. */
static void attempt(const struct world *w, struct sidecar *s, enum sts_err err, int retry_after_s)
{
	bool without = s->x.schedule.token_until_ms <= UP_MS;
	int64_t ended_ms = attempt_once(s, err, retry_after_s, LIFE_S, err ? 2 : took_ms());

	if (!err && without && s->at_ms >= UP_MS && ended_ms > last_without_ms)
		last_without_ms = ended_ms;
	plan((int32_t)(s - fleet),
	     w->fixed_poll ? poll_after(s, ended_ms) : sts_exchange_wake_ms(&s->x));
}

static void one_second(const struct world *w, int64_t second)
{
	int served = 0;

	/* Each wait is at least a second, so that an attempt that is planned here is due later. */
	for (int32_t i = due[second], next; i >= 0; i = next) {
		struct sidecar *s = &fleet[i];
		bool down = s->at_ms >= DOWN_MS && s->at_ms < UP_MS;

		next = s->next;
		buckets[second / BUCKET_S]++;
		if (down)
			attempt(w, s, w->trouble, w->retry_after_s);
		else if (s->at_ms >= UP_MS && w->capacity_per_s > 0 && ++served > w->capacity_per_s)
			attempt(w, s, STS_EBUSY, w->retry_after_s);
		else
			attempt(w, s, STS_OK, -1);
	}
}

static void run(const struct world *w, uint64_t seed)
{
	fleet_begin(seed, END_MS);
	last_without_ms = UP_MS;
	memset(buckets, 0, sizeof(buckets));
	for (int32_t i = 0; i < FLEET_MAX; i++) {
		int64_t started_ms = sts_schedule_jitter(SECOND, random32());

		fleet[i].phase_ms = started_ms;
		sts_exchange_init(&fleet[i].x, &w->plan,
				  &(struct sts_moment){started_ms, EPOCH_MS + started_ms, 0});
		plan(i, started_ms);
	}
	for (int64_t second = 0; second < END_MS / SECOND; second++)
		one_second(w, second);
}

static bool within(double value, double bound)
{
	return bound == 0 || value < bound;
}

/* The mean is that of the fleet at rest: from the end of the first life to the outage. */
static bool tell(const struct world *w)
{
	double mean = mean_per_s(buckets, LIFE_MS, DOWN_MS), bucket = mean * BUCKET_S;
	double settled = most(buckets, BUCKET_S * SECOND, DOWN_MS) / bucket;
	double outage = mean_per_s(buckets, DOWN_MS, UP_MS),
	       worst = most(buckets, DOWN_MS, UP_MS) / bucket;
	double recovery = most(buckets, UP_MS, END_MS) / bucket;

	printf("| %s | %.1f | %.1f | %.1f (%.1f) | %.1f | %.1f | %lld |\n", w->name, mean, settled,
	       outage, outage / mean, worst, recovery, (last_without_ms - UP_MS) / SECOND);
	return within(settled, w->settled_max) && within(recovery, w->recovery_max) &&
	       within(worst, w->outage_max);
}

/* Write a row of numbers for the picture: the attempts in each bucket. */
static void write_series(FILE *f, const struct world *w)
{
	fprintf(f, "%s", w->name);
	for (int64_t b = 0; b < END_MS / SECOND / BUCKET_S; b++)
		fprintf(f, "\t%u", buckets[b]);
	fputc('\n', f);
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	FILE *series = NULL;
	bool good = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--series") == 0)
			series = fopen(argv[i + 1], "w");
	}
	puts("| fleet; the outage | mean, 1/s | peak at rest | in the outage, 1/s (times the mean) "
	     "| its peak | peak after it | last, s |\n"
	     "|---|--:|--:|--:|--:|--:|--:|");
	for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
		run(&worlds[i], seed);
		good = tell(&worlds[i]) && good;
		if (series)
			write_series(series, &worlds[i]);
	}
	if (series)
		fclose(series);
	return good ? 0 : 1;
}
