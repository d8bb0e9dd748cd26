/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing answers, and spoiling them: each byte of an answer goes through one sink that delays,
 * counts and cuts as the fault says.
 */
#ifndef MOCK_HTTP_OUT_H
#define MOCK_HTTP_OUT_H

#include "conn.h"
#include "http_in.h"

#define MOCK_ANSWER_BYTES (512 * 1024)

struct mock_reply {
	int status;
	const char *content_type; /* NULL: none */
	char head_buf[128 * 1024];
	struct sts_text head; /* further header lines, each with CRLF */
	char body_buf[MOCK_ANSWER_BYTES];
	struct sts_text body;
	const char *reason; /* NULL: the usual one */
	/* out */
	uint64_t sent; /* bytes of head and body */
	bool complete; /* all that should be sent was sent */
	enum mock_end end;
	bool keep_alive;
};

void mock_reply_init(struct mock_reply *reply, int status, const char *content_type);
void mock_reply_header(struct mock_reply *reply, const char *name, struct sts_slice value);

/*
 * Change status, body and headers of the reply as the fault says. The token is for `echo`.
 * mock_reply_send() does the rest of the fault: framing, delays, cuts.
 */
void mock_reply_bend(struct mock_reply *reply, const struct mock_fault *fault,
		     struct sts_slice token);

/* Send; `keep_alive` and `end` then say what is to become of the connection. */
void mock_reply_send(struct mock_reply *reply, struct mock_conn *c,
		     const struct mock_request *request, const struct mock_fault *fault,
		     int64_t now_ms);

#endif
