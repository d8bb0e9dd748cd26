/* SPDX-License-Identifier: Apache-2.0 */
/* The key schedules of TLS 1.3 and 1.2: the handshakes of RFC 8448, byte for byte, and numbers that
 * OpenSSL and Python's hmac made, which agree. */
#include "tls/key_schedule.h"

#include "test.h"
#include "tls/protection.h"
#include "unit/tls/rfc8448.h"

static const br_hash_class *const sha256 = &br_sha256_vtable;
static const br_hash_class *const sha384 = &br_sha384_vtable;

/* A handshake of RFC 8448 as far as it has come. */
static size_t section;
static struct sts_tls_transcript transcript;
static uint8_t hash[STS_TLS_HASH_MAX_BYTES];

static void check_value(const uint8_t *got, size_t len, const char *name)
{
	struct rfc8448_value want = rfc8448(section, name);

	if (want.len == len && len > 0 && memcmp(got, want.data, len) == 0)
		return;
	sts_test_failures++;
	printf("# %s: %s differs\n", rfc8448_sections[section], name);
}

static void check_hex(const uint8_t *got, size_t len, const char *want, int line)
{
	char text[256] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	if (strcmp(text, want) == 0)
		return;
	sts_test_failures++;
	printf("# %s:%d: got %s\n", __FILE__, line, text);
}
#define CHECK_HEX(got, len, want) check_hex(got, len, want, __LINE__)

/* Add the messages of a record in clear. */
static void add_record(const char *name)
{
	struct rfc8448_value record = rfc8448(section, name);

	CHECK(record.len > STS_TLS_HEADER_BYTES);
	sts_tls_transcript_add(&transcript, record.data + STS_TLS_HEADER_BYTES,
			       record.len - STS_TLS_HEADER_BYTES);
}

/* The names of the messages of a flight, in their order. A section does not have all of them. */
static const char *const server_flight[] = {"message_server_encrypted_extensions",
					    "message_server_certificate_request",
					    "message_server_certificate",
					    "message_server_certificate_verify",
					    "message_server_finished",
					    NULL};
static const char *const client_flight[] = {"message_client_certificate",
					    "message_client_certificate_verify",
					    "message_client_finished", NULL};

/*
 * Go through the messages of a flight: its Finished is calculated, and the record that holds
 * them is made, and opened.
 *   secret  in  the handshake traffic secret of the side that sends them
 */
static void go_through(const char *const *names, const char *record_name, const uint8_t *secret,
		       const uint8_t *key, const uint8_t *iv)
{
	struct rfc8448_value want = rfc8448(section, record_name);
	static struct sts_tls_protection seal, open;
	uint8_t record[2048] = {0x17, 3, 3}, verify_data[32], *plain;
	size_t len = 0, plain_len;

	for (; *names; names++) {
		struct rfc8448_value message = rfc8448(section, *names);

		if (strstr(*names, "_finished")) {
			CHECK_INT(message.len, 4 + 32);
			sts_tls_transcript_hash(&transcript, br_sha256_ID, hash);
			sts_tls13_finished(sha256, secret, hash, verify_data);
			CHECK(memcmp(message.data + 4, verify_data, 32) == 0);
		}
		sts_tls_transcript_add(&transcript, message.data, message.len);
		memcpy(record + STS_TLS_HEADER_BYTES + len, message.data, message.len);
		len += message.len;
	}
	record[STS_TLS_HEADER_BYTES + len++] = 22;
	sts_tls_protection_set(&seal, STS_TLS_AEAD_AES_128_GCM, true, key, iv);
	sts_tls_protection_set(&open, STS_TLS_AEAD_AES_128_GCM, true, key, iv);
	CHECK_INT(sts_tls_protection_seal(&seal, record, len), want.len);
	check_value(record, want.len, record_name);
	CHECK(sts_tls_protection_open(&open, want.data, want.len, &plain, &plain_len));
	CHECK_INT(plain_len, len);
	CHECK(plain[len - 1] == 22);
}

