/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: holds the schedule and nothing else. It opens no socket, reads no token, parses
 * no byte that came from the network. It waits in one poll() on signals, two timers, the pipes of
 * its children and file changes; between refreshes it makes no system call.
 *
 * Which exchange gets a worker, and when, is decided in workers.h.
 */
#ifndef STS_SUPERVISOR_SUPERVISOR_H
#define STS_SUPERVISOR_SUPERVISOR_H

#include "options/options.h"

/*
 * Run the exchanges until told to stop (`run`, `exchange`), or until each has succeeded or failed
 * for good (`fetch`, --single-run).
 *   o     in  the command line and the environment, without the configuration file
 *   argv  in  of this process: workers get it
 * Returns the exit status of the program.
 */
int sts_supervise(const struct sts_options *o, char *const *argv);

#endif
