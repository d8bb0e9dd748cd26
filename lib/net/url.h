/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs of an STS: RFC 3986, https (or http, for the caller to judge), absolute. Refused: userinfo,
 * fragment, white space, control characters, bytes above 0x7e, characters that RFC 3986 wants
 * percent-encoded, an empty host, bad percent-encoding, a zone, a port of 0 or an empty one. Dot
 * segments are kept as they are.
 */
#ifndef STS_NET_URL_H
#define STS_NET_URL_H

#include "base/error.h"
#include "base/text.h"

#define STS_URL_MAX_BYTES  2048
#define STS_HOST_MAX_BYTES 254 /* with the NUL */

enum sts_host_kind { STS_HOST_NAME, STS_HOST_IPV4, STS_HOST_IPV6 };

/* Not to be copied: the slices point into buf. */
struct sts_url {
	bool https;
	enum sts_host_kind host_kind;
	bool absolute_name;            /* the host had a trailing dot: no search list */
	uint16_t port;                 /* host order; the scheme's default where none was given */
	uint8_t ip[16];                /* network order, 4 or 16 bytes by host_kind */
	char host[STS_HOST_MAX_BYTES]; /* lower case, no brackets, no trailing dot, no zone */
	struct sts_slice authority; /* as it goes in Host: without a default port, brackets kept, no
				       trailing dot */
	struct sts_slice target;    /* path and query, "/" where empty; slices point into buf */
	char buf[STS_URL_MAX_BYTES + STS_HOST_MAX_BYTES + 16];
};

/*
 * Parse a URL.
 *   text  in   UNTRUSTED
 *   url   out  valid only when STS_OK is returned; holds its own copy
 * Returns STS_OK or STS_EURL with a message that names what is wrong with it (never the whole URL:
 * a query may hold a secret). Host names: LDH and underscore labels of 1 to 63 bytes, no hyphen at
 * either end of one, at most 253 in all; a last label of digits only that is no IPv4 address is
 * refused (as is "0x7f.1" and other legacy forms).
 */
enum sts_err sts_url_parse(struct sts_slice text, struct sts_url *url, struct sts_error *e);

/* Is the host loopback: 127.0.0.0/8, ::1, or the name localhost (and *.localhost)? */
bool sts_url_is_loopback(const struct sts_url *url);

/* Add HOST:PORT, the port always, an IPv6 address in brackets. */
void sts_url_add_endpoint(struct sts_text *t, const struct sts_url *url);

/*
 * Add the origin of a Location header, for the message of a refused redirect: scheme://host[:port]
 * without userinfo, escaped, at most 100 bytes.
 *   location  in  UNTRUSTED; a relative one gives "the same host", one of another shape
 *                 ("mailto:x") its scheme alone
 */
void sts_url_add_origin(struct sts_text *t, struct sts_slice location);

#endif
