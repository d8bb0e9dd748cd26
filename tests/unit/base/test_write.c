/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/write.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Write with a deadline to a descriptor whose other end is not read. Returns how much it took. */
static size_t write_in_vain(int fd, const char *data, size_t len, int want)
{
	int64_t start_ms = sts_clock_boot_ms();
	size_t written = 99;
	int flags = fcntl(fd, F_GETFL);

	CHECK_INT(sts_write_until(fd, data, len, start_ms + 50, &written), want);
	CHECK(want != ETIMEDOUT || sts_clock_boot_ms() >= start_ms + 50);
	CHECK_INT(fcntl(fd, F_GETFL), flags);
	return written;
}

static void test_writing_until(void)
{
	static char data[300000], back[300000];
	size_t written = 0;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
		CHECK(pipe2(fds, flags) == 0);
		CHECK_INT(fcntl(fds[1], F_SETPIPE_SZ, 8192), 8192);
		CHECK_INT(write_in_vain(fds[1], "ab", 2, 0), 2);
		CHECK_INT(write_in_vain(fds[1], data, 8192, ETIMEDOUT), 4096);
		CHECK_INT(read(fds[0], back, sizeof(back)), 2 + 4096);
		CHECK_INT(sts_write_until(fds[1], data, 1, sts_clock_boot_ms(), &written),
			  ETIMEDOUT);
		CHECK_INT(written, 0);
		CHECK_INT(write_in_vain(fds[1], data, 0, 0), 0);
		close(fds[0]);
		CHECK_INT(write_in_vain(fds[1], data, 1, EPIPE), 0);
		close(fds[1]);
	}
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	written = write_in_vain(fds[1], data, sizeof(data), ETIMEDOUT);
	CHECK(written > 0 && written % 4096 == 0);
	close(fds[0]);
	close(fds[1]);
	/* A reader that is slow, without a deadline. */
	CHECK(pipe(fds) == 0);
	pid_t reader = fork();
	if (reader == 0) {
		close(fds[1]);
		while (read(fds[0], back, 7000) > 0)
			usleep(500);
		_exit(0);
	}
	close(fds[0]);
	CHECK_INT(sts_write_until(fds[1], data, sizeof(data), INT64_MAX, &written), 0);
	CHECK_INT(written, sizeof(data));
	close(fds[1]);
	CHECK_INT(waitpid(reader, NULL, 0), reader);
	CHECK_INT(write_in_vain(fds[1], data, 1, EBADF), 0);
	fds[0] = open("/dev/full", O_WRONLY);
	CHECK_INT(write_in_vain(fds[0], data, 1, ENOSPC), 0);
	close(fds[0]);
}

static const struct sts_test tests[] = {
	{"writing ends at a deadline, and counts what was taken", test_writing_until},
};

STS_TEST_MAIN(tests)
