/* SPDX-License-Identifier: Apache-2.0 */
/* The input of sts_answer_read() for the tests of answers and of the reasons in them. */
#ifndef STS_TEST_ANSWER_INPUT_H
#define STS_TEST_ANSWER_INPUT_H

#include "protocol/answer.h"

#include "base64url.h"
#include "json_xml/json.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      1768233600 /* 2026-01-12T16:00:00Z */
#define DATE     "Mon, 12 Jan 2026 16:00:00 GMT"
#define SUBJECT  "sUbJeCt-0123456789.abcdefghijklm.nopqrstuvwxyz"
#define OPAQUE   "opaque-access-token"
/* The body of a refusal in OAuth 2.0. */
#define REFUSAL(code, words) "{\"error\":\"" code "\",\"error_description\":\"" words "\"}"

static char scratch[48 * 1024];
static struct sts_answer answer;
static struct sts_error error;
static struct sts_http_head head;
static struct sts_answer_input input;
static struct sts_request request;

/* A JWT with these claims, as text without quotes. */
static inline const char *jwt(const char *claims)
{
	static char token[1024];
	struct sts_text text;

	sts_text_init(&text, token, sizeof(token));
	sts_text_add_str(&text, "eyJhbGciOiJub25lIn0.");
	base64url_encode(&text, claims, strlen(claims));
	sts_text_add_str(&text, ".c2ln");
	return token;
}

static inline void prepare(const char *protocol, int status, struct sts_slice body)
{
	memset(&error, 0, sizeof(error));
	memset(&answer, 0x5a, sizeof(answer));
	request = (struct sts_request){.protocol = sts_protocol_find(sts_slice_of(protocol)),
				       .subject = STS_SLICE(SUBJECT),
				       .client_auth = STS_CLIENT_BASIC};
	head = (struct sts_http_head){.status = status, .date = STS_SLICE(DATE)};
	input = (struct sts_answer_input){
		.protocol = request.protocol,
		.head = &head,
		.body = body,
		.request = &request,
		.sent_real_ms = NOW * 1000LL + 200,
		.received_real_ms = NOW * 1000LL + 400,
	};
}

static inline enum sts_err read_prepared(void)
{
	return sts_answer_read(&input, scratch, sizeof(scratch), &answer, &error);
}

static inline enum sts_err read_answer(const char *protocol, int status, const char *body)
{
	prepare(protocol, status, sts_slice_of(body));
	return read_prepared();
}

#endif
