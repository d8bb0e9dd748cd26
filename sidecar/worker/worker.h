/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: one process for one connection. A worker reads the subject token and the CA files,
 * connects, exchanges the token, checks the answer, writes the files, reports to the supervisor,
 * and exits. It allocates no memory, and usually lives for tens of milliseconds. If a hostile
 * answer crashes the worker, only that attempt fails.
 */
#ifndef STS_WORKER_WORKER_H
#define STS_WORKER_WORKER_H

#include "options/options.h"
#include "wire/job.h"

/*
 * Do one job and end the process.
 *   o  in  the options of the command line and the environment. If they name a configuration file,
 *          the worker reads that file too. If the file has changed since the plan was made, the
 *          worker uses the snapshot, and sets STS_REPORT_REPLAN in its report
 */
_Noreturn void sts_worker_run(const struct sts_options *o, const struct sts_worker_job *job);

#endif
