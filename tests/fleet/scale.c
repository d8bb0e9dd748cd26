/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fleet costs: its STS, its name servers and its API server. Each sidecar decides with
 * sidecar/supervisor/exchange.c, and asks for the names of lib/net/search.c. Time is simulated,
 * random numbers come from a seed, so that the figures are the same wherever it runs.
 *
 *   scale names               what a host name costs, name by name
 *   scale load PODS SEEDS     a start, an hour at rest, and a region that is gone for an hour
 *
 * PODS sidecars are simulated, at most 10,000, once with each seed from 1 to SEEDS, and the loads
 * are added. Sidecars do not know of each other and the STS of this simulation never refuses for
 * its load, so 100 fleets of 10,000 that start in the same second are one fleet of 1,000,000.
 * A line has the name of a case and what it costs, with tabs between; scale.py makes the page.
 */
#include <stdlib.h>

#include "fleet/fleet.h"
#include "net/search.h"

#define REST_MS    (300 * MINUTE) /* the waves of the start are over */
#define DOWN_MS    (360 * MINUTE) /* region 0 is gone */
#define UP_MS      (420 * MINUTE)
#define END_MS     (540 * MINUTE)
#define REGIONS    3
#define SILENT_MS  (30 * SECOND) /* --timeout */
#define REFUSED_MS 2

struct kind {
	const char *name;
	int life_s;
	int64_t moved_ms; /* after so long the name leads to another region; 0: never */
	bool silent;      /* nothing answers, in place of a refusal */
	struct sts_plan plan;
};

static const struct kind kinds[] = {
	{"life of 15 min", .life_s = 900},
	{"life of 1 h", .life_s = 3600},
	{"life of 15 min, the name moves after 60 s", .life_s = 900, .moved_ms = MINUTE},
	{"life of 1 h, the name moves after 60 s", .life_s = 3600, .moved_ms = MINUTE},
	{"life of 15 min, nothing answers", .life_s = 900, .silent = true},
	{"life of 15 min, `exchange`", .life_s = 900,
	 .plan.rules = {.refresh_before_ms = 300 * SECOND, .longest_wait_ms = 30 * SECOND}},
};

/* What came of it, over all seeds. */
static uint32_t attempts[BUCKETS];        /* of all sidecars: each asks for a name */
static uint32_t served[REGIONS][BUCKETS]; /* exchanges at each region's STS: handshakes */
static uint64_t without_count;            /* sidecars of region 0 that had no valid token */
static int64_t without_longest_ms;

/* Which region serves this sidecar now? -1: the STS of its own is gone. */
static int region_of(const struct kind *kind, const struct sidecar *s, int32_t i)
{
	bool down = s->region == 0 && s->at_ms >= DOWN_MS && s->at_ms < UP_MS;

	if (!down)
		return s->region;
	return kind->moved_ms && s->at_ms >= DOWN_MS + kind->moved_ms ? 1 + i % (REGIONS - 1) : -1;
}

static void attempt(const struct kind *kind, int32_t i)
{
	struct sidecar *s = &fleet[i];
	int64_t bucket = s->at_ms / SECOND / BUCKET_S;
	int64_t old_end_ms = s->x.schedule.token_until_ms, ended_ms;
	int region = region_of(kind, s, i);

	attempts[bucket]++;
	if (region < 0) {
		attempt_once(s, kind->silent ? STS_ETIMEOUT : STS_ECONNECT, -1, 0,
			     kind->silent ? SILENT_MS : REFUSED_MS);
	} else {
		served[region][bucket]++;
		ended_ms = attempt_once(s, STS_OK, -1, kind->life_s, took_ms());
		if (old_end_ms > 0 && ended_ms > old_end_ms) {
			without_count++;
			if (ended_ms - old_end_ms > without_longest_ms)
				without_longest_ms = ended_ms - old_end_ms;
		}
	}
	plan(i, sts_exchange_wake_ms(&s->x));
}

