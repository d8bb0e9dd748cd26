/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/server.h"

#include "test.h"

struct row {
	const char *request;
	int status;
	const char *path; /* for 200 */
	bool head;
};

static const struct row rows[] = {
	{"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200, "/livez", false},
	{"HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n", 200, "/livez", true},
	{"GET /metrics?a=b&c HTTP/1.0\r\n\r\n", 200, "/metrics", false},
	{"GET / HTTP/1.1\r\n\r\n", 200, "/", false},
	{"GET http://10.0.0.1:8080/readyz?x HTTP/1.1\r\n\r\n", 200, "/readyz", false},
	{"GET http://10.0.0.1:8080/ HTTP/1.1\r\n\r\n", 200, "/", false},
	{"GET http://10.0.0.1:8080 HTTP/1.1\r\n\r\n", 200, "", false},
	{"GET http:// HTTP/1.1\r\n\r\n", 200, "", false},
	{"GET * HTTP/1.1\r\n\r\n", 200, "*", false},
	{"GET ? HTTP/1.1\r\n\r\n", 200, "", false},
	{"GET /!~ HTTP/1.1\r\n\r\n", 200, "/!~", false}, /* the first and the last character */
	/* There are empty lines before the request, or lines end in LF alone. */
	{"\r\n\r\nGET /a HTTP/1.1\r\n\r\n", 200, "/a", false},
	{"GET /a HTTP/1.1\nHost: x\n\n", 200, "/a", false},
	{"GET /a HTTP/1.1\r\nA: b\r\r\n\r\n", 200, "/a", false},
	{"GET /a HTTP/1.1\r\nA: \x80\xff\r\n\r\n", 200, "/a", false},
	/* These requests are not whole yet. */
	{"", 0, NULL, false},
	{"GET /a", 0, NULL, false},
	{"GET /a HTTP/1.1", 0, NULL, false},
	{"GET /a HTTP/1.1\r\n", 0, NULL, false},
	{"GET /a HTTP/1.1\r\nHost: x\r\n", 0, NULL, false},
	{"GET /a HTTP/1.1\r\nHost: x\r\n\r", 0, NULL, false},
	/* These have other methods. */
	{"POST /metrics HTTP/1.1\r\n", 405, NULL, false},
	{"get /metrics HTTP/1.1\r\n", 405, NULL, false},
	{"OPTIONS * HTTP/1.1\r\n", 405, NULL, false},
	{"CONNECT x:443 HTTP/1.1\r\n", 405, NULL, false},
	/* These are not HTTP. */
	{"GET /a\r\n", 400, NULL, false}, /* HTTP/0.9 */
	{"GET  /a HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a  HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a HTTP/1.1 \r\n", 400, NULL, false},
	{" GET /a HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a b HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a\tHTTP/1.1\r\n", 400, NULL, false},
	{"GET\r\n", 400, NULL, false},
	{"GET  HTTP/1.1\r\n", 400, NULL, false}, /* without a path */
	{" /a HTTP/1.1\r\n", 400, NULL, false},  /* without a method */
	{"GET /a\r HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a HTTP/1.1\r\r\n", 400, NULL, false},
	{"GET /a HTTP/11\r\n", 400, NULL, false},
	{"GET /a HTTP/1,1\r\n", 400, NULL, false},
	{"GET /a HTTP/1.10\r\n", 400, NULL, false},
	{"\rGET /a HTTP/1.1\r\n", 400, NULL, false},
	{"GET /a http/1.1\r\n", 400, NULL, false},
	{"GET /\x7f", 400, NULL, false},
	{"GET /\x80", 400, NULL, false},
	{"\x16\x03\x01", 400, NULL, false}, /* TLS */
	/* These are another version of HTTP. */
	{"PRI * HTTP/2.0\r\n", 505, NULL, false},
	{"GET /a HTTP/0.9\r\n", 505, NULL, false},
	{"GET /a HTTP/3.0\r\n", 505, NULL, false},
};

static void check_row(const struct row *row, size_t piece)
{
	struct sts_http_server r = {0};
	struct sts_slice left = sts_slice_of(row->request);
	int status = 0;

	while (left.len > 0 && status == 0) {
		size_t len = left.len < piece ? left.len : piece;

		status = sts_http_server_feed(&r, left.data, len);
		left.data += len;
		left.len -= len;
	}
	if (status != row->status)
		printf("# %s\n", row->request);
	CHECK_INT(status, row->status);
	if (status != 200 || row->status != 200)
		return;
	CHECK(sts_slice_eq(sts_http_server_path(&r), row->path));
	CHECK(r.head == row->head);
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 8; piece += 3)
			check_row(&rows[i], piece);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], SIZE_MAX);
}

static void test_nul(void)
{
	struct sts_http_server r = {0};

	CHECK_INT(sts_http_server_feed(&r, "GET /\0", 6), 400);
	r = (struct sts_http_server){0};
	CHECK_INT(sts_http_server_feed(&r, "GET /a HTTP/1.1\r\nA: \0", 21), 400);
}

static int feed_many(struct sts_http_server *r, char c, size_t count)
{
	int status = 0;

	while (count-- > 0 && !status)
		status = sts_http_server_feed(r, &c, 1);
	return status;
}

static void test_a_long_line(void)
{
	struct sts_http_server r = {0};

	CHECK_INT(sts_http_server_feed(&r, "GET /", 5), 0);
	CHECK_INT(feed_many(&r, 'a', STS_HTTP_SERVER_LINE_MAX_BYTES - 5), 0);
	CHECK_INT(feed_many(&r, 'a', 1), 414);
}

static void test_a_long_header(void)
{
	static const char line[] = "GET /a HTTP/1.1\r\n";
	struct sts_http_server r = {0};

	CHECK_INT(sts_http_server_feed(&r, line, sizeof(line) - 1), 0);
	CHECK_INT(feed_many(&r, 'a', STS_HTTP_SERVER_MAX_BYTES - (sizeof(line) - 1) - 3), 0);
	/* A line that ends within the bound is taken. With one byte more it is not. */
	struct sts_http_server more = r;
	CHECK_INT(sts_http_server_feed(&r, "\n\r\n", 3), 200);
	CHECK_INT(sts_http_server_feed(&more, "a\n\r\n", 4), 431);
	r = (struct sts_http_server){0};
	CHECK_INT(feed_many(&r, '\n', STS_HTTP_SERVER_MAX_BYTES), 0);
	CHECK_INT(feed_many(&r, '\n', 1), 431);
}

static void test_statuses(void)
{
	CHECK_STR(sts_http_server_status(200), "200 OK");
	CHECK_STR(sts_http_server_status(404), "404 Not Found");
	CHECK_STR(sts_http_server_status(431), "431 Request Header Fields Too Large");
	CHECK_STR(sts_http_server_status(505), "505 HTTP Version Not Supported");
	/* They are not in the list: before the first, between two, after the last. */
	CHECK_STR(sts_http_server_status(0), "500 Internal Server Error");
	CHECK_STR(sts_http_server_status(302), "500 Internal Server Error");
	CHECK_STR(sts_http_server_status(506), "500 Internal Server Error");
	CHECK_STR(sts_http_server_status(-1), "500 Internal Server Error");
}

static const struct sts_test tests[] = {
	{"requests, whole and in pieces", test_rows},
	{"a request with a NUL", test_nul},
	{"a line that is too long", test_a_long_line},
	{"a header that is too long", test_a_long_header},
	{"the statuses of responses", test_statuses},
};
STS_TEST_MAIN(tests)
