/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build/tests/tls-engine: BearSSL's client for TLS 1.2, with the profile that the program had with
 * it, and our verifier. It is the oracle of run.py. It makes one connection, sends a request, and
 * prints one line of JSON with how that ended; behind that line is what the server sent. Its
 * calculations are done by other code of BearSSL than those of our client (15 bits in place of 31),
 * so that a mistake there is not made twice.
 */
#include <bearssl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "tls/client_key.h"
#include "tls/loopback.h"
#include "trust/verifier.h"

#define BODY_BYTES   65536
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REQUEST      "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"

static struct {
	const char *host, *ca, *cert, *key;
	int port;
} o = {.host = "localhost"};

static br_ssl_client_context client;
static br_sslio_context io;
static struct sts_verifier verifier;
static struct sts_ca_sources sources;
static struct sts_client_key client_key;
static br_ec_private_key ec_key;
static uint8_t buffer[BR_SSL_BUFSIZE_BIDI], body[BODY_BYTES];
static size_t body_len;
static int sock = -1;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "tls-engine: %s: %s\n", what, why);
	exit(64);
}

/* --- bytes --- */

static int read_some(void *context, unsigned char *data, size_t len)
{
	ssize_t n = recv(*(int *)context, data, len, 0);

	return n > 0 ? (int)n : -1;
}

/* --- the engine --- */

static void set_ciphers(br_ssl_engine_context *engine)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	};

	br_ssl_engine_set_suites(engine, suites, COUNT(suites));
	br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(engine, &br_aes_ct_ctr_vtable);
	br_ssl_engine_set_ghash(engine, &br_ghash_ctmul);
	br_ssl_engine_set_chapol(engine, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
	br_ssl_engine_set_chacha20(engine, &br_chacha20_ct_run);
	br_ssl_engine_set_poly1305(engine, &br_poly1305_i15_run);
}

static void set_profile(br_ssl_engine_context *engine)
{
	static const char *protocols[] = {"http/1.1"};

	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_protocol_names(engine, protocols, COUNT(protocols));
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
	br_ssl_engine_set_ec(engine, &br_ec_all_m15);
	br_ssl_engine_set_rsavrfy(engine, br_rsa_i15_pkcs1_vrfy);
	br_ssl_engine_set_ecdsa(engine, br_ecdsa_i15_vrfy_asn1);
	set_ciphers(engine);
	br_ssl_engine_set_x509(engine, &verifier.vtable);
	br_ssl_engine_set_buffer(engine, buffer, sizeof(buffer), 1);
}

/* Give the engine a client certificate with an EC key. */
static void use_key(void)
{
	if (client_key.is_rsa)
		fail("--key", "only EC keys");
	ec_key = (br_ec_private_key){
		.curve = sts_verifier_public_key(&client_key.leaf).key.ec.curve,
		.x = (unsigned char *)client_key.ec_x.data,
		.xlen = client_key.ec_x.len,
	};
	br_ssl_client_set_single_ec(&client, client_key.chain, client_key.chain_len, &ec_key,
				    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, &br_ec_all_m15,
				    br_ecdsa_i15_sign_asn1);
}

static void set_up(void)
{
	struct sts_server_name server = {.dns = sts_slice_of(o.host)};
	struct sts_error e = {.code = STS_OK};
	uint8_t seed[32];

	sts_ca_sources_init(&sources);
	if (sts_ca_sources_add(&sources, o.ca, false, &e) != STS_OK ||
	    (o.cert && sts_client_key_read(&client_key, o.cert, o.key, &e) != STS_OK) ||
	    sts_verifier_init(&verifier, &sources, &server, time(NULL), &e) != STS_OK)
		fail("files", e.msg);
	br_ssl_client_zero(&client);
	set_profile(&client.eng);
	if (o.cert)
		use_key();
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		fail("getrandom", strerror(errno));
	br_ssl_engine_inject_entropy(&client.eng, seed, sizeof(seed));
	if (!br_ssl_client_reset(&client, o.host, 0))
		fail("engine", "cannot be set up");
	br_sslio_init(&io, &client.eng, read_some, &sock, loopback_write, &sock);
}

/* --- what is told --- */

static void print_result(bool shaken)
{
	int error = br_ssl_engine_last_error(&client.eng), alert = 0;
	const char *failure = "broken_rule";

	if (error == BR_ERR_OK)
		failure = "fine";
	else if (error == BR_ERR_IO)
		failure = "ended";
	else if (verifier.error.code != STS_OK)
		failure = "distrusted";
	else if (error >= BR_ERR_RECV_FATAL_ALERT && error < BR_ERR_SEND_FATAL_ALERT) {
		failure = "alerted";
		alert = error - BR_ERR_RECV_FATAL_ALERT;
	}
	printf("{\"handshake\": %s, \"closed\": %s, \"failure\": \"%s\", \"alert\": %d, "
	       "\"error\": %d, \"verifier\": \"%s\", \"suite\": %d, \"group\": %d, "
	       "\"bytes\": %zu}\n",
	       shaken ? "true" : "false", error == BR_ERR_OK ? "true" : "false", failure, alert,
	       error, sts_error_info(verifier.error.code).name, client.eng.session.cipher_suite,
	       client.eng.ecdhe_curve, body_len);
}

static void read_options(int argc, char **argv)
{
	static const struct {
		const char *name, **place;
	} texts[] = {{"--host", &o.host}, {"--ca", &o.ca}, {"--cert", &o.cert}, {"--key", &o.key}};

	for (int i = 1; i < argc; i++) {
		size_t at = 0;

		if (argv[i][0] != '-') {
			o.port = atoi(argv[i]);
			continue;
		}
		while (at < COUNT(texts) && strcmp(argv[i], texts[at].name) != 0)
			at++;
		if (at == COUNT(texts) || i + 1 == argc)
			fail(argv[i], "is not an option, or has no value");
		*texts[at].place = argv[++i];
	}
	if (o.port == 0 || !o.ca)
		fail("usage", "[--host NAME] [--cert FILE --key FILE] --ca FILE PORT");
}

int main(int argc, char **argv)
{
	bool shaken;

	read_options(argc, argv);
	set_up();
	sock = loopback_connect(o.port);
	if (sock < 0)
		fail("connect", strerror(errno));
	shaken = br_sslio_flush(&io) == 0;
	if (shaken && br_sslio_write_all(&io, REQUEST, sizeof(REQUEST) - 1) == 0 &&
	    br_sslio_flush(&io) == 0) {
		int n;

		while (body_len < sizeof(body) &&
		       (n = br_sslio_read(&io, body + body_len, sizeof(body) - body_len)) > 0)
			body_len += (size_t)n;
	}
	loopback_close(sock);
	print_result(shaken);
	fwrite(body, 1, body_len, stdout);
	return 0;
}
