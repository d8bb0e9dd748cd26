/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/response.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OK_LINE  "HTTP/1.1 200 OK\r\n"
#define CHUNKED  OK_LINE "Transfer-Encoding: chunked\r\n\r\n"

static char head_buf[STS_HTTP_HEAD_MAX_BYTES];
static char body_buf[STS_HTTP_BODY_MAX_BYTES];
static struct sts_http_response http;
static struct sts_error error;

static void start(void)
{
	error = (struct sts_error){0};
	sts_http_response_init(&http, head_buf, sizeof(head_buf), body_buf, sizeof(body_buf));
}

/* Feed the text in pieces of `piece` bytes until the parser is done or the text ends. */
static enum sts_err feed(struct sts_slice text, size_t piece, size_t *total)
{
	enum sts_err err = STS_EAGAIN;

	for (*total = 0; err == STS_EAGAIN && *total < text.len;) {
		size_t len = text.len - *total < piece ? text.len - *total : piece, used = 0;

		err = sts_http_response_feed(&http, text.data + *total, len, &used, &error);
		CHECK(used <= len);
		CHECK(err != STS_EAGAIN || used == len);
		*total += used;
	}
	return err;
}

/* The whole answer is fed in pieces of each size, and then the connection is closed cleanly. The
 * result is always the same. */
static enum sts_err answer(struct sts_slice text)
{
	enum sts_err err, first = STS_EBUG;
	size_t total, first_total = 0;

	for (size_t piece = text.len ? text.len : 1; piece > 0; piece--) {
		start();
		err = feed(text, piece, &total);
		if (err == STS_EAGAIN || text.len == 0)
			err = sts_http_response_eof(&http, true, &error);
		if (piece == text.len || text.len == 0) {
			first = err;
			first_total = total;
		}
		CHECK_INT(err, first);
		CHECK_INT(total, first_total);
		CHECK_INT(error.code, err);
	}
	return first;
}

static bool body_is(const char *body)
{
	return sts_slice_eq((struct sts_slice){body_buf, http.body_len}, body);
}

