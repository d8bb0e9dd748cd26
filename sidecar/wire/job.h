/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of a worker, as the supervisor writes it into the arguments of a worker process and as
 * the worker reads it from there:
 *
 *     worker MODE TIMEOUT_MS NAME DIGEST USED AHEAD_S COMMAND ARGUMENTS...
 *
 * NAME is the name of the exchange. DIGEST is the digest of the configuration file from which the
 * plan was made. USED has the ids of the subject tokens that must not be sent again, one after the
 * other. A digest and an id have 16 hexadecimal digits each. "-" stands for no digest or no ids.
 * AHEAD_S says how many seconds the node's clock is ahead of the STS's.
 *
 * The arguments come from the supervisor. The worker checks them all the same, since anybody who
 * may start this program may choose its arguments.
 */
#ifndef STS_WIRE_JOB_H
#define STS_WIRE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/sizes.h"

/* The descriptor that a child process inherits. For a worker it is the pipe for the report. For the
 * listener it is the memory with the metrics. */
#define STS_INHERITED_FD 3
/* The descriptor on which a worker finds the snapshot of the configuration file. */
#define STS_INHERITED_SNAPSHOT_FD 4
/* The descriptor on which workers of `doctor` find the memory for a token (wire/handover.h). */
#define STS_INHERITED_TOKEN_FD 9

/* The most entries of a worker's argument list, with the NULL at its end. A longer list is refused
 * and not cut. */
#define STS_JOB_ARGUMENTS_MAX 256

/* The index of COMMAND in the argument list: the number of arguments before it, with the name of
 * the program. */
#define STS_JOB_COMMAND_AT 8

/* The supervisor kills a worker this long after the timeout of its job. */
#define STS_JOB_GRACE_MS 1000

enum sts_worker_mode {
	STS_WORKER_EXCHANGE,
	STS_WORKER_ADOPT,  /* take over the token on disk if it is not due yet, else exchange */
	STS_WORKER_POLL,   /* only ask the STS for its signing certificate */
	STS_WORKER_NOTIFY, /* signal the application that new files are in place */
	STS_WORKER_REVOKE, /* revoke the token on disk */
	/* The modes of `doctor`: nothing is adopted, locked or written, and no file is made. These
	 * workers write struct sts_findings (wire/findings.h) just before their report. */
	STS_WORKER_DOCTOR, /* exchange, and check the token that came back */
	STS_WORKER_LOOK,   /* the same without a request: ends after the TLS handshake */
	STS_WORKER_UNDO,   /* revoke the token that STS_WORKER_DOCTOR has left in memory
			    * (wire/handover.h) */
	STS_WORKER__COUNT
};

/* What a worker is to do. */
struct sts_job {
	enum sts_worker_mode mode;
	int64_t timeout_ms; /* for the whole job */
	const char *name;
	const uint8_t *digest; /* of the configuration file, STS_SUBJECT_ID_BYTES; NULL for none */
	/* the ids of the subject tokens that must not be sent again: used_count of them, at most
	 * STS_USED_MAX */
	const uint8_t (*used)[STS_SUBJECT_ID_BYTES];
	size_t used_count;
	/* how far the node's clock is ahead of the STS's, as far as the last answer tells: the
	 * subject token may look expired by this much; 0: not ahead, or unknown */
	int64_t ahead_s;
};

/* Memory for the arguments that sts_job_arguments() makes. */
struct sts_job_words {
	char timeout[24];
	char digest[2 * STS_SUBJECT_ID_BYTES + 2];
	char used[2 * STS_SUBJECT_ID_BYTES * STS_USED_MAX + 2];
	char ahead[24];
};

/*
 * Make the argument list of a worker.
 *   job    in   what the worker is to do
 *   argv   in   the argument list of this process, NULL-terminated: the program's name, COMMAND,
 *               ARGUMENTS
 *   words  out  memory that the list points into
 *   out    out  STS_JOB_ARGUMENTS_MAX entries, NULL-terminated
 * Returns false if argv is too long.
 */
bool sts_job_arguments(const struct sts_job *job, char *const *argv, struct sts_job_words *words,
		       char **out);

/* A job as a worker has read it. The pointers point into the argument list. */
struct sts_worker_job {
	enum sts_worker_mode mode;
	int64_t timeout_ms; /* for the whole job */
	const char *name;
	const char *digest, *used; /* hexadecimal digits, or "-"; see sts_job_has_used() */
	int64_t ahead_s;           /* as in struct sts_job */
	const char *command;
	char *const *argv; /* what follows the name of the command */
};

/*
 * Read a job from the arguments of a worker.
 *   argv  in   UNTRUSTED; NULL-terminated, argc entries; kept
 * Returns false if the arguments are not a job.
 */
bool sts_job_parse(int argc, char *const *argv, struct sts_worker_job *job);

/* Returns whether the plan of the job was made from a configuration file with this digest, which
 * has STS_SUBJECT_ID_BYTES. */
bool sts_job_has_digest(const struct sts_worker_job *job, const uint8_t *digest);

/* Returns whether the job says that this subject token must not be sent again. */
bool sts_job_has_used(const struct sts_worker_job *job, const uint8_t id[STS_SUBJECT_ID_BYTES]);

/* Returns whether descriptor STS_INHERITED_FD is a pipe. If it is not a pipe, this process was not
 * started by the supervisor. */
bool sts_job_has_report_pipe(void);

#endif
