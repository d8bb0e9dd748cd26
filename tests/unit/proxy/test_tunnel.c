/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/tunnel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"
#include "wiped.h"

static struct sts_proxy proxy;
static struct sts_error error;

static enum sts_err use_proxy(const char *text)
{
	return sts_proxy_parse(sts_slice_of(text), &proxy, &error);
}

static enum sts_err feed(const char *answer, size_t len, size_t *used)
{
	char head[STS_TUNNEL_ANSWER_MAX_BYTES];
	struct sts_http_response http;
	enum sts_err err = STS_EAGAIN;
	struct sts_url target;

	CHECK_INT(sts_url_parse(STS_SLICE("https://sts.example"), &target, NULL), STS_OK);

	error = (struct sts_error){.code = STS_OK};
	sts_tunnel_start(&http, head, sizeof(head));
	for (*used = 0; *used < len && err == STS_EAGAIN; ++*used)
		err = sts_tunnel_feed(&proxy, &target, &http, answer[*used], &error);
	return err;
}

static void answers(void)
{
	static const struct {
		const char *answer;
		enum sts_err want;
		const char *says;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\n\r\n", STS_OK, ""},
		{"HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: x\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		 STS_OK, ""},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 201 Created\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 204 Fine\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 299 Fine\r\nX: folded\r\n \tvalue\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 200 OK\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 403 No\r\nContent-Length: 5\r\n\t5\r\n\r\n", STS_EPROXY_REFUSED,
		 "(403)"},
		{"HTTP/1.1 300 Choices\r\n\r\n", STS_EPROXY_REFUSED, "(300)"},
		{"HTTP/1.1 407 No\r\nTransfer-Encoding: gzip\r\n\r\n", STS_EPROXY_REFUSED, "(407)"},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\n\r\n", STS_OK, ""},
		{"HTTP/1.1 407 No\r\n\r\n", STS_EPROXY_REFUSED,
		 "wants credentials, and none are given (407)"},
		{"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n", STS_EPROXY_REFUSED, "(401)"},
		{"HTTP/1.1 403 PEERSWORD\r\n\r\n", STS_EPROXY_REFUSED,
		 "did not connect to sts.example:443 (403)"},
		{"HTTP/1.1 502 PEERSWORD\r\n\r\n", STS_EPROXY, "(502)"},
		{"HTTP/1.1 200 OK\n\n", STS_EPROXY, "answer in HTTP"},
		{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", STS_EPROXY, "answer in HTTP"},
		{"HTTP/2 200 OK\r\n\r\n", STS_EPROXY, "answer in HTTP"},
		{"PEERSWORD", STS_EPROXY, "answer in HTTP"},
		{"HTTP/1.1 101 Switching\r\n\r\n", STS_EPROXY, "answer in HTTP"},
		{"HTTP/1.1 200 OK\r\n\r", STS_EAGAIN, ""},
	};
	size_t used;

	CHECK_INT(use_proxy("http://proxy.example:3128"), STS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(feed(rows[i].answer, strlen(rows[i].answer), &used), rows[i].want);
		CHECK(strstr(error.msg, rows[i].says) != NULL);
		CHECK(strstr(error.msg, "PEERSWORD") == NULL);
	}
	CHECK_INT(use_proxy("http://u:p@proxy.example:3128"), STS_OK);
	CHECK_INT(feed("HTTP/1.1 407 No\r\n\r\n", 19, &used), STS_EPROXY_REFUSED);
	CHECK_STR(error.msg, "the proxy proxy.example:3128 refused the credentials (407)");
	CHECK_INT(error.detail, 407);
}

static void an_answer_without_end(void)
{
	static char answer[2 * STS_TUNNEL_ANSWER_MAX_BYTES] = "HTTP/1.1 200 OK\r\nX: ";
	size_t used;

	memset(answer + 20, 'x', sizeof(answer) - 20);
	CHECK_INT(feed(answer, sizeof(answer), &used), STS_EPROXY);
	CHECK(used <= STS_TUNNEL_ANSWER_MAX_BYTES + 4);
	CHECK_STR(error.msg, "the proxy proxy.example:3128 answers with a head of over 8 KiB");
}

/* Open a tunnel through a proxy that says this, and may then close the connection. */
static enum sts_err open_tunnel(const char *says, bool closes)
{
	static struct sts_stream plain;
	struct sts_url target;
	enum sts_err err;
	int fd[2];

	CHECK_INT(use_proxy("http://user:pass@proxy.example:3128"), STS_OK);
	CHECK_INT(sts_url_parse(STS_SLICE("https://sts.example"), &target, NULL), STS_OK);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	CHECK_INT(send(fd[1], says, strlen(says), 0), (long long)strlen(says));
	if (closes)
		shutdown(fd[1], SHUT_WR);
	error = (struct sts_error){.code = STS_OK};
	err = sts_tunnel_open(&proxy, &target, fd[0], sts_clock_boot_ms() + 200, &plain, &error);
	close(fd[0]);
	close(fd[1]);
	return err;
}

static void tunnels(void)
{
	CHECK_INT(open_tunnel("HTTP/1.1 200 OK\r\n\r\n", false), STS_OK);
	CHECK(was_wiped("CONNECT sts.example:443 HTTP/1.1\r\n"));
	CHECK_INT(open_tunnel("HTTP/1.1 200 OK\r\n\r\n\26", false), STS_EPROXY);
	CHECK(strstr(error.msg, "sent bytes of its own") != NULL);
	CHECK_INT(open_tunnel("HTTP/1.1 200", true), STS_EPROXY);
	CHECK(strstr(error.msg, "closed the connection") != NULL);
	CHECK_INT(open_tunnel("HTTP/1.1 200", false), STS_EPROXY);
	CHECK(strstr(error.msg, "did not answer within the time") != NULL);
}

static const struct sts_test tests[] = {
	{"answers to CONNECT", answers},
	{"an answer that does not end", an_answer_without_end},
	{"a tunnel, and proxies that spoil it", tunnels},
};

STS_TEST_MAIN(tests)
