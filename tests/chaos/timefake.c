/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of build/tests/sts-sidecar-timefake, which has the program's own objects otherwise.
 * REALTIME is wrong by as many milliseconds as the file says that SIDECAR_TEST_CLOCK names. The
 * clock is linked in with --wrap, so that no line of the program knows of it. A test that writes
 * another number into the file sends SIGCHLD to the supervisor, which then finds that the clock was
 * set.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "supervisor/events.h"

int64_t __real_sts_clock_real_ms(void);
int64_t __wrap_sts_clock_real_ms(void);
unsigned __real_sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
				size_t count);
unsigned __wrap_sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
				size_t count);

static int64_t offset_ms;

/* If the file cannot be read any more (a worker in its sandbox, no descriptors), the last number
 * counts. */
static __attribute__((constructor)) void read_offset(void)
{
	const char *path = getenv("SIDECAR_TEST_CLOCK");
	char buf[24] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	if (read(fd, buf, sizeof(buf) - 1) > 0)
		offset_ms = strtoll(buf, NULL, 10);
	close(fd);
}

int64_t __wrap_sts_clock_real_ms(void)
{
	return __real_sts_clock_real_ms() + offset_ms;
}

unsigned __wrap_sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
				size_t count)
{
	int64_t before_ms = offset_ms;
	unsigned events = __real_sts_events_wait(ev, until_boot_ms, pipes, count);

	read_offset();
	return events | (offset_ms != before_ms ? STS_EVENT_CLOCK : 0);
}
