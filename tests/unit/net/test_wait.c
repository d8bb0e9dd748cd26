/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#include "test.h"

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void a_ready_socket_ends_the_wait(void)
{
	int64_t now = sts_clock_boot_ms();
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(sts_wait_ready(pair[0], POLLOUT, now + 60000), 0);
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(sts_wait_ready(pair[0], POLLIN, now + 60000), 0);
	/* A socket that is ready is not late, even after the deadline. */
	CHECK_INT(sts_wait_ready(pair[0], POLLIN, now - 1), 0);
	close(pair[1]);
	CHECK_INT(sts_wait_ready(pair[0], POLLIN, now + 60000), 0);
	CHECK(sts_clock_boot_ms() < now + 60000);
	close(pair[0]);
}

static void the_deadline_ends_the_wait(void)
{
	const struct sigaction action = {.sa_handler = count_alarm}; /* without SA_RESTART */
	const struct itimerval every_10_ms = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	int64_t deadline = sts_clock_boot_ms() + 100;
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(sts_wait_ready(pair[0], POLLIN, deadline - 1000), ETIMEDOUT);
	/* Signals neither end the wait nor make it longer. */
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &every_10_ms, NULL), 0);
	CHECK_INT(sts_wait_ready(pair[0], POLLIN, deadline), ETIMEDOUT);
	CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(sts_clock_boot_ms() >= deadline);
	CHECK(alarms > 1);
	close(pair[0]);
	close(pair[1]);
}

static const struct sts_test tests[] = {
	{"a ready socket ends the wait", a_ready_socket_ends_the_wait},
	{"the deadline ends the wait, signals do not", the_deadline_ends_the_wait},
};

STS_TEST_MAIN(tests)
