/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of the handshake, beside openssl: each side verifies what the other one made.
 * openssl makes the keys for each run. Wycheproof's vectors are in tests/tls/wycheproof/.
 */
#include "tls/signature.h"

#include "bearssl_choice/implementations.h"
#include "test.h"
#include "trust/verifier.h"

#define KINDS        (sizeof(kinds) / sizeof(kinds[0]))
#define SCHEMES      9
#define HASH_BYTES   64
#define COMMAND_SIZE 512

static struct sts_client_key key;
static br_x509_pkey public;
static char dir[] = "/tmp/sts-signature-XXXXXX";

/* RSA keys whose sizes are not a multiple of 8 have other bits at the top of what is encoded. With
 * 2049 bits, what PSS encodes has one byte less than the modulus. openssl makes keys of an even
 * number of bits alone, so that BearSSL makes this one. */
static const char *const kinds[] = {"2048", "2049", "2050", "2054", "p256", "p384", "p521"};
enum { FIRST_EC = 4 };

/* Signatures of openssl have the names KIND.ID, as in 2048.0804; those with another salt are
 * 2048.LENGTH. */
static const char make_all[] =
	"exec >/dev/null 2>&1; r='openssl req -x509 -nodes -days 2 -subj /CN=client';"
	"printf %032d 0 >32; printf %048d 0 | tr 0 1 >48; printf %064d 0 | tr 0 2 >64;"
	"sign() { openssl pkeyutl -sign -inkey $k.key -pkeyopt digest:sha$1 -in $(($1 / 8)) "
	"-out $k.$2 $3 $4 $5 $6; };"
	"openssl rsa -in 2049.der -inform DER -out 2049.key && $r -key 2049.key -out 2049.crt || "
	"exit;"
	"for k in 2048 2049 2050 2054; do"
	" [ $k = 2049 ] || $r -newkey rsa:$k -keyout $k.key -out $k.crt || exit 1;"
	" for h in 256:04 384:05 512:06; do"
	"  sign ${h%:*} ${h#*:}01 || exit 1;"
	"  sign ${h%:*} 08${h#*:} -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest ||"
	"   exit 1;"
	" done; done;"
	"k=2048; for s in 0 31 33 222; do"
	" sign 256 $s -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:$s || exit 1;"
	"done;"
	"for c in 256:prime256v1 384:secp384r1 521:secp521r1; do k=p${c%:*};"
	" $r -newkey ec -pkeyopt ec_paramgen_curve:${c#*:} -keyout $k.key -out $k.crt || exit 1;"
	" for h in 256:04 384:05 512:06; do sign ${h%:*} ${h#*:}03 || exit 1; done; done";

/* --- RSAPrivateKey of 2049 bits (BearSSL's own writer passes NULL to memcpy) --- */

static void put_header(FILE *file, uint8_t tag, size_t len)
{
	fprintf(file, "%c%c%c%c", tag, 0x82, (int)(len >> 8), (int)(len & 0xff));
}

enum { HEADER_BYTES = 4 };

static bool make_2049(void)
{
	enum { BITS = 2049, E = 65537, NUMBERS = 9 };
	static uint8_t secret[BR_RSA_KBUF_PRIV_SIZE(BITS)], open[BR_RSA_KBUF_PUB_SIZE(BITS)];
	static uint8_t d[BITS / 8 + 1];
	br_hmac_drbg_context rng;
	br_rsa_private_key sk;
	br_rsa_public_key pk;
	FILE *file = fopen("2049.der", "wb");

	br_hmac_drbg_init(&rng, &br_sha256_vtable, "2049", 4);
	if (!file || !br_rsa_i31_keygen(&rng.vtable, &sk, secret, &pk, open, BITS, E))
		return false;

	const struct sts_der numbers[NUMBERS] = {
		{(const uint8_t *)"", 1}, {pk.n, pk.nlen},
		{pk.e, pk.elen},          {d, br_rsa_i31_compute_privexp(d, &sk, E)},
		{sk.p, sk.plen},          {sk.q, sk.qlen},
		{sk.dp, sk.dplen},        {sk.dq, sk.dqlen},
		{sk.iq, sk.iqlen},
	};
	size_t len = 0;

	for (size_t i = 0; i < NUMBERS; i++)
		len += HEADER_BYTES + numbers[i].len + (numbers[i].data[0] >> 7);
	put_header(file, STS_DER_SEQUENCE, len);
	for (size_t i = 0; i < NUMBERS; i++) {
		put_header(file, STS_DER_INTEGER, numbers[i].len + (numbers[i].data[0] >> 7));
		if (numbers[i].data[0] >> 7)
			fputc(0, file);
		fwrite(numbers[i].data, 1, numbers[i].len, file);
	}
	return fclose(file) == 0 && pk.n[0] == 1;
}

