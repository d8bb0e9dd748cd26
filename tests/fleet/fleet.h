/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet of sidecars in simulated time. Each of them decides with sidecar/supervisor/exchange.c,
 * as under the supervisor. Random numbers come from a seed, so that the figures are the same
 * wherever a simulation runs. Times are in milliseconds since the start of the simulation.
 */
#ifndef STS_TEST_FLEET_H
#define STS_TEST_FLEET_H

#include "supervisor/exchange.h"
#include "test.h"

#define SECOND    1000LL
#define MINUTE    (60 * SECOND)
#define HOUR      (3600 * SECOND)
#define EPOCH_MS  (1700000000 * SECOND)
#define FLEET_MAX 10000
#define LONGEST_S 36000 /* of a simulation */
#define BUCKET_S  10
#define BUCKETS   (LONGEST_S / BUCKET_S)

struct sidecar {
	struct sts_exchange x;
	int64_t at_ms;    /* of the next attempt */
	int32_t next;     /* of the same second; -1: none */
	int64_t phase_ms; /* of a fixed poll */
	int region;
};

static struct sidecar fleet[FLEET_MAX];
static int32_t due[LONGEST_S]; /* the first sidecar of each second; -1: none */
static int64_t end_ms;         /* of the simulation */
static uint64_t random_state;

static inline void fleet_begin(uint64_t seed, int64_t until_ms)
{
	random_state = seed * 0x9e3779b97f4a7c15u + 1;
	end_ms = until_ms;
	memset(due, -1, sizeof(due));
}

static inline uint32_t random32(void) /* xorshift64* */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

static inline void plan(int32_t i, int64_t at_ms)
{
	fleet[i].at_ms = at_ms;
	if (at_ms >= end_ms)
		return;
	fleet[i].next = due[at_ms / SECOND];
	due[at_ms / SECOND] = i;
}

/* How long an exchange takes. */
static inline int64_t took_ms(void)
{
	return 20 + sts_schedule_jitter(40, random32());
}

/*
 * A sidecar makes the attempt that is due.
 *   err            in  what comes of it; STS_OK: a token
 *   retry_after_s  in  of the answer with the error; -1: none
 *   life_s         in  of the token
 * Returns when the attempt ended.
 */
static inline int64_t attempt_once(struct sidecar *s, enum sts_err err, int retry_after_s,
				   int life_s, int64_t duration_ms)
{
	int64_t sent_ms = s->at_ms, ended_ms = sent_ms + duration_ms;
	struct sts_moment started = {sent_ms, EPOCH_MS + sent_ms, 0};
	struct sts_moment ended = {ended_ms, EPOCH_MS + ended_ms, random32()};
	struct sts_report report = {.error = (int32_t)err, .retry_after_s = -1};

	if (err) {
		report.retry_after_s = retry_after_s;
	} else {
		report.sent_boot_ms = sent_ms;
		report.lifetime_s = life_s;
		report.expires_s = (EPOCH_MS + sent_ms) / SECOND + life_s;
	}
	sts_exchange_started(&s->x, STS_WORKER_EXCHANGE, &started);
	sts_exchange_finished(&s->x, &report, &ended);
	return ended_ms;
}

/* ---- counts: how many in each ten seconds */

static inline double mean_per_s(const uint32_t *buckets, int64_t from_ms, int64_t to_ms)
{
	uint64_t sum = 0;

	for (int64_t b = from_ms / SECOND / BUCKET_S; b < to_ms / SECOND / BUCKET_S; b++)
		sum += buckets[b];
	return (double)sum / ((double)(to_ms - from_ms) / SECOND);
}

static inline uint32_t most(const uint32_t *buckets, int64_t from_ms, int64_t to_ms)
{
	uint32_t highest = 0;

	for (int64_t b = from_ms / SECOND / BUCKET_S; b < to_ms / SECOND / BUCKET_S; b++)
		highest = buckets[b] > highest ? buckets[b] : highest;
	return highest;
}

#endif
