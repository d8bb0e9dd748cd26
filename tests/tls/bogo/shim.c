/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim: the program that BoringSSL's runner starts for each test. It connects our TLS client to
 * the runner's server, behaves as the flags say, and tells on standard error why a connection
 * ended. tests/tls/bogo/README.md explains what it prints.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/bogo/flags.h"
#include "tls/bogo/verifier.h"
#include "tls/client.h"
#include "tls/handshake.h"
#include "tls/testing.h"

#define COUNT(array)          (sizeof(array) / sizeof((array)[0]))
#define READ_BYTES            512
#define DECOMPRESSION_FAILURE 30 /* the alert that the runner expects of -send-alert */

static struct sts_tls_client client;
static struct bogo_verifier verifier;
static struct sts_client_key key;
static int fd = -1;

/* --- what is told --- */

/* Print a name of ours with BoringSSL's names for the same: the line of STS_BOGO_ERRORS that begins
 * with it. */
static void tell(const char *name)
{
	const char *path = getenv("STS_BOGO_ERRORS");
	FILE *file = path ? fopen(path, "r") : NULL;
	char line[1000];
	size_t len = strlen(name);

	fprintf(stderr, "outcome: %s\n", name);
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == '\t')
			fprintf(stderr, "%s", line + len + 1);
	if (file)
		fclose(file);
}

static void tell_failure(const struct sts_tls_failure *failure)
{
	static const char *const names[] = {
		[STS_TLS_FINE] = "fine",
		[STS_TLS_ENDED] = "ended",
		[STS_TLS_IO] = "io",
		[STS_TLS_NO_RANDOM] = "no random",
		[STS_TLS_KEY_MISMATCH] = "key mismatch",
	};
	char name[80];

	switch (failure->kind) {
	case STS_TLS_BROKEN_RULE:
		snprintf(name, sizeof(name), "check %s", sts_tls_check_name(failure->check));
		break;
	case STS_TLS_ALERTED:
		snprintf(name, sizeof(name), "alert %d", failure->alert);
		break;
	case STS_TLS_DISTRUSTED:
		snprintf(name, sizeof(name), "distrusted %u", verifier.error);
		break;
	default:
		snprintf(name, sizeof(name), "%s", names[failure->kind]);
	}
	tell(name);
}

/* --- the connection --- */

/* A reset is an end, too: which of both comes depends on how much the runner had read before it
 * closed its socket. */
static int receive(void *context, uint8_t *data, size_t len)
{
	ssize_t n;

	(void)context;
	do
		n = recv(fd, data, len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno == ECONNRESET ? 0 : (int)n;
}

/* As in the program, bytes that cannot be sent any more are dropped, so that the server's last
 * alert can still be read. */
static int transmit(void *context, const uint8_t *data, size_t len)
{
	ssize_t n;

	(void)context;
	do
		n = send(fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n > 0 ? (int)n : (int)len;
}

static bool connect_to(int port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET};
	int on = 1;

	six.sin6_port = four.sin_port = htons((uint16_t)port);
	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&six, sizeof(six)) < 0) {
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&four, sizeof(four)) < 0)
			return false;
	}
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

/* Send the end of the stream, and read what is left, so that the runner can write everything. */
static void disconnect(void)
{
	char rest[1024];

	shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		;
	close(fd);
}

/* --- what is expected of a handshake --- */

static bool same(const char *what, int expected, int seen)
{
	if (expected != 0 && expected != seen)
		fprintf(stderr, "%s is %04x and not %04x\n", what, seen, expected);
	return expected == 0 || expected == seen;
}

static bool must(bool condition, const char *words)
{
	if (!condition)
		fprintf(stderr, "%s\n", words);
	return condition;
}

static bool expects_alpn(const struct bogo_flags *f)
{
	return f->expect_alpn && f->expect_alpn[0] != '\0';
}

static bool check_facts(const struct bogo_flags *f)
{
	const struct sts_tls_facts *facts = &client.facts;
	bool tls13 = facts->version == STS_TLS_VERSION_13;

	return must(!f->never_done, "the handshake was completed") &&
	       same("the version", f->expect_version, facts->version) &&
	       same("the suite", f->expect_cipher, facts->suite) &&
	       same("the group", f->expect_group, facts->group) &&
	       same("the scheme", f->expect_scheme, facts->scheme) &&
	       must(expects_alpn(f) == facts->alpn, "ALPN has another result") &&
	       must(!f->expect_extended_master || tls13 || facts->extended_master,
		    "there is no extended master secret") &&
	       must(!f->expect_hrr || facts->retried, "there was no HelloRetryRequest") &&
	       must(!f->expect_no_hrr || !facts->retried, "there was a HelloRetryRequest") &&
	       must(!f->expect_peer_cert_file ||
			    bogo_verifier_same_chain(&verifier, f->expect_peer_cert_file),
		    "the server's chain is another one");
}

/* --- what is done after the handshake --- */

static bool write_different_sizes(void)
{
	static const size_t sizes[] = {0,     1,     255,   256,   257,  16383,
				       16384, 16385, 32767, 32768, 32769};
	static uint8_t data[32769];

	memset(data, 0x42, sizeof(data));
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (!sts_tls_client_write(&client, data, sizes[i]))
			return false;
	return true;
}