static bool load(const char *kind)
{
	char cert[16], private[16];

	snprintf(cert, sizeof(cert), "%s.crt", kind);
	snprintf(private, sizeof(private), "%s.key", kind);
	if (sts_client_key_read(&key, cert, private, NULL) != STS_OK)
		return false;
	public = sts_verifier_public_key(&key.leaf);
	return true;
}

static size_t hash_len(const struct sts_tls_scheme *scheme)
{
	return 32 + 16 * (size_t)(scheme->hash_id - br_sha256_ID);
}

/* The hash that openssl signed. */
static const uint8_t *hash_for(const struct sts_tls_scheme *scheme)
{
	static uint8_t bytes[HASH_BYTES];

	memset(bytes, '0' + scheme->hash_id - br_sha256_ID, sizeof(bytes));
	return bytes;
}

static size_t read_all(const char *kind, const char *what, uint8_t *out)
{
	char path[32];

	snprintf(path, sizeof(path), "%s.%s", kind, what);

	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(out, 1, STS_TLS_SIGNATURE_MAX_BYTES, file) : 0;

	if (file)
		fclose(file);
	return len;
}

/* The signature is in memory of exactly its length, so that the sanitizer sees a read behind it. */
static bool verify(const struct sts_tls_scheme *scheme, const uint8_t *signature, size_t len)
{
	uint8_t *exact = malloc(len + !len);

	memcpy(exact, signature, len);

	bool ok = sts_tls_signature_verify(scheme, &public, hash_for(scheme), exact, len);

	free(exact);
	return ok;
}

static bool openssl_verifies(const char *kind, const struct sts_tls_scheme *s,
			     const uint8_t *signature, size_t len)
{
	bool pss = s->kind == STS_TLS_RSA_PSS;
	char command[COMMAND_SIZE];
	FILE *file = fopen("ours", "wb");

	fwrite(signature, 1, len, file);
	fclose(file);
	snprintf(command, sizeof(command),
		 "openssl pkeyutl -verify -certin -inkey %s.crt -pkeyopt digest:sha%d -in %d "
		 "-sigfile ours %s >/dev/null 2>&1",
		 kind, (int)hash_len(s) * 8, (int)hash_len(s),
		 pss ? "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest" : "");
	return system(command) == 0;
}

/* --- the table --- */

static void the_table(void)
{
	static const struct {
		uint16_t id;
		const char *name;
	} rows[] = {
		{0x0403, "ecdsa_secp256r1_sha256"}, {0x0804, "rsa_pss_rsae_sha256"},
		{0x0401, "rsa_pkcs1_sha256"},       {0x0503, "ecdsa_secp384r1_sha384"},
		{0x0805, "rsa_pss_rsae_sha384"},    {0x0501, "rsa_pkcs1_sha384"},
		{0x0603, "ecdsa_secp521r1_sha512"}, {0x0806, "rsa_pss_rsae_sha512"},
		{0x0601, "rsa_pkcs1_sha512"},
	};
	static const uint16_t others[] = {0, 0x0201, 0x0203, 0x0303, 0x0807, 0x0809, 0x081a};

	for (size_t i = 0; i < SCHEMES; i++) {
		CHECK_INT(sts_tls_schemes[i].id, rows[i].id);
		CHECK_STR(sts_tls_scheme_name(rows[i].id), rows[i].name);
		CHECK(sts_tls_scheme(rows[i].id) == &sts_tls_schemes[i]);
	}
	CHECK_INT(sts_tls_schemes[SCHEMES].id, 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!sts_tls_scheme(others[i]) && !sts_tls_scheme_name(others[i]));
}

