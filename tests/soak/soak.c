/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A year of the real supervisor (supervisor.c, running_set.c, exchange.c, schedule.c) in simulated
 * time, with outages, steps, suspends, rotations, crashes and lost events at random. world.h is
 * what happens, check.h what must hold.
 *
 *   soak [--seed N] [--days N] [--exchanges N] [--calm yes] [--bug NAME]
 *
 * Prints the seed first and figures at the end. Ends with 1 where something did not hold, with the
 * day and the time; the same seed repeats it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bind.h"
#include "bugs.h"
#include "check.h"
#include "supervisor/supervisor.h"

static void figures(double days)
{
	const struct check_figures *f = &check_figures;
	double each = days * world.exchanges;

	printf("%llu tokens, %llu attempts: %.1f an hour for each exchange, at most %u in one; at "
	       "most "
	       "%d workers at a time\n",
	       (unsigned long long)f->tokens, (unsigned long long)f->attempts,
	       (double)f->attempts / each / 24, f->worst_hour, f->most_running);
	printf("%llu tokens ended with no other there, each for a reason: %.2f %% of the time was "
	       "without\n",
	       (unsigned long long)f->without, (double)f->without_ms / SECOND / 864 / each);
	printf("%d descriptors and %ld pages at the start and at the end\n", f->descriptors,
	       f->pages);
	printf("%llu outages, %llu crashes, %llu hangs, %llu times no process, %llu full disks, "
	       "%llu "
	       "steps, %llu drifts, %llu wrong clocks, %llu early subject tokens, %llu suspends, "
	       "%llu rotations, %llu refreshes, %llu restarts, %llu lost "
	       "events, %llu other keys, %llu times no key, %llu changes of the configuration, "
	       "%llu subject tokens refused, %llu predicted gaps\n",
	       (unsigned long long)world.count.outages, (unsigned long long)world.count.crashes,
	       (unsigned long long)world.count.hangs, (unsigned long long)world.count.no_forks,
	       (unsigned long long)world.count.full_disks, (unsigned long long)world.count.steps,
	       (unsigned long long)world.count.drifts, (unsigned long long)world.count.wrong_clocks,
	       (unsigned long long)world.count.earlies, (unsigned long long)world.count.suspends,
	       (unsigned long long)world.count.rotations, (unsigned long long)world.count.refreshes,
	       (unsigned long long)world.count.stops, (unsigned long long)world.count.lost_events,
	       (unsigned long long)world.count.keys, (unsigned long long)world.count.absences,
	       (unsigned long long)world.count.changes, (unsigned long long)world.count.refusals,
	       (unsigned long long)world.count.gaps);
}

int main(int argc, char **argv)
{
	static char program[] = "sts-sidecar", command[] = "run", config[] = BIND_CONFIG;
	static char *const arguments[] = {program, command, NULL};
	struct sts_options options = {.command = STS_COMMAND_RUN};
	uint64_t seed = 0;
	long days = 365, exchanges = 1;
	enum bug bug = BUG_NONE;
	bool seeded = false, calm = false;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0) {
			seed = strtoull(argv[i + 1], NULL, 10);
			seeded = true;
		} else if (strcmp(argv[i], "--days") == 0) {
			days = strtol(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--exchanges") == 0) {
			exchanges = strtol(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--calm") == 0) {
			calm = true;
		} else if (strcmp(argv[i], "--bug") == 0) {
			bug = bugs_find(argv[i + 1]);
		}
	}
	if (!seeded)
		seed = (uint64_t)time(NULL);
	if (days < 1 || exchanges < 1 || exchanges > WORLD_EXCHANGES_MAX)
		return 64;
	printf("soak: seed %llu, %ld days, %ld exchanges\n", (unsigned long long)seed, days,
	       exchanges);
	world_init(seed, days * DAY, (int)exchanges, calm, bug);
	options.config = exchanges > 1 ? config : NULL;
	do {
		bind_start();
		int status = sts_supervisor_start(&options, arguments);

		if (status < 0)
			status = sts_supervise();

		if (status != 0)
			check_fail(-1, "it ended with %d", status);
	} while (world_restart());
	check_end();
	figures((double)days);
	puts("soak: all that must hold held");
	return 0;
}