static void test_framings(void)
{
	static const struct {
		const char *text, *body;
		int status;
	} rows[] = {
		{OK_LINE "Content-Length: 5\r\n\r\nhello", "hello", 200},
		{OK_LINE "content-length:5\r\n\r\nhelloEXTRA", "hello", 200},
		{OK_LINE "CONTENT-LENGTH: \t 005 \t\r\n\r\nhello", "hello", 200},
		{OK_LINE "Content-Length: 0\r\n\r\n", "", 200},
		{OK_LINE "\r\nhello", "hello", 200},
		{OK_LINE "\r\n", "", 200},
		{OK_LINE "Connection: keep-alive\r\n\r\nhello", "hello", 200},
		{"HTTP/1.0 200 OK\r\n\r\nhello", "hello", 200},
		{"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "x", 200},
		{"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", "x", 200},
		{"HTTP/1.1 403 Verboten \xc3\xa9\r\nContent-Length: 1\r\n\r\nx", "x", 403},
		{"HTTP/1.1 599 x\r\nContent-Length: 1\r\n\r\nx", "x", 599},
		{"HTTP/1.1 204 No Content\r\n\r\n", "", 204},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "", 204},
		{"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "", 304},
		{OK_LINE "Content-Encoding: Identity\r\nContent-Length: 1\r\n\r\nx", "x", 200},
		{OK_LINE "Content-Encoding:\r\n\r\nx", "x", 200},
		{OK_LINE "Content-Encoding: none\r\n\r\nx", "x", 200},
		{OK_LINE "Content-Encoding: UTF-8\r\n\r\nx", "x", 200},
		{OK_LINE "Content-Encoding: identity, identity\r\n\r\nx", "x", 200},
		{OK_LINE "Content-Encoding: identity\r\nContent-Encoding: identity\r\n\r\nx", "x",
		 200},
		/* Equal lengths. */
		{OK_LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "hello", 200},
		{OK_LINE "Content-Length: 5\r\nX: y\r\ncontent-length: 05\r\n\r\nhello", "hello",
		 200},
		{OK_LINE "Content-Length: 5, 5\r\n\r\nhello", "hello", 200},
		{OK_LINE "Content-Length: 5,5 \t,5\r\nContent-Length: 5,5\r\n\r\nhello", "hello",
		 200},
		/* Empty items. */
		{OK_LINE "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", "", 200},
		{OK_LINE "Transfer-Encoding: , ,\tChunked ,,\r\n\r\n0\r\n\r\n", "", 200},
		/* Folded headers. */
		{OK_LINE "X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", "hello", 200},
		{OK_LINE "X: a\r\n\t  b: c\r\n d\r\nContent-Length: 5\r\n\r\nhello", "hello", 200},
		{OK_LINE "X:\r\n Transfer-Encodings: chunked\r\n\r\nhello", "hello", 200},
		{OK_LINE "Content-Length: 5\r\nX: a\r\n b\r\n\r\nhello", "hello", 200},
		{OK_LINE "Content-Encoding: identity,\r\n identity\r\n\r\nx", "x", 200},
		{CHUNKED "0\r\nX: a\r\n b\r\n\r\n", "", 200},
		/* White space before a chunk extension. */
		{CHUNKED "5 ; a=b\r\nhello\r\n0\t;x\r\n\r\n", "hello", 200},
		{CHUNKED "5;a=\";\\\"\\\\\";b=\"\"\r\nhello\r\n0\r\n\r\n", "hello", 200},
		/* A minor version that is not known. */
		{"HTTP/1.2 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 200},
		{"HTTP/1.9 200 OK\r\n\r\nhello", "hello", 200},
		/* Other statuses. */
		{"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", "", 205},
		{"HTTP/1.1 205 Reset\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 205},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nEXTRA", "", 304},
		{CHUNKED "5\r\nhello\r\n0\r\n\r\n", "hello", 200},
		{CHUNKED "0\r\n\r\n", "", 200},
		{CHUNKED "000005\r\nhello\r\n1\r\n!\r\n000\r\n\r\nEXTRA", "hello!", 200},
		{CHUNKED "5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", "hello", 200},
		{CHUNKED "a\r\n0123456789\r\nB\r\nabcdefghijk\r\n0\r\n\r\n",
		 "0123456789abcdefghijk", 200},
		{CHUNKED
		 "1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\nTransfer-Encoding: gzip\r\n\r\n",
		 "x", 200},
		{CHUNKED "9\r\n123456789\r\nA\r\nabcdefghij\r\n0F\r\nabcdefghijklmno\r\n0\r\n\r\n",
		 "123456789abcdefghijabcdefghijklmno", 200},
		{CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 200},
		{OK_LINE "transfer-encoding:CHUNKED\r\n\r\n0\r\n\r\n", "", 200},
		{"HTTP/1.1 100 Continue\r\n\r\n" OK_LINE "Content-Length: 1\r\n\r\nx", "x", 200},
		{"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 100\r\n\r\n" CHUNKED
		 "1\r\nx\r\n0\r\n\r\n",
		 "x", 200},
		{"HTTP/1.1 100 C\r\nContent-Length: 0\r\n\r\n" OK_LINE "\r\nx", "x", 200},
		{"HTTP/1.1 199 x\r\n\r\n" OK_LINE "\r\nx", "x", 200},
		{"HTTP/1.1 100 C\r\nContent-Length: 0\r\n\r\n" OK_LINE "Content-Length: 1\r\n\r\nx",
		 "x", 200},
		/* An empty line behind an interim answer. */
		{"HTTP/1.1 100 Continue\r\n\r\n\r\n" OK_LINE "Content-Length: 1\r\n\r\nx", "x",
		 200},
		{"HTTP/1.1 100 C\r\n\r\n\r\nHTTP/1.1 103 E\r\n\r\n\r\n" OK_LINE "\r\nx", "x", 200},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum sts_err err = answer(sts_slice_of(rows[i].text));

		if (err != STS_OK)
			printf("# %s: %s\n", rows[i].text, error.msg);
		CHECK_INT(err, STS_OK);
		CHECK_INT(http.head.status, rows[i].status);
		CHECK(body_is(rows[i].body));
	}
}

static void test_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"\r\n" OK_LINE "\r\n", "begin with"},
		{"SSH-2.0-x\r\n", "begin with"},
		{"<html>", "begin with"},
		{"HTTP/2 200\r\n", "begin with"},
		{"http/1.1 200 OK\r\n", "begin with"},
		{" HTTP/1.1 200 OK\r\n", "begin with"},
		{"\x15\x03\x01", "begin with"},
		{"HTTP/1/1 200 OK\r\n", "begin with"},
		{"HTTP/1.: 200 OK\r\n", "HTTP/1.0 or"},
		{"HTTP/1./ 200 OK\r\n", "HTTP/1.0 or"},
		{"HTTP/1.1  200 OK\r\n", "no number"},
		{"HTTP/1.1\r\n", "HTTP/1.0 or"},
		{"HTTP/1.10 200 OK\r\n", "HTTP/1.0 or"},
		{"HTTP/1.1\t200 OK\r\n", "HTTP/1.0 or"},
		{"HTTP/1.1 20 OK\r\n", "no number"},
		{"HTTP/1.1 20\r\n", "HTTP/1.0 or"}, /* too short */
		{"HTTP/1.1 2000 OK\r\n", "no number"},
		{"HTTP/1.1 600 x\r\n", "no number"},
		{"HTTP/1.1 099 x\r\n", "no number"},
		{"HTTP/1.1 000 x\r\n", "no number"},
		{"HTTP/1.1 2x0 x\r\n", "no number"},
		{"HTTP/1.1 -20 x\r\n", "no number"},
		{"HTTP/1.1 200\tOK\r\n", "no number"},
		{"HTTP/1.1 200 O\x1bK\r\n", "control"},
		{"HTTP/1.1 101 Switching\r\n", "another protocol"},
		{OK_LINE "Content-Length: 5, 6\r\n\r\nhello!", "twice"},
		{OK_LINE "Content-Length: 5,5\r\nContent-Length: 5,5,6\r\n\r\nhello!", "twice"},
		{OK_LINE "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", "twice"},
		{OK_LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "twice"},
		{OK_LINE "Content-Length: 5,\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: ,5\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: 5,,5\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: 5\r\nContent-Length:\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: 5, x\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: +5\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: -5\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length: 0x5\r\n\r\nhello", "no number"},
		{OK_LINE "Content-Length:\r\n\r\n", "no number"},
		{OK_LINE "Content-Length: 5 5\r\n\r\n", "no number"},
		{OK_LINE "Content-Length: 18446744073709551616\r\n\r\n", "no number"},
		{OK_LINE "Content-Length: 5;\r\n\r\n", "no number"},
		{OK_LINE "Content-Length: x\r\n\n", "no number"}, /* the first mistake is told */
		{OK_LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "both"},
		{OK_LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		 "both"},
		{"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		 "both"},
		{OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: identity\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: chunked, chunked\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: xchunked\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		 "not chunked"},
		{OK_LINE "Transfer-Encoding: chunked;q=1\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding:\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: ,\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: ,chunked,gzip\r\n\r\n", "not chunked"},
		{OK_LINE "Transfer-Encoding: \"chunked\"\r\n\r\n", "not chunked"},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.0 with"},
		{OK_LINE "Content-Encoding: gzip\r\n\r\n", "compressed"},
		{OK_LINE "Content-Encoding: identity, gzip\r\n\r\n", "compressed"},
		{OK_LINE "Content-Encoding: gzip,\r\n identity\r\n\r\n", "compressed"},
		{OK_LINE "Content-Encoding: x\r\n\r\n", "although it was asked not to"},
		{OK_LINE " X: a\r\n\r\n", "the first header begins with white space"},
		{OK_LINE " \r\n", "the first header begins with white space"},
		{OK_LINE "X: a\r\n \r\n\r\n", "a line of it is empty"},
		{OK_LINE "X: a\r\n b\r\n\t \r\n\r\n", "a line of it is empty"},
		{OK_LINE "X: a\r\n b\x01\r\n\r\n", "control"},
		{OK_LINE "Content-Length:\r\n 5\r\n\r\nhello", "gives the length"},
		{OK_LINE "Content-Length: 5\r\n 5\r\n\r\nhello", "gives the length"},
		{OK_LINE "Content-Length: 5\r\n ,5\r\n\r\nhello", "gives the length"},
		{OK_LINE "Transfer-Encoding:\r\n chunked\r\n\r\n", "gives the length"},
		{OK_LINE "transfer-encoding: chunked\r\n\t,\r\n\r\n", "gives the length"},
		{OK_LINE "X: a\r\n Content-Length: 2\r\n\r\n", "gives the length"},
		{OK_LINE "X: a\r\n\tb\r\n\ttransfer-encoding \t: chunked\r\n\r\n",
		 "gives the length"},
		{OK_LINE "X : a\r\n\r\n", "malformed name"},
		{OK_LINE "X\t: a\r\n\r\n", "malformed name"},
		{OK_LINE ": a\r\n\r\n", "malformed name"},
		{OK_LINE "X(: a\r\n\r\n", "malformed name"},
		{OK_LINE "X\xc3: a\r\n\r\n", "malformed name"},
		{OK_LINE "Content-Length : 5\r\n\r\nhello", "malformed name"},
		{OK_LINE "no colon\r\n\r\n", "no colon"},
		{OK_LINE "X: a\x01\r\n\r\n", "control"},
		{OK_LINE "X: a\x7f\r\n\r\n", "control"},
		{OK_LINE "X: a\x1f\r\n\r\n", "control"},
		{OK_LINE "X: a\nY: b\r\n\r\n", "bare LF"},
		{"HTTP/1.1 200 OK\nX: a\n\n", "bare LF"},
		{OK_LINE "\n", "bare LF"},
		{OK_LINE "X: a\rY: b\r\n\r\n", "bare CR"},
		{OK_LINE "X: a\r\r\n\r\n", "bare CR"},
		{OK_LINE "\rX", "bare CR"},
		{"HTTP/1.1 100 x\r\nContent-Length: 1\r\n\r\n" OK_LINE "\r\n", "interim"},
		{"HTTP/1.1 100 x\r\n\r\n\r\n\r\n" OK_LINE "\r\n", "begin with"},
		{"HTTP/1.1 100 x\r\n\r\n\n" OK_LINE "\r\n", "begin with"},
		{"HTTP/1.1 100 x\r\n\r\n\rHTTP", "bare CR"},
		{"HTTP/1.1 100 x\r\n\r\n \r\n" OK_LINE "\r\n", "begin with"},
		{"HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n", "interim"},
		{CHUNKED "\r\n", "chunk size"},
		{CHUNKED "g\r\n", "chunk size"},
		{CHUNKED "0x5\r\n", "chunk size"},
		{CHUNKED "-5\r\n", "chunk size"},
		{CHUNKED "5 \r\nhello", "chunk size"},
		{CHUNKED " 5\r\nhello", "chunk size"},
		{CHUNKED "5 6\r\nhello", "chunk size"},
		{CHUNKED "5 6;a\r\nhello", "chunk size"},
		{CHUNKED "5 a;\r\nhello", "chunk size"},
		{CHUNKED "5,a\r\nhello", "chunk size"},
		{CHUNKED "5;\x01\r\n", "chunk size"},
		{CHUNKED "5\v;a\r\nhello", "chunk size"},
		{CHUNKED "5\f;a\r\nhello", "chunk size"},
		{CHUNKED "5;a=\"b\r\nhello\r\n", "does not end"},
		{CHUNKED "5;a=\\\"b\r\nhello\r\n", "does not end"}, /* no quoted pair */
		{CHUNKED "5;a=\"b\";c=\"\\\"\r\nhello\r\n", "does not end"},
		{CHUNKED ";a\r\n", "chunk size"},
		{CHUNKED "5\nhello", "bare LF"},
		{CHUNKED "5;\rx\r\n", "bare CR"},
		{CHUNKED "10000000000000005\r\nhello", "overflows"},
		{CHUNKED "fffffffffffffffff\r\n", "overflows"},
		{CHUNKED "5\r\nhello!\r\n0\r\n\r\n", "longer than"},
		{CHUNKED "5\r\nhello\n0\r\n\r\n", "longer than"},
		{CHUNKED "5\r\nhello\rx", "longer than"},
		{CHUNKED "0\r\nno colon\r\n\r\n", "no colon"},
		{CHUNKED "0\r\nx\r\n\r\n", "no colon"},
		{CHUNKED "0\r\n folded: x\r\n\r\n", "begins with white space"},
		{CHUNKED "0\r\nX: a\r\n Content-Length: 1\r\n\r\n", "gives the length"},
		{CHUNKED "0\r\n\n", "bare LF"},
	};
	static const struct sts_slice with_nul[] = {
		STS_SLICE("HTTP/1.1 200 O\0K\r\n"),      STS_SLICE(OK_LINE "X: \0\r\n\r\n"),
		STS_SLICE(OK_LINE "X\0: a\r\n\r\n"),     STS_SLICE(CHUNKED "5\0\r\n"),
		STS_SLICE(CHUNKED "0\r\nX: \0\r\n\r\n"),
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(answer(sts_slice_of(rows[i].text)), STS_EHTTP);
		if (!strstr(error.msg, rows[i].why))
			printf("# %s: %s\n", rows[i].text, error.msg);
		CHECK(strstr(error.msg, rows[i].why));
		/* A compressed body is valid HTTP. */
		CHECK((strstr(error.msg, "the answer is no valid HTTP: ") == error.msg) ==
		      !strstr(error.msg, "compressed"));
	}
	for (size_t i = 0; i < COUNT(with_nul); i++) {
		CHECK_INT(answer(with_nul[i]), STS_EHTTP);
		CHECK(strstr(error.msg, "NUL"));
	}
}