/* Make and open the records of application data of one side. */
static void application_data(const char *side, const uint8_t *key, const uint8_t *iv)
{
	static struct sts_tls_protection seal, open;
	size_t n = 0;

	sts_tls_protection_set(&seal, STS_TLS_AEAD_AES_128_GCM, true, key, iv);
	sts_tls_protection_set(&open, STS_TLS_AEAD_AES_128_GCM, true, key, iv);
	for (;; n++) {
		uint8_t record[1024] = {0x17, 3, 3}, *plain;
		struct rfc8448_value want, text;
		char name[64];
		size_t plain_len;

		snprintf(name, sizeof(name), "plain_%s_application_%zu", side, n);
		text = rfc8448(section, name);
		snprintf(name, sizeof(name), "record_%s_application_%zu", side, n);
		want = rfc8448(section, name);
		if (want.len == 0)
			break;
		memcpy(record + STS_TLS_HEADER_BYTES, text.data, text.len);
		CHECK_INT(sts_tls_protection_seal(&seal, record, text.len), want.len);
		check_value(record, want.len, name);
		CHECK(sts_tls_protection_open(&open, want.data, want.len, &plain, &plain_len));
		CHECK_INT(plain_len, text.len);
		CHECK(memcmp(plain, text.data, text.len) == 0);
	}
	CHECK(n >= 1);
}

static void key_and_iv(const uint8_t *secret, const char *key_name, const char *iv_name,
		       uint8_t *key, uint8_t *iv)
{
	sts_tls13_expand_label(sha256, secret, "key", NULL, 0, key, 16);
	check_value(key, 16, key_name);
	sts_tls13_expand_label(sha256, secret, "iv", NULL, 0, iv, 12);
	check_value(iv, 12, iv_name);
}

static void hellos(void)
{
	sts_tls_transcript_init(&transcript);
	add_record("record_client_hello");
	if (rfc8448(section, "record_hello_retry_request").len) {
		sts_tls_transcript_restart(&transcript, br_sha256_ID);
		add_record("record_hello_retry_request");
		add_record("record_client_hello_2");
	}
	add_record("record_server_hello");
	CHECK_INT(sts_tls_transcript_hash(&transcript, br_sha256_ID, hash), 32);
	check_value(hash, 32, "hash_through_server_hello");
}

static void finished_key(const uint8_t *secret, const char *name)
{
	uint8_t key[32];

	sts_tls13_expand_label(sha256, secret, "finished", NULL, 0, key, 32);
	check_value(key, 32, name);
}

static void handshake(size_t of_section)
{
	uint8_t early[32], derived[32], master[32], client[32], server[32];
	uint8_t client_key[16], client_iv[12], server_key[16], server_iv[12];
	struct rfc8448_value shared;

	section = of_section;
	shared = rfc8448(section, "shared_secret");
	CHECK_INT(shared.len, 32);
	hellos();

	sts_tls13_extract(sha256, NULL, 0, NULL, 0, early);
	check_value(early, 32, "early_secret");
	sts_tls13_derive_secret(sha256, early, "derived", NULL, derived);
	check_value(derived, 32, "derived_secret_for_handshake");
	sts_tls13_extract(sha256, derived, 32, shared.data, shared.len, derived);
	check_value(derived, 32, "handshake_secret");
	sts_tls13_derive_secret(sha256, derived, "c hs traffic", hash, client);
	check_value(client, 32, "client_handshake_traffic_secret");
	sts_tls13_derive_secret(sha256, derived, "s hs traffic", hash, server);
	check_value(server, 32, "server_handshake_traffic_secret");
	sts_tls13_derive_secret(sha256, derived, "derived", NULL, derived);
	check_value(derived, 32, "derived_secret_for_master");
	sts_tls13_extract(sha256, derived, 32, NULL, 0, master);
	check_value(master, 32, "master_secret");

	key_and_iv(server, "server_handshake_key", "server_handshake_iv", server_key, server_iv);
	key_and_iv(client, "client_handshake_key", "client_handshake_iv", client_key, client_iv);
	finished_key(server, "server_finished_key");
	finished_key(client, "client_finished_key");
	go_through(server_flight, "record_server_flight", server, server_key, server_iv);
	sts_tls_transcript_hash(&transcript, br_sha256_ID, hash);
	check_value(hash, 32, "hash_through_server_finished");
	sts_tls13_derive_secret(sha256, master, "s ap traffic", hash, server);
	check_value(server, 32, "server_application_traffic_secret");
	sts_tls13_derive_secret(sha256, master, "c ap traffic", hash, master);
	check_value(master, 32, "client_application_traffic_secret");
	go_through(client_flight, "record_client_flight", client, client_key, client_iv);

	key_and_iv(master, "client_application_key", "client_application_iv", client_key,
		   client_iv);
	key_and_iv(server, "server_application_key", "server_application_iv", server_key,
		   server_iv);
	application_data("client", client_key, client_iv);
	application_data("server", server_key, server_iv);
}

