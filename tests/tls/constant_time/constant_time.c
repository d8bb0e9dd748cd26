/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calculations with secrets, for run.sh: it runs each case under Valgrind's memcheck, to which the
 * secrets are bytes that are not defined. No branch and no address may depend on them.
 *
 *   constant-time --list         prints the name of each case, and how many branches on a secret
 *                                allowed.supp allows in it
 *   constant-time CASE FOLDER    runs a case; FOLDER has the keys that run.sh made, and the ports
 *                                of its servers
 *
 * The linker puts the functions __wrap_NAME in the place of NAME. Each tells memcheck that a result
 * is public from there on, and says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bearssl_choice/implementations.h"
#include "secret.h"
#include "tls/client.h"
#include "tls/loopback.h"
#include "trust/verifier.h"

static const char *folder;
static bool with_memcmp; /* a planted fault */

/* --- what is public --- */

/* Whether a tag or a Finished message is right: the peer learns it. */
bool __real_sts_tls_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_sts_tls_equal(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_sts_tls_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	bool same = with_memcmp ? memcmp(a, b, len) == 0 : __real_sts_tls_equal(a, b, len);

	PUBLIC(&same, sizeof(same));
	return same;
}

/* A signature, which is sent in clear or to the peer. */
size_t __real_br_ecdsa_i31_sign_raw(const br_ec_impl *impl, const br_hash_class *hf,
				    const void *hash, const br_ec_private_key *key, void *out);
size_t __wrap_br_ecdsa_i31_sign_raw(const br_ec_impl *impl, const br_hash_class *hf,
				    const void *hash, const br_ec_private_key *key, void *out);
size_t __wrap_br_ecdsa_i31_sign_raw(const br_ec_impl *impl, const br_hash_class *hf,
				    const void *hash, const br_ec_private_key *key, void *out)
{
	size_t len = __real_br_ecdsa_i31_sign_raw(impl, hf, hash, key, out);

	PUBLIC(&len, sizeof(len));
	PUBLIC(out, len);
	return len;
}

uint32_t __real_br_rsa_i31_public(unsigned char *x, size_t len, const br_rsa_public_key *key);
uint32_t __wrap_br_rsa_i31_public(unsigned char *x, size_t len, const br_rsa_public_key *key);
uint32_t __wrap_br_rsa_i31_public(unsigned char *x, size_t len, const br_rsa_public_key *key)
{
	uint32_t ok = __real_br_rsa_i31_public(x, len, key);

	PUBLIC(&ok, sizeof(ok));
	PUBLIC(x, len);
	return ok;
}

/* Whether the peer's point is one, and whether the secret is zero: the peer chose the point. main()
 * copies the rest of the table. */
extern const br_ec_impl __real_sts_crypto_curves;
extern br_ec_impl __wrap_sts_crypto_curves;
br_ec_impl __wrap_sts_crypto_curves;

static uint32_t mul(unsigned char *point, size_t point_len, const unsigned char *x, size_t x_len,
		    int curve)
{
	uint32_t ok = __real_sts_crypto_curves.mul(point, point_len, x, x_len, curve);

	PUBLIC(&ok, sizeof(ok));
	return ok;
}

/* What the server sent. It is read by code that need not take constant time. */
bool __real_sts_tls_protection_open(struct sts_tls_protection *p, uint8_t *record, size_t len,
				    uint8_t **plain, size_t *plain_len);
bool __wrap_sts_tls_protection_open(struct sts_tls_protection *p, uint8_t *record, size_t len,
				    uint8_t **plain, size_t *plain_len);
bool __wrap_sts_tls_protection_open(struct sts_tls_protection *p, uint8_t *record, size_t len,
				    uint8_t **plain, size_t *plain_len)
{
	bool ok = __real_sts_tls_protection_open(p, record, len, plain, plain_len);

	if (ok)
		PUBLIC(*plain, *plain_len);
	return ok;
}

