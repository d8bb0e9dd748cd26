/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's side of --listen: the memory with the metrics, and the process of the listener
 * (listener/listener.h). This module starts the listener, starts it again when it ends, and kills
 * it. Nothing here waits for the listener. Without --listen, there is neither the memory nor the
 * process.
 */
#ifndef STS_SUPERVISOR_LISTENER_PROCESS_H
#define STS_SUPERVISOR_LISTENER_PROCESS_H

#include <sys/types.h>

#include "wire/metrics.h"

struct sts_listener_process {
	pid_t pid;       /* -1: none */
	int fd;          /* the descriptor of the metrics; -1: not made yet */
	int64_t next_ms; /* when to start the listener next (BOOTTIME); -1: no start is planned */
	int64_t started_ms, wait_ms;
	struct sts_metrics *metrics; /* NULL: there are no metrics, so nothing is counted */
};

/* Set up: the listener does not run, and no start is planned. */
void sts_listener_process_init(struct sts_listener_process *l);

/*
 * Use the first plans, or new plans. A listener that runs is killed, since it knows only the old
 * plans. Call sts_listener_process_start() when next_ms has come. If there is no memory for the
 * metrics, this logs a warning, and there is no endpoint.
 *   wanted  in  whether the plans have --listen
 *   names   in  the names of the exchanges, `count` of them; copied
 */
void sts_listener_process_plan(struct sts_listener_process *l, bool wanted,
			       const char *const *names, size_t count);

/*
 * Start the listener. If that fails, the next start is planned.
 *   program  in  argv[0]
 *   where    in  the value of --listen
 *   require  in  --require-sandbox
 *   dirs     in  the output directory of each exchange
 */
void sts_listener_process_start(struct sts_listener_process *l, const char *program,
				const char *where, bool require, const char *const *dirs);

/* The listener has ended by itself, and was reaped: the next start is planned after 1 s to 60 s.
 * `status` is that of waitpid(2). */
void sts_listener_process_ended(struct sts_listener_process *l, int status);

/* Kill the listener, and plan no start. */
void sts_listener_process_stop(struct sts_listener_process *l);

#endif