/* Each prefix of a complete answer is a truncated answer, however the connection ended. The
 * exception is a body that ends with the connection. */
static void test_truncated(void)
{
	static const struct sts_slice texts[] = {
		STS_SLICE("HTTP/1.1 100 x\r\n\r\n" OK_LINE
			  "Date: x\r\nContent-Length: 5\r\n\r\nhello"),
		STS_SLICE(CHUNKED "5\r\nhello\r\n3;x\r\n123\r\n0\r\nX: y\r\n\r\n"),
	};
	size_t total;

	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t len = 0; len < texts[i].len; len++)
			for (int clean = 0; clean < 2; clean++) {
				start();
				CHECK_INT(feed((struct sts_slice){texts[i].data, len}, len, &total),
					  STS_EAGAIN);
				CHECK_INT(sts_http_response_eof(&http, clean, &error),
					  STS_ETRUNCATED);
				CHECK_INT(error.code, STS_ETRUNCATED);
			}
	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE "\r\nhello"), 99, &total), STS_EAGAIN);
	CHECK_INT(sts_http_response_eof(&http, false, &error), STS_ETRUNCATED);
	CHECK_STR(error.msg, "the connection ended without a close_notify");
	start();
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_ETRUNCATED);
	CHECK_STR(error.msg, "the peer closed without an answer");
	start();
	CHECK_INT(feed(STS_SLICE("HTTP"), 99, &total), STS_EAGAIN);
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_ETRUNCATED);
	CHECK_STR(error.msg, "the peer closed within the head");
	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE), 99, &total), STS_EAGAIN);
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_ETRUNCATED);
	CHECK_STR(error.msg, "the peer closed within the head");
	start();
	CHECK_INT(feed(STS_SLICE(CHUNKED), 99, &total), STS_EAGAIN);
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_ETRUNCATED);
	CHECK_STR(error.msg, "the peer closed within the body");
}