/* Random bytes are secret, except for those that are sent in the ClientHello. */
static struct sts_tls_client client;
bool __real_sts_tls_random_bytes(uint8_t *data, size_t len);
bool __wrap_sts_tls_random_bytes(uint8_t *data, size_t len);
bool __wrap_sts_tls_random_bytes(uint8_t *data, size_t len)
{
	bool ok = __real_sts_tls_random_bytes(data, len);

	if (data != client.client_random && data != client.session_id)
		SECRET(data, len);
	return ok;
}

/* A public key. */
bool __real_sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
				  sts_tls_random *random);
bool __wrap_sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
				  sts_tls_random *random);
bool __wrap_sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
				  sts_tls_random *random)
{
	bool ok = __real_sts_tls_key_pair_make(pair, group, random);

	PUBLIC(pair->public, sizeof(pair->public));
	return ok;
}

/* --- the cases --- */

static const br_hash_class *const hashes[] = {&br_sha256_vtable, &br_sha384_vtable};

/* Secret bytes. */
static uint8_t *secret_bytes(size_t len)
{
	static uint8_t bytes[128];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(3 * i + 1);
	SECRET(bytes, len);
	return bytes;
}

static bool key_schedule(void)
{
	uint8_t a[48], b[48], transcript[48] = {1, 2, 3};

	for (size_t i = 0; i < 2; i++) {
		sts_tls13_extract(hashes[i], NULL, 0, NULL, 0, a);
		sts_tls13_derive_secret(hashes[i], a, "derived", NULL, a);
		sts_tls13_extract(hashes[i], a, 32 + 16 * i, secret_bytes(66), 66, a);
		sts_tls13_derive_secret(hashes[i], a, "c hs traffic", transcript, b);
		sts_tls13_expand_label(hashes[i], b, "key", NULL, 0, a, 32);
		sts_tls13_expand_label(hashes[i], b, "traffic upd", NULL, 0, a, 32);
	}
	return true;
}

static bool key_schedule12(void)
{
	uint8_t master[48], block[88], seed[64] = {1, 2, 3};

	for (size_t i = 0; i < 2; i++) {
		sts_tls12_master(hashes[i], secret_bytes(66), 66, false, seed, 64, master);
		sts_tls12_master(hashes[i], secret_bytes(32), 32, true, seed, 32 + 16 * i, master);
		sts_tls12_key_block(hashes[i], master, seed, block, sizeof(block));
	}
	return true;
}

/* The Finished message of the peer is compared, and differs in its last byte, or not. */
static bool finished(void)
{
	uint8_t want[48], came[48], transcript[48] = {1, 2, 3};
	bool right = true;

	for (size_t i = 0; i < 4; i++) {
		const br_hash_class *hash = hashes[i / 2];
		size_t len = 32 + 16 * (i / 2);

		sts_tls13_finished(hash, secret_bytes(48), transcript, want);
		memcpy(came, want, len);
		PUBLIC(came, len);
		came[len - 1] ^= i % 2;
		right = right && sts_tls_equal(want, came, len) == (i % 2 == 0);
		sts_tls12_finished(hash, secret_bytes(48), false, transcript, want);
		memcpy(came, want, 12);
		PUBLIC(came, 12);
		came[0] ^= i % 2;
		right = right && sts_tls_equal(want, came, 12) == (i % 2 == 0);
	}
	return right;
}

/* Records of one AEAD in both versions. They are opened as they were made, and with another tag. */
static bool records(enum sts_tls_aead aead)
{
	static struct sts_tls_protection p;
	uint8_t record[256], *plain;
	size_t plain_len;
	bool right = true;

	for (int i = 0; i < 4; i++) {
		bool tls13 = i / 2, wrong = i % 2;
		uint8_t *key = secret_bytes(32 + STS_TLS_IV_BYTES);
		size_t len;

		sts_tls_protection_set(&p, aead, tls13, key, key + 32);
		memset(record, 'x', sizeof(record));
		SECRET(record + 16, 100);
		len = sts_tls_protection_seal(&p, record, 130);
		PUBLIC(record, len);
		record[len - 1] ^= wrong;
		p.sequence = 0;
		right = right &&
			sts_tls_protection_open(&p, record, len, &plain, &plain_len) != wrong;
	}
	return right;
}

