/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a connection, their order, and what their errors say. The linker puts the functions
 * of this file in the place of those that connect, speak TLS and confine the process. */
#include "worker/connection.h"

#include <fcntl.h>
#include <unistd.h>

#include "net/dns.h"
#include "proxy/tunnel.h"
#include "test.h"
#include "wire/report.h"

static struct sts_options options;
static struct sts_fields fields;
static struct sts_connection c;
static struct sts_error e;

/* What the peer and the kernel do, and what they were asked for. */
static struct {
	enum sts_err connect, tunnel, sandbox, verifier, handshake;
	bool elsewhere;      /* the socket does not lead to loopback */
	const char *answer;  /* the peer closes after it */
	size_t piece, given; /* bytes */
	bool clean;          /* the peer ends TLS before it closes */
	char calls[256];
	struct sts_server_name server;
	uint16_t ports[4];
	size_t port_count;
} peer;

static void note(const char *call)
{
	strncat(peer.calls, call, sizeof(peer.calls) - strlen(peer.calls) - 1);
}

static enum sts_err result(enum sts_err err)
{
	return err == STS_OK ? err : sts_fail(&e, err, 0, "planted");
}

enum sts_err __wrap_sts_connect(const struct sts_url *url, const char *connect_to,
				const struct sts_connect_files *files, int64_t deadline_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *error);
enum sts_err __wrap_sts_connect(const struct sts_url *url, const char *connect_to,
				const struct sts_connect_files *files, int64_t deadline_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *error)
{
	CHECK(url == &fields.url && connect_to == options.connect && facts == &c.facts);
	CHECK_STR(files->hosts, "/etc/hosts");
	CHECK_STR(files->resolv, "/etc/resolv.conf");
	CHECK(deadline_boot_ms < 100000 && deadline_boot_ms > 99000 && error == &e);
	*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	note("connect ");
	return result(peer.connect);
}

bool __wrap_sts_connect_to_loopback(int fd);
bool __wrap_sts_connect_to_loopback(int fd)
{
	CHECK_INT(fd, c.socket);
	note("where ");
	return !peer.elsewhere;
}

enum sts_err __wrap_sts_tunnel_connect(const struct sts_proxy *proxy,
				       const struct sts_connect_files *files,
				       int64_t deadline_boot_ms, int *fd,
				       struct sts_connect_facts *facts, struct sts_error *error);
enum sts_err __wrap_sts_tunnel_connect(const struct sts_proxy *proxy,
				       const struct sts_connect_files *files,
				       int64_t deadline_boot_ms, int *fd,
				       struct sts_connect_facts *facts, struct sts_error *error)
{
	CHECK(proxy == &fields.proxy && files && deadline_boot_ms < 100000 && fd == &c.socket);
	CHECK(facts == &c.facts && error == &e);
	note("proxy ");
	return result(peer.connect);
}

enum sts_err __wrap_sts_tunnel_open(const struct sts_proxy *proxy, const struct sts_url *target,
				    int fd, int64_t deadline_boot_ms, struct sts_stream *plain,
				    struct sts_error *error);
enum sts_err __wrap_sts_tunnel_open(const struct sts_proxy *proxy, const struct sts_url *target,
				    int fd, int64_t deadline_boot_ms, struct sts_stream *plain,
				    struct sts_error *error)
{
	CHECK(proxy == &fields.proxy && target == &fields.url && fd == c.socket);
	CHECK(deadline_boot_ms < 100000 && plain == &c.stream && error == &e);
	note("tunnel ");
	return result(peer.tunnel);
}

enum sts_err __wrap_sts_sandbox_enter(enum sts_sandbox_stage stage,
				      const struct sts_sandbox_target *target, bool require,
				      struct sts_error *error);
enum sts_err __wrap_sts_sandbox_enter(enum sts_sandbox_stage stage,
				      const struct sts_sandbox_target *target, bool require,
				      struct sts_error *error)
{
	CHECK(!target && require == options.require_sandbox && error == &e);
	note(stage == STS_SANDBOX_CONNECTED  ? "connected "
	     : stage == STS_SANDBOX_ANSWERED ? "answered "
					     : "? ");
	return result(peer.sandbox);
}

