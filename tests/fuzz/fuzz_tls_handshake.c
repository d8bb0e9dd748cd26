/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS server that lies, without encryption. The input says what the client may offer, and then
 * which messages the server sends: right ones, which this file makes, ones with some bytes changed,
 * and ones of any bytes. A message that depends on the handshake until then (CertificateVerify,
 * Finished) is made when the client reads it. Signatures and key exchange are replaced by cheap
 * ones, since other tests judge them.
 *
 * The client never accepts a server without a right signature and a right Finished message. What it
 * sends are records, it fails with one reason, and it leaves no secret behind.
 */
#include <string.h>

#include "fuzz/tls_messages.h"
#include "tls/offer.h"
#include "tls/testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PENDING_BYTES  20000
#define OPS_MAX        200
#define CERT_MAX_BYTES 10000

static struct sts_tls_client client;
static struct sts_client_key client_key;

/* What the server has made and not yet sent, and what it did. */
static struct {
	uint8_t pending[PENDING_BYTES];
	size_t len, at,
		message; /* message: where the last one begins, which is not yet in a record */
	size_t read_bytes, writes;
	unsigned ops, piece;
	bool proved, finished; /* a right signature, a right Finished message was sent */
} server;

static struct {
	uint8_t header[STS_TLS_HEADER_BYTES];
	size_t have, left;
	uint8_t alert; /* the last one */
} sent;
static enum sts_tls_failure_kind ended_by;
static enum sts_tls_check ended_by_check;

static unsigned random_calls, random_calls_max;

/* What fails besides, for tests/unit/tls/test_faults.c. SIZE_MAX: nothing. */
static struct {
	size_t read_bytes, writes, randoms; /* so many work */
	bool breaks;                        /* what is read ends with an error */
	bool off;                           /* a check is switched off */
	bool bytewise;                      /* each byte of a message has a record of its own */
	unsigned verdict;                   /* of a verifier that accepts; 0: it does accept */
	bool no_key;                        /* the verifier finds no key */
	size_t cert_bytes;                  /* of each certificate of the client */
} faults = {.read_bytes = SIZE_MAX,
	    .writes = SIZE_MAX,
	    .randoms = SIZE_MAX,
	    .cert_bytes = CERT_MAX_BYTES};

/* Where a check is switched off, the client does what it must not. */
static void require_checked(bool ok)
{
	require(ok || faults.off);
}

static bool get_random(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(0x40 + i);
	if (++random_calls > faults.randoms)
		return false;
	return random_calls_max == 0 || random_calls < random_calls_max;
}

/* The verifier: it accepts any chain or none, and checks that it gets whole certificates. */
static struct {
	const br_x509_class *vtable;
	br_x509_pkey key;
	unsigned verdict;
	size_t due;
	bool in_chain, in_cert;
} verifier;

static void start_chain(const br_x509_class **ctx, const char *name)
{
	(void)ctx;
	(void)name;
	require_checked(!verifier.in_chain);
	verifier.in_chain = true;
}

static void start_cert(const br_x509_class **ctx, uint32_t len)
{
	(void)ctx;
	require_checked(verifier.in_chain && !verifier.in_cert && len > 0);
	verifier.in_cert = true;
	verifier.due = len;
}

static void append(const br_x509_class **ctx, const unsigned char *data, size_t len)
{
	unsigned char sum = 0;

	(void)ctx;
	require_checked(verifier.in_cert && len > 0 && len <= verifier.due);
	verifier.due -= len;
	for (size_t i = 0; i < len; i++)
		sum ^= data[i]; /* a sanitizer sees a read past the end */
	require_checked(sum == 0 || len > 0);
}

static void end_cert(const br_x509_class **ctx)
{
	(void)ctx;
	require_checked(verifier.in_cert && verifier.due == 0);
	verifier.in_cert = false;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	(void)ctx;
	require_checked(verifier.in_chain && !verifier.in_cert);
	return verifier.verdict;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	(void)ctx;
	*usages = BR_KEYTYPE_SIGN;
	return faults.no_key ? NULL : &verifier.key;
}