static void what_fits(void)
{
	/* For keys of RSA, P-256, P-384, P-521, and of X25519, which no certificate should have. */
	static const struct {
		uint16_t id;
		const char *in_12, *in_13;
	} rows[] = {
		{0x0403, "-yyy-", "-y---"}, {0x0503, "-yyy-", "--y--"}, {0x0603, "-yyy-", "---y-"},
		{0x0804, "y----", "y----"}, {0x0805, "y----", "y----"}, {0x0806, "y----", "y----"},
		{0x0401, "y----", "-----"}, {0x0501, "y----", "-----"}, {0x0601, "y----", "-----"},
	};
	static const int curves[] = {0, BR_EC_secp256r1, BR_EC_secp384r1, BR_EC_secp521r1,
				     BR_EC_curve25519};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int k = 0; k < 5; k++) {
			const struct sts_tls_scheme *scheme = sts_tls_scheme(rows[i].id);
			br_x509_pkey of = {.key_type = k ? BR_KEYTYPE_EC : BR_KEYTYPE_RSA};

			of.key.ec.curve = curves[k];
			CHECK_INT(sts_tls_scheme_fits(scheme, &of, false), rows[i].in_12[k] == 'y');
			CHECK_INT(sts_tls_scheme_fits(scheme, &of, true), rows[i].in_13[k] == 'y');
		}
}

static void what_is_chosen(void)
{
	static const struct {
		enum sts_key_kind kind;
		const char *offered; /* numbers of two bytes */
		size_t count;
		uint16_t in_12, in_13;
	} rows[] = {
		{STS_KEY_RSA, "", 0, 0, 0},
		{STS_KEY_RSA, "\4\1\5\1\6\1", 3, 0x0401, 0},
		{STS_KEY_RSA, "\6\1\4\1\10\6\10\5\10\4", 5, 0x0804, 0x0804},
		{STS_KEY_RSA, "\4\3\5\3\2\1", 3, 0, 0},
		{STS_KEY_RSA, "\10\11\10\12\10\6", 3, 0x0806, 0x0806},
		{STS_KEY_EC_P256, "\10\4\5\3\4\3", 3, 0x0403, 0x0403},
		{STS_KEY_EC_P256, "\6\3\5\3", 2, 0x0503, 0},
		{STS_KEY_EC_P384, "\6\3\5\3\4\3", 3, 0x0403, 0x0503},
		{STS_KEY_EC_P521, "\6\3", 1, 0x0603, 0x0603},
		{STS_KEY_EC_P521, "\3\4\3\6", 2, 0, 0}, /* the bytes are in another order */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int is_13 = 0; is_13 < 2; is_13++) {
			uint16_t want = is_13 ? rows[i].in_13 : rows[i].in_12;

			key.leaf.key_kind = rows[i].kind;
			CHECK(sts_tls_scheme_choose(&key, (const uint8_t *)rows[i].offered,
						    rows[i].count, is_13) == sts_tls_scheme(want));
		}
}

/* --- beside openssl --- */

static void openssl_signed(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		CHECK(load(kinds[i]));
		for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++) {
			uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES];
			char id[8];

			snprintf(id, sizeof(id), "%04x", s->id);

			size_t len = read_all(kinds[i], id, signature);

			CHECK_INT(len > 0, sts_tls_scheme_fits(s, &public, false));
			for (const struct sts_tls_scheme *t = sts_tls_schemes; t->id != 0 && len;
			     t++)
				CHECK_INT(verify(t, signature, len), s == t);
		}
	}
}

static void openssl_verified(void)
{
	uint8_t salt[HASH_BYTES], signature[STS_TLS_SIGNATURE_MAX_BYTES];

	memset(salt, 0x5a, sizeof(salt));
	for (size_t i = 0; i < KINDS; i++) {
		CHECK(load(kinds[i]));
		for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++) {
			size_t len = sts_tls_sign(s, &key, hash_for(s), salt, signature);

			CHECK_INT(len > 0, sts_tls_scheme_fits(s, &public, false));
			CHECK(len == 0 || openssl_verifies(kinds[i], s, signature, len));
		}
	}
}