/* The secrets of reading and writing, as the runner wants them. */
static bool export_traffic_secrets(void)
{
	const br_hash_class *hash = sts_tls_suite_hash(client.suite);
	size_t len = (hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
	uint8_t out[2 + 2 * STS_TLS_SECRET_MAX_BYTES] = {(uint8_t)len, 0};

	memcpy(out + 2, client.server_secret, len);
	memcpy(out + 2 + len, client.client_secret, len);
	return sts_tls_client_write(&client, out, 2 + 2 * len);
}

/* Send back what comes, with all bits turned over, until the server closes. */
static bool echo(const struct bogo_flags *f)
{
	static uint8_t data[32768];
	size_t size = f->read_size > 0 && f->read_size < (int)sizeof(data) ? (size_t)f->read_size
									   : READ_BYTES;
	size_t n;

	while ((n = sts_tls_client_read(&client, data, size)) > 0) {
		for (size_t i = 0; i < n; i++)
			data[i] ^= 0xff;
		if (!sts_tls_client_write(&client, data, n))
			return false;
	}
	if (client.records.failure.kind == STS_TLS_ENDED && !f->check_close_notify)
		return true;
	return client.records.closed;
}

/* Close, and expect that the server closes, too. */
static bool shut_down(const struct bogo_flags *f)
{
	uint8_t data[1];

	sts_tls_client_close(&client);
	if (!f->shim_shuts_down || !f->check_close_notify)
		return true;
	if (sts_tls_client_read(&client, data, sizeof(data)) > 0) {
		tell("data after close");
		return false;
	}
	return client.records.closed;
}

static bool exchange(const struct bogo_flags *f)
{
	if (!sts_tls_client_handshake(&client) || !check_facts(f))
		return false;
	if (f->export_traffic_secrets && !export_traffic_secrets())
		return false;
	if (f->send_alert) {
		sts_tls_give_up(&client.records, STS_TLS_FINE, DECOMPRESSION_FAILURE);
		return true;
	}
	if (f->different_record_sizes && !write_different_sizes())
		return false;
	if (f->shim_writes_first && !sts_tls_client_write(&client, "hello", 5))
		return false;
	if (!f->shim_shuts_down && !f->different_record_sizes && !echo(f))
		return false;
	return shut_down(f);
}

/* --- */

/* Only one protocol is offered by ALPN: that of several which the server is expected to choose. */
static void offer(const struct bogo_flags *f)
{
	static char protocol[256];

	sts_tls_testing.no_tls12 = f->no_tls12;
	sts_tls_testing.no_tls13 = f->no_tls13;
	memcpy(sts_tls_testing.groups, f->groups, sizeof(f->groups));
	memcpy(sts_tls_testing.schemes, f->schemes, sizeof(f->schemes));
	sts_tls_testing.no_alpn = !f->alpn;
	if (f->alpn)
		snprintf(protocol, sizeof(protocol), "%.*s", (unsigned char)f->alpn[0],
			 f->alpn + 1);
	if (f->alpn && expects_alpn(f))
		snprintf(protocol, sizeof(protocol), "%s", f->expect_alpn);
	sts_tls_testing.alpn = f->alpn ? protocol : NULL;
}

static bool connection(const struct bogo_flags *f)
{
	struct sts_tls_transport transport = {receive, transmit, NULL};
	bool good;

	if (!connect_to(f->port)) {
		perror("connect");
		return false;
	}
	offer(f);
	bogo_verifier_init(&verifier, f->verify_fail);
	sts_tls_client_init(&client, transport, &verifier.vtable, f->host,
			    f->key_file ? &key : NULL);
	good = exchange(f);
	if (!good)
		tell_failure(&client.records.failure);
	sts_tls_client_fini(&client);
	disconnect();
	return good;
}

static int run(const struct bogo_run *all)
{
	struct sts_error e;
	int status = 0;

	bogo_log("begin", NULL);
	if (all->first.key_file &&
	    sts_client_key_read(&key, all->first.cert_file, all->first.key_file, &e) != STS_OK) {
		const char *slash = strrchr(all->first.key_file, '/');
		bogo_log("end", NULL);
		bogo_log("flag -key-file", slash ? slash + 1 : all->first.key_file);
		return STS_BOGO_UNSUPPORTED;
	}
	for (int i = 0; status == 0 && i <= all->first.resume_count; i++) {
		if (!connection(i == 0 ? &all->first : &all->later))
			status = 1;
		else if (all->resumes)
			status = STS_BOGO_UNSUPPORTED;
	}
	bogo_log("end", NULL);
	if (status == STS_BOGO_UNSUPPORTED)
		bogo_log("flag -resume-count", NULL);
	return status;
}

int main(int argc, char **argv)
{
	struct bogo_run all;
	int status = STS_BOGO_UNSUPPORTED;

	signal(SIGPIPE, SIG_IGN);
	bogo_flags_read(argc, argv, &all);
	if (all.asked_for_handshaker) {
		puts("No");
		return 0;
	}
	if (all.supported)
		status = run(&all);
	/* The runner takes what a sanitizer prints behind this line for an error. */
	fprintf(stderr, "--- DONE ---\n");
	return status;
}
