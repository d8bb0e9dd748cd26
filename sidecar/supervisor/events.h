/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events that the supervisor waits for:
 *   - signals, with signalfd(2), so that PID 1 gets them without handlers;
 *   - the timer of the schedule (CLOCK_BOOTTIME, which goes on while the machine is suspended);
 *   - steps of the clock (a timer of CLOCK_REALTIME that a step cancels: timerfd_create(2));
 *   - changes in the directories of input files (inotify(7));
 *   - the pipes of children.
 * The signals and the timer of the schedule are required. Without steps of the clock or changes in
 * directories, the supervisor notices a change later.
 */
#ifndef STS_SUPERVISOR_EVENTS_H
#define STS_SUPERVISOR_EVENTS_H

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

enum sts_event {
	STS_EVENT_STOP = 1,    /* TERM, INT, USR1 */
	STS_EVENT_REFRESH = 2, /* HUP */
	STS_EVENT_CHILD = 4,   /* a child ended */
	STS_EVENT_TIMER = 8,   /* the timer of the schedule has expired */
	STS_EVENT_CLOCK = 16,  /* the clock was set */
	STS_EVENT_FILES = 32,  /* something changed in a watched directory */
	STS_EVENT_REPORT = 64, /* a child's pipe can be read */
};

/* The most pipes of children at a time: those of the workers, that of the planning child, and that
 * of the examining children. */
#define STS_EVENTS_PIPES_MAX (STS_WORKERS_MAX + 2)

struct sts_events {
	int signal_fd, timer_fd, clock_fd;
	int watch_fd;          /* set by the caller, who reads it: see watches.h; -1: none */
	int64_t armed_boot_ms; /* the time that timer_fd is set to; -1: none */
};

/*
 * Block the signals, so that they wait for sts_events_wait(). Call this as early as possible: the
 * kernel drops a signal for PID 1 that has its default disposition, so a TERM in the first
 * millisecond would be lost.
 */
void sts_events_hold(void);

/*
 * Open all descriptors. Blocks the signals for the whole process.
 *   ev  out  its descriptors are never closed. watch_fd is -1
 * Returns STS_OK, or STS_EFORK or STS_EFILES with errno in detail.
 */
enum sts_err sts_events_init(struct sts_events *ev, struct sts_error *e);

/*
 * Sleep until something happens.
 *   until_boot_ms  in  the time at which to wake (BOOTTIME); -1: no timer
 *   pipes, count   in  the descriptors of children, at most STS_EVENTS_PIPES_MAX; -1: none. The
 *                      caller reads them
 * Returns bits of enum sts_event; 0 if it was interrupted.
 */
unsigned sts_events_wait(struct sts_events *ev, int64_t until_boot_ms, const int *pipes,
			 size_t count);

#endif
