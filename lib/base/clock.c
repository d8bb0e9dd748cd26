/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static int64_t to_ms(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
}

int64_t sts_clock_real_ms(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_REALTIME, &ts);
	return to_ms(&ts);
}

int64_t sts_clock_boot_ms(void)
{
	struct timespec ts = {0};

	if (clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return to_ms(&ts);
}

int sts_clock_left_ms(int64_t deadline_boot_ms)
{
	int64_t now = sts_clock_boot_ms();

	if (deadline_boot_ms <= now)
		return 0;
	/* now is never negative, so a deadline of INT64_MAX does not overflow here. */
	uint64_t left = (uint64_t)deadline_boot_ms - (uint64_t)now;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}
