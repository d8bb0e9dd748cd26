/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calculates many of Wycheproof's vectors in one process, for wycheproof.py. On standard input each
 * line is a case: a word and its arguments, all bytes in hex, "-" for none. For each of them,
 * standard output gets a line: "taken" with what came out, or "refused".
 *
 *   pss|pkcs1 HASH N E MESSAGE SIGNATURE
 *   ecdsa CURVE HASH POINT MESSAGE SIGNATURE
 *   digest CURVE POINT DIGEST SIGNATURE       the digest of SHA-256 itself, for p256/
 *   words OP P N ONE SQUARE A B               the arithmetic of BearSSL's fields, for p256/
 *   agree GROUP PRIVATE PUBLIC                the numbers of IANA's registry
 *   hmac HASH KEY MESSAGE TAG
 *   hkdf HASH IKM SALT INFO SIZE
 *   open AEAD KEY IV AAD CIPHERTEXT TAG       gcm or chacha
 *
 * Every argument is in memory of exactly its length, so that the sanitizer sees a read behind it.
 */
#include <bearssl.h>
#include <bearssl_words64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bearssl_choice/implementations.h"
#include "tls/key_exchange.h"
#include "tls/key_schedule.h"
#include "tls/signature.h"

#define WORDS_MAX         8
#define LINE_MAX_BYTES    (1 << 20)
#define HASH_BYTES(class) ((class)->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK)

struct bytes {
	uint8_t *data;
	size_t len;
};

static struct sts_slice words[WORDS_MAX];

static void stop(const char *why)
{
	fprintf(stderr, "judge: %s\n", why);
	exit(1);
}

static struct bytes bytes_of(size_t word)
{
	struct sts_slice hex = words[word];
	struct bytes b = {NULL, hex.len / 2};

	if (sts_slice_eq(hex, "-"))
		b.len = 0;
	b.data = malloc(b.len + !b.len);
	if (!b.data || (b.len && !sts_hex_decode(hex, b.data, b.len)))
		stop("an argument is not in hex");
	return b;
}

static int number_of(size_t word)
{
	uint64_t value;

	if (!sts_parse_u64(words[word], UINT16_MAX, &value))
		stop("an argument is not a number");
	return (int)value;
}

static int hash_id(size_t word)
{
	int bits = number_of(word);

	return bits == 256 ? br_sha256_ID : bits == 384 ? br_sha384_ID : br_sha512_ID;
}

static const br_hash_class *hash_of(size_t word)
{
	int id = hash_id(word);

	return id == br_sha256_ID   ? &br_sha256_vtable
	       : id == br_sha384_ID ? &br_sha384_vtable
				    : &br_sha512_vtable;
}

