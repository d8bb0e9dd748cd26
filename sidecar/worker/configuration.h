/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a worker whose exchange comes from a configuration file. The worker reads them
 * from the snapshot of the file (wire/snapshot.h), since the file may have changed since the plans
 * were made, and since its file system may not answer any more. Without a snapshot (the kernel has
 * no sealed memory), it reads the file.
 */
#ifndef STS_WORKER_CONFIGURATION_H
#define STS_WORKER_CONFIGURATION_H

#include "options/config.h"
#include "wire/job.h"

/*
 * Read the options of the exchange of a job.
 *   given    in   the options of the command line and the environment; config is not NULL
 *   c        out  the options point into it
 *   options  out  the options of the exchange
 *   buf      out  size bytes for the snapshot
 *   changed  out  the file has changed since the plan was made. Only known if the file was read
 * Returns STS_OK, STS_EINPUT, or STS_EBUG if the snapshot has no such exchange.
 */
enum sts_err sts_worker_configure(const struct sts_options *given, const struct sts_worker_job *job,
				  struct sts_config *c, struct sts_options *options, char *buf,
				  size_t size, bool *changed, struct sts_error *e);

#endif
