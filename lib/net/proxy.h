/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching the STS through a forward proxy: HTTP CONNECT over plain TCP (RFC 9110 section 9.3.6),
 * with TLS to the STS inside of it. The proxy resolves the STS's name; ours is only the proxy's.
 * What a proxy says is never shown, and neither are its credentials.
 */
#ifndef STS_NET_PROXY_H
#define STS_NET_PROXY_H

#include "http/response.h"
#include "net/connect.h"
#include "net/url.h"
#include "tls/stream.h"

#define STS_PROXY_USERINFO_MAX_BYTES 510 /* decoded, "user:password" */
#define STS_PROXY_ANSWER_MAX_BYTES   (8 * 1024)

struct sts_proxy {
	bool used;
	struct sts_url url;
	/* for Basic, in base64; "" without. SECRET */
	char credentials[STS_PROXY_USERINFO_MAX_BYTES / 3 * 4 + 1];
};

/*
 * Read a proxy's URL: http://[USER[:PASSWORD]@]HOST[:PORT], or the same without http://. User and
 * password are percent-decoded. The port is 80 where none is given; a path is ignored.
 *   text   in   never repeated in a message
 *   proxy  out  valid, and used, only when STS_OK is returned
 * Returns STS_OK, or STS_EUSAGE: https:// and socks5:// too.
 */
enum sts_err sts_proxy_parse(struct sts_slice text, struct sts_proxy *proxy, struct sts_error *e);

/*
 * Is the target reached without a proxy? As Go's httpproxy package reads NO_PROXY: entries between
 * commas, each of them `*`, an address, a network (10.0.0.0/8, fd00::/8), a domain (a.example: it
 * and all below it) or .a.example or *.a.example (only what is below it); but for networks and `*`
 * with a port (a.example:8443, [::1]:443) if it is for that port only. No name is resolved for it.
 * Loopback is always reached without.
 */
bool sts_proxy_exempts(struct sts_slice no_proxy, const struct sts_url *target);

/*
 * Connect to the proxy. Returns STS_OK with *fd as of sts_net_connect(), or STS_EPROXY, and -1.
 */
enum sts_err sts_proxy_connect(const struct sts_proxy *proxy, const struct sts_net_files *files,
			       int64_t deadline_boot_ms, int *fd, struct sts_error *e);

/*
 * Have it connect to the target: the target's first byte is then the next one.
 *   fd        in   of sts_proxy_connect(); stays open whatever happens
 *   deadline  in   BOOTTIME ms
 *   scratch   out  memory to work in, overwritten
 * Returns STS_OK; STS_EPROXY: it fails (5xx), hangs, closes, or answers what is no HTTP, or more
 * than its head; STS_EPROXY_REFUSED: it wants other credentials (407), or does not want to (403 and
 * the like).
 */
enum sts_err sts_proxy_tunnel(const struct sts_proxy *proxy, const struct sts_url *target, int fd,
			      int64_t deadline_boot_ms, struct sts_stream *scratch,
			      struct sts_error *e);

/*
 * Read the next byte of the proxy's answer to CONNECT.
 *   http  in/out  set up with a head buffer and no body buffer
 *   c     in      UNTRUSTED
 * Returns STS_EAGAIN to ask for more, STS_OK when the tunnel stands, else as sts_proxy_tunnel().
 */
enum sts_err sts_proxy_feed(const struct sts_proxy *proxy, struct sts_http_response *http, char c,
			    struct sts_error *e);

#endif