/* An answer that is complete by Content-Length or by its chunks needs no close_notify. */
static void test_complete(void)
{
	size_t total, used = 99;

	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE "Content-Length: 1\r\n\r\nx"), 99, &total), STS_OK);
	CHECK_INT(sts_http_response_eof(&http, false, &error), STS_OK);
	CHECK_INT(sts_http_response_feed(&http, "more", 4, &used, &error), STS_OK);
	CHECK_INT(used, 0);
	CHECK_INT(http.body_len, 1);
	start();
	CHECK_INT(sts_http_response_feed(&http, NULL, 0, &used, &error), STS_EAGAIN);
	CHECK_INT(used, 0);
	/* Of an interim answer, nothing is left. */
	CHECK_INT(feed(STS_SLICE("HTTP/1.1 100 x\r\nDate: d\r\n\r\n"), 99, &total), STS_EAGAIN);
	CHECK(http.head.status == 0 && http.head.date.len == 0);
}

static void test_error_stays(void)
{
	size_t total, used = 99;

	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE "X\n"), 99, &total), STS_EHTTP);
	CHECK_INT(sts_http_response_feed(&http, "\r\n\r\n", 4, &used, &error), STS_EHTTP);
	CHECK_INT(used, 0);
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_EHTTP);
	CHECK(strstr(error.msg, "bare LF"));
	CHECK_INT(sts_http_response_feed(&http, "", 0, &used, NULL), STS_EHTTP);
	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE), 99, &total), STS_EAGAIN);
	CHECK_INT(sts_http_response_eof(&http, true, &error), STS_ETRUNCATED);
	CHECK_INT(sts_http_response_feed(&http, "\r\n", 2, &used, &error), STS_ETRUNCATED);
}

