/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker of `doctor`, which takes an exchange from gate to gate. The worker is UNTRUSTED, since
 * a hostile answer may have taken it over: what it says is checked here.
 */
#ifndef STS_DOCTOR_PROBE_H
#define STS_DOCTOR_PROBE_H

#include "doctor/case.h"
#include "wire/job.h"

/*
 * Run a worker, and wait for its end or for the deadline of its job.
 *   c     out  the members of the worker; where it left no valid findings and report, the findings
 *              are empty, and the report says how it ended
 *   job   in   what it is to do
 *   argv  in   the argument list of the command whose exchange it is: program, COMMAND, ARGUMENTS
 */
void sts_probe_run(struct sts_case *c, const struct sts_job *job, char *const *argv);

#endif
