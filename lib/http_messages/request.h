/* SPDX-License-Identifier: Apache-2.0 */
/* The head of one HTTP/1.1 request (RFC 9110, RFC 9112), built in the caller's memory. */
#ifndef STS_HTTP_MESSAGES_REQUEST_H
#define STS_HTTP_MESSAGES_REQUEST_H

#include "base/text.h"

/* Is this a token in the sense of HTTP (RFC 9110 section 5.6.2): a method, or a header's name? */
bool sts_http_is_token(struct sts_slice s);

/*
 * May a user or a protocol set a header of this name? It must be a token, and none of the names
 * that this program sets or that change how a message is read: Host, Content-Length,
 * Transfer-Encoding, Connection, TE, Trailer, Upgrade, Expect, Proxy-*.
 */
bool sts_http_name_allowed(struct sts_slice name);

/* May a header have this value (RFC 9110 section 5.5)? It has printable ASCII, with spaces and tabs
 * only inside, or is empty. */
bool sts_http_value_allowed(struct sts_slice value);

/*
 * Start a request head: "METHOD target HTTP/1.1", Host, User-Agent, Accept,
 * Accept-Encoding: identity, and Connection: close. The caller has checked all of them.
 *   head       in/out  set up by sts_text_init(); the caller checks for overflow at the end
 *   method     in      a token
 *   authority  in      for Host, of a struct sts_url
 *   target     in      of a struct sts_url
 *   agent      in      "sts-sidecar/VERSION"
 *   accept     in      the media types that the answer may have
 */
void sts_http_request_start(struct sts_text *head, const char *method, struct sts_slice authority,
			    struct sts_slice target, const char *agent, const char *accept);

/*
 * Add one header. The caller has checked the header with sts_http_name_allowed() and
 * sts_http_value_allowed(); the program traps when they do not allow it.
 */
void sts_http_request_header(struct sts_text *head, struct sts_slice name, struct sts_slice value);

/*
 * End the head.
 *   content_type  in  NULL when there is no body: then there is no Content-Length either
 *   body_bytes    in  the length of the body that the caller sends behind the head
 */
void sts_http_request_end(struct sts_text *head, const char *content_type, size_t body_bytes);

#endif
