/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a worker and listening to it: fork, exec of this very program, and the pipe on which the stage byte, the id of the subject token
 * that is being sent, and one report come back.
 *
 *     worker MODE TIMEOUT_MS NAME DIGEST USED COMMAND ARGUMENTS...
 *
 * NAME is the exchange's; DIGEST that of the configuration file which the plan was made from, USED the id of the last subject token that was
 * sent, where that may be sent once: both in hex, or "-".
 */
#ifndef STS_SUPERVISOR_CHILD_H
#define STS_SUPERVISOR_CHILD_H

#include <sys/types.h>

#include "options/options.h"
#include "wire/report.h"

/* The descriptor that a child inherits: on it a worker writes its report, and has the process of --listen its metrics. */
#define STS_CHILD_REPORT_FD 3
/* The descriptor on which it finds the snapshot of the configuration file. */
#define STS_CHILD_SNAPSHOT_FD 4

enum sts_worker_mode {
	STS_WORKER_EXCHANGE,
	STS_WORKER_ADOPT,  /* take over what is on disk if it is not yet due, else exchange */
	STS_WORKER_POLL,   /* ask for the thumbprint of the signing certificate only */
	STS_WORKER_NOTIFY, /* signal the application: new files are in place */
	STS_WORKER__COUNT
};

struct sts_child {
	pid_t pid; /* -1: none */
	int fd;    /* reading end; -1 after the end of file */
	enum sts_worker_mode mode;
	int64_t started_boot_ms, kill_boot_ms;
	bool killed; /* by us: its time was up */
	size_t stage_len;
	uint8_t stage
		[STS_REPORT_STAGE_SENT_BYTES]; /* once stage_len > 0 the request may have been sent */
	size_t len;
	struct sts_report report;
};

/* What a worker is to do. */
struct sts_job {
	enum sts_worker_mode mode;
	char *const *argv;  /* of this process */
	int64_t timeout_ms; /* of the attempt; a second later the supervisor kills it */
	const char *name;
	const uint8_t *digest, *used; /* eight bytes each; NULL: none */
	/* -1: none; else above STS_CHILD_SNAPSHOT_FD, as is all that is opened after the signals and the timer */
	int snapshot_fd;
};

void sts_child_init(struct sts_child *c);

/* In a worker: is there a pipe to report on? Without one, nobody has started it as the supervisor does. */
bool sts_child_has_report_pipe(void);

/* Start a worker. Returns STS_OK, or STS_EFORK with errno in detail: a failed attempt like any other. */
enum sts_err sts_child_start(struct sts_child *c, const struct sts_job *job, struct sts_error *e);

/*
 * Start this very program with these arguments and this environment, in a process that dies with this one; `inherited_fd` is its STS_CHILD_REPORT_FD,
 * `snapshot_fd` its STS_CHILD_SNAPSHOT_FD (-1: none).
 * Returns its PID, or -1 with errno.
 */
pid_t sts_child_spawn(char *const *arguments, char *const *environ_, int inherited_fd,
		      int snapshot_fd);

/* SIGKILL, and wait for the end for a few milliseconds at most. Nothing for a pid of -1. */
void sts_child_end(pid_t pid);

/* Read what is there, without blocking. Closes the descriptor at its end. */
void sts_child_read(struct sts_child *c);

/*
 * The worker has ended, or was killed: judge what it said.
 *   status  in   of waitpid(); 0 after sts_child_kill()
 *   report  out  checked; on failure made up from how the worker ended (STS_EWORKER)
 */
void sts_child_finish(struct sts_child *c, int status, struct sts_report *report);

/*
 * SIGKILL, without waiting for its end: one that hangs in the kernel (a dead disk) must not make the supervisor hang. Follow it with
 * sts_child_finish(); whoever reaps all children reaps this one too.
 */
void sts_child_kill(struct sts_child *c);

/* sts_child_end(), and forget it: nobody wants its report any more. */
void sts_child_drop(struct sts_child *c);

/* The mode's name in the worker's arguments, and back. */
const char *sts_worker_mode_name(enum sts_worker_mode mode);
bool sts_worker_mode_find(const char *name, enum sts_worker_mode *mode);

#endif
