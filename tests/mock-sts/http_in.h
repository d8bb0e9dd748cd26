/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading HTTP/1.1 requests (RFC 9112) strictly: what the client under test sends must be right,
 * and a tolerant server would not show a mistake.
 */
#ifndef MOCK_HTTP_IN_H
#define MOCK_HTTP_IN_H

#include "conn.h"

#define MOCK_HEAD_BYTES  (160 * 1024)
#define MOCK_BODY_BYTES  (256 * 1024)
#define MOCK_HEADERS_MAX 64

struct mock_header {
	struct sts_slice name, value;
};

struct mock_request {
	char *method, *path,
		*query; /* NUL-terminated; `query` is "" if there is none; `path` is not decoded */
	struct mock_header header[MOCK_HEADERS_MAX];
	size_t header_count;
	struct sts_slice body;
	bool keep_alive;
	const char *wrong; /* why it was refused; NULL: all is well */
	int wrong_status;
	/* private */
	char buf[MOCK_HEAD_BYTES + MOCK_BODY_BYTES];
	size_t len, used;
};

void mock_request_init(struct mock_request *r);
/*
 * Read the next request of a connection. Returns false if there is none: the peer has closed, or
 * `wrong` says what is wrong with the request. Then it must be answered, and the connection ends.
 */
bool mock_request_read(struct mock_request *r, struct mock_conn *c);
/* The value of a header; empty if it is absent. */
struct sts_slice mock_request_header(const struct mock_request *r, const char *name);

#endif
