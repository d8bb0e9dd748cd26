/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a forward proxy: the URL that names it, and NO_PROXY, which lists the hosts
 * that are reached without it. proxy/tunnel.h goes through the proxy. The proxy's user and password
 * never get into a message.
 */
#ifndef STS_PROXY_PROXY_H
#define STS_PROXY_PROXY_H

#include "net/url.h"

#define STS_PROXY_USERINFO_MAX_BYTES 510 /* of "user:password", decoded */

struct sts_proxy {
	bool used;
	struct sts_url url;
	/* SECRET. "user:password" in base64, for the Basic scheme; "" without a user. */
	char credentials[STS_PROXY_USERINFO_MAX_BYTES / 3 * 4 + 1];
};

/*
 * Parse the URL of a proxy: http://[USER[:PASSWORD]@]HOST[:PORT], or the same without http://. USER
 * and PASSWORD are percent-decoded. The default port is 80. A path is ignored.
 *   text   in   may hold a password, so messages never repeat it
 *   proxy  out  valid, with `used` set, only when STS_OK is returned
 * Returns STS_OK, or STS_EUSAGE for anything else, https:// and socks5:// included.
 */
enum sts_err sts_proxy_parse(struct sts_slice text, struct sts_proxy *proxy, struct sts_error *e);

/*
 * Is the target reached without a proxy? NO_PROXY is read as Go's httpproxy package reads it. Its
 * entries stand between commas. An entry is one of these:
 *   `*`                          every host
 *   10.0.0.0/8, fd00::/8         the IP literals in a network
 *   10.0.0.1, ::1                an IP literal
 *   a.example                    a domain, and all names below it
 *   .a.example, *.a.example      only the names below a domain
 * An address or a domain may have a port (a.example:8443, [::1]:443), and then matches that port
 * only. No name is resolved. Loopback is always reached without a proxy.
 */
bool sts_proxy_exempts(struct sts_slice no_proxy, const struct sts_url *target);

#endif