#define WWW "WWW-Authenticate: "
static void test_head_fields(void)
{
	static const char text[] = "HTTP/1.1 103 x\r\nLocation: /interim\r\nDate: interim\r\n\r\n"
				   "HTTP/1.1 302 Found\r\nLOCATION: https://h/\r\nretry-after:  "
				   "7\t\r\nDate: d\r\nDate: e\r\n"
				   "Content-Type: text/html; x=\"\xff\"\r\nX-Location: "
				   "no\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "0\r\nLocation: /trailer\r\nRetry-After: 9\r\n\r\n";
	size_t total;

	start();
	CHECK_INT(feed(STS_SLICE(text), 3, &total), STS_OK);
	CHECK(sts_slice_eq(http.head.location, "https://h/"));
	CHECK(sts_slice_eq(http.head.retry_after, "7"));
	CHECK(sts_slice_eq(http.head.date, "d"));
	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE "X: y\r\n z\r\nLocation:\r\n\t\thttps://h/\r\n"
					 "Retry-After: 7\r\nDate: a \r\n \tb\r\n\tc\r\n\r\n"),
		       3, &total),
		  STS_EAGAIN);
	CHECK(sts_slice_eq(http.head.location, "https://h/"));
	CHECK(sts_slice_eq(http.head.retry_after, "7"));
	CHECK(sts_slice_eq(http.head.date, "a   b c"));
	start();
	CHECK_INT(feed(STS_SLICE(OK_LINE "Date:\r\n\r\n"), 3, &total), STS_EAGAIN);
	CHECK_INT(http.head.date.len + http.head.location.len + http.head.retry_after.len, 0);
	/* The headers that name a scheme alone are not kept, so the one with the reason is. */
	start();
	feed(STS_SLICE("HTTP/1.1 401 x\r\n" WWW "A\r\n" WWW "B\r\n" WWW "C\r\n" WWW "D\r\n" WWW
		       "E error=f\r\n\r\n"),
	     3, &total);
	CHECK(sts_slice_eq(http.head.challenges[0], "E error=f"));
	CHECK_INT(http.head.challenges[1].len, 0);
}

