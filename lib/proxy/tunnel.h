/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tunnel to the STS through a forward proxy: HTTP CONNECT over plain TCP (RFC 9110 section
 * 9.3.6), and TLS with the STS inside of it. The proxy resolves the name of the STS. This process
 * resolves only the name of the proxy. No message repeats the words of a proxy, or its credentials.
 */
#ifndef STS_PROXY_TUNNEL_H
#define STS_PROXY_TUNNEL_H

#include "http_messages/response.h"
#include "net/connect.h"
#include "proxy/proxy.h"
#include "tls/stream.h"

#define STS_TUNNEL_ANSWER_MAX_BYTES (8 * 1024) /* of the head of the proxy's response */

/*
 * Connect to the proxy.
 *   files, deadline, fd, facts  as for sts_connect(); about the proxy
 * Returns STS_OK or STS_EPROXY.
 */
enum sts_err sts_tunnel_connect(const struct sts_proxy *proxy,
				const struct sts_connect_files *files, int64_t deadline_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *e);

/*
 * Have the proxy connect to the target. After STS_OK, the next byte on the socket is the target's.
 *   fd        in   of sts_tunnel_connect(); stays open also after a failure
 *   deadline  in   BOOTTIME ms
 *   plain     out  memory for a stream, which is overwritten
 * Returns STS_OK; STS_EPROXY when the proxy fails (5xx), does not respond in time, closes the
 * connection, does not speak HTTP, or sends bytes after the head of its response;
 * STS_EPROXY_REFUSED when the proxy wants other credentials (407), or refuses the target (403 and
 * other statuses).
 */
enum sts_err sts_tunnel_open(const struct sts_proxy *proxy, const struct sts_url *target, int fd,
			     int64_t deadline_boot_ms, struct sts_stream *plain,
			     struct sts_error *e);

/*
 * Set up the parser for the response to CONNECT. It has no body, whatever its headers say (RFC 9110
 * section 9.3.6): the tunnel begins behind the head of any 2xx response.
 *   http       out
 *   buf, size  in   memory for the head, the caller's, which must outlive *http
 */
void sts_tunnel_start(struct sts_http_response *http, char *buf, size_t size);

/*
 * Read one byte of the proxy's response to CONNECT.
 *   target  in      of the tunnel, for messages
 *   http    in/out  of sts_tunnel_start()
 *   c       in      UNTRUSTED
 * Returns STS_EAGAIN when more bytes are needed, STS_OK when the tunnel is open, else as
 * sts_tunnel_open().
 */
enum sts_err sts_tunnel_feed(const struct sts_proxy *proxy, const struct sts_url *target,
			     struct sts_http_response *http, char c, struct sts_error *e);

#endif