static bool records_aes_128(void)
{
	return records(STS_TLS_AEAD_AES_128_GCM);
}

static bool records_aes_256(void)
{
	return records(STS_TLS_AEAD_AES_256_GCM);
}

static bool records_chacha20(void)
{
	return records(STS_TLS_AEAD_CHACHA20_POLY1305);
}

static bool secret_random(uint8_t *data, size_t len)
{
	memset(data, 1, len); /* in the range of every curve */
	SECRET(data, len);
	return true;
}

static bool exchange(uint16_t id)
{
	static struct sts_tls_key_pair ours, theirs;
	const struct sts_tls_group *group = sts_tls_group(id);
	uint8_t shared[STS_TLS_SECRET_NUMBER_MAX_BYTES];

	if (!sts_tls_key_pair_make(&ours, group, secret_random) ||
	    !sts_tls_key_pair_make(&theirs, group, secret_random))
		return false;
	return sts_tls_agree(&ours, theirs.public, group->public_bytes, shared) == STS_TLS_AGREED;
}

static bool exchange_x25519(void)
{
	return exchange(29);
}

static bool exchange_p256(void)
{
	return exchange(23);
}

static bool exchange_p384(void)
{
	return exchange(24);
}

static bool exchange_p521(void)
{
	return exchange(25);
}

/* Read a certificate and its key from the folder. The key becomes secret. */
static bool read_key(struct sts_client_key *key, const char *name)
{
	struct sts_error error = {0};
	char cert_path[4096], key_path[4096];
	struct sts_der secret;

	snprintf(cert_path, sizeof(cert_path), "%s/%s.crt", folder, name);
	snprintf(key_path, sizeof(key_path), "%s/%s.key", folder, name);
	if (sts_client_key_read(key, cert_path, key_path, &error) != STS_OK) {
		fprintf(stderr, "%s\n", error.msg);
		return false;
	}
	secret = key->is_rsa ? key->rsa_d : key->ec_x;
	SECRET(key->key_file + ((const uint8_t *)secret.data - key->key_file), secret.len);
	return true;
}

static struct sts_client_key own_key, server_key;

/* Sign with a key of the folder, by a scheme that fits it. */
static bool sign(const char *name, uint16_t id)
{
	uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES], hash[64] = {1, 2, 3};

	return read_key(&own_key, name) &&
	       sts_tls_sign(sts_tls_scheme(id), &own_key, hash, secret_bytes(64), signature) > 0;
}

static bool sign_pss(void)
{
	return sign("rsa", 0x0804) && sign("rsa", 0x0806);
}

static bool sign_pkcs1(void)
{
	return sign("rsa", 0x0401);
}

static bool sign_p256(void)
{
	return sign("p256", 0x0403);
}

static bool sign_p384(void)
{
	return sign("p384", 0x0503);
}

static bool sign_p521(void)
{
	return sign("p521", 0x0603);
}

/* --- a whole connection --- */

static int read_server(void *context, uint8_t *data, size_t len)
{
	return (int)recv(*(int *)context, data, len, 0);
}

static int write_server(void *context, const uint8_t *data, size_t len)
{
	PUBLIC(data, len);
	return (int)send(*(int *)context, data, len, MSG_NOSIGNAL);
}

/* Connect to the server whose port is in a file of the folder. */
static int connect_to(const char *port_file)
{
	char path[4096], port[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, port_file);
	file = fopen(path, "r");
	if (!file || !fgets(port, sizeof(port), file))
		return -1;
	fclose(file);
	return loopback_connect(atoi(port));
}

