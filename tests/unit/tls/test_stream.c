/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client against peers that are not BearSSL: tls_peers.py. The verifier has tests of its own.
 * Here a class stands for it that takes or refuses any chain, as the test says.
 */
#include "tls/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

#define DEADLINE_MS 4000
#define SHORT_MS    250
#define BIG_BYTES   200000

/* --- a verifier that does what it is told --- */

static enum sts_err told; /* STS_OK: the chain is taken */
static br_x509_decoder_context decoder;
static int certificates;

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	(void)ctx;
	(void)server_name;
	certificates = 0;
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	(void)ctx;
	(void)length;
	if (certificates == 0)
		br_x509_decoder_init(&decoder, NULL, NULL);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	(void)ctx;
	if (certificates == 0)
		br_x509_decoder_push(&decoder, buf, len);
}

static void end_cert(const br_x509_class **ctx)
{
	(void)ctx;
	certificates++;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct sts_verifier *v = (struct sts_verifier *)(void *)ctx;

	if (told == STS_OK)
		return 0;
	sts_fail(&v->error, told, 7, "as told");
	return BR_ERR_X509_NOT_TRUSTED;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	(void)ctx;
	if (usages)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return br_x509_decoder_get_pkey(&decoder);
}

static const br_x509_class obedient = {
	.context_size = sizeof(struct sts_verifier),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

/* --- the peers --- */

static struct {
	char name[24];
	uint16_t port;
} peers[64];
static size_t peer_count;
static char dir[] = "/tmp/sts-tls.XXXXXX";
static pid_t peers_pid;
static int peers_stdin = -1;

static bool make_keys(void)
{
	static const char *const kinds[][2] = {
		{"rsa", "rsa:2048"},
		{"p256", "ec -pkeyopt ec_paramgen_curve:P-256"},
		{"p384", "ec -pkeyopt ec_paramgen_curve:P-384"},
		{"p521", "ec -pkeyopt ec_paramgen_curve:P-521"},
	};
	char command[512];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(command, sizeof(command),
			 "cd %s && openssl req -x509 -nodes -newkey %s -keyout %s.pem -out %s.crt "
			 "-days 2 -subj /CN=sts.test -addext subjectAltName=DNS:sts.test "
			 "2>/dev/null && cat %s.crt >>%s.pem",
			 dir, kinds[i][1], kinds[i][0], kinds[i][0], kinds[i][0], kinds[i][0]);
		if (system(command) != 0)
			return false;
	}
	return true;
}

/* The build says where the driver is. Else it is below the present folder. */
static void driver_path(char *path, size_t size)
{
	const char *tests = getenv("STS_TESTS");

	snprintf(path, size, "%s/unit/tls/tls_peers.py", tests ? tests : "tests");
}

static void exec_driver(int in, int out)
{
	char path[512];

	dup2(in, 0);
	dup2(out, 1);
	driver_path(path, sizeof(path));
	if (access("/usr/bin/python3", X_OK) == 0)
		execl("/usr/bin/python3", "python3", path, dir, (char *)NULL);
	execlp("python3", "python3", path, dir, (char *)NULL);
	_exit(127);
}

