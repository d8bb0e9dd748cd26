/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planning child: a child process that makes the plans. It reads the options and the
 * configuration file, so the supervisor does not need the memory for reading them. The child is
 * trusted, since it reads nothing from the network. A supervisor that ends after one exchange makes
 * its plans itself if there is no configuration file.
 */
#ifndef STS_SUPERVISOR_PLANNER_H
#define STS_SUPERVISOR_PLANNER_H

#include <sys/types.h>

#include "supervisor/plan.h"

/* The time that the child has to read one small file and to check it, in ms. */
#define STS_PLANNER_MS 10000

struct sts_planner {
	pid_t pid;    /* -1: no child, or it was reaped */
	int fd;       /* the reading end of the child's pipe; -1: no child, or end of file */
	int snapshot; /* the descriptor of the new snapshot; -1: none */
	size_t len;   /* the number of bytes of the plans that were read */
	int64_t kill_boot_ms;    /* when the planning has to be over (BOOTTIME) */
	struct sts_plans *plans; /* the room that is being filled; NULL: no plans are made */
};

/* Set up: no plans are being made. */
void sts_planner_init(struct sts_planner *p);

/*
 * Start planning.
 *   o, argv  in  as in sts_plans_make()
 *   here     in  these are the first plans: make them in this process if no child is needed, or if
 *                none can be started (the pids limit of the Pod). The latter costs memory, but lets
 *                the supervisor start
 * There is room for two sets of plans: those in use, and those that are being made. So plans that
 * were replaced must have been freed before.
 * Returns STS_OK, or STS_EFORK or STS_EFILES with errno in detail.
 */
enum sts_err sts_planner_start(struct sts_planner *p, const struct sts_options *o,
			       char *const *argv, bool here, struct sts_error *e);

/* Read what the child has sent, without blocking. Returns true if the child is done or its time is
 * over: call sts_planner_finish() then. */
bool sts_planner_read(struct sts_planner *p, int64_t now_boot_ms);

/* Returns the identity of the configuration file (base/identity.h) before the child read it;
 * STS_IDENTITY_UNKNOWN if there is no file, or if the child has not sent it. */
uint64_t sts_planner_identity(const struct sts_planner *p);

/*
 * Take the result.
 *   plans     out     set after STS_OK: the caller frees them with sts_plans_free()
 *   snapshot  in/out  changed after STS_OK: the new snapshot, or -1; the old one is closed
 * Returns STS_OK; STS_EUSAGE or STS_EURL if the options or the file have a mistake; STS_EWORKER if
 * the child died; STS_ETIMEOUT if the child did not end in time. Such a child may still exist: the
 * caller keeps its PID before.
 */
enum sts_err sts_planner_finish(struct sts_planner *p, struct sts_plans **plans, int *snapshot,
				struct sts_error *e);

/* Give up: kill the child, and free the plans and the snapshot that were not taken. */
void sts_planner_drop(struct sts_planner *p);

#endif
