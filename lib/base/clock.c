/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/system_calls.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static int64_t to_ms(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
}

int64_t sts_clock_real_ms(void)
{
	struct timespec ts = {0};

	sts_clock_gettime(CLOCK_REALTIME, &ts);
	return to_ms(&ts);
}

int64_t sts_clock_boot_ms(void)
{
	struct timespec ts = {0};

	if (sts_clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
		sts_clock_gettime(CLOCK_MONOTONIC, &ts);
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

bool sts_clock_boot_id(char out[STS_BOOT_ID_BYTES])
{
	char line[2 * STS_BOOT_ID_BYTES];
	size_t len;

	out[0] = '\0';
	if (sts_file_read(AT_FDCWD, BOOT_ID_FILE, STS_FILE_FOLLOW, line, sizeof(line), &len) != 0)
		return false;
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (!sts_boot_id_ok(line, len))
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}
