/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/events.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process_limits.h"
#include "test.h"

static struct sts_events ev;
static struct sts_error e;

/* Read the events that are there already: the time that is waited for has passed. */
static unsigned now(void)
{
	return sts_events_wait(&ev, 1, NULL, 0);
}

static bool blocked(int signal)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	return sigismember(&mask, signal) == 1;
}

static const int all[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGCHLD};

/* A signal that comes before the setup is kept, and a signal that a parent ignores is not
 * ignored. */
static void test_setup(void)
{
	struct sigaction action;

	signal(SIGCHLD, SIG_IGN);
	sts_events_hold();
	for (size_t i = 0; i < 5; i++)
		CHECK(blocked(all[i]));
	CHECK(!blocked(SIGALRM));
	raise(SIGTERM);
	CHECK_INT(sts_events_init(&ev, &e), STS_OK);
	for (size_t i = 0; i < 5; i++)
		CHECK(blocked(all[i]));
	sigaction(SIGCHLD, NULL, &action);
	CHECK(action.sa_handler == SIG_DFL);
	sigaction(SIGPIPE, NULL, &action);
	CHECK(action.sa_handler == SIG_IGN);
	const int fds[] = {ev.signal_fd, ev.timer_fd, ev.clock_fd};
	for (size_t i = 0; i < 3; i++) {
		CHECK(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		CHECK(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
	CHECK_INT(ev.watch_fd, -1);
	CHECK_INT(ev.armed_boot_ms, -1);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), STS_EVENT_STOP);
}

static void test_no_descriptors(void)
{
	struct sts_events other;
	int lowest = limits_free_fd();

	for (int spare = 0; spare <= 2; spare++) {
		struct rlimit old = limits_descriptors(lowest + spare);
		/* The clock's timer, which is the third, is not required. */
		CHECK_INT(sts_events_init(&other, &e), spare < 2 ? STS_EFILES : STS_OK);
		limits_restore(old);
		if (spare < 2)
			CHECK(strstr(e.msg, "no descriptor for signals or timers: ") == e.msg);
		else
			CHECK_INT(other.clock_fd, -1);
		close(other.signal_fd);
		close(other.timer_fd);
	}
}

static void test_signals(void)
{
	static const struct {
		int signal;
		unsigned event;
	} rows[] = {
		{SIGTERM, STS_EVENT_STOP},   {SIGINT, STS_EVENT_STOP},   {SIGUSR1, STS_EVENT_STOP},
		{SIGHUP, STS_EVENT_REFRESH}, {SIGCHLD, STS_EVENT_CHILD},
	};

	for (size_t i = 0; i < 5; i++) {
		raise(rows[i].signal);
		CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), rows[i].event);
		CHECK_INT(now(), STS_EVENT_TIMER); /* each signal is told once */
	}
	for (size_t i = 0; i < 5; i++)
		raise(rows[i].signal);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0),
		  STS_EVENT_STOP | STS_EVENT_REFRESH | STS_EVENT_CHILD);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), STS_EVENT_CHILD);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), pid);
}

static bool armed(void)
{
	struct itimerspec left;

	CHECK(timerfd_gettime(ev.timer_fd, &left) == 0);
	return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
}

static void test_the_timer(void)
{
	const int64_t far_ms = sts_clock_boot_ms() + 3600 * 1000;
	int64_t until_ms = sts_clock_boot_ms() + 30;

	CHECK_INT(sts_events_wait(&ev, until_ms, NULL, 0), STS_EVENT_TIMER);
	CHECK(sts_clock_boot_ms() >= until_ms);
	CHECK_INT(ev.armed_boot_ms, -1);
	/* The same time counts a second time. A time that has passed, the present moment, and 0
	 * count at once. */
	CHECK_INT(sts_events_wait(&ev, until_ms, NULL, 0), STS_EVENT_TIMER);
	CHECK_INT(sts_events_wait(&ev, sts_clock_boot_ms(), NULL, 0), STS_EVENT_TIMER);
	CHECK_INT(sts_events_wait(&ev, 0, NULL, 0), STS_EVENT_TIMER);
	/* An earlier time takes the place of a later one. */
	raise(SIGHUP);
	CHECK_INT(sts_events_wait(&ev, far_ms, NULL, 0), STS_EVENT_REFRESH);
	CHECK_INT(ev.armed_boot_ms, far_ms);
	CHECK(armed());
	until_ms = sts_clock_boot_ms() + 30;
	CHECK_INT(sts_events_wait(&ev, until_ms, NULL, 0), STS_EVENT_TIMER);
	CHECK(sts_clock_boot_ms() >= until_ms);
	/* The time -1 takes it away. */
	raise(SIGHUP);
	CHECK_INT(sts_events_wait(&ev, far_ms, NULL, 0), STS_EVENT_REFRESH);
	CHECK(armed());
	raise(SIGHUP);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), STS_EVENT_REFRESH);
	CHECK(!armed());
}

/* A test does not set the clock of the machine. poll() says of a timer that was cancelled that it
 * can be read, and read() fails; a directory does the same, so it stands for the timer. */
