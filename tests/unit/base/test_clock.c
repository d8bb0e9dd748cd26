/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include "test.h"

static void real_time_is_the_time_of_day(void)
{
	int64_t before = time(NULL), now = sts_clock_real_ms() / 1000, after = time(NULL);

	/* time() may read a coarser clock, which is up to a tick behind. */
	CHECK(now >= before - 1 && now <= after + 1);
}

static void boot_time_never_goes_back(void)
{
	int64_t last = sts_clock_boot_ms();

	CHECK(last > 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now = sts_clock_boot_ms();
		CHECK(now >= last);
		last = now;
	}
}

static void boot_time_counts_milliseconds(void)
{
	int64_t start = sts_clock_boot_ms();

	poll(NULL, 0, 50);
	int64_t passed = sts_clock_boot_ms() - start;
	CHECK(passed >= 49);
	CHECK(passed < 5000);
}

static void left_is_clamped_on_both_sides(void)
{
	int64_t now = sts_clock_boot_ms();

	CHECK_INT(sts_clock_left_ms(now - 1), 0);
	CHECK_INT(sts_clock_left_ms(now), 0);
	CHECK_INT(sts_clock_left_ms(0), 0);
	CHECK_INT(sts_clock_left_ms(INT64_MIN), 0);
	CHECK_INT(sts_clock_left_ms(INT64_MAX), INT32_MAX);
	CHECK_INT(sts_clock_left_ms(now + (int64_t)INT32_MAX + 100000), INT32_MAX);

	int left = sts_clock_left_ms(sts_clock_boot_ms() + 10000);
	CHECK(left > 5000 && left <= 10000);
}

static void a_boot_has_an_id(void)
{
	char id[STS_BOOT_ID_BYTES], again[STS_BOOT_ID_BYTES];

	memset(id, 'x', sizeof(id));
	CHECK(sts_clock_boot_id(id) && sts_clock_boot_id(again));
	CHECK_STR(id, again);
	CHECK_INT(strlen(id), STS_BOOT_ID_BYTES - 1);
	CHECK(sts_boot_id_ok(id, strlen(id)));
}

static const struct sts_test tests[] = {
	{"real time is the time of day", real_time_is_the_time_of_day},
	{"boot time never goes back", boot_time_never_goes_back},
	{"boot time counts milliseconds", boot_time_counts_milliseconds},
	{"the time that is left is clamped on both sides", left_is_clamped_on_both_sides},
	{"a boot has an id", a_boot_has_an_id},
};

STS_TEST_MAIN(tests)