/* A signature that the certificate does not verify never leaves this module. */
static void another_key(void)
{
	uint8_t salt[HASH_BYTES] = {0}, out[STS_TLS_SIGNATURE_MAX_BYTES], other[66];
	size_t zeros = 0;

	for (size_t i = 0; i < KINDS; i++) {
		CHECK(load(kinds[i]));

		struct sts_der *number = key.is_rsa ? &key.rsa_d : &key.ec_x;

		memset(other, 0x11, sizeof(other));
		number->data = other;
		number->len = 32;
		for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++)
			CHECK_INT(sts_tls_sign(s, &key, hash_for(s), salt, out), 0);
		for (size_t at = 0; at < sizeof(out); at++)
			zeros += out[at] == 0;
	}
	CHECK_INT(zeros, KINDS * sizeof(out));
}

/* A modulus that is too short for every hash, or longer than a signature may be. */
static void keys_of_another_size(void)
{
	static const size_t sizes[] = {STS_RSA_KEY_MIN_BITS / 8 - 1,
				       STS_TLS_SIGNATURE_MAX_BYTES + 1};
	static uint8_t modulus[STS_TLS_SIGNATURE_MAX_BYTES + 1];
	uint8_t salt[HASH_BYTES] = {0}, out[STS_TLS_SIGNATURE_MAX_BYTES];

	memset(modulus, 0xff, sizeof(modulus));
	CHECK(load("2048"));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++) {
			key.leaf.rsa_n = (struct sts_der){modulus, sizes[i]};
			CHECK_INT(sts_tls_sign(s, &key, hash_for(s), salt, out), 0);
		}
}

/* --- what must be refused --- */

static void every_bit_counts(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		const struct sts_tls_scheme *s = sts_tls_scheme(i < FIRST_EC ? 0x0804 : 0x0403);
		uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES + 1] = {0};

		CHECK(load(kinds[i]));

		size_t len = read_all(kinds[i], i < FIRST_EC ? "0804" : "0403", signature);

		CHECK(verify(s, signature, len));
		for (size_t at = 0; at < len; at += 5) {
			signature[at] ^= (uint8_t)(1 << at % 8);
			CHECK(!verify(s, signature, len));
			signature[at] ^= (uint8_t)(1 << at % 8);
		}
		for (size_t cut = 0; cut < len; cut += 9)
			CHECK(!verify(s, signature, cut));
		CHECK(!verify(s, signature, len - 1));
		CHECK(!verify(s, signature, len + 1));
	}
}

static void salts_of_another_length(void)
{
	static const char *const lengths[] = {"0", "31", "33", "222"};
	uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES];

	CHECK(load("2048"));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t len = read_all("2048", lengths[i], signature);

		CHECK_INT(len, 256);
		CHECK(!verify(sts_tls_scheme(0x0804), signature, len));
	}
}

static br_rsa_public_key private_of(const struct sts_client_key *k)
{
	return (br_rsa_public_key){(unsigned char *)(uintptr_t)k->leaf.rsa_n.data,
				   k->leaf.rsa_n.len, (unsigned char *)(uintptr_t)k->rsa_d.data,
				   k->rsa_d.len};
}

/* Sign what PSS would not make. A byte at `at` of the encoded message is changed; where the message
 * has one byte less than the modulus, -1 is the byte before it. Returns false when the number is
 * not below the modulus. */
static bool is_refused(const uint8_t *signature, size_t len, ptrdiff_t at, uint8_t change)
{
	br_rsa_public_key private = private_of(&key);
	uint8_t block[STS_TLS_SIGNATURE_MAX_BYTES];

	memcpy(block, signature, len);
	CHECK(br_rsa_i31_public(block, len, &public.key.rsa));
	block[at + (public.key.rsa.n[0] == 1)] ^= change;
	if (!br_rsa_i31_public(block, len, &private))
		return false;
	CHECK_INT(verify(sts_tls_scheme(0x0804), block, len), change == 0);
	return true;
}

