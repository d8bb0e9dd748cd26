/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examining child: a child process that looks at the files of one exchange, or at the
 * configuration file, and watches them. A file system that does not answer (FUSE, NFS) stops the
 * child, perhaps where not even SIGKILL ends it, and not the supervisor. The child is trusted,
 * since it opens no file and reads nothing.
 *
 * All examining children write to one pipe. Each writes messages of one fixed size, at most
 * PIPE_BUF bytes, which the kernel does not mix.
 */
#ifndef STS_SUPERVISOR_EXAMINER_H
#define STS_SUPERVISOR_EXAMINER_H

#include <sys/types.h>

#include "supervisor/watches.h"

struct sts_examiner_job {
	uint8_t place;    /* stands in the messages */
	int watch_fd;     /* see sts_watch_path(); -1: nothing is watched */
	const char *file; /* the subject token, or the configuration file */
	const char *cas;  /* the CA files, for sts_text_at(), with "" at the end */
};

/* A message of a child. */
struct sts_examined {
	int32_t pid;
	uint8_t place;
	uint8_t path;      /* 0: the child begins with `file`; 1, 2, ...: with that file of `cas` */
	bool done;         /* the child ends now, and the rest of the message is set */
	uint64_t identity; /* sts_file_identity() of `file` */
	uint64_t cas_identity; /* sts_files_identity() of `cas`; STS_IDENTITY_UNKNOWN for none */
	struct sts_watch_result watches;
};

/*
 * Start a child.
 * Returns its PID, which the caller reaps, or -1 with errno.
 */
pid_t sts_examiner_start(const struct sts_examiner_job *job);

/* Close the pipe, so that it costs a supervisor at rest no memory of the kernel. The next child
 * gets a new pipe. Call this only while no message of a child is awaited. */
void sts_examiner_close(void);

/* Returns the descriptor from which sts_examiner_read() reads; -1 while there is no pipe. */
int sts_examiner_fd(void);

/* Read the next message, without blocking. Returns false if there is none. */
bool sts_examiner_read(struct sts_examined *message);

#endif