enum sts_err __wrap_sts_verifier_init(struct sts_verifier *v, const struct sts_ca_sources *sources,
				      const struct sts_server_name *server, int64_t now_s,
				      struct sts_error *error);
enum sts_err __wrap_sts_verifier_init(struct sts_verifier *v, const struct sts_ca_sources *sources,
				      const struct sts_server_name *server, int64_t now_s,
				      struct sts_error *error)
{
	CHECK(v == &c.verifier && sources == &c.ca && now_s > 1700000000 && error == &e);
	peer.server = *server;
	note("verifier ");
	return result(peer.verifier);
}

enum sts_err __wrap_sts_stream_handshake(struct sts_stream *t, struct sts_error *error);
enum sts_err __wrap_sts_stream_handshake(struct sts_stream *t, struct sts_error *error)
{
	CHECK(t == &c.stream && error == &e);
	note(t->plain ? "plain " : "handshake ");
	return result(peer.handshake);
}

enum sts_err __wrap_sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
				    bool *clean, struct sts_error *error);
enum sts_err __wrap_sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
				    bool *clean, struct sts_error *error)
{
	size_t left = strlen(peer.answer) - peer.given;

	(void)error;
	*clean = peer.clean;
	if (left == 0)
		return STS_EAGAIN;
	*got = left < peer.piece ? left : peer.piece;
	CHECK(*got <= size);
	memcpy(data, peer.answer + peer.given, *got);
	for (size_t i = 0; i < *got && t->first_len < sizeof(t->first); i++)
		t->first[t->first_len++] = (uint8_t)peer.answer[peer.given + i];
	peer.given += *got;
	return STS_OK;
}

void __wrap_sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind);
void __wrap_sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind)
{
	(void)l;
	CHECK(!bind);
	if (peer.port_count < 4)
		peer.ports[peer.port_count++] = port;
}

static void begin(const char *url)
{
	memset(&peer, 0, sizeof(peer));
	memset(&options, 0, sizeof(options));
	memset(&fields, 0, sizeof(fields));
	memset(&c, 0, sizeof(c));
	memset(&e, 0, sizeof(e));
	CHECK_INT(sts_url_parse(sts_slice_of(url), &fields.url, NULL), STS_OK);
	sts_connection_init(&c, &options, &fields, 100000);
	CHECK_INT(c.socket, -1);
}

static void end(void)
{
	if (c.socket >= 0)
		close(c.socket);
}

/* ---- the way to the server ---- */

static void test_opened(void)
{
	begin("https://sts.example");
	CHECK_INT(sts_connection_open(&c, &e), STS_OK);
	CHECK_STR(peer.calls, "connect connected ");
	end();
	begin("https://sts.example");
	peer.connect = STS_EDNS;
	CHECK_INT(sts_connection_open(&c, &e), STS_EDNS);
	CHECK_STR(peer.calls, "connect ");
	end();
	begin("https://sts.example");
	options.require_sandbox = true;
	peer.sandbox = STS_ESANDBOX;
	CHECK_INT(sts_connection_open(&c, &e), STS_ESANDBOX);
	end();
}

/* A hosts file or --connect can lead the name localhost to another machine, which would read the
 * subject token on its way. */
static void test_plain_http(void)
{
	begin("http://localhost:8080/token");
	CHECK_INT(sts_connection_open(&c, &e), STS_OK);
	CHECK_STR(peer.calls, "connect where connected ");
	end();
	begin("http://localhost:8080/token");
	peer.elsewhere = true;
	CHECK_INT(sts_connection_open(&c, &e), STS_EURL);
	CHECK_STR(e.msg,
		  "a plain http URL is allowed to loopback only: what \"localhost\" led to is not");
	CHECK_STR(peer.calls, "connect where ");
	end();
}

