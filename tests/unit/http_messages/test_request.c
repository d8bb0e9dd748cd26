/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/request.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_names_and_values(void)
{
	static const char *const good_names[] = {"X-Vault-Namespace",
						 "authorization",
						 "a",
						 "!#$%&'*+-.^_`|~09azAZ",
						 "Hosts",
						 "tes",
						 "proxy"};
	static const char *const bad_names[] = {
		"",
		"Host",
		"HOST",
		"content-length",
		"Transfer-Encoding",
		"Connection",
		"TE",
		"te",
		"Trailer",
		"Upgrade",
		"Expect",
		"Proxy-Authorization",
		"proxy-x",
		"Proxy-",
		"a b",
		"a:",
		"a\r\nb",
		"a\tb",
		"\xc3\xa9",
		"a(b)",
		"a/b",
		"a\"b",
		"a\x7f",
		" a",
	};
	static const char *const good_values[] = {"", "x", "a b\tc", "!~", "Bearer abc.def"};
	static const char *const bad_values[] = {" a",    "a ",       "\ta",       " ",
						 "a\rb",  "a\nb",     "a\r\nX: y", "a\x01",
						 "a\x7f", "\xc3\xa9", "\v",        "a\x1f"};

	for (size_t i = 0; i < COUNT(good_names); i++)
		CHECK(sts_http_name_allowed(sts_slice_of(good_names[i])));
	for (size_t i = 0; i < COUNT(bad_names); i++)
		CHECK(!sts_http_name_allowed(sts_slice_of(bad_names[i])));
	for (size_t i = 0; i < COUNT(good_values); i++)
		CHECK(sts_http_value_allowed(sts_slice_of(good_values[i])));
	for (size_t i = 0; i < COUNT(bad_values); i++)
		CHECK(!sts_http_value_allowed(sts_slice_of(bad_values[i])));
	CHECK(!sts_http_value_allowed((struct sts_slice){"a\0b", 3}));
	CHECK(!sts_http_name_allowed((struct sts_slice){"a\0b", 3}));
	/* What stands beside them in memory does not matter. */
	CHECK(sts_http_name_allowed((struct sts_slice){"proxy-x", 5}));
	CHECK(sts_http_value_allowed((struct sts_slice){&"\t \t"[1], 0}));
	CHECK(sts_http_value_allowed((struct sts_slice){"ab  ", 2}));
}

static void test_request(void)
{
	char buf[512];
	struct sts_text head;

	sts_text_init(&head, buf, sizeof(buf));
	sts_http_request_start(&head, "POST", STS_SLICE("h:8443"), STS_SLICE("/t?x"),
			       "sts-sidecar/1.2", "application/json");
	sts_http_request_header(&head, STS_SLICE("X-A"), STS_SLICE("b c"));
	sts_http_request_end(&head, "application/json", 17);
	CHECK_STR(buf, "POST /t?x HTTP/1.1\r\nHost: h:8443\r\nUser-Agent: "
		       "sts-sidecar/1.2\r\nAccept: application/json\r\n"
		       "Accept-Encoding: identity\r\n"
		       "Connection: close\r\nX-A: b c\r\nContent-Type: "
		       "application/json\r\nContent-Length: 17\r\n\r\n");
	sts_text_init(&head, buf, sizeof(buf));
	sts_http_request_start(&head, "GET", STS_SLICE("h"), STS_SLICE("/"), "a", "*/*");
	sts_http_request_end(&head, NULL, 0);
	CHECK_STR(buf, "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a\r\nAccept: "
		       "*/*\r\nAccept-Encoding: identity\r\n"
		       "Connection: close\r\n\r\n");
	sts_text_init(&head, buf, 20);
	sts_http_request_start(&head, "GET", STS_SLICE("h"), STS_SLICE("/"), "a", "*/*");
	CHECK(head.overflow);
}

/* A header that must not be sent ends the program at once. */
static void test_headers_that_are_refused(void)
{
	static const struct {
		const char *name, *value;
		bool allowed;
	} rows[] = {
		{"X-A", "b", true},
		{"Host", "other.example", false},
		{"X-A: b\r\nHost", "c", false},
		{"X-A", "b\r\nHost: other.example", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0) {
			char buf[128];
			struct sts_text head;

			setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
			sts_text_init(&head, buf, sizeof(buf));
			sts_http_request_header(&head, sts_slice_of(rows[i].name),
						sts_slice_of(rows[i].value));
			_exit(0);
		}
		CHECK(child > 0 && waitpid(child, &status, 0) == child);
		CHECK_INT(WIFEXITED(status), rows[i].allowed);
	}
}

static const struct sts_test tests[] = {
	{"which names and values of headers may be sent", test_names_and_values},
	{"the head of a request", test_request},
	{"headers that are refused", test_headers_that_are_refused},
};

STS_TEST_MAIN(tests)
