/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching the STS through a forward proxy: HTTP CONNECT over plain TCP (RFC 9110 section 9.3.6),
 * with TLS to the STS inside of it. The proxy resolves the name of the STS; this process resolves
 * only the name of the proxy. No message repeats the words of a proxy, or its credentials.
 */
#ifndef STS_TLS_TUNNEL_H
#define STS_TLS_TUNNEL_H

#include "http/response.h"
#include "net/connect.h"
#include "net/proxy.h"
#include "tls/stream.h"

#define STS_TUNNEL_ANSWER_MAX_BYTES (8 * 1024) /* of the head of the proxy's answer */

/*
 * Connect to the proxy. Returns STS_OK with *fd as of sts_connect(), or STS_EPROXY, and -1.
 */
enum sts_err sts_tunnel_connect(const struct sts_proxy *proxy,
				const struct sts_connect_files *files, int64_t deadline_boot_ms,
				int *fd, struct sts_error *e);

/*
 * Have it connect to the target: the target's first byte is then the next one.
 *   fd        in   of sts_tunnel_connect(); stays open whatever happens
 *   deadline  in   BOOTTIME ms
 *   scratch   out  memory to work in, overwritten
 * Returns STS_OK; STS_EPROXY: it fails (5xx), hangs, closes, or answers what is no HTTP, or more
 * than its head; STS_EPROXY_REFUSED: it wants other credentials (407), or does not want to (403 and
 * the like).
 */
enum sts_err sts_tunnel_open(const struct sts_proxy *proxy, const struct sts_url *target, int fd,
			     int64_t deadline_boot_ms, struct sts_stream *scratch,
			     struct sts_error *e);

/*
 * Read the next byte of the proxy's answer to CONNECT.
 *   http  in/out  set up with a head buffer and no body buffer
 *   c     in      UNTRUSTED
 * Returns STS_EAGAIN to ask for more, STS_OK when the tunnel stands, else as sts_tunnel_open().
 */
enum sts_err sts_tunnel_feed(const struct sts_proxy *proxy, struct sts_http_response *http, char c,
			     struct sts_error *e);

#endif
