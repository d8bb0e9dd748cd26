/* SPDX-License-Identifier: Apache-2.0 */
/* The head of one HTTP/1.1 request (RFC 9110, RFC 9112), built in the caller's memory. */
#ifndef STS_HTTP_REQUEST_H
#define STS_HTTP_REQUEST_H

#include "base/text.h"

/* Is this a token as RFC 9110 section 5.6.2 defines it (a method, the name of a header)? */
bool sts_http_is_token(struct sts_slice s);

/* Is this a header name that a user or a protocol may set? RFC 9110 token, and none of Host,
 * Content-Length, Transfer-Encoding, Connection, TE, Trailer, Upgrade, Expect, Proxy-*. */
bool sts_http_name_allowed(struct sts_slice name);

/* Is this a field value that may go out? Printable ASCII, SP and HTAB inside; no CR, LF, NUL,
 * obs-text. May be empty. */
bool sts_http_value_allowed(struct sts_slice value);

/*
 * Start a request head: "METHOD target HTTP/1.1", Host, User-Agent, Accept: application/json,
 * Connection: close.
 *   head       in/out  set up by sts_text_init(); overflow is for the caller to check at the end
 *   authority  in      for Host, of a struct sts_url
 *   target     in      of a struct sts_url
 *   agent      in      "sts-sidecar/VERSION"
 */
void sts_http_request_start(struct sts_text *head, const char *method, struct sts_slice authority,
			    struct sts_slice target, const char *agent);

/* Add one header. The caller has checked name and value with the two functions above; asserts that
 * it has. */
void sts_http_request_header(struct sts_text *head, struct sts_slice name, struct sts_slice value);

/* End the head; content_type NULL means no body and no Content-Length. */
void sts_http_request_end(struct sts_text *head, const char *content_type, size_t body_bytes);

#endif
