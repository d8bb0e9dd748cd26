/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/release_stack.h"

static const struct {
	int signal;
	unsigned event;
} signals[] = {
	{SIGTERM, STS_EVENT_STOP},   {SIGINT, STS_EVENT_STOP},   {SIGUSR1, STS_EVENT_STOP},
	{SIGHUP, STS_EVENT_REFRESH}, {SIGCHLD, STS_EVENT_CHILD},
};

/* The most reads of one descriptor at a time. */
#define READS_MAX 64

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* Returns the set of the signals that sts_events_wait() reads. */
static sigset_t our_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&mask, signals[i].signal);
	return mask;
}

void sts_events_hold(void)
{
	sigset_t mask = our_signals();

	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static int open_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
	sigset_t mask = our_signals();

	/* Reset the dispositions, since the parent may have left SIGCHLD ignored. Then children
	 * could not be waited for. */
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i].signal, &usual, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sts_events_hold();
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A time in the year 2255, which never comes; the kernel's time ends in 2262. The timer exists only
 * because a step of the clock cancels it (timerfd_create(2)). gVisor refuses the timer. A step of
 * the clock is then noticed at the next attempt. */
#define NEVER_S 9000000000

/* Set the timer that a step of the clock cancels. */
static void arm_clock(int fd)
{
	struct itimerspec never = {.it_value = {.tv_sec = (time_t)NEVER_S}};

	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

enum sts_err sts_events_init(struct sts_events *ev, struct sts_error *e)
{
	*ev = (struct sts_events){.watch_fd = -1, .armed_boot_ms = -1};
	ev->signal_fd = open_signals();
	ev->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ev->timer_fd < 0)
		ev->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ev->signal_fd < 0 || ev->timer_fd < 0)
		return sts_fail(e, sts_errno_code(errno, STS_EFORK), errno,
				"no descriptor for signals or timers: %s", sts_errno_words(errno));
	ev->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ev->clock_fd >= 0)
		arm_clock(ev->clock_fd);
	return STS_OK;
}

/* How long to sleep if poll(2) fails, or if the timer cannot be set. */
#define BLIND_MS 100

/* Set the timer. Returns the timeout for poll(2) in ms; -1: none. */
static int arm_timer(struct sts_events *ev, int64_t until_boot_ms)
{
	struct itimerspec after = {0};

	if (until_boot_ms == ev->armed_boot_ms)
		return -1;
	ev->armed_boot_ms = until_boot_ms;
	if (until_boot_ms >= 0) {
		int64_t left_ms = until_boot_ms - sts_clock_boot_ms();

		/* A time of zero would stop the timer, so a nanosecond is added. */
		after.it_value.tv_sec = left_ms > 0 ? left_ms / 1000 : 0;
		after.it_value.tv_nsec = left_ms > 0 ? left_ms % 1000 * 1000000 + 1 : 1;
	}
	if (timerfd_settime(ev->timer_fd, 0, &after, NULL) == 0)
		return -1;
	ev->armed_boot_ms = -1;
	return BLIND_MS;
}

static unsigned read_signals(int fd)
{
	struct signalfd_siginfo info;
	unsigned events = 0;

	/* The number of reads is bounded. Otherwise a process that sends signals faster than they
	 * are read could delay a TERM. */
	for (int turns = 0;
	     turns < READS_MAX && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info); turns++)
		for (size_t i = 0; i < SIGNALS; i++)
			if (info.ssi_signo == (uint32_t)signals[i].signal)
				events |= signals[i].event;
	return events;
}

static unsigned read_clock(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) >= 0 || errno == EAGAIN)
		return 0;
	arm_clock(fd);
	return STS_EVENT_CLOCK;
}

static unsigned read_timer(int fd)
{
	uint64_t count;
	ssize_t ignored = read(fd, &count, sizeof(count));

	(void)ignored;
	return STS_EVENT_TIMER;
}

unsigned sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
			 size_t count)
{
	struct pollfd fds[4 + STS_EVENTS_PIPES_MAX] = {
		{.fd = ev->signal_fd, .events = POLLIN},
		{.fd = ev->timer_fd, .events = POLLIN},
		{.fd = ev->clock_fd, .events = POLLIN},
		{.fd = ev->watch_fd, .events = POLLIN},
	};
	unsigned events = 0;

	for (size_t i = 0; i < count; i++)
		fds[4 + i] = (struct pollfd){.fd = pipes[i], .events = POLLIN};
	sts_release_stack();
	if (poll(fds, 4 + count, arm_timer(ev, until_boot_ms)) < 0) {
		if (errno == EINTR)
			return 0;
		/* Memory has run out, or the limit of descriptors was lowered. poll(2) would fail
		 * again at once, so sleep for a moment. Then read all descriptors, since none of
		 * them blocks. */
		poll(NULL, 0, BLIND_MS);
		for (size_t i = 0; i < 4 + count; i++)
			fds[i].revents = fds[i].fd < 0 ? 0 : POLLIN;
	}
	if (fds[0].revents)
		events |= read_signals(ev->signal_fd);
	if (fds[1].revents) {
		ev->armed_boot_ms = -1;
		events |= read_timer(ev->timer_fd);
	}
	if (fds[2].revents)
		events |= read_clock(ev->clock_fd);
	if (fds[3].revents)
		events |= STS_EVENT_FILES;
	for (size_t i = 0; i < count; i++)
		if (fds[4 + i].revents)
			events |= STS_EVENT_REPORT;
	return events;
}
