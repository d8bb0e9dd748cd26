/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an answer: how it begins, which challenges are kept, and Retry-After. */
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

/* The challenges that come first are kept, in their order. */
#define WWW "WWW-Authenticate: "
static void test_challenges(void)
{
	start();
	CHECK_INT(feed("HTTP/1.1 401 x\r\n" WWW "A error=1\r\n" WWW "B error=2\r\n" WWW
		       "C error=3\r\n" WWW "D error=4\r\n" WWW "E error=5\r\n\r\n"),
		  STS_EAGAIN);
	_Static_assert(STS_HTTP_CHALLENGES_MAX == 4, "the fifth is not kept");
	CHECK(sts_slice_eq(http.head.challenges[0], "A error=1"));
	CHECK(sts_slice_eq(http.head.challenges[1], "B error=2"));
	CHECK(sts_slice_eq(http.head.challenges[2], "C error=3"));
	CHECK(sts_slice_eq(http.head.challenges[3], "D error=4"));
}

static void test_retry_after(void)
{
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT"; /* 784111777 */
	static const struct {
		const char *value, *date;
		int seconds;
	} rows[] = {
		{"", "", -1},
		{"0", "", 0},
		{"17", "", 17},
		{"300", "", 300},
		{"301", "", 300},
		{"18446744073709551615", "", 300},
		{"-1", "", -1},
		{"1.5", "", -1},
		{"soon", "", -1},
		{"17 s", "", -1},
		{"Sun, 06 Nov 1994 08:50:00 GMT", date, 23},
		{"Sun, 06 Nov 1994 08:49:36 GMT", date, 0},
		{"Sun, 06 Nov 1994 10:50:00 GMT", date, 300},
		{"Sunday, 06-Nov-94 08:50:00 GMT", "nonsense", 100},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "", 300},
		{"Thu, 01 Jan 1970 00:00:00 GMT", "", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_http_head head = {
			.retry_after = sts_slice_of(rows[i].value),
			.date = sts_slice_of(rows[i].date),
		};

		CHECK_INT(sts_http_retry_after_s(&head, 784111700, 300), rows[i].seconds);
	}
	CHECK_INT(sts_http_retry_after_s(&(struct sts_http_head){0}, 0, 300), -1);
}

static const struct sts_test tests[] = {
	{"another protocol", test_another_protocol},
	{"challenges with a reason", test_challenge},
	{"several challenges", test_challenges},
	{"the forms of Retry-After", test_retry_after},
};

STS_TEST_MAIN(tests)
