/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls as the kernel has them. The C library's functions of these names have code for
 * kernels that this program does not run on, for descriptors of O_PATH, and for the vDSO: 2 kB of
 * it. Results and errno are the same. Each number is passed as a long, since the rows of seccomp
 * compare all 64 bits of an argument.
 */
#ifndef STS_BASE_SYSTEM_CALLS_H
#define STS_BASE_SYSTEM_CALLS_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* faccessat(2) without flags: may the real UID do this? */
static inline int sts_faccessat(int dir_fd, const char *path, int mode)
{
	return (int)syscall(SYS_faccessat, (long)dir_fd, path, (long)mode);
}

/* fchmod(2) and fchown(2) of a file that was opened without O_PATH. */
static inline int sts_fchmod(int fd, mode_t mode)
{
	return (int)syscall(SYS_fchmod, (long)fd, (long)mode);
}

static inline int sts_fchown(int fd, uid_t owner, gid_t group)
{
	return (int)syscall(SYS_fchown, (long)fd, (long)owner, (long)group);
}

static inline int sts_pipe2(int fds[2], int flags)
{
	return (int)syscall(SYS_pipe2, fds, (long)flags);
}

/* accept4(2) without the address of the peer. */
static inline int sts_accept4(int fd, int flags)
{
	return (int)syscall(SYS_accept4, (long)fd, NULL, NULL, (long)flags);
}

static inline int sts_clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, (long)clock, now);
}

#endif
