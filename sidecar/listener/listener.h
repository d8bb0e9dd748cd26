/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of --listen: /livez, /readyz and /metrics over HTTP for probes and Prometheus. The supervisor starts it as it starts a
 * worker; it opens the port itself, holds no secret, and never opens a token. Whoever reaches the port is UNTRUSTED: connections, bytes
 * and time are bounded, all memory is static, and nothing that happens here is waited for by anybody.
 */
#ifndef STS_LISTENER_LISTENER_H
#define STS_LISTENER_LISTENER_H

