/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build/tests/tls-client: the TLS client against a server on loopback, with the switches of
 * tls/testing.h. It makes one connection, sends a request, and prints one line of JSON with what
 * was agreed on and how it ended; behind that line is what the server sent.
 */
#include "tls/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "tls/loopback.h"
#include "tls/offer.h"
#include "tls/testing.h"
#include "trust/verifier.h"

#define BODY_BYTES   65536
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char usage[] =
	"usage: tls-client [OPTION]... PORT\n"
	"  --host NAME        the server's name; localhost when it is left out\n"
	"  --ca FILE          the anchors of the server's certificate\n"
	"  --cert FILE        the client's certificate\n"
	"  --key FILE         its key\n"
	"  --send TEXT        the request; a GET when it is left out\n"
	"  --off NUMBER       a check that is not made\n"
	"  --groups LIST      the ids of the groups that are offered, in hexadecimal\n"
	"  --schemes LIST     the ids of the signature schemes that are offered\n"
	"  --no-tls12, --no-tls13, --no-alpn\n"
	"  --no-signing       the verifier says that the server's key may not sign\n"
	"  --random COUNT     the system gives random bytes so many times\n"
	"  --keys             prints the secrets on standard error, as in a key log\n";

static struct {
	const char *host, *ca, *cert, *key, *send;
	int port;
	bool no_signing;
} o = {.host = "localhost", .send = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"};

static struct sts_tls_client client;
static struct sts_verifier verifier;
static struct sts_ca_sources sources;
static struct sts_client_key client_key;
static uint8_t body[BODY_BYTES];
static size_t body_len;
static int sock = -1, read_errno;

/* --- bytes --- */

static int read_some(void *context, uint8_t *data, size_t len)
{
	ssize_t n = recv(*(int *)context, data, len, 0);

	if (n < 0)
		read_errno = errno;
	return (int)n;
}

static int random_left;

static bool random_some(uint8_t *data, size_t len)
{
	return random_left-- > 0 && getrandom(data, len, 0) == (ssize_t)len;
}

static void limit_random(int count)
{
	random_left = count;
	sts_tls_testing.random = random_some;
}

static void print_secret(const char *label, const uint8_t *client_random, const uint8_t *secret,
			 size_t len)
{
	fprintf(stderr, "%s ", label);
	for (size_t i = 0; i < STS_TLS_RANDOM_BYTES; i++)
		fprintf(stderr, "%02x", client_random[i]);
	fputc(' ', stderr);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x", secret[i]);
	fputc('\n', stderr);
}

/* --- what is told --- */

static const char *const kinds[] = {
	[STS_TLS_FINE] = "fine",
	[STS_TLS_BROKEN_RULE] = "broken_rule",
	[STS_TLS_ALERTED] = "alerted",
	[STS_TLS_ENDED] = "ended",
	[STS_TLS_IO] = "io",
	[STS_TLS_DISTRUSTED] = "distrusted",
	[STS_TLS_NO_RANDOM] = "no_random",
	[STS_TLS_TOO_BIG] = "too_big",
	[STS_TLS_WORN_OUT] = "worn_out",
	[STS_TLS_KEY_MISMATCH] = "key_mismatch",
};

static void print_text(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	if (text)
		printf("\"%s\"", text);
	else
		printf("null");
}

static void print_flag(const char *key, bool flag)
{
	printf(", \"%s\": %s", key, flag ? "true" : "false");
}

static const char *version_name(uint16_t version)
{
	return version == STS_TLS_VERSION_13 ? "1.3" : version == STS_TLS_VERSION_12 ? "1.2" : NULL;
}

static void print_result(bool shaken, const char *stage)
{
	const struct sts_tls_facts *f = &client.facts;
	const struct sts_tls_failure *failure = &client.records.failure;

	printf("{\"stage\": \"%s\"", stage);
	print_flag("handshake", shaken);
	print_flag("closed", client.records.closed);
	print_text("version", version_name(f->version));
	print_text("suite", sts_tls_suite_name(f->suite));
	print_text("group", sts_tls_group_name(f->group));
	print_text("scheme", sts_tls_scheme_name(f->scheme));
	print_text("client_scheme", sts_tls_scheme_name(f->client_scheme));
	print_flag("retried", f->retried);
	print_flag("extended_master", f->extended_master);
	print_flag("client_asked", f->client_asked);
	print_flag("client_sent", f->client_sent);
	print_text("failure", (size_t)failure->kind < COUNT(kinds) ? kinds[failure->kind] : "?");
	print_text("check", failure->kind == STS_TLS_BROKEN_RULE
				    ? sts_tls_check_name(failure->check)
				    : NULL);
	printf(", \"alert\": %d, \"came\": %d, \"due\": %d", failure->alert, failure->came,
	       failure->due);
	print_flag("authenticated", failure->authenticated);
	print_text("verifier", sts_error_info(verifier.error.code).name);
	printf(", \"errno\": %d, \"bytes\": %zu}\n", read_errno, body_len);
}

/* --- options --- */

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "tls-client: %s: %s\n", what, why);
	exit(64);
}

