/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a process, for tests of what happens without descriptors or without processes. */
#ifndef STS_TEST_PROCESS_LIMITS_H
#define STS_TEST_PROCESS_LIMITS_H

#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

/* The lowest descriptor that is free: the same before and after, if none was left open. */
static inline int limits_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Allow only descriptors below this number. Returns the old limit, for limits_restore(). */
static inline struct rlimit limits_descriptors(int count)
{
	struct rlimit old, fewer;

	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	fewer = old;
	fewer.rlim_cur = (rlim_t)count;
	CHECK(setrlimit(RLIMIT_NOFILE, &fewer) == 0);
	return old;
}

static inline void limits_restore(struct rlimit old)
{
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

/* Become a user that may have no more processes. Root may have any number. */
static inline bool limits_no_processes(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_NPROC, &none) == 0 && (geteuid() != 0 || setuid(65534) == 0);
}

#endif