/* Nothing is sent to the proxy before the sandbox forbids other connections. */
static void test_through_a_proxy(void)
{
	static const struct {
		enum sts_err connect, sandbox, tunnel, result;
		const char *calls;
	} rows[] = {
		{STS_OK, STS_OK, STS_OK, STS_OK, "proxy connected tunnel "},
		{STS_EPROXY, STS_OK, STS_OK, STS_EPROXY, "proxy "},
		{STS_OK, STS_ESANDBOX, STS_OK, STS_ESANDBOX, "proxy connected "},
		{STS_OK, STS_OK, STS_EPROXY, STS_EPROXY, "proxy connected tunnel "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin("https://sts.example");
		fields.proxy.used = true;
		peer.connect = rows[i].connect;
		peer.sandbox = rows[i].sandbox;
		peer.tunnel = rows[i].tunnel;
		CHECK_INT(sts_connection_open(&c, &e), rows[i].result);
		CHECK_STR(peer.calls, rows[i].calls);
	}
}

/* Returns whether the two ports, and no others, may be connected to. */
static bool may_connect_to(uint16_t port)
{
	struct sts_landlock l = {.fd = -1};

	peer.port_count = 0;
	sts_connection_allow(&c, &l);
	return peer.port_count == 2 && peer.ports[0] == port && peer.ports[1] == STS_DNS_PORT;
}

static void test_ports(void)
{
	begin("https://sts.example:8443");
	CHECK(may_connect_to(8443));
	options.connect = "10.0.0.1:7443";
	CHECK(may_connect_to(7443));
	CHECK_INT(sts_url_parse(STS_SLICE("http://proxy:3128"), &fields.proxy.url, NULL), STS_OK);
	fields.proxy.used = true;
	CHECK(may_connect_to(3128));
}

/* ---- TLS ---- */

static void test_the_name_of_the_server(void)
{
	begin("https://sts.example");
	CHECK_INT(sts_connection_handshake(&c, &e), STS_OK);
	CHECK_STR(peer.calls, "verifier handshake ");
	CHECK(!peer.server.is_ip && sts_slice_eq(peer.server.dns, "sts.example"));
	CHECK(!c.stream.plain && c.stream.verifier == &c.verifier);
	begin("https://10.0.0.1");
	CHECK_INT(sts_connection_handshake(&c, &e), STS_OK);
	CHECK(peer.server.is_ip && peer.server.ip_len == 4 && peer.server.ip[0] == 10);
	begin("https://[fd00::7]");
	CHECK_INT(sts_connection_handshake(&c, &e), STS_OK);
	CHECK(peer.server.is_ip && peer.server.ip_len == 16 && peer.server.ip[15] == 7);
	begin("http://localhost");
	CHECK_INT(sts_connection_handshake(&c, &e), STS_OK);
	CHECK_STR(peer.calls, "plain ");
	CHECK(c.stream.plain && !c.stream.verifier);
}

/* Without a certificate to trust, no byte is sent to the server. */
static void test_no_ca(void)
{
	begin("https://sts.example");
	peer.verifier = STS_ECA_FILE;
	CHECK_INT(sts_connection_handshake(&c, &e), STS_ECA_FILE);
	CHECK_STR(peer.calls, "verifier ");
	begin("https://sts.example");
	peer.handshake = STS_ETLS;
	CHECK_INT(sts_connection_handshake(&c, &e), STS_ETLS);
}

/* ---- the answer ---- */

static char head[4096], body[4096];
static struct sts_http_response http;

static enum sts_err answer(const char *url, const char *text, size_t piece)
{
	begin(url);
	peer.answer = text;
	peer.piece = piece;
	c.socket = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sts_http_response_init(&http, head, sizeof(head), body, sizeof(body));
	return sts_connection_read_answer(&c, &http, &e);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"

static void test_answers(void)
{
	for (size_t piece = 1; piece < sizeof(OK_ANSWER); piece++) {
		CHECK_INT(answer("https://a", OK_ANSWER, piece), STS_OK);
		CHECK(http.body_len == 3 && memcmp(body, "abc", 3) == 0);
		CHECK_INT(http.head.status, 200);
		CHECK_STR(peer.calls, "answered ");
		CHECK(c.socket == -1 && c.received_real_ms > 0 && c.received_boot_ms > 0);
	}
	/* Half an answer is none, and the process goes no further in its sandbox. */
	CHECK_INT(answer("https://a", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 9),
		  STS_ETRUNCATED);
	CHECK_STR(peer.calls, "");
	CHECK_INT(c.socket, -1);
	CHECK(!strstr(e.msg, "http://"));
}

#define AND_HTTP ", and the URL begins with http://"

/* A port with TLS answers plain HTTP with an alert, or with nothing. */
static void test_a_port_with_tls(void)
{
	CHECK_INT(answer("http://localhost", "\x15\x03\x01", 99), STS_EHTTP);
	CHECK_STR(e.msg, "the answer is an alert of TLS" AND_HTTP);
	CHECK_INT(e.detail, STS_HTTP_TLS_PORT);
	CHECK_INT(answer("http://localhost", "", 99), STS_ETRUNCATED);
	CHECK_STR(e.msg, "the peer closed without an answer" AND_HTTP);
	CHECK_INT(e.detail, STS_HTTP_TLS_PORT);
	/* What is not TLS is not called TLS. */
	CHECK_INT(answer("http://localhost", "220 smtp ready\r\n", 99), STS_EHTTP);
	CHECK(!strstr(e.msg, "TLS"));
	CHECK_INT(answer("http://localhost", "\x15", 99), STS_EHTTP);
	CHECK(!strstr(e.msg, "TLS"));
	CHECK_INT(answer("http://localhost", "HTTP/1.1 200 OK\r\n", 99), STS_ETRUNCATED);
	CHECK(!strstr(e.msg, "http://"));
	CHECK_INT(answer("https://a", "\x15\x03\x01", 99), STS_EHTTP);
	CHECK(!strstr(e.msg, "http://"));
	CHECK_INT(answer("http://localhost", OK_ANSWER, 99), STS_OK);
}

#define ASKED       " (the server asked for a client certificate, and was sent none)"
#define RENEGOTIATE " (the server asked to renegotiate TLS, which is not done)"

/* What the server asked for and did not get. */
static void test_wanted(void)
{
	static const struct {
		enum sts_err code, result;
		int detail;
		bool cert, renegotiation;
		const char *msg, *added;
	} rows[] = {
		{STS_EDENIED, STS_EDENIED, 0, false, false, "403", ""},
		{STS_EDENIED, STS_EDENIED, 0, true, false, "403", ASKED},
		{STS_EDENIED, STS_EDENIED, 0, false, true, "403", RENEGOTIATE},
		/* The STS's own reason counts. */
		{STS_EDENIED, STS_EDENIED, 0, true, true, "403: no", ""},
		/* nginx */
		{STS_EHTML, STS_ECLIENT_CERT, 400, true, false, "400: a page", ASKED},
		{STS_EHTML, STS_ECLIENT_CERT, 400, false, false, "400: The SSL certificate error",
		 ""},
		{STS_EHTML, STS_EHTML, 400, false, false, "400: a page", ""},
		{STS_EHTML, STS_EHTML, 404, true, false, "404: a page", ""},
	};
	char wanted[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin("https://a");
		c.wanted_cert = rows[i].cert;
		c.wanted_renegotiation = rows[i].renegotiation;
		sts_fail(&e, rows[i].code, rows[i].detail, "%s", rows[i].msg);
		CHECK_INT(sts_connection_note_wanted(&c, &e), rows[i].result);
		CHECK_INT(e.code, rows[i].result);
		snprintf(wanted, sizeof(wanted), "%s%s", rows[i].msg, rows[i].added);
		CHECK_STR(e.msg, wanted);
	}
}

static const struct sts_test tests[] = {
	{"the way to the server", test_opened},
	{"plain HTTP", test_plain_http},
	{"the way through a proxy", test_through_a_proxy},
	{"the ports that the sandbox allows", test_ports},
	{"the name of the server", test_the_name_of_the_server},
	{"no CA", test_no_ca},
	{"answers", test_answers},
	{"a port with TLS, and a URL without", test_a_port_with_tls},
	{"what the server asked for", test_wanted},
};
STS_TEST_MAIN(tests)