/* Changes of the masked part change what is below the mask in the same bits. The places are those
 * of SHA-256, from the end. */
static void every_part_of_pss(void)
{
	static const struct {
		int from_end;
		uint8_t change;
	} rows[] = {
		{1, 0x01},  {1, 0x70},                         /* the trailer */
		{33, 0x80},                                    /* the hash */
		{65, 0x01}, {66, 0x01}, {66, 0x03}, {67, 0x01} /* salt, 01, the last of the zeros */
	};
	uint8_t salt[HASH_BYTES] = {0}, out[STS_TLS_SIGNATURE_MAX_BYTES];

	for (size_t i = 0; i < FIRST_EC; i++) {
		CHECK(load(kinds[i]));

		size_t len = sts_tls_sign(sts_tls_scheme(0x0804), &key, hash_for(sts_tls_schemes),
					  salt, out);
		ptrdiff_t end = (ptrdiff_t)len - (public.key.rsa.n[0] == 1);

		CHECK(is_refused(out, len, 1, 0));
		CHECK(is_refused(out, len, 1, 1)); /* one of the first zeros */
		for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
			CHECK(is_refused(out, len, end - rows[row].from_end, rows[row].change));
	}
}

/* The highest bit of the modulus is one more than those that PSS uses. */
static void the_bit_above_pss(void)
{
	for (size_t i = 0; i < FIRST_EC; i++) {
		uint8_t salt[HASH_BYTES] = {0}, out[STS_TLS_SIGNATURE_MAX_BYTES];
		bool refused = false;

		CHECK(load(kinds[i]));
		while (!refused && salt[0]++ < 200) {
			size_t len = sts_tls_sign(sts_tls_scheme(0x0804), &key,
						  hash_for(sts_tls_schemes), salt, out);
			bool is_apart = public.key.rsa.n[0] == 1;

			refused = is_refused(out, len, -is_apart,
					     (uint8_t)(1 << (atoi(kinds[i]) - 1) % 8));
		}
		CHECK(refused);
	}
}

/* --- ECDSA --- */

static uint8_t any_hash[HASH_BYTES];

/* Sign hashes until r begins with a zero, or does not. Without the zero, r would be negative. */
static size_t sign_until(bool zero, uint8_t *out)
{
	size_t len;

	do {
		any_hash[0]++;
		len = sts_tls_sign(sts_tls_scheme(0x0403), &key, any_hash, NULL, out);
	} while (len > 0 && (out[4] == 0) != zero);
	return len;
}

static bool verify_any(const uint8_t *signature, size_t len)
{
	return sts_tls_signature_verify(sts_tls_scheme(0x0403), &public, any_hash, signature, len);
}

static void der_alone(void)
{
	uint8_t good[STS_TLS_SIGNATURE_MAX_BYTES], bad[sizeof(good)];
	size_t len;

	CHECK(load("p256"));
	len = sign_until(false, good);
	CHECK(verify_any(good, len));
	/* the length in two bytes */
	bad[0] = good[0];
	bad[1] = 0x81;
	memcpy(bad + 2, good + 1, len - 1);
	CHECK(!verify_any(bad, len + 1));
	/* a zero before r that is not needed */
	memcpy(bad, good, 4);
	bad[1]++;
	bad[3]++;
	bad[4] = 0;
	memcpy(bad + 5, good + 4, len - 4);
	CHECK(!verify_any(bad, len + 1));
	/* something behind s: behind the sequence, and inside it */
	memcpy(bad, good, len);
	bad[len] = 5; /* NULL */
	bad[len + 1] = 0;
	CHECK(!verify_any(bad, len + 2));
	bad[1] += 2;
	CHECK(!verify_any(bad, len + 2));
	/* an r that is longer than the order */
	memcpy(bad, good, 4u + good[3]);
	bad[1]++;
	bad[3]++;
	bad[4 + good[3]] = 0;
	memcpy(bad + 5 + good[3], good + 4 + good[3], len - 4 - good[3]);
	CHECK(!verify_any(bad, len + 1));
	/* a negative r */
	len = sign_until(true, good);
	CHECK(verify_any(good, len));
	memcpy(bad, good, 4);
	bad[1]--;
	bad[3]--;
	memcpy(bad + 4, good + 5, len - 5);
	CHECK(!verify_any(bad, len - 1));
}

