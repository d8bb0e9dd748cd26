/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two mechanisms behind sandbox.h. seccomp.c has the seccomp(2) filters, which decide about
 * system calls. landlock.c has the landlock(7) domains, which decide about files, TCP ports and
 * other processes.
 */
#ifndef STS_SANDBOX_LAYERS_H
#define STS_SANDBOX_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

/* Is this a build with sanitizers, or one that counts which lines run? Those builds are for tests
 * only. Their runtime and the dynamic loader need more system calls, so their sandbox is less
 * tight. */
#ifdef STS_WITH_COVERAGE
#define STS_SANITIZED 1
#elif defined(__has_feature)
#define STS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(memory_sanitizer))
#else
#define STS_SANITIZED 0
#endif

/* Does the runtime write what it has found to standard error? Then a worker keeps it. */
#ifdef STS_WITH_COVERAGE
#define STS_RUNTIME_REPORTS 0
#else
#define STS_RUNTIME_REPORTS STS_SANITIZED
#endif

/* The stages in the lives of the processes. The values are bits for the table in seccomp.c. */
enum sts_sandbox_stage {
	STS_SANDBOX_START = 1,       /* a worker, until it is connected to the STS */
	STS_SANDBOX_CONNECTED = 2,   /* the worker until it has the answer: no connect(2) */
	STS_SANDBOX_ANSWERED = 4,    /* the worker until its end: no network */
	STS_SANDBOX_NOTIFY = 8,      /* the worker that sends a signal to the application, until it
				      * has opened the process of the application */
	STS_SANDBOX_LISTENER = 16,   /* the process that serves --listen */
	STS_SANDBOX_SIGNAL = 32,     /* the worker that sends a signal, from then on */
	STS_SANDBOX_CONFINED = 0x40, /* for tests: Landlock holds. No system call has this bit */
	STS_SANDBOX_SUPERVISOR = 0x80,
};

/* What the filters of the worker that notifies are told when they are made. */
struct sts_sandbox_target {
	int signal; /* for STS_SANDBOX_NOTIFY and STS_SANDBOX_SIGNAL: no other signal can be sent */
	int pidfd;  /* for STS_SANDBOX_SIGNAL: the signal can be sent with no other descriptor */
};

/*
 * Allow only the system calls of a stage, from now on and for child processes too. All others fail:
 * with ENOSYS if a C library may try the call and then do without it, and else with EPERM. The
 * filter never kills the process.
 *   target  in  for STS_SANDBOX_NOTIFY and STS_SANDBOX_SIGNAL; NULL for other stages
 * Returns 0 or an errno: EINVAL if the kernel does not support filters, E2BIG if the filter does
 * not fit.
 */
int sts_seccomp_enter(enum sts_sandbox_stage stage, const struct sts_sandbox_target *target);

/* What may be done with a file, or with everything beneath a directory. The values are made of the
 * kernel's bits (LANDLOCK_ACCESS_FS_*). */
enum sts_landlock_access {
	STS_LANDLOCK_EXECUTE = 1 | 4, /* and read, since the kernel asks for both rights */
	STS_LANDLOCK_READ = 4 | 8,
	STS_LANDLOCK_REPLACE = 2 | 4 | 16 | 32 | 256, /* write, read, remove, make regular files */
};

/* A Landlock domain that is being built. */
struct sts_landlock {
	int fd;  /* the rule set; -1: the kernel has no Landlock, or a rule could not be added */
	int abi; /* the version of the kernel's ABI; 0: no Landlock */
};

/*
 * Start a domain that allows no access to files.
 *   alone  in  forbid more, as far as the kernel's ABI supports it: to connect to a TCP port, to
 *              bind one, to send a signal to a process outside the domain, and to use an abstract
 *              UNIX socket of a process outside the domain
 */
void sts_landlock_init(struct sts_landlock *l, bool alone);

/* Allow access to an open file, or to everything beneath an open directory. Does nothing if fd is
 * -1. */
void sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access);

/* Allow the same for a path relative to dir_fd. Links are followed, to the file that they lead to
 * now. Returns false if the path cannot be opened, or if there is no domain. */
bool sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
			     enum sts_landlock_access access);

/* Allow reading beneath an open directory, and reading the files to which the symbolic links in
 * that directory lead. */
void sts_landlock_allow_links(struct sts_landlock *l, int dir_fd);

/* Allow binding a TCP port, or connecting to it on any host. */
void sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind);

/* Put this process and its later child processes into the domain, for ever. Closes l->fd. Returns
 * the version of the kernel's ABI, or 0 if the domain does not hold. */
int sts_landlock_enter(struct sts_landlock *l);

#endif
