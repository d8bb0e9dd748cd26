/* SPDX-License-Identifier: Apache-2.0 */
#include "base/boot_id.h"

#include <string.h>

#include "test.h"

static void ids_of_other_forms(void)
{
	static const char *const ids[] = {
		"",
		"4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6",
		"4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b7",
		"4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6B",
		"4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6g",
		"4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6\n",
		"4b1f8a3c 0d52-4e6f-9a7b-1c2d3e4f5a6b",
	};

	CHECK(sts_boot_id_ok("4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b", 36));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		CHECK(!sts_boot_id_ok(ids[i], strlen(ids[i])));
}

static const struct sts_test tests[] = {
	{"only what has the form of a boot id is one", ids_of_other_forms},
};

STS_TEST_MAIN(tests)
