/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of --listen: /livez, /readyz and /metrics over HTTP for probes and Prometheus. The
 * supervisor starts it as it starts a worker; it opens the port itself, holds no secret, and never
 * opens a token. Its clients are UNTRUSTED: connections, bytes and time are bounded, and all memory
 * is static. No other process waits for this one.
 */
#ifndef STS_LISTENER_LISTENER_H
#define STS_LISTENER_LISTENER_H

#include "wire/metrics.h"

/*
 * Listen for ever, in a sandbox. If the port cannot be opened, this writes one line to the log and
 * tries again after 5 s to 60 s.
 *   where    in  of sts_listen_address_parse()
 *   dirs     in  the output directory of each exchange of the metrics; NULL ends them
 *   require  in  --require-sandbox
 * Returns only when it cannot go on: STS_ESANDBOX with `require`, STS_EBUG where the kernel does
 * not let it wait.
 */
enum sts_err sts_listener_run(const char *where, const struct sts_metrics *metrics,
			      char *const *dirs, bool require, struct sts_error *e);

#endif
