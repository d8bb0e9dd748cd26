/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Absolute URLs of the schemes https and http (RFC 3986, RFC 9110 section 4.2). The caller decides
 * whether http is allowed. These are refused: userinfo, a fragment, white space, control
 * characters, bytes above 0x7e, characters that RFC 3986 wants percent-encoded, malformed
 * percent-encoding, an empty host, a zone, an empty port, and port 0. Dot segments stay as they
 * are.
 */
#ifndef STS_NET_URL_H
#define STS_NET_URL_H

#include "base/error.h"
#include "base/text.h"

#define STS_URL_MAX_BYTES   2048
#define STS_HOST_MAX_BYTES  254 /* with the NUL */
#define STS_LABEL_MAX_BYTES 63  /* RFC 1035 section 2.3.4 */

enum sts_host_kind { STS_HOST_NAME, STS_HOST_IPV4, STS_HOST_IPV6 };

/* A parsed URL. It must not be copied, since its slices point into buf. */
struct sts_url {
	bool https;
	enum sts_host_kind host_kind;
	bool absolute_name;            /* the host had a trailing dot: there is no search list */
	uint16_t port;                 /* host order; the default of the scheme without a port */
	uint8_t ip[16];                /* network order, 4 or 16 bytes by host_kind */
	struct sts_slice authority;    /* for the Host header: no default port, no trailing dot */
	struct sts_slice target;       /* path and query; "/" for an empty path */
	char host[STS_HOST_MAX_BYTES]; /* lower case, without brackets and trailing dot */
	char buf[STS_URL_MAX_BYTES + STS_HOST_MAX_BYTES + 16];
};

/*
 * Parse a URL. The labels of a host name have 1 to 63 letters, digits, hyphens and underscores,
 * without a hyphen at either end; the whole name has at most 253 bytes. A host whose last label is
 * a number, but which is not an IPv4 address, is refused, and so are legacy forms such as "0x7f.1".
 *   text  in   UNTRUSTED
 *   url   out  owns its memory; valid only when STS_OK is returned
 * Returns STS_OK, or STS_EURL with a message that says what is wrong. The message never repeats the
 * URL, since its query may hold a secret.
 */
enum sts_err sts_url_parse(struct sts_slice text, struct sts_url *url, struct sts_error *e);

/* Is the host loopback: in 127.0.0.0/8, ::1, localhost, or a name under localhost? */
bool sts_url_is_loopback(const struct sts_url *url);

/* Add HOST:PORT. The port is always there, and an IPv6 address is in brackets. */
void sts_url_add_endpoint(struct sts_text *t, const struct sts_url *url);

/*
 * Add the target of a Location header, for the message about a refused redirect:
 * SCHEME://HOST:PORT/PATH without userinfo, query and fragment, escaped, at most 140 bytes.
 *   location  in  UNTRUSTED; of a relative reference, "/PATH at the same host" is added, and of a
 *                 URL without an authority ("mailto:x") its scheme alone. What follows "//" within
 *                 a path is left out
 */
void sts_url_add_target(struct sts_text *t, struct sts_slice location);

#endif
