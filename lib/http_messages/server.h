/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of HTTP/1.1 (RFC 9112), as far as probes and a scraper of metrics need it. This
 * module reads one request, in pieces of any size. It keeps only the request line, passes over the
 * header, and does not read a body. There is no second request, since the caller closes the
 * connection after the first.
 */
#ifndef STS_HTTP_MESSAGES_SERVER_H
#define STS_HTTP_MESSAGES_SERVER_H

#include "base/text.h"

#define STS_HTTP_SERVER_LINE_MAX_BYTES 256
#define STS_HTTP_SERVER_MAX_BYTES      4096 /* of request line and header together */

/* One request. It begins as all zeros. */
struct sts_http_server {
	uint16_t taken; /* bytes of the request so far */
	uint16_t line_len;
	bool in_header; /* the request line is complete */
	bool in_field;  /* the current line of the header has a byte, so it is not the empty line */
	bool head;      /* the method is HEAD */
	uint16_t path_at, path_len; /* in line */
	char line[STS_HTTP_SERVER_LINE_MAX_BYTES];
};

/*
 * Read bytes from the peer. A result other than 0 is the end of the request, and this must not be
 * called again.
 *   r     in/out  the request
 *   data  in      UNTRUSTED
 * Returns 0 when more bytes are needed, or a status for the response:
 *   200  a GET or HEAD is complete
 *   400  the request is not HTTP, is HTTP/0.9, or has a control character
 *   405  the method is neither GET nor HEAD
 *   414  the request line has more than STS_HTTP_SERVER_LINE_MAX_BYTES
 *   431  the request line and the header have more than STS_HTTP_SERVER_MAX_BYTES
 *   505  the version is not HTTP/1.x, as in the preface of HTTP/2
 */
int sts_http_server_feed(struct sts_http_server *r, const char *data, size_t len);

/*
 * The path of a request, after 200. It has no query, and no scheme and host when the request had
 * them. UNTRUSTED; points into r.
 */
struct sts_slice sts_http_server_path(const struct sts_http_server *r);

/* Returns a status with its reason phrase, for the status line of a response: "200 OK". It knows
 * those of sts_http_server_feed(), 404 and 503. Any other number gives that of 500. */
const char *sts_http_server_status(int status);

#endif
