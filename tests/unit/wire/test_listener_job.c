/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/listener_job.h"

#include <stdint.h>

#include "test.h"

static const char *const dirs[STS_EXCHANGES_MAX] = {
	"/d0", "/d1", "/d2",  "/d3",  "/d4",  "/d5",  "/d6",  "/d7",
	"/d8", "/d9", "/d10", "/d11", "/d12", "/d13", "/d14", "/d15",
};
static const char *list[STS_LISTENER_DIRECTORIES_AT + STS_EXCHANGES_MAX + 1];
static char numbers[2][2];

static const struct sts_listener_job usual = {
	.where = "[::1]:8080", .level = STS_LEVEL_INFO, .format = STS_LOG_FORMAT_JSON};

static bool parse(size_t count, struct sts_listener_job *job)
{
	int argc = 0;

	while (list[argc])
		argc++;
	return sts_listener_job_parse(argc, (char *const *)(uintptr_t)list, count, job);
}

static void test_the_list(void)
{
	const char *const want[] = {"p", "listener", "[::1]:8080", "2", "1", "0", "/d0", "/d1"};

	sts_listener_arguments(&usual, "p", dirs, 2, numbers, list);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK_STR(list[i], want[i]);
	CHECK(list[STS_LISTENER_DIRECTORIES_AT + 2] == NULL);
}

static void test_there_and_back(void)
{
	struct sts_listener_job got;

	for (int level = STS_LEVEL_ERROR; level <= STS_LEVEL_DEBUG; level++)
		for (int format = STS_LOG_FORMAT_JSON; format <= STS_LOG_FORMAT_TEXT; format++) {
			const struct sts_listener_job job = {.where = ":1",
							     .level = (enum sts_level)level,
							     .format = format,
							     .require_sandbox = format & 1};

			sts_listener_arguments(&job, "p", dirs, 1, numbers, list);
			CHECK(parse(1, &got));
			CHECK_STR(got.where, ":1");
			CHECK_INT(got.level, level);
			CHECK_INT(got.format, format);
			CHECK_INT(got.require_sandbox, format & 1);
		}
}

/* There is one directory for each exchange, from one exchange to the most. */
static void test_how_many_directories(void)
{
	struct sts_listener_job got;

	for (size_t count = 1; count <= STS_EXCHANGES_MAX; count++) {
		sts_listener_arguments(&usual, "p", dirs, count, numbers, list);
		CHECK(parse(count, &got));
		CHECK(!parse(count - 1, &got));
		CHECK(!parse(count + 1, &got));
		CHECK(!parse(0, &got));
	}
	CHECK_STR(list[STS_LISTENER_DIRECTORIES_AT + STS_EXCHANGES_MAX - 1], "/d15");
}

static bool accepts(size_t i, const char *value)
{
	struct sts_listener_job got;

	sts_listener_arguments(&usual, "p", dirs, 1, numbers, list);
	list[i] = value;
	return parse(1, &got);
}

static void test_what_is_not_a_job(void)
{
	/* LEVEL, FORMAT and REQUIRE have their greatest value, and then the next one. */
	static const char *const most[] = {"3", "2", "1"}, *const more[] = {"4", "3", "2"};

	for (size_t i = 0; i < 3; i++) {
		CHECK(accepts(3 + i, "0"));
		CHECK(accepts(3 + i, most[i]));
		CHECK(!accepts(3 + i, more[i]));
		CHECK(!accepts(3 + i, ""));
		CHECK(!accepts(3 + i, "-1"));
		CHECK(!accepts(3 + i, "1x"));
		CHECK(!accepts(3 + i, "info"));
	}
	for (int argc = 1; argc < STS_LISTENER_DIRECTORIES_AT + 1; argc++) {
		struct sts_listener_job got;

		sts_listener_arguments(&usual, "p", dirs, 1, numbers, list);
		CHECK(!sts_listener_job_parse(argc, (char *const *)(uintptr_t)list, 1, &got));
	}
}

static const struct sts_test tests[] = {
	{"the argument list", test_the_list},
	{"each level and format is written and read back", test_there_and_back},
	{"how many directories there may be", test_how_many_directories},
	{"what is not a job", test_what_is_not_a_job},
};
STS_TEST_MAIN(tests)
