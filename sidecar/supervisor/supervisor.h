/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: holds the schedule and nothing else. The supervisor opens no socket, reads no
 * token, and parses no byte that came from the network. It waits in one poll(2) for signals, two
 * timers, the pipes of its children and file changes. Between refreshes it makes no system call.
 *
 * workers.h decides which exchange gets a worker, and when.
 */
#ifndef STS_SUPERVISOR_SUPERVISOR_H
#define STS_SUPERVISOR_SUPERVISOR_H

#include "options/options.h"

/*
 * Begin: set up everything, and start the planning.
 *   o     in  the options of the command line and the environment, without those of the
 *             configuration file; not kept, since they need a page of memory
 *   argv  in  the argument list of this process, which becomes a part of that of each worker; kept
 * Returns -1, or the exit status of the program if it cannot start.
 */
int sts_supervisor_start(const struct sts_options *o, char *const *argv);

/*
 * Run the exchanges until a signal stops the program (`run`, `exchange`), or until each exchange
 * has succeeded or failed for good (`fetch`, --single-run).
 * Returns the exit status of the program.
 */
int sts_supervise(void);

#endif
