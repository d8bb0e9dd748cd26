/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child process that makes the plans. What reading the options and the configuration file
 * touches is memory of that process and not of the supervisor.
 */
#ifndef STS_SUPERVISOR_PLANNER_H
#define STS_SUPERVISOR_PLANNER_H

#include <sys/types.h>

#include "supervisor/plan.h"

struct sts_planner {
	pid_t pid;    /* -1: none, or reaped */
	int fd;       /* -1: nothing is being planned */
	int snapshot; /* a descriptor; -1: none */
	size_t len;
	int64_t kill_boot_ms;
	struct sts_plans *plans; /* a mapping, given to whoever takes the result */
};

void sts_planner_init(struct sts_planner *p);

/*
 * Start planning.
 *   here  in  where there can be no child (the Pod's pids limit): plan in this process, which costs
 *             memory, but lets it start
 * Returns STS_OK, or STS_EFORK.
 */
enum sts_err sts_planner_start(struct sts_planner *p, const struct sts_options *o,
			       char *const *argv, bool here, struct sts_error *e);

/* Read what is there, without blocking. True when sts_planner_finish() has something to take: the
 * child is done, or its time is up. */
bool sts_planner_read(struct sts_planner *p, int64_t now_boot_ms);

/*
 * Take the result.
 *   plans     out     after STS_OK: the caller's from now on, who frees them
 *   snapshot  in/out  after STS_OK: of the new file, or -1; the old one is closed
 * Returns STS_OK, or what is wrong with the options or the file; STS_EBUG when the child died.
 */
enum sts_err sts_planner_finish(struct sts_planner *p, struct sts_plans **plans, int *snapshot,
				struct sts_error *e);

/* Give up what was planned. */
void sts_planner_drop(struct sts_planner *p);

#endif
