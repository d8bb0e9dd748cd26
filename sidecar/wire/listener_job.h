/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of the listener, which is the process that serves --listen. The supervisor writes the job
 * into the arguments of the listener, and the listener reads it from there:
 *
 *     listener LISTEN LEVEL FORMAT REQUIRE DIRECTORY...
 *
 * LISTEN is the value of --listen. LEVEL and FORMAT are the numbers of the log's level and format.
 * REQUIRE is 1 with --require-sandbox, and else 0. There is one DIRECTORY for each exchange in the
 * metrics, which are on descriptor STS_INHERITED_FD of job.h.
 */
#ifndef STS_WIRE_LISTENER_JOB_H
#define STS_WIRE_LISTENER_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/log_level.h"

/* The index of the first DIRECTORY in the argument list: the number of arguments before it, with
 * the name of the program. */
#define STS_LISTENER_DIRECTORIES_AT 6

struct sts_listener_job {
	const char *where; /* the value of --listen */
	enum sts_level level;
	int format; /* STS_LOG_FORMAT_JSON or STS_LOG_FORMAT_TEXT */
	bool require_sandbox;
};

/*
 * Make the argument list.
 *   program  in   the name of this program
 *   dirs     in   the output directory of each exchange, `count` of them
 *   numbers  out  memory that the list points into
 *   out      out  NULL-terminated
 */
void sts_listener_arguments(const struct sts_listener_job *job, const char *program,
			    const char *const *dirs, size_t count, char numbers[2][2],
			    const char *out[STS_LISTENER_DIRECTORIES_AT + STS_EXCHANGES_MAX + 1]);

/*
 * Read the argument list.
 *   argv   in  UNTRUSTED; NULL-terminated, argc entries; kept
 *   count  in  the number of directories that there must be
 * Returns false if the arguments are not a job.
 */
bool sts_listener_job_parse(int argc, char *const *argv, size_t count,
			    struct sts_listener_job *job);

#endif
