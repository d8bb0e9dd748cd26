/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading HTTP/1.1 requests (RFC 9112), strictly: what the client under test sends must be right,
 * and a server that forgives would not tell.
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
		*query; /* NUL-terminated; query "" where there is none; path is not decoded */
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
 * Read the next request of a connection. False when there is none: the peer closed, or wrong says
 * what was wrong with it (an answer is due then, and the end of the connection).
 */
bool mock_request_read(struct mock_request *r, struct mock_conn *c);
/* Value of a header; empty when absent. */
struct sts_slice mock_request_header(const struct mock_request *r, const char *name);

#endif
