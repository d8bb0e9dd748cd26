/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_nearest(void)
{
	static const char *const names[] = {"fetch",        "check",        "run",
					    "refresh",      "--token-file", "--cacert-path",
					    "--cacert-only"};
	static const struct {
		const char *word, *name;
	} rows[] = {
		{"fecth", "fetch"},
		{"fetch", "fetch"},
		{"fetc", "fetch"},
		{"chek", "check"},
		{"rnu", "run"},
		{"ru", "run"},
		{"runn", "run"},
		{"--tokn-file", "--token-file"},
		{"--token_file", "--token-file"},
		{"--cacert", NULL},
		{"--cacert-pth", "--cacert-path"},
		{"refersh", "refresh"},
		{"xyz", NULL},
		{"", NULL},
		{"Fetch", "fetch"},
		{"feeeetch", NULL},
		{"eftch", "fetch"},
		{"efthc", NULL},
	};
	char lng[100];

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *found = sts_nearest(sts_slice_of(rows[i].word), names, COUNT(names));

		CHECK_STR(found ? found : "(none)", rows[i].name ? rows[i].name : "(none)");
	}
	memset(lng, 'a', sizeof(lng));
	CHECK(!sts_nearest((struct sts_slice){lng, sizeof(lng)}, names, COUNT(names)));
	CHECK(!sts_nearest(STS_SLICE("fetch"), names, 0));
	CHECK_STR(sts_nearest(STS_SLICE("abc"), (const char *const[]){"abx", "aby"}, 2), "abx");
	CHECK_STR(sts_nearest(STS_SLICE("abc"), (const char *const[]){"abx", "abc"}, 2), "abc");
	lng[63] = '\0';
	CHECK(sts_nearest((struct sts_slice){lng, 62}, (const char *const[]){lng}, 1) == lng);
	CHECK(sts_nearest((struct sts_slice){lng, 63}, (const char *const[]){lng}, 1) == lng);
	lng[63] = 'a';
	lng[64] = '\0';
	CHECK(!sts_nearest((struct sts_slice){lng, 63}, (const char *const[]){lng}, 1));
}

static const struct sts_test tests[] = {
	{"the nearest name", test_nearest},
};

STS_TEST_MAIN(tests)
