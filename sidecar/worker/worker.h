/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: one process, one connection. Reads subject token and CA, connects, exchanges, checks,
 * writes the files, reports, exits. It allocates nothing, frees nothing, and lives for tens of
 * milliseconds; a hostile answer that crashes it costs one attempt.
 */
#ifndef STS_WORKER_WORKER_H
#define STS_WORKER_WORKER_H

#include "options/options.h"
#include "wire/job.h"

/*
 * Do one job and end the process.
 *   o  in  the command line and the environment. With a configuration file the worker reads that as
 *          well: if it is not the one of the plan, the snapshot counts, and the report says so
 */
_Noreturn void sts_worker_run(const struct sts_options *o, const struct sts_worker_job *job);

#endif
