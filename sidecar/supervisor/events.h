/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor waits for: signals (a signalfd, so that a PID 1 without handlers gets them
 * too), a timer for the schedule (BOOTTIME: suspend counts), a timer that tells steps of the clock
 * (REALTIME, cancelled on set), watches on the directories of files that matter, and the pipes of
 * children. Only the signals and the first timer are required; the others fail soft.
 */
#ifndef STS_SUPERVISOR_EVENTS_H
#define STS_SUPERVISOR_EVENTS_H

#include "base/error.h"
#include "base/text.h"

enum sts_event {
	STS_EVENT_STOP = 1,    /* TERM, INT, USR1 */
	STS_EVENT_REFRESH = 2, /* HUP */
	STS_EVENT_CHILD = 4,   /* a child ended */
	STS_EVENT_TIMER = 8,   /* the time that was set has come */
	STS_EVENT_CLOCK = 16,  /* the clock was set */
	STS_EVENT_FILES = 32,  /* something changed in a watched directory */
	STS_EVENT_REPORT = 64, /* a child's pipe can be read */
};

/* Of children at a time: workers, and the one that plans. */
#define STS_EVENTS_PIPES_MAX 6

struct sts_events {
	int signal_fd, timer_fd, clock_fd, watch_fd;
	int64_t armed_boot_ms; /* what timer_fd is set to; -1: nothing */
};

/*
 * Block the signals: what comes from now on is kept for sts_events_wait(). Before anything else:
 * the kernel drops a signal with its usual disposition that is sent to PID 1, and a TERM that came
 * in the first millisecond would be lost.
 */
void sts_events_hold(void);

/*
 * Set up. Blocks the signals for the whole process.
 * Returns STS_OK, or STS_EFORK (no descriptors, no memory).
 */
enum sts_err sts_events_init(struct sts_events *ev, struct sts_error *e);

/* Watch the directory that a file is in (the kubelet swaps its ..data link), and the file itself
 * where that is a directory. What the kernel will not watch is not watched: events only make things
 * faster. */
void sts_events_watch(struct sts_events *ev, const char *path);

/* Watch nothing any more. */
void sts_events_unwatch(struct sts_events *ev);

/*
 * Wait.
 *   until_boot_ms  in  wake at this time of BOOTTIME; -1: no timer
 *   pipes, count   in  descriptors of children; -1: none
 * Returns bits of enum sts_event, 0 when it was interrupted.
 */
unsigned sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
			 size_t count);

#endif
