/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker: one process, one connection. Reads subject token and CA, connects, exchanges, checks, writes the files, reports, exits. It
 * allocates nothing, frees nothing, and lives for tens of milliseconds; a hostile answer that crashes it costs one attempt.
 */
#ifndef STS_SIDECAR_WORKER_H
#define STS_SIDECAR_WORKER_H

#include "child.h"

/*
 * Do one job and end the process.
 *   timeout_ms  in  after which SIGALRM writes a report that names the stage
 */
_Noreturn void sts_worker_run(const struct sts_options *o, enum sts_worker_mode mode,
			      int64_t timeout_ms);

#endif
