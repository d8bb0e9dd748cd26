/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child process that makes the plans. It reads the options and the configuration file, so the
 * memory for that is the child's and not the supervisor's. The child is trusted: it reads nothing
 * from the network.
 */
#ifndef STS_SUPERVISOR_PLANNER_H
#define STS_SUPERVISOR_PLANNER_H

#include <sys/types.h>

#include "supervisor/plan.h"

struct sts_planner {
	pid_t pid;    /* -1: no child, or it was reaped */
	int fd;       /* the reading end of the child's pipe; -1: no child, or the end was read */
	int snapshot; /* the descriptor of the new snapshot; -1: none */
	size_t len;   /* bytes of the plans that were read */
	int64_t kill_boot_ms;
	struct sts_plans *plans; /* the mapping that is being filled; NULL: no plans are made */
};

/* Set up: no plans are being made. */
void sts_planner_init(struct sts_planner *p);

/*
 * Start planning.
 *   o, argv  in  as in sts_plans_make()
 *   here     in  if there can be no child (the Pod's pids limit), make the plans in this process.
 *                That costs memory, but lets the supervisor start
 * Returns STS_OK, or STS_EFORK or STS_EFILES with errno in detail.
 */
enum sts_err sts_planner_start(struct sts_planner *p, const struct sts_options *o,
			       char *const *argv, bool here, struct sts_error *e);

/* Read what the child has sent, without blocking. Returns true if it is time for
 * sts_planner_finish(): the child is done, or its time is over. */
bool sts_planner_read(struct sts_planner *p, int64_t now_boot_ms);

/*
 * Take the result.
 *   plans     out     set after STS_OK: the caller frees them with sts_plans_free()
 *   snapshot  in/out  changed after STS_OK: the new snapshot, or -1; the old one is closed
 * Returns STS_OK; STS_EUSAGE or STS_EURL if the options or the file have a mistake; STS_EBUG if the
 * child died; STS_ETIMEOUT if it did not end in time.
 */
enum sts_err sts_planner_finish(struct sts_planner *p, struct sts_plans **plans, int *snapshot,
				struct sts_error *e);

/* Give up: kill the child, and free the plans and the snapshot that were not taken. */
void sts_planner_drop(struct sts_planner *p);

#endif