static size_t used; /* of the text, in the last call of small() */

static enum sts_err small(const char *text, size_t head_size, size_t body_size)
{
	static char before_head[1 + 512], body[512];
	char *head = before_head + 1;
	struct sts_http_response p;

	sts_http_response_init(&p, head, head_size, body, body_size);
	memset(before_head, '#', sizeof(before_head));
	memset(body, '#', sizeof(body));
	before_head[0] = '\r'; /* is not read */
	enum sts_err err = sts_http_response_feed(&p, text, strlen(text), &used, &error);

	CHECK(head[head_size] == '#' && body[body_size] == '#');
	CHECK(p.body_len <= body_size);
	return err;
}

/* A chunk with a line of this many bytes. The CR counts too, while it waits for its LF. */
static void chunk_line(size_t bytes, enum sts_err want)
{
	char text[sizeof(CHUNKED) + STS_HTTP_CHUNK_LINE_MAX_BYTES + 16] = CHUNKED "5;";

	memset(text + sizeof(CHUNKED) - 1 + 2, 'x', bytes - 2);
	strcat(text, "\r\nhello");
	CHECK_INT(small(text, 100, 5), want);
	CHECK(want == STS_EAGAIN || strstr(error.msg, "chunk-size line"));
}

static void test_bounds(void)
{
	char text[256] = "", *p = text;

	CHECK_INT(small(OK_LINE "Content-Length: 5\r\n\r\nhello", 100, 5), STS_OK);
	CHECK_INT(small(OK_LINE "Content-Length: 5\r\n\r\nhello", 100, 4), STS_ETOOBIG);
	CHECK_INT(small(OK_LINE "Content-Length: 18446744073709551615\r\n\r\nhello", 100, 4),
		  STS_ETOOBIG);
	CHECK_INT(small(OK_LINE "\r\nhello", 100, 5), STS_EAGAIN);
	CHECK_INT(small(OK_LINE "\r\nhello!", 100, 5), STS_ETOOBIG);
	CHECK_INT(used, strlen(OK_LINE "\r\nhello")); /* what does not fit is not taken */
	CHECK_INT(small(CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 100, 5), STS_OK);
	CHECK_INT(small(CHUNKED "2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n", 100, 5), STS_ETOOBIG);
	CHECK_INT(small(CHUNKED "2\r\nhe\r\nffffffffffffffff\r\n", 100, 5), STS_ETOOBIG);
	/* The status line has 15 bytes, the header 4, and a CR is kept while it waits for its
	 * LF. */
	CHECK_INT(small(OK_LINE "a: b\r\n\r\n", 20, 5), STS_EAGAIN);
	CHECK_INT(small(OK_LINE "a: b\r\n\r\n", 19, 5), STS_ETOOBIG);
	CHECK_INT(small(CHUNKED "0\r\nabcdefghijklmnopqrstuvwxyz:", 60, 5), STS_ETOOBIG);
	CHECK(strstr(error.msg, "head"));
	chunk_line(STS_HTTP_CHUNK_LINE_MAX_BYTES - 1, STS_EAGAIN);
	chunk_line(STS_HTTP_CHUNK_LINE_MAX_BYTES, STS_ETOOBIG);
	for (int i = 0; i < STS_HTTP_INTERIM_MAX; i++, p += strlen(p))
		strcpy(p, "HTTP/1.1 100 \r\n\r\n");
	strcpy(p, OK_LINE "Content-Length: 0\r\n\r\n");
	CHECK_INT(small(text, 100, 5), STS_OK);
	strcpy(p, "HTTP/1.1 100 \r\n\r\n");
	CHECK_INT(small(text, 100, 5), STS_ETOOBIG);
	CHECK_INT(error.detail, 0);
}

