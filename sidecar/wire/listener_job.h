/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of the process of --listen, as the supervisor writes it into the arguments of that
 * process and as the process reads it from there:
 *
 *     listener LISTEN LEVEL FORMAT REQUIRE DIRECTORY...
 *
 * LISTEN is the value of --listen, LEVEL and FORMAT are the numbers of the log's level and format,
 * REQUIRE is 1 with --require-sandbox and else 0. There is one DIRECTORY for each exchange of the
 * page of metrics, which the process finds on descriptor STS_INHERITED_FD of job.h.
 */
#ifndef STS_WIRE_LISTENER_JOB_H
#define STS_WIRE_LISTENER_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "log/log.h"
#include "wire/limits.h"

/* Entries of the argument list before the first DIRECTORY, the name of the program included. */
#define STS_LISTENER_ARGUMENTS 6

struct sts_listener_job {
	const char *where;
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
			    const char *out[STS_LISTENER_ARGUMENTS + STS_EXCHANGES_MAX + 1]);

/*
 * Read the argument list.
 *   argv   in  UNTRUSTED; NULL-terminated, argc entries; kept
 *   count  in  the number of directories that there must be
 * Returns false if it is not a job.
 */
bool sts_listener_job_parse(int argc, char *const *argv, size_t count,
			    struct sts_listener_job *job);

#endif