/* A handshake with a certificate of the client, a request and its answer. */
static bool connection(const char *port_file, uint16_t version, const char *key_name)
{
	int sock = connect_to(port_file);
	br_x509_knownkey_context verifier;
	br_x509_pkey public;
	uint8_t answer[100];
	bool ok;

	if (sock < 0 || !read_key(&server_key, "p256") || !read_key(&own_key, key_name))
		return false;
	public = sts_verifier_public_key(&server_key.leaf);
	br_x509_knownkey_init_ec(&verifier, &public.key.ec, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
	sts_tls_client_init(&client, (struct sts_tls_transport){read_server, write_server, &sock},
			    &verifier.vtable, "localhost", &own_key);
	ok = sts_tls_client_handshake(&client) &&
	     sts_tls_client_write(&client, "GET / HTTP/1.0\r\n\r\n", 18) &&
	     sts_tls_client_read(&client, answer, sizeof(answer)) > 0 &&
	     client.facts.version == version && client.facts.client_sent;
	sts_tls_client_close(&client);
	close(sock);
	return ok;
}

static bool connection13(void)
{
	return connection("tls1_3", STS_TLS_VERSION_13, "rsa") &&
	       connection("tls1_3", STS_TLS_VERSION_13, "p256");
}

static bool connection12(void)
{
	return connection("tls1_2", STS_TLS_VERSION_12, "rsa") &&
	       connection("tls1_2", STS_TLS_VERSION_12, "p256");
}

static bool fault_connection(void)
{
	with_memcmp = true;
	return connection13();
}

/* --- planted faults, which have to be found --- */

static bool fault_finished(void)
{
	with_memcmp = true;
	return finished();
}

static bool fault_tag(void)
{
	with_memcmp = true;
	return records_chacha20();
}

/* BearSSL's fast AES looks up tables at places that depend on the key. */
static bool fault_tables(void)
{
	br_aes_big_ctr_keys keys;
	uint8_t data[16] = {0}, iv[12] = {0};

	br_aes_big_ctr_init(&keys, secret_bytes(16), 16);
	br_aes_big_ctr_run(&keys, iv, 0, data, sizeof(data));
	return true;
}

static const struct {
	const char *name;
	bool (*run)(void);
	int allowed;
} cases[] = {
	{"key-schedule", key_schedule},
	{"key-schedule-1.2", key_schedule12},
	{"finished", finished},
	{"records-aes-128-gcm", records_aes_128},
	{"records-aes-256-gcm", records_aes_256},
	{"records-chacha20-poly1305", records_chacha20},
	{"exchange-x25519", exchange_x25519},
	{"exchange-p256", exchange_p256, 1},
	{"exchange-p384", exchange_p384, 1},
	{"exchange-p521", exchange_p521, 1},
	{"sign-rsa-pss", sign_pss},
	{"sign-rsa-pkcs1", sign_pkcs1},
	{"sign-p256", sign_p256, 4},
	{"sign-p384", sign_p384, 4},
	{"sign-p521", sign_p521, 4},
	{"connection-1.3", connection13, 4},
	{"connection-1.2", connection12, 4},
	{"fault-finished-by-memcmp", fault_finished},
	{"fault-tag-by-memcmp", fault_tag},
	{"fault-connection-by-memcmp", fault_connection},
	{"fault-tables-of-aes", fault_tables},
};

int main(int argc, char **argv)
{
	bool list = argc == 2 && strcmp(argv[1], "--list") == 0;

	__wrap_sts_crypto_curves = __real_sts_crypto_curves;
	__wrap_sts_crypto_curves.mul = mul;
	folder = argc == 3 ? argv[2] : "";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (list)
			printf("%s %d\n", cases[i].name, cases[i].allowed);
		else if (argc == 3 && strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run() ? 0 : 1;
	}
	return list ? 0 : 64;
}