static void simple(void)
{
	handshake(0);
}

static void retry(void)
{
	handshake(1);
}

static void client_authentication(void)
{
	handshake(2);
}

static void compatibility(void)
{
	handshake(3);
}

/* Bytes that count up. */
static const uint8_t *run_of(uint8_t first)
{
	static uint8_t runs[256][128];

	for (size_t i = 0; i < sizeof(runs[0]); i++)
		runs[first][i] = (uint8_t)(first + i);
	return runs[first];
}

/* RFC 8448 has no SHA-384, and no update of keys. */
static void with_sha384(void)
{
	uint8_t secret[48], out[48];

	sts_tls13_extract(sha384, NULL, 0, NULL, 0, secret);
	CHECK_HEX(secret, 48,
		  "7ee8206f5570023e6dc7519eb1073bc4e791ad37b5c382aa10ba18e2357e7169"
		  "71f9362f2c2fe2a76bfd78dfec4ea9b5");
	sts_tls13_derive_secret(sha384, secret, "derived", NULL, secret);
	CHECK_HEX(secret, 48,
		  "1591dac5cbbf0330a4a84de9c753330e92d01f0a88214b4464972fd668049e93"
		  "e52f2b16fad922fdc0584478428f282b");
	sts_tls13_extract(sha384, secret, 48, run_of(1), 66, secret);
	CHECK_HEX(secret, 48,
		  "1a63b9ea3dac38ee25eb0b8081d7cfbfe1c1335db2f2328cf9d74600cef114d2"
		  "d16225f7b567e152e15da97de69c6604");
	sts_tls13_derive_secret(sha384, secret, "c hs traffic", run_of(0x40), secret);
	CHECK_HEX(secret, 48,
		  "7a65eef39757187473dfac5f729594480ae04c682692993edb2b33a00e303478"
		  "0df499c59ad153598e3594405670e73f");
	sts_tls13_expand_label(sha384, secret, "key", NULL, 0, out, 32);
	CHECK_HEX(out, 32, "8c2e8b20169d4918234c5ee256837dd38ebfc30042a223f8064ba62fae94a35a");
	sts_tls13_expand_label(sha384, secret, "iv", NULL, 0, out, 12);
	CHECK_HEX(out, 12, "f7812e7ee25bde008e46b249");
	sts_tls13_finished(sha384, secret, run_of(0x40), out);
	CHECK_HEX(out, 48,
		  "042944f9c19ec5707fda6ec11ff3a0eee109262e9008e817abc747aae8908f23"
		  "b8bade394d2c44b90392e4c21eaf45fd");
	sts_tls13_expand_label(sha384, secret, "traffic upd", NULL, 0, out, 48);
	CHECK_HEX(out, 48,
		  "d85401dc0137d844baca24741b5e119a28fc98f9d3a39610a5b7c6c8e94d3982"
		  "95fe793c89f670c1a91a00ab7acb846e");
}

