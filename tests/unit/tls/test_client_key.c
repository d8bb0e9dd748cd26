/* SPDX-License-Identifier: Apache-2.0 */
/* The client's certificate and key. openssl makes the keys for each run, so that none is kept
 * here. */
#include "tls/client_key.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "bearssl_choice/implementations.h"
#include "test.h"
#include "tls/signature.h"
#include "tls/stream.h"

static struct sts_client_key key;
static struct sts_error error;
static char dir[] = "/tmp/sts-clientkey-XXXXXX";

static const char *const kinds[] = {"rsa", "p256", "p384", "p521"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool make_files(void)
{
	static const char script[] = "cd %s && exec >/dev/null 2>&1 &&"
				     "r='openssl req -x509 -nodes -days 2 -subj /CN=client' &&"
				     "$r -newkey rsa:2048 -keyout rsa.key -out rsa.crt &&"
				     "for c in 256:prime256v1 384:secp384r1 521:secp521r1; do"
				     " $r -newkey ec -pkeyopt ec_paramgen_curve:${c#*:} -keyout "
				     "p${c%%:*}.key -out p${c%%:*}.crt ||"
				     " exit 1; done";
	char command[sizeof(script) + sizeof(dir)];

	snprintf(command, sizeof(command), script, dir);
	return system(command) == 0;
}

static const char *in_dir(char *buf, size_t size, const char *name, const char *end)
{
	snprintf(buf, size, "%s/%s%s", dir, name, end);
	return buf;
}

static enum sts_err read_pair(const char *cert, const char *key_name)
{
	char a[64], b[64];

	error = (struct sts_error){.code = STS_OK};
	return sts_client_key_read(&key, in_dir(a, sizeof(a), cert, ".crt"),
				   in_dir(b, sizeof(b), key_name, ".key"), &error);
}

static void every_pair(void)
{
	for (size_t i = 0; i < KINDS; i++)
		for (size_t j = 0; j < KINDS; j++) {
			enum sts_err err = read_pair(kinds[i], kinds[j]);

			CHECK_INT(err, i == j ? STS_OK : STS_ECLIENT_CERT);
			CHECK(i == j || strstr(error.msg, ".key: the key does not belong") != NULL);
			CHECK_INT(key.chain_len, i == j);
		}
}

static bool holds_nothing(void)
{
	const uint8_t *bytes = (const uint8_t *)&key;

	for (size_t i = 0; i < sizeof(key); i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void nothing_is_left(void)
{
	CHECK_INT(read_pair("rsa", "rsa"), STS_OK);
	CHECK(!holds_nothing());
	sts_client_key_fini(&key);
	CHECK(holds_nothing());
	CHECK_INT(read_pair("rsa", "p256"), STS_ECLIENT_CERT);
	CHECK(holds_nothing());
	CHECK_INT(read_pair("none", "p256"), STS_ECLIENT_CERT);
	CHECK(strstr(error.msg, "none.crt: no such file") != NULL);
}

/* --- signing --- */

static const br_hash_class *const hashes[] = {&br_sha256_vtable, &br_sha384_vtable,
					      &br_sha512_vtable};
static const size_t hash_bytes[] = {32, 48, 64};

static size_t sign(const struct sts_client_key *k, int id, const uint8_t *hash, uint8_t *data)
{
	static const uint16_t rsa[] = {0x0401, 0x0501, 0x0601}, ecdsa[] = {0x0403, 0x0503, 0x0603};
	int i = id - br_sha256_ID;

	return sts_tls_sign(sts_tls_scheme(k->is_rsa ? rsa[i] : ecdsa[i]), k, hash, NULL, data);
}

/* By RFC 6979 a signature is the same each time, so that it must have BearSSL's own encoding. */
static void check_ecdsa(int id, const uint8_t *hash)
{
	br_ec_private_key ec = {BR_EC_secp256r1 + (int)key.leaf.key_kind - STS_KEY_EC_P256,
				(unsigned char *)(uintptr_t)key.ec_x.data, key.ec_x.len};
	uint8_t want[160], got[512];
	size_t len = br_ecdsa_i31_sign_asn1(sts_crypto_ec(), hashes[id - br_sha256_ID], hash, &ec,
					    want);

	CHECK_INT(sign(&key, id, hash, got), len);
	CHECK(memcmp(got, want, len) == 0);
}

static void check_rsa(int id, const uint8_t *hash)
{
	uint8_t oid[] = {9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, (uint8_t)(id - 3)};
	br_rsa_public_key rsa = {
		(unsigned char *)(uintptr_t)key.leaf.rsa_n.data, key.leaf.rsa_n.len,
		(unsigned char *)(uintptr_t)key.leaf.rsa_e.data, key.leaf.rsa_e.len};
	size_t hash_len = hash_bytes[id - br_sha256_ID];
	uint8_t data[512], got[64];
	size_t len = sign(&key, id, hash, data);

	CHECK_INT(len, rsa.nlen);
	CHECK(br_rsa_i31_pkcs1_vrfy(data, len, oid, hash_len, &rsa, got));
	CHECK(memcmp(got, hash, hash_len) == 0);
}

static void signatures(void)
{
	uint8_t hash[64];

	for (size_t i = 0; i < KINDS; i++) {
		CHECK_INT(read_pair(kinds[i], kinds[i]), STS_OK);
		for (int n = 0; n < (i == 1 ? 60 : 6); n++) {
			for (size_t at = 0; at < sizeof(hash); at++)
				hash[at] = (uint8_t)(n * 37 + (int)at * 11);
			if (key.is_rsa)
				check_rsa(br_sha256_ID + n % 3, hash);
			else
				check_ecdsa(br_sha256_ID + n % 3, hash);
		}
	}
}

/* --- crafted keys: of the right shape, and of a wrong size --- */

static uint8_t der[8192];
static size_t der_len;

/* Put a header before what has been written. */
static void wrap(uint8_t tag)
{
	uint8_t head[4] = {tag, 0x82, (uint8_t)(der_len >> 8), (uint8_t)der_len};
	size_t head_len = der_len > 0xff ? 4 : der_len > 0x7f ? 3 : 2;

	if (head_len == 3)
		head[1] = 0x81, head[2] = (uint8_t)der_len;
	else if (head_len == 2)
		head[1] = (uint8_t)der_len;
	memmove(der + head_len, der, der_len);
	memcpy(der, head, head_len);
	der_len += head_len;
}

static void prepend(const void *data, size_t len)
{
	memmove(der + len, der, der_len);
	memcpy(der, data, len);
	der_len += len;
}

static void add_element(uint8_t tag, size_t len)
{
	uint8_t before[sizeof(der)];
	size_t before_len = der_len;

	memcpy(before, der, before_len);
	memset(der, 0x41, len);
	der_len = len;
	wrap(tag);
	prepend(before, before_len);
}

static void write_key(const char *name)
{
	char path[64], base64[sizeof(der) * 2];
	struct sts_text text;
	FILE *file = fopen(in_dir(path, sizeof(path), name, ".key"), "w");

	sts_text_init(&text, base64, sizeof(base64));
	sts_base64_encode(&text, der, der_len);
	if (!file)
		exit(1);
	fprintf(file, "-----BEGIN PRIVATE %s-----\n%s\n-----END PRIVATE %s-----\n", "KEY", base64,
		"KEY");
	fclose(file);
}

static void ec_of(size_t bytes)
{
	static const uint8_t one[] = {2, 1, 1};

	memcpy(der, one, sizeof(one));
	der_len = sizeof(one);
	add_element(STS_DER_OCTETS, bytes);
	wrap(STS_DER_SEQUENCE);
}

static void rsa_of(size_t n, size_t factor)
{
	static const uint8_t zero[] = {2, 1, 0};

	memcpy(der, zero, sizeof(zero));
	der_len = sizeof(zero);
	add_element(STS_DER_INTEGER, n);
	add_element(STS_DER_INTEGER, 3);
	add_element(STS_DER_INTEGER, n);
	for (int i = 0; i < 5; i++)
		add_element(STS_DER_INTEGER, factor);
	wrap(STS_DER_SEQUENCE);
}

static void pkcs8(void)
{
	static const uint8_t head[] = {2, 1, 0, 0x30, 2, 5, 0};

	wrap(STS_DER_OCTETS);
	prepend(head, sizeof(head));
	wrap(STS_DER_SEQUENCE);
}

/* BearSSL 0.6 copies up to 1560 bytes of a key into 1536 bytes. */
static void keys_that_overflow_bearssl(void)
{
	static const size_t sizes[] = {33, 67, 1536, 1537, 1560, 1561, 4000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int form = 0; form < 4; form++) {
			if (form & 1)
				rsa_of(256, sizes[i] / 5);
			else
				ec_of(sizes[i]);
			if (form & 2)
				pkcs8();
			write_key("crafted");
			CHECK_INT(read_pair(form & 1 ? "rsa" : "p256", "crafted"),
				  STS_ECLIENT_CERT);
			CHECK(strstr(error.msg, "does not belong") != NULL);
		}
}

/* A weak reference takes nothing out of an archive. The function is there only if the program's
 * code needs it. */
extern void br_skey_decoder_init(br_skey_decoder_context *ctx) __attribute__((weak));

static void bearssl_s_reader_is_not_linked(void)
{
	CHECK(sts_stream_init != NULL);
	CHECK(br_skey_decoder_init == NULL);
}

static void shapes(void)
{
	rsa_of(256, 128);
	CHECK(sts_client_key_decode((struct sts_der){der, der_len}, &key) && key.is_rsa);
	CHECK_INT(key.rsa_n.len, 256);
	CHECK_INT(key.rsa_d.len, 256);
	CHECK(key.rsa_d.data == key.rsa_n.data + 256 + 5 + 4);
	pkcs8();
	CHECK(sts_client_key_decode((struct sts_der){der, der_len}, &key));
	pkcs8(); /* a key in itself */
	CHECK(!sts_client_key_decode((struct sts_der){der, der_len}, &key));
	ec_of(32);
	CHECK(sts_client_key_decode((struct sts_der){der, der_len}, &key) && !key.is_rsa);
	CHECK_INT(key.ec_x.len, 32);
	der[der_len] = 0;
	CHECK(!sts_client_key_decode((struct sts_der){der, der_len + 1}, &key));
	ec_of(0);
	CHECK(!sts_client_key_decode((struct sts_der){der, der_len}, &key));
	rsa_of(0, 0);
	CHECK(!sts_client_key_decode((struct sts_der){der, der_len}, &key));
}

static void cut_short(void)
{
	for (int form = 0; form < 4; form++) {
		if (form & 1)
			rsa_of(64, 32);
		else
			ec_of(32);
		if (form & 2)
			pkcs8();
		for (size_t len = 0; len < der_len; len++) {
			uint8_t *exact = malloc(len + 1);

			memcpy(exact, der, len);
			CHECK(!sts_client_key_decode((struct sts_der){len ? exact : NULL, len},
						     &key));
			free(exact);
		}
	}
}

static const struct sts_test tests[] = {
	{"certificates and keys that belong together, and others that do not", every_pair},
	{"nothing of a key is left", nothing_is_left},
	{"signatures are verified by BearSSL", signatures},
	{"keys that overflow BearSSL's reader are refused", keys_that_overflow_bearssl},
	{"BearSSL's reader is not linked", bearssl_s_reader_is_not_linked},
	{"keys in PKCS#8, PKCS#1 and SEC 1", shapes},
	{"a key that is cut short is refused", cut_short},
};

int main(void)
{
	char command[64];

	if (!mkdtemp(dir) || !make_files()) {
		printf("1..0 # SKIP openssl is needed\n");
		return 0;
	}
	int status = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? status : 1;
}
