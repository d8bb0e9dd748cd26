/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: holds the schedule and nothing else. It opens no socket, reads no token, parses no byte that came from the network. It
 * waits in one poll() on signals, two timers, the worker's report pipe and file changes; between refreshes it makes no system call.
 */
#ifndef STS_SIDECAR_SUPERVISOR_H
#define STS_SIDECAR_SUPERVISOR_H

#include "options.h"
#include "plan.h"

/*
 * Run one exchange until told to stop (`run`, `exchange`), or until it succeeded or failed for good (plan->once).
 *   argv  in  of this process: workers get it
 * Returns the exit status of the program.
 */
int sts_supervise(const struct sts_options *o, const struct sts_plan *plan, char *const *argv);

#endif
