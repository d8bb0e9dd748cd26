/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener: the process that serves --listen. It answers /livez, /readyz and /metrics over
 * HTTP, for probes and Prometheus. The supervisor starts the listener as it starts a worker. The
 * listener opens the port itself and holds no secret. It can open no file: it looks at the files in
 * the output directories from outside, and all else that it says is in the memory that the
 * supervisor has sealed. Its clients are UNTRUSTED: connections, bytes and time are bounded, and
 * all memory is static. No other process waits for the listener.
 */
#ifndef STS_LISTENER_LISTENER_H
#define STS_LISTENER_LISTENER_H

#include "wire/metrics.h"

/*
 * Listen for ever, in a sandbox. If the port cannot be opened, this function logs one line for each
 * new reason, and tries again after 5 s to 60 s.
 *   where    in  the value of --listen, which sts_listen_address_parse() has accepted
 *   dirs     in  kept: the paths of the output directories, one for each exchange of the metrics,
 *                with NULL at the end
 *   require  in  --require-sandbox
 * Returns only if the listener cannot go on: STS_ESANDBOX if `require` is set and the sandbox does
 * not hold, STS_EBUG if poll(2) fails.
 */
enum sts_err sts_listener_run(const char *where, const struct sts_metrics *metrics,
			      char *const *dirs, bool require, struct sts_error *e);

#endif
