/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose configuration `doctor` examines: that of the options that it is given, or else that of the
 * sidecar of this Pod, whose command line it reads. It cannot read the environment of another
 * process, so the variables are always its own.
 */
#ifndef STS_DOCTOR_SOURCE_H
#define STS_DOCTOR_SOURCE_H

#include "doctor/case.h"
#include "options/options.h"
#include "wire/job.h"

#define STS_SOURCE_BYTES (32 * 1024) /* of a command line that is read */

/* A command line. */
struct sts_command_line {
	char *argv[STS_JOB_ARGUMENTS_MAX]; /* program, COMMAND, ARGUMENTS; NULL-terminated */
	char memory[STS_SOURCE_BYTES];     /* of the arguments that were read */
};

/*
 * Find the configuration.
 *   s     out  the command line
 *   c     out  origin, source_pid, command and is_same_container
 *   o     in   the options of `doctor`, and those of `run` that it was given
 *   argv  in   the argument list of this process; kept
 */
void sts_source_find(struct sts_command_line *s, struct sts_case *c, const struct sts_options *o,
		     char *const *argv);

#endif
