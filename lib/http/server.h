/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of HTTP/1.1 (RFC 9112), as far as probes and a scraper of metrics need it:
 * reads one request, whatever pieces it comes in. Keeps its first line only; the header is looked
 * at for its end, the body not at all. Never reads a second request: the connection is closed after
 * one.
 */
#ifndef STS_HTTP_SERVER_H
#define STS_HTTP_SERVER_H

#include "base/text.h"

#define STS_HTTP_SERVER_LINE_MAX_BYTES 256
#define STS_HTTP_SERVER_MAX_BYTES      4096 /* of line and header together */

/* Starts as all zeros. */
struct sts_http_server {
	uint16_t taken; /* bytes of the request so far */
	uint16_t line_len;
	bool in_header, in_field; /* past the request line; past the first byte of a header line */
	bool head;                /* the method is HEAD */
	uint16_t path_at, path_len;
	char line[STS_HTTP_SERVER_LINE_MAX_BYTES];
};

/*
 * Take bytes from the peer. After anything but 0 the request is over: do not call it again.
 *   r     in/out
 *   data  in      UNTRUSTED
 * Returns 0 to ask for more, 200 when a GET or HEAD is complete, or the status to refuse it with:
 * 400 (no HTTP, HTTP/0.9, a control character), 405 (another method), 414 (the line is too long),
 * 431 (more than STS_HTTP_SERVER_MAX_BYTES), 505 (not HTTP/1.x: the preface of HTTP/2).
 */
int sts_http_server_feed(struct sts_http_server *r, const char *data, size_t len);

/* After 200: the path, without a query, and without scheme and host where the request had them.
 * UNTRUSTED; points into r. */
struct sts_slice sts_http_server_path(const struct sts_http_server *r);

#endif
