/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker process, as the supervisor sees it: its start, its pipe, and its end.
 *
 * A worker writes to its pipe: which files it looks at, the stage byte, the id of the subject token
 * that it is about to send, with --stdout the byte that says that it prints the token, and one
 * report. The worker is UNTRUSTED, since a hostile answer may have taken it over:
 * sts_child_finish() returns checked reports only.
 */
#ifndef STS_SUPERVISOR_CHILD_H
#define STS_SUPERVISOR_CHILD_H

#include <sys/types.h>

#include "wire/job.h"
#include "wire/report.h"

struct sts_child {
	pid_t pid; /* -1: none */
	int fd;    /* the reading end of the worker's pipe; -1 after the end of file */
	int64_t started_boot_ms;
	int64_t kill_boot_ms; /* when the supervisor kills the worker */
	bool killed;          /* the supervisor kills the worker: set by the caller, who does so */
	uint8_t reads;        /* enum sts_reads: the file that the worker looked at last */
	size_t stage_len;     /* bytes in `stage`; if any, the request may have been sent */
	uint8_t stage[STS_REPORT_STAGE_SENT_BYTES];
	bool prints; /* the worker may have printed a part of the token */
	/* What a worker of `doctor` writes just before its report: the caller sets memory and size
	 * after the start, and checks what was read. NULL for other workers. */
	char *findings;
	size_t findings_bytes, findings_len;
	size_t len; /* bytes of the report that were read, also those beyond its size */
	struct sts_report report;
};

/* Set up a child that does not run. */
void sts_child_init(struct sts_child *c);

/*
 * Start a worker.
 *   c            out  after a failure, no worker runs
 *   job          in   what the worker is to do
 *   argv         in   the argument list of this process
 *   snapshot_fd  in   the snapshot of the configuration file: see sts_spawn()
 * Returns STS_OK; STS_EUSAGE if argv is too long; STS_EFORK or STS_EFILES with errno in detail. A
 * failure is a failed attempt like any other.
 */
enum sts_err sts_child_start(struct sts_child *c, const struct sts_job *job, char *const *argv,
			     int snapshot_fd, struct sts_error *e);

/* Read what is in the pipe, without blocking. Closes the descriptor at the end of file. */
void sts_child_read(struct sts_child *c);

/*
 * The worker has ended or was killed: check its report.
 *   status  in   from waitpid(2); 0 if the caller has killed the worker
 *   report  out  checked by sts_report_ok(). If the worker left no valid report, this report says
 *                how the worker ended (STS_EWORKER, STS_ETIMEOUT, STS_EFORK). If the worker may
 *                have printed a part of the token, every failure is STS_ESTDOUT, which is not
 *                retried: a reader would take a part of the first token and a
 *                second token for one token
 * Returns whether the report is the worker's.
 */
bool sts_child_finish(struct sts_child *c, int status, struct sts_report *report);

/* Kill the worker, wait for its end for a few milliseconds at most, and forget its report. Returns
 * false if it has not ended. */
bool sts_child_drop(struct sts_child *c);

#endif
