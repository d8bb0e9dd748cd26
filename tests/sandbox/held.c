/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: sts-sidecar-held is the program with this constructor, which runs between execve(2)
 * and the first statement of main(). A process that has inherited the pipe of a report, as a worker
 * has, waits here until the file that HELD names exists. The sandbox of the supervisor is on
 * already, so only calls that a worker may make are made.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wire/job.h"

#define WAITS_MAX 3000 /* of 10 ms each */

static __attribute__((constructor)) void hold(void)
{
	const char *path = getenv("HELD");
	struct stat st;

	if (!path || fstat(STS_INHERITED_FD, &st) != 0 || !S_ISFIFO(st.st_mode))
		return;
	for (int i = 0; i < WAITS_MAX; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			close(fd);
			return;
		}
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
}