/* The status of a failure counts, whatever can be read of its body. */
static void test_failures(void)
{
#define GZIP "Content-Encoding: gzip\r\n"
	static const struct {
		const char *text;
		enum sts_err err;
	} rows[] = {
		{GZIP "Content-Length: 5\r\n\r\nhello", STS_OK},
		{GZIP "Content-Length: 6\r\n\r\nhello", STS_OK},
		{GZIP "Transfer-Encoding: chunked\r\n\r\n", STS_OK},
		{GZIP "\r\nhello", STS_OK},
		{GZIP "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", STS_EHTTP},
		{GZIP "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", STS_EHTTP},
		{"Content-Length: 4\r\n\r\nhell", STS_OK},
		{"Content-Length: 4\r\n\r\nhel", STS_EAGAIN},
		{"Content-Length: 5\r\n\r\nhello", STS_OK},
		{"Content-Length: 18446744073709551615\r\n\r\nhello", STS_OK},
		{"\r\nhell", STS_EAGAIN},
		{"\r\nhello", STS_OK},
		{"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n", STS_OK},
		{"Transfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1\r\no", STS_OK},
		{"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nffffffffffffffff\r\n", STS_OK},
		{"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nx\r\n", STS_EHTTP},
	};
	static const char *const lines[] = {"HTTP/1.1 300 X\r\n", "HTTP/1.1 503 X\r\n", OK_LINE,
					    "HTTP/1.1 299 X\r\n"};
	char text[256];

	for (size_t i = 0; i < COUNT(lines) * COUNT(rows); i++) {
		const char *line = lines[i / COUNT(rows)];
		bool success = i / COUNT(rows) >= 2;
		enum sts_err want = rows[i % COUNT(rows)].err;

		snprintf(text, sizeof(text), "%s%s", line, rows[i % COUNT(rows)].text);
		enum sts_err err = small(text, 100, 4);

		/* Of these answers, only those with four bytes are taken as a success. */
		if (success && want == STS_OK && !strstr(text, "th: 4"))
			CHECK(err == STS_EHTTP || err == STS_ETOOBIG);
		else
			CHECK_INT(err, want);
		CHECK(err != STS_EHTTP || !strstr(text, GZIP) || want == STS_EHTTP ||
		      (error.detail == STS_HTTP_COMPRESSED && strstr(error.msg, "compressed")));
	}
	CHECK_INT(
		small("HTTP/1.1 103 X\r\n" GZIP "\r\n" OK_LINE "Content-Length: 0\r\n\r\n", 100, 4),
		STS_OK);
#undef GZIP
}