static void numbers_of_zero(void)
{
	CHECK(load("p256"));
	CHECK(!verify_any((const uint8_t *)"\x30\6\2\1\0\2\1\0", 8));
	CHECK(!verify_any((const uint8_t *)"\x30\6\2\1\1\2\1\0", 8));
	CHECK(!verify_any((const uint8_t *)"\x30\6\2\1\0\2\1\1", 8));
	CHECK(!verify_any((const uint8_t *)"\x30\4\2\0\2\0", 6));
	CHECK(!verify_any((const uint8_t *)"\x30\0", 2));
	CHECK(!verify_any((const uint8_t *)"", 0));
}

/* A modulus may have zeros before it, as BearSSL takes it out of a certificate. */
static void zeros_before_a_modulus(void)
{
	uint8_t n[2 + STS_TLS_SIGNATURE_MAX_BYTES] = {0}, signature[STS_TLS_SIGNATURE_MAX_BYTES];

	for (size_t i = 0; i < FIRST_EC; i++) {
		CHECK(load(kinds[i]));

		br_rsa_public_key *rsa = &public.key.rsa;
		size_t len = read_all(kinds[i], "0804", signature);

		memcpy(n + 2, rsa->n, rsa->nlen);
		*rsa = (br_rsa_public_key){n, rsa->nlen + 2, rsa->e, rsa->elen};
		CHECK(verify(sts_tls_scheme(0x0804), signature, len));
		rsa->nlen = 2;
		CHECK(!verify(sts_tls_scheme(0x0804), signature, len));
	}
}

/* Exponents of at most four bytes are taken bit by bit, and longer ones by windows. No certificate
 * gets here with an exponent of zero, but it must not make the loop endless. */
static void exponents_in_other_forms(void)
{
	static uint8_t exponents[][6] = {
		{1, 0, 1},
		{0, 1, 0, 1},
		{0, 0, 1, 0, 1},
		{0, 0, 0, 1, 0, 1},
		{1, 0, 3},
		{0, 1, 0, 2},
		{1},
		{2},
		{0},
		{0, 0, 0, 0},
	};
	static const size_t lengths[] = {3, 4, 5, 6, 3, 4, 1, 1, 1, 4, 0};
	uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES];

	CHECK(load(kinds[0]));

	size_t len = read_all(kinds[0], "0804", signature);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		public.key.rsa.e = exponents[lengths[i] > 0 ? i : 0];
		public.key.rsa.elen = lengths[i];
		CHECK_INT(verify(sts_tls_scheme(0x0804), signature, len), i < 4);
	}
}

static const struct sts_test tests[] = {
	{"the table of schemes", the_table},
	{"which scheme fits which key", what_fits},
	{"which scheme is chosen", what_is_chosen},
	{"signatures of openssl are verified, with their own scheme alone", openssl_signed},
	{"openssl verifies our signatures", openssl_verified},
	{"a key that does not belong to the certificate signs nothing", another_key},
	{"a key of a size that no certificate may have signs nothing", keys_of_another_size},
	{"every bit of a signature counts", every_bit_counts},
	{"PSS: salts of another length are refused", salts_of_another_length},
	{"PSS: every part of the encoded message counts", every_part_of_pss},
	{"PSS: the bit above the encoded message must be zero", the_bit_above_pss},
	{"ECDSA: signatures that are not in DER are refused", der_alone},
	{"ECDSA: numbers of zero are refused", numbers_of_zero},
	{"a modulus may have zeros before it", zeros_before_a_modulus},
	{"an exponent may have zeros before it, and is not zero", exponents_in_other_forms},
};

int main(void)
{
	char command[64];

	sts_test_enter_folder(dir);
	if (!make_2049() || system(make_all) != 0) {
		printf("1..0 # SKIP openssl is needed\n");
		return 0;
	}

	int status = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? status : 1;
}
