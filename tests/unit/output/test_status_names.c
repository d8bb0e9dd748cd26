/* SPDX-License-Identifier: Apache-2.0 */
#include "output/status.h"
#include "test.h"

/* The name of another exchange is shown, if it is one. */
static void test_names(void)
{
	static const struct {
		const char *name;
		bool shown;
	} rows[] = {
		{"a", true},     {"z", true},   {"0", true},      {"9", true},
		{"az-09", true}, {"a`", false}, {"{", false},     {"/", false},
		{"a:", false},   {"A", false},  {"a\x80", false}, {".", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_status status;
		char text[96];

		snprintf(text, sizeof(text),
			 "sts-sidecar-status 1\nstate ok\nwaits 3\nwaits_for %s", rows[i].name);
		CHECK(sts_status_parse(sts_slice_of(text), &status));
		CHECK_STR(status.wait_name, rows[i].shown ? rows[i].name : "");
	}
}

static const struct sts_test tests[] = {
	{"names of other exchanges", test_names},
};

STS_TEST_MAIN(tests)