/* The response to CONNECT ends with its head. */
static void test_head_only(void)
{
	static const char *const rows[] = {
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 201 OK\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 407 No\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	};
	size_t total;

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 1; piece < 200; piece += 198) {
			char text[256];

			snprintf(text, sizeof(text), "%sMORE", rows[i]);
			start();
			sts_http_response_head_only(&http);
			CHECK_INT(feed(sts_slice_of(text), piece, &total), STS_OK);
			CHECK_INT(total, strlen(rows[i]));
			CHECK_INT(http.body_len, 0);
		}
	start();
	sts_http_response_head_only(&http);
	CHECK_INT(feed(STS_SLICE(OK_LINE "A : b\r\n\r\n"), 99, &total), STS_EHTTP);
	/* The headers that are not about the body are read. */
	start();
	sts_http_response_head_only(&http);
	CHECK_INT(feed(STS_SLICE("HTTP/1.1 401 x\r\n" WWW "A error=e\r\n\r\n"), 99, &total),
		  STS_OK);
	CHECK(sts_slice_eq(http.head.challenges[0], "A error=e"));
}

static const struct sts_test tests[] = {
	{"each way of framing, in pieces of each size", test_framings},
	{"answers that are refused, and why", test_refused},
	{"an answer that is cut anywhere is truncated", test_truncated},
	{"an answer that is complete", test_complete},
	{"after an error the parser stays in error", test_error_stays},
	{"which headers are kept", test_head_fields},
	{"bounds of lines and headers", test_bounds},
	{"a failure whose body cannot be read as a whole", test_failures},
	{"a response of which the head counts alone", test_head_only},
};

STS_TEST_MAIN(tests)