static void print(const uint8_t *data, size_t len)
{
	printf("taken ");
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static void print_verdict(bool taken)
{
	puts(taken ? "taken" : "refused");
}

static const struct sts_tls_scheme *scheme_of(enum sts_tls_signature_kind kind, int id)
{
	const struct sts_tls_scheme *s = sts_tls_schemes;

	while (s->id != 0 && (s->kind != kind || s->hash_id != id))
		s++;
	if (s->id == 0)
		stop("there is no scheme for this case");
	return s;
}

static void verify(const struct sts_tls_scheme *scheme, const br_x509_pkey *key,
		   const br_hash_class *class, size_t message, size_t signature)
{
	struct bytes m = bytes_of(message), s = bytes_of(signature);
	br_hash_compat_context ctx;
	uint8_t hash[STS_TLS_HASH_MAX_BYTES];

	class->init(&ctx.vtable);
	class->update(&ctx.vtable, m.data, m.len);
	class->out(&ctx.vtable, hash);
	print_verdict(sts_tls_signature_verify(scheme, key, hash, s.data, s.len));
	free(m.data);
	free(s.data);
}

static void rsa(enum sts_tls_signature_kind kind)
{
	struct bytes n = bytes_of(2), e = bytes_of(3);
	br_x509_pkey key = {.key_type = BR_KEYTYPE_RSA, .key.rsa = {n.data, n.len, e.data, e.len}};

	verify(scheme_of(kind, hash_id(1)), &key, hash_of(1), 4, 5);
	free(n.data);
	free(e.data);
}

static void pss(void)
{
	rsa(STS_TLS_RSA_PSS);
}

static void pkcs1(void)
{
	rsa(STS_TLS_RSA_PKCS1);
}

static void ecdsa(void)
{
	struct bytes point = bytes_of(3);
	br_x509_pkey key = {.key_type = BR_KEYTYPE_EC,
			    .key.ec = {number_of(1), point.data, point.len}};

	verify(scheme_of(STS_TLS_ECDSA, hash_id(2)), &key, hash_of(2), 4, 5);
	free(point.data);
}

static void digest(void)
{
	struct bytes point = bytes_of(2), hash = bytes_of(3), s = bytes_of(4);
	br_x509_pkey key = {.key_type = BR_KEYTYPE_EC,
			    .key.ec = {number_of(1), point.data, point.len}};

	if (hash.len != 32)
		stop("a digest of another length");
	print_verdict(sts_tls_signature_verify(scheme_of(STS_TLS_ECDSA, br_sha256_ID), &key,
					       hash.data, s.data, s.len));
	free(point.data);
	free(hash.data);
	free(s.data);
}

static void take_words(size_t word, uint64_t out[4])
{
	struct bytes b = bytes_of(word);

	if (b.len != 32)
		stop("a number of another length");
	memset(out, 0, 32);
	for (size_t i = 0; i < 32; i++)
		out[3 - i / 8] = out[3 - i / 8] << 8 | b.data[i];
	free(b.data);
}

/* One operation. The result is in `out`, which may be one of the operands. */
static void calculate(uint64_t out[4], const uint64_t a[4], const uint64_t b[4],
		      const br_w64_field *f)
{
	if (sts_slice_eq(words[1], "add")) {
		br_w64_add(out, a, b, f);
	} else if (sts_slice_eq(words[1], "sub")) {
		br_w64_sub(out, a, b, f);
	} else if (sts_slice_eq(words[1], "mul")) {
		br_w64_mul(out, a, b, f);
	} else if (sts_slice_eq(words[1], "invert")) {
		br_w64_invert(out, a, f);
	} else if (sts_slice_eq(words[1], "fits")) {
		uint64_t fits = br_w64_fits(a, f);

		memset(out, 0, 32);
		out[0] = fits;
	} else {
		stop("an unknown operation");
	}
}

/* The result must be the same whichever operand it replaces. */
static void words64(void)
{
	br_w64_field f;
	uint64_t n[4], a[4], b[4], result[4], other[4];
	uint8_t out[32];

	take_words(2, f.p);
	take_words(3, n);
	f.n = n[0];
	take_words(4, f.one);
	take_words(5, f.square);
	take_words(6, a);
	take_words(7, b);
	calculate(result, a, b, &f);
	if (memcmp(a, b, sizeof(a)) == 0) {
		memcpy(other, a, sizeof(other));
		calculate(other, other, other, &f);
		if (memcmp(result, other, sizeof(other)) != 0)
			stop("another result in the place of both operands");
	}
	memcpy(other, b, sizeof(other));
	calculate(other, a, other, &f);
	calculate(a, a, b, &f);
	if (memcmp(result, a, sizeof(a)) != 0 || memcmp(result, other, sizeof(other)) != 0)
		stop("another result in the place of an operand");
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(result[3 - i / 8] >> (56 - 8 * (i % 8)));
	print(out, sizeof(out));
}

static void agree(void)
{
	const struct sts_tls_group *group = sts_tls_group((uint16_t)number_of(1));
	struct bytes secret = bytes_of(2), peer = bytes_of(3);
	struct sts_tls_key_pair pair = {.group = group};
	uint8_t shared[STS_TLS_SECRET_NUMBER_MAX_BYTES];

	if (!group || secret.len != group->secret_bytes)
		stop("a private number of another length");
	memcpy(pair.secret, secret.data, secret.len);

	enum sts_tls_agreement result = sts_tls_agree(&pair, peer.data, peer.len, shared);

	if (result == STS_TLS_AGREED)
		print(shared, group->secret_bytes);
	else
		printf("refused %s\n", result == STS_TLS_WRONG_LENGTH ? "form"
				       : result == STS_TLS_OFF_CURVE  ? "off-curve"
								      : "zero");
	free(secret.data);
	free(peer.data);
}

static void calculate_hmac(const br_hash_class *class, struct bytes key, struct bytes message,
			   uint8_t *out, size_t len)
{
	br_hmac_key_context key_ctx;
	br_hmac_context ctx;

	br_hmac_key_init(&key_ctx, class, key.data, key.len);
	br_hmac_init(&ctx, &key_ctx, len);
	br_hmac_update(&ctx, message.data, message.len);
	br_hmac_out(&ctx, out);
}

static void hmac(void)
{
	struct bytes key = bytes_of(2), message = bytes_of(3), tag = bytes_of(4);
	uint8_t out[STS_TLS_HASH_MAX_BYTES];

	calculate_hmac(hash_of(1), key, message, out, tag.len);
	print_verdict(sts_tls_equal(out, tag.data, tag.len));
	free(key.data);
	free(message.data);
	free(tag.data);
}

/* The rounds of HKDF-Expand, which key_schedule.c never needs, are made here. */
static void hkdf(void)
{
	static uint8_t okm[UINT16_MAX], round[STS_TLS_HASH_MAX_BYTES + UINT16_MAX + 1];
	const br_hash_class *class = hash_of(1);
	struct bytes ikm = bytes_of(2), salt = bytes_of(3), info = bytes_of(4);
	size_t size = (size_t)number_of(5), hash_len = HASH_BYTES(class);
	size_t before = 0;
	uint8_t prk[STS_TLS_HASH_MAX_BYTES], part[STS_TLS_HASH_MAX_BYTES], counter = 1;

	sts_tls13_extract(class, salt.data, salt.len, ikm.data, ikm.len, prk);
	for (size_t made = 0; made < size; made += hash_len, counter++) {
		memcpy(round, part, before);
		memcpy(round + before, info.data, info.len);
		round[before + info.len] = counter;
		calculate_hmac(class, (struct bytes){prk, hash_len},
			       (struct bytes){round, before + info.len + 1}, part, hash_len);
		before = hash_len;
		memcpy(okm + made, part, size - made < hash_len ? size - made : hash_len);
	}
	print(okm, size);
	free(ikm.data);
	free(salt.data);
	free(info.data);
}

/* The primitives that protection.c uses. */
static void open_sealed(void)
{
	struct bytes key = bytes_of(2), iv = bytes_of(3), aad = bytes_of(4), text = bytes_of(5),
		     tag = bytes_of(6);
	uint8_t got[16];

	if (sts_slice_eq(words[1], "chacha")) {
		br_poly1305_ctmul_run(key.data, iv.data, text.data, text.len, aad.data, aad.len,
				      got, br_chacha20_ct_run, 0);
	} else {
		br_aes_ct64_ctr_keys aes;
		br_gcm_context gcm;

		br_aes_ct64_ctr_init(&aes, key.data, key.len);
		br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul64);
		br_gcm_reset(&gcm, iv.data, iv.len);
		br_gcm_aad_inject(&gcm, aad.data, aad.len);
		br_gcm_flip(&gcm);
		br_gcm_run(&gcm, 0, text.data, text.len);
		br_gcm_get_tag(&gcm, got);
	}
	if (tag.len == sizeof(got) && sts_tls_equal(got, tag.data, sizeof(got)))
		print(text.data, text.len);
	else
		print_verdict(false);
	free(key.data);
	free(iv.data);
	free(aad.data);
	free(text.data);
	free(tag.data);
}

static const struct {
	const char *word;
	size_t arguments;
	void (*run)(void);
} kinds[] = {
	{"pss", 5, pss},          {"pkcs1", 5, pkcs1},   {"ecdsa", 5, ecdsa},
	{"agree", 3, agree},      {"hmac", 4, hmac},     {"hkdf", 5, hkdf},
	{"open", 6, open_sealed}, {"digest", 4, digest}, {"words", 7, words64},
};

static void run(struct sts_slice line)
{
	size_t count = 0;

	while (count < WORDS_MAX && sts_slice_take_word(&line, &words[count]))
		count++;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (count > 0 && sts_slice_eq(words[0], kinds[i].word)) {
			if (count != kinds[i].arguments + 1)
				stop("a case with another number of arguments");
			return kinds[i].run();
		}
	stop("a case of an unknown kind");
}

int main(void)
{
	static char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), stdin)) {
		size_t len = strlen(line);

		if (line[len - 1] != '\n')
			stop("a line is too long");
		run((struct sts_slice){line, len - 1});
	}
	return 0;
}
