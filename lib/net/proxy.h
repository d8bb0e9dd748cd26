/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forward proxy: the URL that names it, and which hosts are reached without it (NO_PROXY). The
 * way through the proxy is tls/tunnel.h. The credentials of a proxy never get into a message.
 */
#ifndef STS_NET_PROXY_H
#define STS_NET_PROXY_H

#include "net/url.h"

#define STS_PROXY_USERINFO_MAX_BYTES 510 /* decoded, "user:password" */

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

#endif