static void test_the_clock_is_set(void)
{
	int clock_fd = ev.clock_fd;

	CHECK(clock_fd >= 0);
	CHECK_INT(now(), STS_EVENT_TIMER);
	ev.clock_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), STS_EVENT_CLOCK);
	close(ev.clock_fd);
	/* A timer that has only run out was not cancelled. */
	ev.clock_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	CHECK_INT(now() & STS_EVENT_CLOCK, 0);
	close(ev.clock_fd);
	/* There is no such timer. */
	ev.clock_fd = -1;
	raise(SIGHUP);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), STS_EVENT_REFRESH);
	ev.clock_fd = clock_fd;
}

/* The kernel refuses the timer: there is no event, and no sleep without an end. */
static void test_no_timer(void)
{
	int timer_fd = ev.timer_fd;

	ev.timer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(sts_events_wait(&ev, sts_clock_boot_ms() + 3600 * 1000, NULL, 0), 0);
		CHECK_INT(ev.armed_boot_ms, -1); /* the next call tries again */
	}
	close(ev.timer_fd);
	ev.timer_fd = timer_fd;
}

static void test_pipes(void)
{
	int fds[STS_EVENTS_PIPES_MAX][2], pipes[STS_EVENTS_PIPES_MAX];

	for (size_t i = 0; i < STS_EVENTS_PIPES_MAX; i++) {
		CHECK(pipe2(fds[i], O_CLOEXEC | O_NONBLOCK) == 0);
		pipes[i] = fds[i][0];
	}
	CHECK_INT(sts_events_wait(&ev, 1, pipes, STS_EVENTS_PIPES_MAX), STS_EVENT_TIMER);
	for (size_t i = 0; i < STS_EVENTS_PIPES_MAX; i++) {
		char byte;

		CHECK_INT(write(fds[i][1], "x", 1), 1);
		CHECK_INT(sts_events_wait(&ev, -1, pipes, STS_EVENTS_PIPES_MAX), STS_EVENT_REPORT);
		/* The caller reads the pipe, so that the event comes again. */
		CHECK_INT(sts_events_wait(&ev, -1, pipes, i + 1), STS_EVENT_REPORT);
		CHECK_INT(sts_events_wait(&ev, 1, pipes, i), STS_EVENT_TIMER);
		CHECK_INT(read(fds[i][0], &byte, 1), 1);
	}
	/* The end of a pipe is an event as well. The number -1 is not. */
	close(fds[2][1]);
	CHECK_INT(sts_events_wait(&ev, -1, pipes, STS_EVENTS_PIPES_MAX), STS_EVENT_REPORT);
	pipes[2] = -1;
	CHECK_INT(sts_events_wait(&ev, 1, pipes, STS_EVENTS_PIPES_MAX), STS_EVENT_TIMER);
	for (size_t i = 0; i < STS_EVENTS_PIPES_MAX; i++) {
		close(fds[i][0]);
		if (i != 2)
			close(fds[i][1]);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* The signal is not one of those that are waited for. It comes again and again, so that one comes
 * during the wait. */
static void test_interrupted(void)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct sigaction old;

	sigaction(SIGALRM, &action, &old);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK_INT(sts_events_wait(&ev, -1, NULL, 0), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	alarm(60);
}

/* The caller reads the watches, so the event comes again until then. */
static void test_watches(void)
{
	uint64_t count = 1;

	CHECK_INT(ev.watch_fd, -1);
	CHECK_INT(now() & STS_EVENT_FILES, 0);
	ev.watch_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CHECK_INT(now() & STS_EVENT_FILES, 0);
	CHECK_INT(write(ev.watch_fd, &count, sizeof(count)), sizeof(count));
	CHECK_INT(now() & STS_EVENT_FILES, STS_EVENT_FILES);
	CHECK_INT(now() & STS_EVENT_FILES, STS_EVENT_FILES);
	CHECK_INT(read(ev.watch_fd, &count, sizeof(count)), sizeof(count));
	CHECK_INT(now() & STS_EVENT_FILES, 0);
}

/* A poll(2) that fails (more descriptors than the limit allows) hides nothing. */
static void test_poll_fails(void)
{
	int fds[2], pipes[2];

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	pipes[0] = -1;
	pipes[1] = fds[0];
	raise(SIGTERM);
	struct rlimit old = limits_descriptors(3);
	unsigned events = sts_events_wait(&ev, -1, pipes, 2);
	unsigned without = sts_events_wait(&ev, -1, pipes, 1);
	limits_restore(old);
	CHECK(events & STS_EVENT_STOP);
	CHECK(events & STS_EVENT_FILES);
	CHECK(events & STS_EVENT_REPORT);
	CHECK(!(events & (STS_EVENT_REFRESH | STS_EVENT_CHILD | STS_EVENT_CLOCK)));
	CHECK(!(without & (STS_EVENT_STOP | STS_EVENT_REPORT)));
	close(fds[0]);
	close(fds[1]);
	close(ev.watch_fd);
	ev.watch_fd = -1;
}

static const struct sts_test tests[] = {
	{"the setup blocks signals and makes timers", test_setup},
	{"the setup needs two descriptors", test_no_descriptors},
	{"each signal is an event", test_signals},
	{"the timer wakes at its time", test_the_timer},
	{"a clock that is set is an event", test_the_clock_is_set},
	{"without a timer no sleep is endless", test_no_timer},
	{"a pipe that can be read is an event", test_pipes},
	{"an interrupted wait has no event", test_interrupted},
	{"watches are an event until they are read", test_watches},
	{"a poll() that fails hides nothing", test_poll_fails},
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
