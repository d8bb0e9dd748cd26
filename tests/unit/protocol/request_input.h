/* SPDX-License-Identifier: Apache-2.0 */
/* A request for the tests of requests. */
#ifndef STS_TEST_REQUEST_INPUT_H
#define STS_TEST_REQUEST_INPUT_H

#include "protocol/request.h"

#include "test.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define S(literal) STS_SLICE(literal)
#define SUBJECT    "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"

static struct sts_url url;

/* A request of a protocol to this URL, without parameters. It is valid until the next call. */
static inline struct sts_request request_of(const char *protocol, const char *text)
{
	CHECK_INT(sts_url_parse(sts_slice_of(text), &url, NULL), STS_OK);
	struct sts_request r = {.protocol = sts_protocol_find(sts_slice_of(protocol)),
				.url = &url,
				.subject = S(SUBJECT),
				.agent = "sts-sidecar/test"};

	r.body = r.protocol->body;
	return r;
}

/* The URL that the parameters and the protocol make. It is valid until the next call. */
static inline const char *made_url(struct sts_request *r)
{
	static char text[512];
	struct sts_text filled;

	r->url_template = sts_protocol_text(r->protocol, STS_PROTOCOL_URL);
	sts_text_init(&filled, text, sizeof(text));
	sts_request_url(r, &filled);
	return text;
}

#endif