static void bytes_of(const char *hex, uint8_t *out)
{
	CHECK(sts_hex_decode(sts_slice_of(hex), out, strlen(hex) / 2));
}

/* A vector of NIST's CAVP for the key derivation of TLS 1.2 with SHA-256 (SP 800-135). */
static void cavp(void)
{
	uint8_t premaster[48], seed[64], master[48], block[88];

	bytes_of("f8938ecc9edebc5030c0c6a441e213cd24e6f770a50dda07876f8d55da062bca"
		 "db386b411fd4fe4313a604fce6c17fbc",
		 premaster);
	bytes_of("36c129d01a3200894b9179faac589d9835d58775f9b5ea3587cb8fd0364cae8c"
		 "f6c9575ed7ddd73e1f7d16eca115415812a43c2b747daaaae043abfb50053fce",
		 seed);
	sts_tls12_master(sha256, premaster, 48, false, seed, 64, master);
	CHECK_HEX(master, 48,
		  "202c88c00f84a17a20027079604787461176455539e705be730890602c289a50"
		  "01e34eeb3a043e5d52a65e66125188bf");
	bytes_of("ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868"
		 "62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616",
		 seed);
	sts_tls12_key_block(sha256, master, seed, block, sizeof(block));
	CHECK_HEX(block, 88,
		  "d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531"
		  "016a2530c51a3a0f7e1d6590d0f0566b2f387f8d11fd4f731cdd572d2eae927f"
		  "6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068");
}

static void tls12_with(const br_hash_class *class, const char *const *want)
{
	uint8_t master[48], extended[48], block[88], data[12];
	size_t hash_len = class == sha256 ? 32 : 48;

	sts_tls12_master(class, run_of(1), 66, false, run_of(0x80), 64, master);
	CHECK_HEX(master, 48, want[0]);
	sts_tls12_master(class, run_of(1), 32, true, run_of(0x40), hash_len, extended);
	CHECK_HEX(extended, 48, want[1]);
	sts_tls12_key_block(class, master, run_of(0xc0), block, sizeof(block));
	CHECK_HEX(block, 88, want[2]);
	sts_tls12_finished(class, master, true, run_of(0x40), data);
	CHECK_HEX(data, 12, want[3]);
	sts_tls12_finished(class, master, false, run_of(0x40), data);
	CHECK_HEX(data, 12, want[4]);
}

/* The premaster secret of P-521 is longer than a block of SHA-256. */
static void tls12(void)
{
	static const char *const want256[] = {
		"57f39351cf73bfd6c76f3411d7230d667bb5ce83d045ce49dbf9e848503a7b43"
		"dcab2118afd3b05f288df6504b8c22b1",
		"f8b6bdb334d1ebe2801447e98d6f8716b1ef84f569790f4bec18a0c6cb193514"
		"be89a5ba50ddf525fa16c21471b33228",
		"5f2f5f6bbc0ead22bd3f987ebef330ed287d7eb34d1ee651f4a9cffad303039b"
		"59a3a678e81b9d859df4bfeb7067a4ac24487463c26f0e4c2e0d3929b5e299da"
		"bef3e9434dea5df6294e64cffb8cbf1643b24e65287a9871",
		"2d92a72c455a44cc7c76d4be", "dbfd6fb62fbb72ace3af0c96"};
	static const char *const want384[] = {
		"f671092a61e86ced78de9433e50d49b067064f4077102b1b305888c0cff87d73"
		"5493dbde43bf3b4e5b881662e7baca9d",
		"4e54cc20bafbdd9d04fe868dbccf09507c90848ee128a08c5fad1171bce92f8e"
		"01c6e16ced6c8a601d8b2d68c96d5326",
		"b301dbedd7a7dbfb72435aa2bfb8e109187abb868f26c82475720d23a735b181"
		"7cedc0fcc789e770d68b59a4a023a99b35f8d633a93121191edc29721165bb4c"
		"363cb94284d56617d7dc943d7ee6afbb58274d73dd2a202f",
		"52ef6410c90ce02a49b26fdb", "32c734805edab0c259d66035"};

	tls12_with(sha256, want256);
	tls12_with(sha384, want384);
}

