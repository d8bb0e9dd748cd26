/* SPDX-License-Identifier: Apache-2.0 */
#include "chance.h"

#include "schedule/schedule.h"
#include "world.h"

uint32_t world_random32(void) /* xorshift64* */
{
	world.random ^= world.random >> 12;
	world.random ^= world.random << 25;
	world.random ^= world.random >> 27;
	return (uint32_t)((world.random * 0x2545f4914f6cdd1du) >> 32);
}

int64_t chance_between(int64_t low, int64_t high)
{
	return low + sts_schedule_jitter(high - low + 1, world_random32());
}

bool chance_percent(int percent)
{
	return chance_between(0, 99) < percent;
}

int64_t chance_about(int64_t mean_ms)
{
	return world.boot_ms + chance_between(0, 2 * mean_ms);
}

/* Most troubles are short, and some are long. */
int64_t chance_trouble_ms(void)
{
	int64_t kind = chance_between(0, 9);

	return kind < 5   ? chance_between(SECOND, 2 * MINUTE)
	       : kind < 8 ? chance_between(2 * MINUTE, 30 * MINUTE)
			  : chance_between(30 * MINUTE, 6 * HOUR);
}