static bool start_peers(void)
{
	int in[2], out[2];
	char line[64];
	unsigned port;

	if (!mkdtemp(dir) || !make_keys() || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return false;
	peers_pid = fork();
	if (peers_pid == 0)
		exec_driver(in[0], out[1]);
	close(in[0]);
	close(out[1]);
	peers_stdin = in[1];
	FILE *lines = fdopen(out[0], "r");
	while (lines && fgets(line, sizeof(line), lines) && strcmp(line, "ready\n") != 0)
		if (sscanf(line, "%23s %u", peers[peer_count].name, &port) == 2)
			peers[peer_count++].port = (uint16_t)port;
	if (lines)
		fclose(lines);
	return peer_count > 0;
}

static void stop_peers(void)
{
	char command[64];

	close(peers_stdin);
	if (peers_pid > 0)
		waitpid(peers_pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		printf("# cannot remove %s\n", dir);
}

static int connect_to(const char *name)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (size_t i = 0; i < peer_count; i++)
		if (strcmp(peers[i].name, name) == 0)
			sa.sin_port = htons(peers[i].port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sa.sin_port == 0 || connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		printf("# no peer %s\n", name);
		exit(1);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* --- one connection --- */

static struct sts_stream tls;
static struct sts_verifier verifier;
static struct sts_error error;
static char answer[BIG_BYTES + 1024];
static size_t answer_len;
static bool clean;

static void start(const char *peer, bool plain, int64_t ms)
{
	error = (struct sts_error){.code = STS_OK};
	verifier = (struct sts_verifier){.vtable = &obedient};
	int64_t deadline = sts_clock_boot_ms() + ms;
	sts_stream_init(&tls, connect_to(peer), plain, plain ? NULL : &verifier, "sts.test",
			deadline, NULL);
}

static void finish(void)
{
	close(tls.fd);
	sts_stream_fini(&tls);
	CHECK_INT(tls.fd, -1);
}

static enum sts_err handshake(const char *peer, int64_t ms)
{
	start(peer, false, ms);
	return sts_stream_handshake(&tls, &error);
}

/* Read up to the end or to an error. */
static enum sts_err read_all(void)
{
	enum sts_err err = STS_OK;
	size_t got;

	answer_len = 0;
	while (err == STS_OK && answer_len < sizeof(answer) - 1) {
		err = sts_stream_read(&tls, answer + answer_len, sizeof(answer) - 1 - answer_len,
				      &got, &clean, &error);
		CHECK(err == STS_OK ? got > 0 : got == 0);
		answer_len += got;
	}
	answer[answer_len] = '\0';
	return err;
}

static enum sts_err talk(const char *peer, int64_t ms)
{
	enum sts_err err = handshake(peer, ms);

	if (err == STS_OK)
		err = sts_stream_write(&tls, "GET\n", 4, &error);
	return err == STS_OK ? read_all() : err;
}

/* The handshake fails, and the message has this word. */
static void check_refused(const char *peer, int64_t ms, enum sts_err want, const char *word)
{
	enum sts_err err = handshake(peer, ms);

	CHECK_STR(sts_error_info(err).name, sts_error_info(want).name);
	CHECK_INT(error.code, want);
	if (!strstr(error.msg, word))
		CHECK_STR(error.msg, word);
	finish();
}

/* --- what works --- */

static void every_suite_group_and_key(void)
{
	static const struct {
		const char *peer, *suite;
		uint16_t group, scheme;
	} rows[] = {
		{"rsa-aes128", "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2", 23, 0x0804},
		{"rsa-aes256", "ECDHE-RSA-AES256-GCM-SHA384 TLSv1.2", 24, 0x0804},
		{"rsa-chacha", "ECDHE-RSA-CHACHA20-POLY1305 TLSv1.2", 29, 0x0804},
		{"p256-aes128", "ECDHE-ECDSA-AES128-GCM-SHA256 TLSv1.2", 29, 0x0403},
		{"p384-aes256", "ECDHE-ECDSA-AES256-GCM-SHA384 TLSv1.2", 23, 0x0403},
		{"p521-chacha", "ECDHE-ECDSA-CHACHA20-POLY1305 TLSv1.2", 25, 0x0403},
		{"13-rsa", "TLS_AES_256_GCM_SHA384 TLSv1.3", 29, 0x0804},
		{"13-p256", "TLS_AES_256_GCM_SHA384 TLSv1.3", 29, 0x0403},
		{"13-p384", "TLS_AES_256_GCM_SHA384 TLSv1.3", 23, 0x0503},
		{"13-p521", "TLS_AES_256_GCM_SHA384 TLSv1.3", 25, 0x0603},
		{"default", "TLS_AES_256_GCM_SHA384 TLSv1.3", 29, 0x0403},
	};
	char want[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(talk(rows[i].peer, DEADLINE_MS), STS_EAGAIN);
		CHECK(clean);
		snprintf(want, sizeof(want), "%s alpn=http/1.1 sni=sts.test\n", rows[i].suite);
		CHECK_STR(answer, want);
		CHECK_INT(tls.tls.facts.group, rows[i].group);
		CHECK_INT(tls.tls.facts.scheme, rows[i].scheme);
		CHECK_INT(tls.tls.facts.retried,
			  strncmp(rows[i].peer, "13-", 3) == 0 && rows[i].group != 29);
		finish();
	}
}

static void an_address_has_no_sni(void)
{
	start("default", false, DEADLINE_MS);
	int fd = tls.fd;
	sts_stream_init(&tls, fd, false, &verifier, NULL, sts_clock_boot_ms() + DEADLINE_MS, NULL);
	CHECK_INT(sts_stream_handshake(&tls, &error), STS_OK);
	CHECK_INT(sts_stream_write(&tls, "GET\n", 4, &error), STS_OK);
	CHECK_INT(read_all(), STS_EAGAIN);
	CHECK(strstr(answer, "sni=None") != NULL);
	finish();
}

static void big(const char *peer)
{
	static uint8_t data[BIG_BYTES];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	CHECK_INT(handshake(peer, DEADLINE_MS), STS_OK);
	CHECK_INT(sts_stream_write(&tls, data, sizeof(data), &error), STS_OK);
	CHECK_INT(read_all(), STS_EAGAIN);
	CHECK(clean);
	CHECK_INT(answer_len, sizeof(data));
	CHECK(memcmp(answer, data, sizeof(data)) == 0);
	finish();
}

static void big_bodies_both_ways(void)
{
	big("echo");
	big("echo-aes");
	big("echo-chacha");
}

static void a_byte_at_a_time(void)
{
	static const char *const rows[] = {"byte-by-byte", "byte-by-byte-12"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(talk(rows[i], DEADLINE_MS), STS_EAGAIN);
		CHECK(clean);
		CHECK_STR(answer, "slowly");
		finish();
	}
}

/* --- how it ends --- */

static void truncation_is_not_clean(void)
{
	CHECK_INT(talk("truncated", DEADLINE_MS), STS_EAGAIN);
	CHECK(!clean);
	CHECK_STR(answer, "half");
	finish();
	CHECK_INT(talk("broken", DEADLINE_MS), STS_EAGAIN);
	CHECK(!clean);
	CHECK_STR(answer, "half");
	finish();
}

static void an_early_answer_is_read(void)
{
	static uint8_t data[BIG_BYTES * 4];

	CHECK_INT(handshake("early", DEADLINE_MS), STS_OK);
	CHECK_INT(sts_stream_write(&tls, data, sizeof(data), &error), STS_OK);
	CHECK_INT(read_all(), STS_EAGAIN);
	CHECK_STR(answer, "early");
	finish();
}

static void deadlines_after_the_handshake(void)
{
	static uint8_t data[BIG_BYTES * 40];

	CHECK_INT(handshake("mute", DEADLINE_MS), STS_OK);
	int64_t from = sts_clock_boot_ms();
	tls.deadline_boot_ms = from + SHORT_MS;
	CHECK_INT(read_all(), STS_ETIMEOUT);
	CHECK_INT(error.code, STS_ETIMEOUT);
	CHECK(sts_clock_boot_ms() - from >= SHORT_MS);
	CHECK(sts_clock_boot_ms() - from < DEADLINE_MS);
	finish();

	CHECK_INT(handshake("deaf", DEADLINE_MS), STS_OK);
	from = sts_clock_boot_ms();
	tls.deadline_boot_ms = from + SHORT_MS;
	CHECK_INT(sts_stream_write(&tls, data, sizeof(data), &error), STS_ETIMEOUT);
	CHECK(strstr(error.msg, "sent") != NULL);
	CHECK(sts_clock_boot_ms() - from < DEADLINE_MS);
	finish();
}

/* --- handshakes that fail --- */

static void deadlines_in_the_handshake(void)
{
	int64_t from = sts_clock_boot_ms();

	check_refused("silent", SHORT_MS, STS_ETIMEOUT, "sent nothing");
	check_refused("dripping", SHORT_MS, STS_ETIMEOUT, "did not finish");
	CHECK(sts_clock_boot_ms() - from >= 2 * SHORT_MS);
	CHECK(sts_clock_boot_ms() - from < DEADLINE_MS);
	check_refused("default", 0, STS_ETIMEOUT, "");
}

static void closed_in_the_handshake(void)
{
	check_refused("hasty", DEADLINE_MS, STS_ETLS_CLOSED, "the peer closed");
	check_refused("resetting", DEADLINE_MS, STS_ETLS_CLOSED, "during the TLS handshake");
	check_refused("closing", DEADLINE_MS, STS_ETLS_CLOSED, "during the TLS handshake");
	check_refused("alert-close", DEADLINE_MS, STS_ETLS_CLOSED, "the peer closed");
	check_refused("one-byte", DEADLINE_MS, STS_ETLS_CLOSED, "the peer closed");
}

static void peers_without_tls(void)
{
	check_refused("http", DEADLINE_MS, STS_ETLS,
		      "does not speak TLS on this port: it answered");
	CHECK_INT(error.detail, 0); /* there was no alert */
	check_refused("ssh", DEADLINE_MS, STS_ETLS, "on this port: it speaks SSH");
	check_refused("garbage", DEADLINE_MS, STS_ETLS, "does not speak TLS on this port");
	CHECK(strstr(error.msg, "HTTP") == NULL);
}

static void other_profiles(void)
{
	check_refused("tls11-only", DEADLINE_MS, STS_ETLS_VERSION, "neither TLS 1.2 nor TLS 1.3");
	CHECK_INT(error.detail, 70);
	check_refused("cbc-only", DEADLINE_MS, STS_ETLS_REFUSED, "no cipher suite, group");
	check_refused("static-rsa", DEADLINE_MS, STS_ETLS_REFUSED, "no cipher suite, group");
	check_refused("no-protocol", DEADLINE_MS, STS_ETLS_ALPN, "HTTP/1.1");
	check_refused("client-cert-12", DEADLINE_MS, STS_ECLIENT_CERT,
		      "wants a client certificate, and none is given (alert 40");
	check_refused("client-cert-12-closed", DEADLINE_MS, STS_ECLIENT_CERT,
		      "it probably wants a client certificate, and none is given");
}

/* In TLS 1.3 the server refuses a certificate after the client's last flight. */
static void a_client_certificate_is_wanted(void)
{
	CHECK_INT(talk("client-cert", DEADLINE_MS), STS_ECLIENT_CERT);
	CHECK(strstr(error.msg, "wants a client certificate, and none is given (alert 116") !=
	      NULL);
	CHECK_INT(error.detail, 116);
	CHECK(tls.refused);
	finish();
	CHECK_INT(talk("client-cert-reset", DEADLINE_MS), STS_ECLIENT_CERT);
	CHECK(strstr(error.msg, "probably wants a client certificate") != NULL);
	CHECK(!tls.refused);
	finish();
}

static void alerts_in_words(void)
{
	check_refused("alert-40", DEADLINE_MS, STS_ETLS_REFUSED, "no cipher suite, group");
	CHECK_INT(error.detail, 40);
	check_refused("alert-70", DEADLINE_MS, STS_ETLS_VERSION, "neither TLS 1.2 nor TLS 1.3");
	check_refused("alert-71", DEADLINE_MS, STS_ETLS_REFUSED, "no cipher suite, group");
	check_refused("alert-112", DEADLINE_MS, STS_ETLS_NAME, "the host name of the URL");
	CHECK_INT(error.detail, 112);
	check_refused("alert-99", DEADLINE_MS, STS_ETLS, "with alert 99");
	/* An alert has two bytes (RFC 8446 section 6). */
	check_refused("alert-short", DEADLINE_MS, STS_ETLS, "");
	CHECK(!strstr(error.msg, "alert 40"));
	check_refused("alert-long", DEADLINE_MS, STS_ETLS, "");
	CHECK(!strstr(error.msg, "alert 40"));
	check_refused("warning-112", DEADLINE_MS, STS_ETLS_CLOSED, "the peer closed");
}

/* The second ClientHello has the cookie of the HelloRetryRequest, byte for byte (RFC 8446 section
 * 4.2.2). The server answers with another alert if it does not. */
static void the_cookie_is_sent_back(void)
{
	check_refused("cookie", DEADLINE_MS, STS_ETLS_NAME, "");
	CHECK_INT(error.detail, 112);
}

static void the_verifier_has_its_say(void)
{
	told = STS_ECERT_NAME;
	check_refused("default", DEADLINE_MS, STS_ECERT_NAME, "as told");
	CHECK_INT(error.detail, 7);
	CHECK_INT(certificates, 1);
	told = STS_OK;
}

/* This test uses the program's own verifier, with one trusted certificate and the name that is
 * wanted. */
static enum sts_err verified(const char *peer, const char *trusted, const char *name)
{
	static struct sts_ca_sources sources;
	struct sts_server_name server = {.dns = sts_slice_of(name)};
	char path[64];

	snprintf(path, sizeof(path), "%s/%s.crt", dir, trusted);
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path, false, &error), STS_OK);
	start(peer, false, DEADLINE_MS);
	CHECK_INT(
		sts_verifier_init(&verifier, &sources, &server, sts_clock_real_ms() / 1000, &error),
		STS_OK);
	enum sts_err err = sts_stream_handshake(&tls, &error);
	finish();
	close(sources.source[0].fd);
	return err;
}

static void the_real_verifier(void)
{
	CHECK_INT(verified("rsa-aes128", "rsa", "sts.test"), STS_OK);
	CHECK_INT(verified("default", "p256", "sts.test"), STS_OK);
	CHECK_INT(verified("p384-aes256", "p384", "sts.test"), STS_OK);
	CHECK_INT(verified("p521-chacha", "p521", "sts.test"), STS_OK);
	CHECK_INT(verified("default", "p256", "other.test"), STS_ECERT_NAME);
	CHECK(strstr(error.msg, "sts.test") != NULL);
	CHECK_INT(error.code, STS_ECERT_NAME);
	/* The certificate is not trusted. Since it is self-signed, it is a CA's certificate that is
	 * not pinned. */
	enum sts_err err = verified("default", "rsa", "sts.test");
	CHECK(err == STS_ECERT_ISSUER || err == STS_ECERT_CA);
}

static void errors_need_no_place(void)
{
	start("alert-70", false, DEADLINE_MS);
	CHECK_INT(sts_stream_handshake(&tls, NULL), STS_ETLS_VERSION);
	finish();
	told = STS_ECERT_EXPIRED;
	start("default", false, DEADLINE_MS);
	CHECK_INT(sts_stream_handshake(&tls, NULL), STS_ECERT_EXPIRED);
	finish();
	told = STS_OK;
}

/* --- plain --- */

static void plain_is_the_same_path(void)
{
	start("http", true, DEADLINE_MS);
	CHECK_INT(sts_stream_handshake(&tls, &error), STS_OK);
	CHECK_INT(sts_stream_write(&tls, "GET / HTTP/1.1\r\n\r\n", 18, &error), STS_OK);
	CHECK_INT(read_all(), STS_EAGAIN);
	CHECK(clean);
	CHECK(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
	finish();

	start("resetting", true, DEADLINE_MS);
	CHECK_INT(sts_stream_write(&tls, "GET", 3, &error), STS_OK);
	CHECK_INT(read_all(), STS_EAGAIN);
	CHECK(!clean);
	finish();

	start("silent", true, SHORT_MS);
	CHECK_INT(read_all(), STS_ETIMEOUT);
	finish();
	start("dripping", true, SHORT_MS);
	CHECK_INT(read_all(), STS_ETIMEOUT);
	finish();
}

static const struct sts_test tests[] = {
	{"each version, suite, group and kind of key; SNI, ALPN", every_suite_group_and_key},
	{"no SNI for an address", an_address_has_no_sni},
	{"big bodies both ways", big_bodies_both_ways},
	{"a peer that sends a byte at a time", a_byte_at_a_time},
	{"an end without close_notify is not a clean end", truncation_is_not_clean},
	{"an answer before the whole request was read", an_early_answer_is_read},
	{"deadlines after the handshake", deadlines_after_the_handshake},
	{"deadlines in the handshake", deadlines_in_the_handshake},
	{"a connection that ends in the handshake", closed_in_the_handshake},
	{"peers that do not speak TLS", peers_without_tls},
	{"servers that insist on something else", other_profiles},
	{"a client certificate is wanted in TLS 1.3", a_client_certificate_is_wanted},
	{"alerts are told in words", alerts_in_words},
	{"a cookie is sent back", the_cookie_is_sent_back},
	{"the verifier decides", the_verifier_has_its_say},
	{"the program's verifier: names and issuers", the_real_verifier},
	{"errors may be NULL", errors_need_no_place},
	{"plain TCP goes through the same functions", plain_is_the_same_path},
};

int main(void)
{
	if (system("openssl version >/dev/null && python3 -c 'import ssl'") != 0) {
		printf("1..0 # SKIP openssl and python3 are needed\n");
		return 0;
	}
	if (!start_peers()) {
		printf("Bail out! the peers did not start\n");
		return 1;
	}
	int failed = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	stop_peers();
	return failed;
}
