/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts this program again as a child process, and ends a child process.
 */
#ifndef STS_SUPERVISOR_SPAWN_H
#define STS_SUPERVISOR_SPAWN_H

#include <sys/types.h>

/* The exit status of a child process whose execve(2) failed: EX_OSERR of sysexits(3). A worker
 * never exits with it. */
#define STS_SPAWN_EXEC_FAILED 71

/*
 * Start this program with these arguments and this environment, in a process that the kernel kills
 * when this process dies.
 *   inherited_fd  in  becomes descriptor STS_INHERITED_FD of the child
 *   snapshot_fd   in  becomes descriptor STS_INHERITED_SNAPSHOT_FD of the child; -1 for none. Its
 *                     own number must be above that number. This always holds, since the supervisor
 *                     opens the descriptors of the signals and of the timer first
 * Returns the PID, which the caller reaps, or -1 with errno: EBADF if the number of snapshot_fd is
 * too low. A child whose execve(2) fails exits with STS_SPAWN_EXEC_FAILED.
 */
pid_t sts_spawn(char *const *arguments, char *const *environ_, int inherited_fd, int snapshot_fd);

/* Send SIGKILL, and wait at most 20 ms for the end of the process. Does nothing for a PID of -1. */
void sts_spawn_end(pid_t pid);

#endif
