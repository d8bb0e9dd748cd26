/* SPDX-License-Identifier: Apache-2.0 */
/* One store that the unit tests of the output directory write into, and files whose times they
 * choose. */
#ifndef STS_TEST_OPENED_STORE_H
#define STS_TEST_OPENED_STORE_H

#include "store/tree.h"

#include <time.h>

static struct sts_store store;
static struct sts_error error;

static inline void fresh(const char *dir, mode_t mode)
{
	tree_clear(dir);
	tree_dir(dir, mode);
	CHECK_INT(sts_store_open(&store, dir, false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
}

static inline void put_and_time(const char *path, int64_t at_s)
{
	struct timespec times[2] = {{.tv_sec = at_s}, {.tv_sec = at_s, .tv_nsec = 5000000}};

	tree_put(path, "x");
	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

/* The descriptor 0 is a descriptor like others. Use it for the next file that is opened. Returns
 * what it was. */
static inline int free_descriptor_0(void)
{
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 10);

	CHECK(kept >= 0 && close(0) == 0);
	return kept;
}

static inline void take_descriptor_0_back(int kept)
{
	CHECK(dup2(kept, 0) == 0 && close(kept) == 0);
}

#endif