static void run(const struct kind *kind, int32_t pods, uint64_t seed)
{
	fleet_begin(seed, END_MS);
	for (int32_t i = 0; i < pods; i++) {
		int64_t started_ms = sts_schedule_jitter(SECOND, random32());

		fleet[i].region = i % REGIONS;
		sts_exchange_init(&fleet[i].x, &kind->plan,
				  &(struct sts_moment){started_ms, EPOCH_MS + started_ms, 0});
		plan(i, started_ms);
	}
	/* Each wait is at least a second, so that an attempt that is planned here is due later. */
	for (int64_t second = 0; second < END_MS / SECOND; second++)
		for (int32_t i = due[second], next; i >= 0; i = next) {
			next = fleet[i].next;
			attempt(kind, i);
		}
}

static double peak_per_s(const uint32_t *buckets, int64_t from_ms, int64_t to_ms)
{
	return (double)most(buckets, from_ms, to_ms) / BUCKET_S;
}

static void load(int32_t pods, uint64_t seeds)
{
	printf("case\tat rest\tpeak at rest\tin the first ten seconds\tattempts in the outage\t"
	       "their peak\tpeak of another region\tpeak of region 0 afterwards\twithout a token\t"
	       "longest without, s\n");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		memset(attempts, 0, sizeof(attempts));
		memset(served, 0, sizeof(served));
		without_count = 0;
		without_longest_ms = 0;
		for (uint64_t seed = 1; seed <= seeds; seed++)
			run(&kinds[k], pods, seed);
		printf("%s\t%.4f\t%.2f\t%.2f\t%.4f\t%.2f\t%.2f\t%.2f\t%llu\t%lld\n", kinds[k].name,
		       mean_per_s(attempts, REST_MS, DOWN_MS),
		       peak_per_s(attempts, REST_MS, DOWN_MS),
		       peak_per_s(attempts, 0, BUCKET_S * SECOND),
		       mean_per_s(attempts, DOWN_MS, UP_MS), peak_per_s(attempts, DOWN_MS, UP_MS),
		       peak_per_s(served[1], DOWN_MS, UP_MS), peak_per_s(served[0], UP_MS, END_MS),
		       (unsigned long long)without_count, (long long)(without_longest_ms / SECOND));
	}
}

/* ---- names */

struct host {
	const char *url_host; /* as in the URL */
	const char *answers;  /* the one absolute name that exists */
};

static const char resolv_conf[] = "nameserver 10.96.0.10\n"
				  "search team.svc.cluster.local svc.cluster.local cluster.local "
				  "ec2.internal\noptions ndots:5\n";
static const struct host hosts[] = {
	{"sts.identity", "sts.identity.svc.cluster.local."},
	{"sts.identity.svc", "sts.identity.svc.cluster.local."},
	{"sts.identity.svc.cluster.local", "sts.identity.svc.cluster.local."},
	{"sts.identity.svc.cluster.local.", "sts.identity.svc.cluster.local."},
	{"sts.example.com", "sts.example.com."},
	{"sts.example.com.", "sts.example.com."},
	{"sts.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com."},
};

/* Each candidate before the right one costs a query for A that says "no such name". */
static int queries(const struct sts_resolv *resolv, const struct host *host)
{
	size_t len = strlen(host->url_host);
	bool absolute = host->url_host[len - 1] == '.', skip;
	struct sts_slice name = {host->url_host, len - absolute};
	char candidate[STS_HOST_MAX_BYTES + 1];
	int asked = 0;

	for (size_t n = 0; sts_search_candidate(resolv, name, absolute, n, candidate, &skip); n++) {
		if (skip)
			continue;
		asked++;
		if (strcmp(candidate, host->answers) == 0)
			return asked;
	}
	return -1;
}

static void names(void)
{
	struct sts_resolv resolv;

	sts_resolv_parse(sts_slice_of(resolv_conf), &resolv);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		printf("%s\t%d\n", hosts[i].url_host, queries(&resolv, &hosts[i]));
}

int main(int argc, char **argv)
{
	long pods = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	long seeds = argc == 4 ? strtol(argv[3], NULL, 10) : 0;

	if (argc == 2 && strcmp(argv[1], "names") == 0)
		names();
	else if (argc == 4 && strcmp(argv[1], "load") == 0 && pods > 0 && pods <= FLEET_MAX &&
		 seeds > 0 && seeds <= 1000)
		load((int32_t)pods, (uint64_t)seeds);
	else
		return 64;
	return 0;
}
