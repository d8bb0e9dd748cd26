/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of the configuration file in a year, and the plan that is made of it. */
#include "chance.h"
#include "check.h"
#include "world_parts.h"
#include "world_shared.h"

static bool planned[WORLD_EXCHANGES_MAX];

/* Swap the token files of two exchanges that read the kubelet's tokens. */
static void swap_files(int a, int b)
{
	int file = world.place[a].reads;

	if (world_source(a) >= 0 || world_source(b) >= 0)
		return;
	world.place[a].reads = world.place[b].reads;
	world.place[b].reads = file;
}

/* Only one exchange is away at a time. */
static void remove_exchange(int exchange)
{
	int kept = 0;

	if (world.configured < world.exchanges)
		return;
	for (int i = 0; i < world.configured; i++)
		if (world.order[i] != exchange)
			world.order[kept++] = world.order[i];
	world.configured = kept;
	world.absent = exchange;
	world.return_ms = world.boot_ms + chance_trouble_ms();
}

static void edited(void)
{
	world.config++;
	world.count.changes++;
	world.pending |= WORLD_FILES;
	check_configured();
}

/* The directory of an exchange that comes back may be there later than its plan. An attempt follows
 * within the longest wait. */
static void lose_directory(int exchange)
{
	struct place *p = &world.place[exchange];

	p->no_dir_until_ms = world.boot_ms + chance_trouble_ms();
	check_unwilling(exchange, p->no_dir_until_ms + 375 * SECOND);
}

void world_return_exchange(void)
{
	if (chance_percent(50))
		lose_directory(world.absent);
	world.order[world.configured++] = world.absent;
	world.return_ms = INT64_MAX;
	edited();
}

void world_change_config(void)
{
	int last = world.exchanges - 1, a = (int)chance_between(0, last);

	world.next_change_ms = chance_about(DAY);
	/* These have no source and no reader. */
	if (world.calm)
		a -= a % 3;
	switch (world.calm ? 5 : chance_between(0, 5)) {
	case 0:
		world.place[a].request++;
		break;
	case 1:
		world.place[a].fraction_permille = world.place[a].fraction_permille ? 0 : 600;
		break;
	case 2:
		world.log_level = !world.log_level;
		break;
	case 3:
		world_reverse_order();
		break;
	case 4:
		swap_files(a, (int)chance_between(0, last));
		break;
	default:
		remove_exchange(a);
	}
	edited();
}

void world_start_planning(void)
{
	for (int i = 0; i < world.exchanges; i++)
		planned[i] = world_is_configured(i);
}

void world_planned(void)
{
	for (int i = 0; i < world.exchanges; i++) {
		bool now = world_is_configured(i);

		if (planned[i] && !now) {
			world.place[i].was_removed = true;
			check_left(i);
		} else if (now && !planned[i]) {
			check_joined(i);
		}
		planned[i] = now;
	}
}
