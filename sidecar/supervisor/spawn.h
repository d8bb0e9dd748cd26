/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts this program again as a child process, and ends a child process.
 */
#ifndef STS_SUPERVISOR_SPAWN_H
#define STS_SUPERVISOR_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The exit status of a child process whose execve(2) failed: EX_OSERR of sysexits(3). A worker
 * never exits with it. */
#define STS_SPAWN_EXEC_FAILED 71

/* The same where execve(2) gave ENOEXEC: the kernel does not run programs of this architecture, but
 * an emulator of single programs has run this one. */
#define STS_SPAWN_EMULATED 72

/*
 * Start this program with these arguments and this environment, in a process that the kernel kills
 * when this process dies.
 *   inherited_fd  in  becomes descriptor STS_INHERITED_FD of the child
 *   snapshot_fd   in  becomes descriptor STS_INHERITED_SNAPSHOT_FD of the child; -1 for none. Its
 *                     own number must be above that number. This always holds, since the supervisor
 *                     opens the descriptors of the signals and of the timer first
 * Returns the PID, which the caller reaps, or -1 with errno: EBADF if the number of snapshot_fd is
 * too low. A child whose execve(2) fails exits with STS_SPAWN_EXEC_FAILED or STS_SPAWN_EMULATED.
 */
pid_t sts_spawn(char *const *arguments, char *const *environ_, int inherited_fd, int snapshot_fd);

/* Make a child that the kernel kills when this process ends. Returns as fork(2) does, with errno
 * after -1. */
pid_t sts_spawn_fork(void);

/*
 * Send SIGKILL to all of these processes, and wait at most 20 ms for the end of all together. A
 * process that hangs in the kernel (a file system that does not answer) does not end in time.
 *   pids  in/out  becomes -1 for each process that has ended and was reaped; -1 stays -1
 */
void sts_spawn_end_all(pid_t *pids, size_t count);

/* Do this for one process. Does nothing for a PID of -1. Returns whether the process has ended. */
bool sts_spawn_end(pid_t pid);

/*
 * Close the descriptors from `first` to 255 except two of them, in a child that was forked and does
 * not execute. A child that hangs would otherwise hold the locks of the output directories when the
 * supervisor has ended, and the next supervisor could not have them.
 *   keep, keep_too  in  -1 for none
 */
void sts_spawn_close_others(int first, int keep, int keep_too);

#endif
