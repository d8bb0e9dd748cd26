/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two mechanisms behind sandbox.h, one file each: seccomp filters (which system calls) and
 * Landlock domains (which files, TCP ports and processes).
 */
#ifndef STS_SANDBOX_LAYERS_H
#define STS_SANDBOX_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

/* The sanitizers' runtime and a dynamic loader need more: such a build is for tests, and its
 * sandbox is as tight as they allow. */
#ifdef __has_feature
#define STS_SANITIZED __has_feature(address_sanitizer)
#else
#define STS_SANITIZED 0
#endif

/* Who makes system calls, and when: bits of the table in seccomp.c. */
enum sts_sandbox_stage {
	STS_SANDBOX_START = 1,       /* a worker, until the connection to the STS stands */
	STS_SANDBOX_CONNECTED = 2,   /* until the answer is there: no other connection */
	STS_SANDBOX_ANSWERED = 4,    /* until its end: no network */
	STS_SANDBOX_NOTIFY = 8,      /* the worker that sends one signal */
	STS_SANDBOX_LISTENER = 16,   /* the process of --listen */
	STS_SANDBOX_CONFINED = 0x40, /* a worker whose files and ports are told: no row has it */
	STS_SANDBOX_SUPERVISOR = 0x80,
};

/*
 * Allow this stage's system calls only. Others fail: EPERM, or ENOSYS where the number is one that
 * a C library may try first and do without. Never kills.
 * Returns 0 or an errno (EINVAL: the kernel has no filters).
 */
int sts_seccomp_enter(enum sts_sandbox_stage stage);

/* What may be done with a file, or with all that is beneath a directory; bits of the kernel's. */
enum sts_landlock_access {
	STS_LANDLOCK_EXECUTE = 1 | 4, /* and read: the kernel asks for both */
	STS_LANDLOCK_READ = 4 | 8,
	STS_LANDLOCK_REPLACE = 2 | 4 | 16 | 32 | 256, /* write, read, remove, make regular files */
};

/* A domain that is being built. */
struct sts_landlock {
	int fd;  /* -1: the kernel has no Landlock, or what was to be allowed could not be */
	int abi; /* 0: no Landlock */
};

/*
 * Start a domain that may do nothing with files. Where the kernel's ABI can tell:
 *   alone  in  neither connect to nor bind a TCP port, signal no process outside, reach no abstract
 *              socket outside
 */
void sts_landlock_init(struct sts_landlock *l, bool alone);

/* Allow it for an open file or directory; -1 is passed over. */
void sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access);

/* The same by path relative to dir_fd, followed to where it leads now. False when there is nothing,
 * or it may not be looked at. */
bool sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
			     enum sts_landlock_access access);

/* The same to read, with what the symbolic links in the directory lead to, wherever that is. */
void sts_landlock_allow_links(struct sts_landlock *l, int dir_fd);

/* Allow a TCP port: to be connected to, or to be bound. */
void sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind);

/* Enter the domain. Returns the kernel's ABI, or 0 when it does not hold. */
int sts_landlock_enter(struct sts_landlock *l);

#endif