static const br_x509_class verifier_class = {
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

/* --- how they are sent --- */

static void add_pending(const void *data, size_t len)
{
	if (len > sizeof(server.pending) - server.len)
		len = sizeof(server.pending) - server.len;
	memcpy(server.pending + server.len, data, len);
	server.len += len;
}

/* Put what was gathered since server.message into records of at most max bytes. */
static void into_records(uint8_t type, size_t max)
{
	static uint8_t content[PENDING_BYTES];
	size_t len = server.len - server.message;

	memcpy(content, server.pending + server.message, len);
	server.len = server.message;
	for (size_t at = 0, n; at == 0 || at < len; at += n) {
		n = len - at < max ? len - at : max;
		uint8_t header[] = {type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};

		add_pending(header, sizeof(header));
		add_pending(content + at, n);
		if (n == 0)
			break;
	}
	server.message = server.len;
}

/* Change up to three bytes of a message. */
static void change(uint8_t *message, size_t len, unsigned count)
{
	while (count-- > 0) {
		size_t at = (size_t)fuzz_byte() << 8 | fuzz_byte();

		message[at % len] ^= fuzz_byte();
	}
}

/* A handshake message. Bits of `how`: 0 and 1 are the number of changed bytes, 2 and 3 how it is
 * split, 4 and 5 what is wrong with its length. */
static void send_message(enum fuzz_op op, uint8_t param, uint8_t how)
{
	static const size_t splits[] = {16384, 1, 100, 0};
	static uint8_t message[8192], right[sizeof(message)];
	struct sts_tls_writer w = {.data = message, .size = sizeof(message)};
	size_t mark;
	bool proves;

	sts_tls_write_number(&w, 1, fuzz_message_type(op, param));
	mark = sts_tls_write_open(&w, 3);
	proves = fuzz_message_body(&client, &w, op, param);
	sts_tls_write_close(&w, 3, mark);
	memcpy(right, message, w.len);
	if (how & 16)
		message[3] += how & 32 ? 1 : 0xff;
	change(message, w.len, how & 3);
	if (memcmp(right, message, w.len) != 0)
		proves = false;
	if (proves && (op == OP_VERIFY || op == OP_KEY_EXCHANGE))
		server.proved = true;
	if (proves && op == OP_FINISHED)
		server.finished = true;
	add_pending(message, w.len);
	if (faults.bytewise)
		into_records(STS_TLS_RECORD_HANDSHAKE, 1);
	else if (splits[how >> 2 & 3] > 0) /* else it shares a record with the next message */
		into_records(STS_TLS_RECORD_HANDSHAKE, splits[how >> 2 & 3]);
}

/* A record of another type: change_cipher_spec, an alert, application data, or any. */
static void send_record(uint8_t param, uint8_t how)
{
	static uint8_t bytes[300];
	size_t len = 0;

	if (server.len > server.message)
		into_records(STS_TLS_RECORD_HANDSHAKE, 16384);
	switch (param & 3) {
	case 0:
		bytes[len++] = 1;
		break;
	case 1:
		bytes[len++] = how & 1 ? 1 : 2;
		bytes[len++] = fuzz_byte();
		break;
	case 2:
		len = how;
		memset(bytes, 'A', len);
		break;
	default:
		for (len = 0; len < how; len++)
			bytes[len] = fuzz_byte();
		break;
	}
	add_pending(bytes, len);
	into_records((param & 3) == 3 ? param >> 2 : (uint8_t)(20 + (param & 3) + (param & 2) / 2),
		     16384);
}

/* Send bytes as they are. */
static void send_raw(uint8_t count)
{
	if (server.len > server.message)
		into_records(STS_TLS_RECORD_HANDSHAKE, 16384);
	while (count-- > 0) {
		uint8_t byte = fuzz_byte();

		add_pending(&byte, 1);
	}
	server.message = server.len;
}

/* Make what the server sends next: at least one record, and no message that waits for another one
 * to share its record. Returns false at the end. */
static bool make_pending(void)
{
	server.len = server.at = server.message = 0;
	do {
		uint8_t op, param, how;

		if (fuzz_input_is_empty() || ++server.ops > OPS_MAX) {
			if (server.len > server.message)
				into_records(STS_TLS_RECORD_HANDSHAKE, 16384);
			return server.len > 0;
		}
		op = fuzz_byte() % OPS;
		param = fuzz_byte();
		how = fuzz_byte();
		if (op == OP_RECORD)
			send_record(param, how);
		else if (op == OP_RAW)
			send_raw(how);
		else
			send_message(op, param, how);
		if (server.len > server.message && server.len > 12000)
			into_records(STS_TLS_RECORD_HANDSHAKE, 16384);
	} while (server.len == 0 || server.len > server.message);
	return true;
}

static int read_server(void *context, uint8_t *data, size_t len)
{
	size_t n;

	require(context == &server && len > 0);
	if (server.read_bytes == faults.read_bytes)
		return faults.breaks ? -1 : 0;
	if (server.at == server.len && !make_pending())
		return 0;
	n = server.len - server.at;
	if (n > faults.read_bytes - server.read_bytes)
		n = faults.read_bytes - server.read_bytes;
	if (server.piece > 0 && n > server.piece)
		n = server.piece;
	if (n > len)
		n = len;
	memcpy(data, server.pending + server.at, n);
	server.at += n;
	server.read_bytes += n;
	return (int)n;
}

/* What the client sends are records. */
static int write_server(void *context, const uint8_t *data, size_t len)
{
	require(context == &server && len > 0);
	if (server.writes == faults.writes)
		return -1;
	server.writes++;
	for (size_t i = 0; i < len; i++) {
		if (sent.left > 0) {
			if (sent.header[0] == STS_TLS_RECORD_ALERT)
				sent.alert = data[i];
			sent.left--;
			continue;
		}
		sent.header[sent.have++] = data[i];
		if (sent.have < STS_TLS_HEADER_BYTES)
			continue;
		sent.have = 0;
		sent.left = (size_t)sent.header[3] << 8 | sent.header[4];
		require(sent.header[0] >= 20 && sent.header[0] <= 23);
		require(sent.header[1] == 3 && (sent.header[2] == 1 || sent.header[2] == 3));
		require(sent.left > 0 && sent.left <= STS_TLS_FRAGMENT_MAX_BYTES);
	}
	return (int)len;
}

/* --- the whole connection --- */

static bool all_zero(const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void check_success(void)
{
	const struct sts_tls_facts *f = &client.facts;

	require_checked(client.records.failure.kind == STS_TLS_FINE);
	require_checked(server.proved && server.finished && verifier.in_chain &&
			verifier.verdict == 0);
	require_checked(f->version == STS_TLS_VERSION_12 || f->version == STS_TLS_VERSION_13);
	require_checked(f->version != STS_TLS_VERSION_12 || !sts_tls_testing.no_tls12);
	require_checked(f->version != STS_TLS_VERSION_13 || !sts_tls_testing.no_tls13);
	require_checked(client.records.tls13 == (f->version == STS_TLS_VERSION_13));
	require_checked(sts_tls_suite_name(f->suite) && sts_tls_group_name(f->group) &&
			sts_tls_scheme_name(f->scheme));
	require_checked((client.suite->key_type == 0) == client.records.tls13);
	require_checked(!f->client_sent || (f->client_asked && client.key && f->client_scheme));
	require_checked(all_zero(client.pair.secret, sizeof(client.pair.secret)));
	require_checked(all_zero(client.master, sizeof(client.master)));
}

static void check_failure(void)
{
	const struct sts_tls_failure *f = &client.records.failure;

	require_checked(f->kind != STS_TLS_FINE || client.records.closed);
	if (f->kind == STS_TLS_BROKEN_RULE)
		require_checked(sts_tls_check_name(f->check) != NULL &&
				sts_tls_check_info(f->check).words[0] != '\0');
	require_checked(f->kind != STS_TLS_WORN_OUT && f->kind != STS_TLS_TOO_BIG &&
			f->kind != STS_TLS_KEY_MISMATCH);
	require_checked(f->kind != STS_TLS_IO || server.writes == faults.writes ||
			(faults.breaks && server.read_bytes == faults.read_bytes));
	require_checked(f->kind != STS_TLS_NO_RANDOM || random_calls_max > 0 ||
			random_calls > faults.randoms);
	require_checked(f->kind != STS_TLS_DISTRUSTED || verifier.verdict != 0 || faults.no_key);
}

static void set_up(void)
{
	static uint8_t point[65] = {4}, modulus[256] = {0xff}, exponent[] = {1, 0, 1};
	static uint8_t chain[2][CERT_MAX_BYTES];
	uint8_t offers = fuzz_byte(), peer = fuzz_byte(), more = fuzz_byte();
	bool is_rsa = peer & 1;

	memset(&server, 0, sizeof(server));
	memset(&sent, 0, sizeof(sent));
	memset(&verifier, 0, sizeof(verifier));
	sts_tls_testing.unprotected = true;
	sts_tls_testing.random = get_random;
	sts_tls_testing.no_tls12 = (offers & 3) == 1;
	sts_tls_testing.no_tls13 = (offers & 3) == 2;
	sts_tls_testing.no_alpn = offers & 4;
	random_calls = 0;
	random_calls_max = more & 15;
	server.piece = more >> 4;
	verifier.vtable = &verifier_class;
	verifier.verdict = peer & 2 ? BR_ERR_X509_NOT_TRUSTED : faults.verdict;
	if (is_rsa) {
		verifier.key.key_type = BR_KEYTYPE_RSA;
		verifier.key.key.rsa = (br_rsa_public_key){modulus, sizeof(modulus), exponent, 3};
	} else {
		verifier.key.key_type = BR_KEYTYPE_EC;
		verifier.key.key.ec = (br_ec_public_key){BR_EC_secp256r1, point, sizeof(point)};
	}
	client_key.is_rsa = peer & 4;
	client_key.leaf.key_kind = peer & 4 ? STS_KEY_RSA : STS_KEY_EC_P256;
	client_key.chain_len = 1 + (peer >> 4 & 1);
	for (size_t i = 0; i < client_key.chain_len; i++)
		client_key.chain[i] = (br_x509_certificate){chain[i], faults.cert_bytes};
	sts_tls_client_init(&client, (struct sts_tls_transport){read_server, write_server, &server},
			    &verifier.vtable, offers & 8 ? NULL : "sts.example",
			    peer & 8 ? &client_key : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t answer[1000];

	fuzz_input(data, size);
	set_up();
	if (sts_tls_client_handshake(&client)) {
		check_success();
		if (sts_tls_client_write(&client, "a request", 9)) {
			size_t n;

			while ((n = sts_tls_client_read(&client, answer, sizeof(answer))) > 0)
				require(n <= sizeof(answer));
			check_failure();
			require_checked(!sts_tls_client_write(&client, "more", 4) ||
					client.records.closed);
		}
		sts_tls_client_close(&client);
	} else {
		check_failure();
		require_checked(sts_tls_client_read(&client, answer, sizeof(answer)) == 0);
		require_checked(!sts_tls_client_write(&client, "a request", 9) ||
				client.records.closed);
	}
	ended_by = client.records.failure.kind;
	ended_by_check = client.records.failure.check;
	sts_tls_client_fini(&client);
	require(all_zero(&client, sizeof(client)));
	return 0;
}
