/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's side of --listen: the memory with the metrics, and the process that serves them
 * (listener/listener.h). This module starts that process, starts it again when it ends, and kills
 * it. Nothing here waits for it, and without --listen nothing here costs anything.
 */
#ifndef STS_SUPERVISOR_HEALTH_PROCESS_H
#define STS_SUPERVISOR_HEALTH_PROCESS_H

#include <sys/types.h>

#include "wire/metrics.h"

struct sts_health_process {
	pid_t pid;       /* -1: none */
	int fd;          /* of the metrics; -1: none yet */
	int64_t next_ms; /* BOOTTIME of the next start; -1: none */
	int64_t started_ms, wait_ms;
	struct sts_metrics *metrics; /* NULL: nobody counts */
};

/* Set up: there is none. */
void sts_health_process_init(struct sts_health_process *l);

/*
 * There is a plan, or a new one: the process, which goes by the old one, is killed. Start it with
 * sts_health_process_start() when it is due. Without memory for the metrics there is one warning
 * and no endpoint.
 *   wanted  in  is there a --listen?
 *   names   in  of the exchanges
 */
void sts_health_process_plan(struct sts_health_process *l, bool wanted, const char *const *names,
			     size_t count);

/*
 * Start the process now (next_ms). A start that fails is tried again later.
 *   program  in  argv[0]
 *   where    in  --listen
 *   require  in  --require-sandbox
 *   dirs     in  the output directory of each exchange
 */
void sts_health_process_start(struct sts_health_process *l, const char *program, const char *where,
			      bool require, const char *const *dirs);

/* Its process has ended by itself: it is due again after 1 s to 60 s. */
void sts_health_process_ended(struct sts_health_process *l, int status);

/* Kill the process. */
void sts_health_process_stop(struct sts_health_process *l);

#endif
