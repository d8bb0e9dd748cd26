/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting this very program again as a child process, and ending a child process.
 */
#ifndef STS_SUPERVISOR_SPAWN_H
#define STS_SUPERVISOR_SPAWN_H

#include <sys/types.h>

/* The exit status of a child process whose exec failed: EX_OSERR, which no worker uses. */
#define STS_SPAWN_EXEC_FAILED 71

/*
 * Start this very program with these arguments and this environment, in a process that dies with
 * this one.
 *   inherited_fd  in  becomes descriptor STS_INHERITED_FD of the child
 *   snapshot_fd   in  becomes descriptor STS_INHERITED_SNAPSHOT_FD of the child; -1 for none; else
 *                     above that number, as is every descriptor that is opened after the signals
 *                     and the timer
 * Returns the PID, or -1 with errno.
 */
pid_t sts_spawn(char *const *arguments, char *const *environ_, int inherited_fd, int snapshot_fd);

/* Send SIGKILL, and wait for the end for a few milliseconds at most. Does nothing for a PID of
 * -1. */
void sts_spawn_end(pid_t pid);

#endif
