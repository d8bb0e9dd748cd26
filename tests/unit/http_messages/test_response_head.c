/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an answer: how it begins, and which challenges are kept. */
#include "http_messages/response.h"

#include "test.h"

static char head_buf[1024], body_buf[64];
static struct sts_http_response http;
static struct sts_error error;

static void start(void)
{
	sts_http_response_init(&http, head_buf, sizeof(head_buf), body_buf, sizeof(body_buf));
}

static enum sts_err feed(const char *text)
{
	size_t used;

	return sts_http_response_feed(&http, text, strlen(text), &used, &error);
}

/* Another protocol is told by its first byte that is not HTTP's, since its first line may never
 * end. Behind an interim answer, some servers send an empty line. */
static void test_another_protocol(void)
{
	static const char version[] = "HTTP/1.";
	static const char *const before[] = {"", "HTTP/1.1 100 x\r\n\r\n",
					     "HTTP/1.1 100 x\r\n\r\n\r\n"};
	char text[64];

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		for (size_t len = 0; len < sizeof(version) - 1; len++) {
			snprintf(text, sizeof(text), "%s%.*s", before[i], (int)len, version);
			start();
			CHECK_INT(feed(text), STS_EAGAIN);
			CHECK_INT(feed("x"), STS_EHTTP);
			CHECK(strstr(error.msg, "it does not begin with HTTP/1."));
		}
	/* half of an empty line */
	start();
	CHECK_INT(feed("HTTP/1.1 100 x\r\n\r\n\r"), STS_EAGAIN);
	CHECK_INT(feed("x"), STS_EHTTP);
	start();
	CHECK_INT(feed("\r"), STS_EHTTP);
}

/* A challenge with a reason is kept, however long its parts are. */
static void test_challenge(void)
{
	static const char *const values[] = {"A error=abc", "A error_description=xyz",
					     "A error=abc, error_description=xyz"};
	char text[128];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text),
			 "HTTP/1.1 401 x\r\nWWW-Authenticate: A\r\nWWW-Authenticate: %s\r\n\r\n",
			 values[i]);
		start();
		CHECK_INT(feed(text), STS_EAGAIN);
		CHECK(sts_slice_eq(http.head.challenges[0], values[i]));
		CHECK(sts_slice_eq(http.head.challenge, "A")); /* the first one, as it is */
	}
}

static const struct sts_test tests[] = {
	{"another protocol", test_another_protocol},
	{"challenges with a reason", test_challenge},
};

STS_TEST_MAIN(tests)