static void read_ids(const char *list, uint16_t *ids, size_t max)
{
	size_t count = 0;

	while (*list && count + 1 < max) {
		char *end;

		ids[count++] = (uint16_t)strtoul(list, &end, 16);
		list = end + (*end == ',');
	}
}

static bool take_flag(const char *name)
{
	if (strcmp(name, "--no-tls12") == 0)
		sts_tls_testing.no_tls12 = true;
	else if (strcmp(name, "--no-tls13") == 0)
		sts_tls_testing.no_tls13 = true;
	else if (strcmp(name, "--no-alpn") == 0)
		sts_tls_testing.no_alpn = true;
	else if (strcmp(name, "--no-signing") == 0)
		o.no_signing = true;
	else if (strcmp(name, "--keys") == 0)
		sts_tls_testing.secret = print_secret;
	else
		return false;
	return true;
}

static bool take_value(const char *name, const char *value)
{
	static const struct {
		const char *name;
		const char **place;
	} texts[] = {
		{"--host", &o.host}, {"--ca", &o.ca},     {"--cert", &o.cert},
		{"--key", &o.key},   {"--send", &o.send},
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].place = value;
			return true;
		}
	if (strcmp(name, "--random") == 0)
		limit_random(atoi(value));
	else if (strcmp(name, "--off") == 0)
		sts_tls_testing.check_off = atoi(value);
	else if (strcmp(name, "--groups") == 0)
		read_ids(value, sts_tls_testing.groups, COUNT(sts_tls_testing.groups));
	else if (strcmp(name, "--schemes") == 0)
		read_ids(value, sts_tls_testing.schemes, COUNT(sts_tls_testing.schemes));
	else
		return false;
	return true;
}

static void read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			o.port = atoi(argv[i]);
		else if (take_flag(argv[i]))
			continue;
		else if (i + 1 == argc || !take_value(argv[i], argv[i + 1]))
			fail(argv[i], "is not an option, or has no value");
		else
			i++;
	}
	if (o.port == 0 || !o.ca) {
		fputs(usage, stderr);
		exit(64);
	}
}

/* As the verifier's own, of a certificate whose key may only exchange keys. The verifier itself
 * refuses such a certificate. */
static const br_x509_pkey *get_pkey_without_signing(const br_x509_class *const *ctx,
						    unsigned *usages)
{
	(void)ctx;
	*usages = BR_KEYTYPE_KEYX;
	return verifier.minimal.vtable->get_pkey(&verifier.minimal.vtable, NULL);
}

static void set_up(void)
{
	struct sts_server_name server = {.dns = sts_slice_of(o.host)};
	struct sts_tls_transport transport = {
		.read = read_some, .write = loopback_write, .context = &sock};
	struct sts_error e = {.code = STS_OK};
	static br_x509_class class;

	sts_ca_sources_init(&sources);
	if (sts_ca_sources_add(&sources, o.ca, false, &e) != STS_OK ||
	    (o.cert && sts_client_key_read(&client_key, o.cert, o.key, &e) != STS_OK) ||
	    sts_verifier_init(&verifier, &sources, &server, time(NULL), &e) != STS_OK)
		fail("files", e.msg);
	class = *verifier.vtable;
	class.get_pkey = o.no_signing ? get_pkey_without_signing : class.get_pkey;
	verifier.vtable = &class;
	sts_tls_client_init(&client, transport, &verifier.vtable, o.host,
			    o.cert ? &client_key : NULL);
}

int main(int argc, char **argv)
{
	const char *stage = "handshake";
	bool shaken;

	read_options(argc, argv);
	set_up();
	sock = loopback_connect(o.port);
	if (sock < 0)
		fail("connect", strerror(errno));
	shaken = sts_tls_client_handshake(&client);
	if (shaken) {
		stage = "write";
		if (sts_tls_client_write(&client, o.send, strlen(o.send))) {
			size_t n;

			stage = "read";
			while (body_len < sizeof(body) &&
			       (n = sts_tls_client_read(&client, body + body_len,
							sizeof(body) - body_len)) > 0)
				body_len += n;
		}
	}
	sts_tls_client_close(&client);
	loopback_close(sock);
	print_result(shaken, stage);
	fwrite(body, 1, body_len, stdout);
	sts_tls_client_fini(&client);
	return client.records.failure.kind == STS_TLS_FINE ? 0 : 1;
}