/* The running hash is that of the bytes, in whatever parts they were added. */
static void running_hash(void)
{
	uint8_t want[64], got[64];
	br_sha512_context of_512;
	br_sha384_context of_384;

	for (size_t step = 1; step < 40; step++) {
		size_t added = 0;

		sts_tls_transcript_init(&transcript);
		for (; added + step <= 128; added += step) {
			sts_tls_transcript_add(&transcript, run_of(7) + added, step);
			sts_tls_transcript_add(&transcript, NULL, 0);
		}
		br_sha512_init(&of_512);
		br_sha512_update(&of_512, run_of(7), added);
		br_sha512_out(&of_512, want);
		CHECK_INT(sts_tls_transcript_hash(&transcript, br_sha512_ID, got), 64);
		CHECK(memcmp(got, want, 64) == 0);
		br_sha384_init(&of_384);
		br_sha384_update(&of_384, run_of(7), added);
		br_sha384_out(&of_384, want);
		CHECK_INT(sts_tls_transcript_hash(&transcript, br_sha384_ID, got), 48);
		CHECK(memcmp(got, want, 48) == 0);
	}
}

/* After a HelloRetryRequest with a suite of SHA-384 (RFC 8446 section 4.4.1). */
static void restart_with_sha384(void)
{
	uint8_t message[4 + 48] = {254, 0, 0, 48}, want[48], got[64];
	br_sha384_context context;

	sts_tls_transcript_init(&transcript);
	sts_tls_transcript_add(&transcript, run_of(3), 100);
	sts_tls_transcript_hash(&transcript, br_sha384_ID, message + 4);
	sts_tls_transcript_restart(&transcript, br_sha384_ID);
	sts_tls_transcript_add(&transcript, run_of(5), 10);
	sts_tls_transcript_hash(&transcript, br_sha384_ID, got);
	br_sha384_init(&context);
	br_sha384_update(&context, message, sizeof(message));
	br_sha384_update(&context, run_of(5), 10);
	br_sha384_out(&context, want);
	CHECK(memcmp(got, want, 48) == 0);
}

static void equal(void)
{
	uint8_t a[48], b[48];

	memcpy(a, run_of(9), sizeof(a));
	memcpy(b, a, sizeof(b));
	CHECK(sts_tls_equal(a, b, sizeof(a)));
	CHECK(sts_tls_equal(a, b, 0));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!sts_tls_equal(a, b, sizeof(a)));
		CHECK(sts_tls_equal(a, b, bit / 8));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* A salt that is shorter than the hash, which TLS never has: RFC 5869, appendix A.1. */
static void hkdf_extract(void)
{
	static const uint8_t salt[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	uint8_t secret[22], out[32];

	memset(secret, 0x0b, sizeof(secret));
	sts_tls13_extract(sha256, salt, sizeof(salt), secret, sizeof(secret), out);
	CHECK_HEX(out, sizeof(out),
		  "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
}

static const struct sts_test tests[] = {
	{"RFC 5869: a short salt", hkdf_extract},
	{"RFC 8448 section 3: a simple handshake", simple},
	{"RFC 8448 section 5: HelloRetryRequest", retry},
	{"RFC 8448 section 6: client authentication", client_authentication},
	{"RFC 8448 section 7: compatibility mode", compatibility},
	{"TLS 1.3 with SHA-384, and new keys", with_sha384},
	{"TLS 1.2: a vector of NIST", cavp},
	{"TLS 1.2: both hashes, with and without extended master secret", tls12},
	{"the running hash", running_hash},
	{"the running hash after HelloRetryRequest, with SHA-384", restart_with_sha384},
	{"the comparison sees every bit", equal},
};

int main(void)
{
	rfc8448_load();
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
