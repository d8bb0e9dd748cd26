/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/signature.h"

#include <string.h>

#include "base/text.h"
#include "bearssl_choice/implementations.h"
#include "tls/key_schedule.h"
#include "trust/der.h"
#include "trust/verifier.h"

#define EC_MAX_BYTES 66 /* of a coordinate or a scalar of P-521 */
#define OID_BYTES    10 /* of a hash, with its length before it, as BearSSL wants it */
#define PSS_TRAILER  0xbc
#define PSS_ZEROS    8 /* before the hash of the content, in what is hashed */

const struct sts_tls_scheme sts_tls_schemes[] = {
	{0x0403, STS_TLS_ECDSA, br_sha256_ID, BR_EC_secp256r1},
	{0x0804, STS_TLS_RSA_PSS, br_sha256_ID, 0},
	{0x0401, STS_TLS_RSA_PKCS1, br_sha256_ID, 0},
	{0x0503, STS_TLS_ECDSA, br_sha384_ID, BR_EC_secp384r1},
	{0x0805, STS_TLS_RSA_PSS, br_sha384_ID, 0},
	{0x0501, STS_TLS_RSA_PKCS1, br_sha384_ID, 0},
	{0x0603, STS_TLS_ECDSA, br_sha512_ID, BR_EC_secp521r1},
	{0x0806, STS_TLS_RSA_PSS, br_sha512_ID, 0},
	{0x0601, STS_TLS_RSA_PKCS1, br_sha512_ID, 0},
	{0},
};

/* The names, in the order of the schemes. */
static const char names[] = "ecdsa_secp256r1_sha256\0rsa_pss_rsae_sha256\0rsa_pkcs1_sha256\0"
			    "ecdsa_secp384r1_sha384\0rsa_pss_rsae_sha384\0rsa_pkcs1_sha384\0"
			    "ecdsa_secp521r1_sha512\0rsa_pss_rsae_sha512\0rsa_pkcs1_sha512";

/* --- the table --- */

const struct sts_tls_scheme *sts_tls_scheme(uint16_t id)
{
	for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++)
		if (s->id == id)
			return s;
	return NULL;
}

const char *sts_tls_scheme_name(uint16_t id)
{
	const struct sts_tls_scheme *scheme = sts_tls_scheme(id);

	return scheme ? sts_text_at(names, (size_t)(scheme - sts_tls_schemes)) : NULL;
}

bool sts_tls_scheme_fits(const struct sts_tls_scheme *scheme, const br_x509_pkey *key, bool tls13)
{
	if (scheme->kind != STS_TLS_ECDSA)
		return key->key_type == BR_KEYTYPE_RSA &&
		       !(tls13 && scheme->kind == STS_TLS_RSA_PKCS1);
	if (key->key_type != BR_KEYTYPE_EC)
		return false;
	if (tls13)
		return key->key.ec.curve == scheme->curve;
	return key->key.ec.curve >= BR_EC_secp256r1 && key->key.ec.curve <= BR_EC_secp521r1;
}

const struct sts_tls_scheme *sts_tls_scheme_choose(const struct sts_client_key *key,
						   const uint8_t *offered, size_t count, bool tls13)
{
	br_x509_pkey public = sts_verifier_public_key(&key->leaf);

	for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++) {
		if (!sts_tls_scheme_fits(s, &public, tls13))
			continue;
		for (size_t i = 0; i < count; i++)
			if (offered[2 * i] == s->id >> 8 && offered[2 * i + 1] == (s->id & 0xff))
				return s;
	}
	return NULL;
}

size_t sts_tls_hash_bytes(const struct sts_tls_scheme *scheme)
{
	return 32 + 16 * ((size_t)scheme->hash_id - br_sha256_ID);
}

/* The pointers in BearSSL's structures are not const, but it writes nothing through these. */
static unsigned char *bytes_of(struct sts_der d)
{
	return (unsigned char *)(uintptr_t)d.data;
}

/* --- ECDSA --- */

/*
 * Take one number of a signature, and write it with its leading zeros.
 *   in   in/out  UNTRUSTED
 *   out  out     len bytes
 * Returns false when the encoding is not that of DER, or when the number is zero, negative, or has
 * more than len bytes.
 */
static bool take_number(struct sts_der *in, uint8_t *out, size_t len)
{
	struct sts_der number;

	if (!sts_der_take(in, STS_DER_INTEGER, &number) || number.len == 0 || number.data[0] > 0x7f)
		return false;
	if (number.data[0] == 0) {
		number.data++;
		number.len--;
		/* A zero is needed only before a byte that would make the number negative. This
		 * refuses the number zero as well. */
		if (number.len == 0 || number.data[0] <= 0x7f)
			return false;
	}
	if (number.len > len)
		return false;
	memset(out, 0, len - number.len);
	memcpy(out + len - number.len, number.data, number.len);
	return true;
}

/* BearSSL's own reader of ECDSA-Sig-Value accepts lengths and numbers that are not in DER. */
static bool verify_ecdsa(const br_ec_public_key *key, const uint8_t *hash, size_t hash_len,
			 struct sts_der signature)
{
	uint8_t raw[2 * EC_MAX_BYTES];
	struct sts_der numbers;
	size_t len = key->qlen / 2; /* the order of each curve is as long as a coordinate */

	return len <= EC_MAX_BYTES && sts_der_take(&signature, STS_DER_SEQUENCE, &numbers) &&
	       signature.len == 0 && take_number(&numbers, raw, len) &&
	       take_number(&numbers, raw + len, len) && numbers.len == 0 &&
	       br_ecdsa_i31_vrfy_raw(sts_crypto_ec(), hash, hash_len, key, raw, 2 * len) == 1;
}

/*
 * Encode a signature as ECDSA-Sig-Value (RFC 3279 section 2.2.3).
 *   raw  in   r and s, of len / 2 bytes each
 *   out  out  STS_TLS_SIGNATURE_MAX_BYTES
 * Returns the length of the encoding.
 */
static size_t encode_ecdsa(const uint8_t *raw, size_t len, uint8_t *out)
{
	uint8_t body[2 * (3 + EC_MAX_BYTES)]; /* tag, length and a zero before each number */
	size_t used = 0, head = 1;

	for (const uint8_t *at = raw; at < raw + len; at += len / 2) {
		struct sts_der number = {at, len / 2};

		while (number.len > 1 && number.data[0] == 0) {
			number.data++;
			number.len--;
		}
		body[used++] = STS_DER_INTEGER;
		body[used++] = (uint8_t)(number.len + (number.data[0] >> 7));
		if (number.data[0] >> 7) /* else the number would be negative */
			body[used++] = 0;
		memcpy(body + used, number.data, number.len);
		used += number.len;
	}
	out[0] = STS_DER_SEQUENCE;
	if (used > 0x7f)
		out[head++] = 0x81; /* the length has a byte of its own */
	out[head++] = (uint8_t)used;
	memcpy(out + head, body, used);
	return head + used;
}

static size_t sign_ecdsa(const struct sts_client_key *key, const struct sts_tls_scheme *scheme,
			 const uint8_t *hash, uint8_t *out)
{
	br_ec_private_key ec = {sts_verifier_public_key(&key->leaf).key.ec.curve,
				bytes_of(key->ec_x), key->ec_x.len};
	uint8_t raw[2 * EC_MAX_BYTES];
	size_t len = br_ecdsa_i31_sign_raw(sts_crypto_ec(), sts_tls_hash_class(scheme->hash_id),
					   hash, &ec, raw);

	return len > 0 ? encode_ecdsa(raw, len, out) : 0;
}

/* --- RSASSA-PSS: EMSA-PSS of RFC 8017 section 9.1, with a salt as long as the hash --- */

/* Where the parts of an encoded message are. It has one bit less than the modulus, so that it may
 * have one byte less. */
struct pss {
	const br_hash_class *hash;
	size_t hash_len;
	uint8_t *masked; /* DB under its mask: zeros, 01, salt */
	size_t masked_len;
	uint8_t top_mask; /* the bits of masked[0] that are used */
	uint8_t *h;       /* hash_len bytes, and behind them the trailer */
};

_Static_assert(STS_RSA_KEY_MIN_BITS / 8 - 1 >= 2 * STS_TLS_HASH_MAX_BYTES + 2,
	       "the shortest modulus has room for the hash and the salt");

/* Find the parts of the message in a block that is as long as the modulus. */
static void pss_find(struct pss *p, const struct sts_tls_scheme *scheme,
		     const br_rsa_public_key *key, uint8_t *block)
{
	size_t skipped = key->n[0] == 1; /* the message has one byte less */
	size_t len = key->nlen - skipped;

	p->hash = sts_tls_hash_class(scheme->hash_id);
	p->hash_len = sts_tls_hash_bytes(scheme);
	p->masked = block + skipped;
	p->masked_len = len - p->hash_len - 1;
	p->h = p->masked + p->masked_len;
	p->top_mask = 0xff;
	for (uint8_t top = key->n[0]; top > 1 && top < 0x80; top = (uint8_t)(top << 1))
		p->top_mask >>= 1;
	if (!skipped)
		p->top_mask >>= 1;
}

/* Put the mask MGF1(H) on DB, or take it off (RFC 8017 appendix B.2.1). */
static void pss_mask(const struct pss *p)
{
	br_hash_compat_context ctx;
	uint8_t part[STS_TLS_HASH_MAX_BYTES];

	for (size_t at = 0; at < p->masked_len; at++) {
		size_t in_part = at % p->hash_len;

		if (in_part == 0) {
			/* The mask has fewer than 256 parts. */
			uint8_t counter[4] = {0, 0, 0, (uint8_t)(at / p->hash_len)};

			p->hash->init(&ctx.vtable);
			p->hash->update(&ctx.vtable, p->h, p->hash_len);
			p->hash->update(&ctx.vtable, counter, sizeof(counter));
			p->hash->out(&ctx.vtable, part);
		}
		p->masked[at] ^= part[in_part];
	}
	p->masked[0] &= p->top_mask;
}

/* Calculate H of the hash of the content and the salt. */
static void pss_hash(const struct pss *p, const uint8_t *hash, const uint8_t *salt, uint8_t *out)
{
	static const uint8_t zeros[PSS_ZEROS];
	br_hash_compat_context ctx;

	p->hash->init(&ctx.vtable);
	p->hash->update(&ctx.vtable, zeros, sizeof(zeros));
	p->hash->update(&ctx.vtable, hash, p->hash_len);
	p->hash->update(&ctx.vtable, salt, p->hash_len);
	p->hash->out(&ctx.vtable, out);
}

/* The block is what the public key makes of a signature. */
static bool pss_is_right(const struct sts_tls_scheme *scheme, const br_rsa_public_key *key,
			 uint8_t *block, const uint8_t *hash)
{
	struct pss p;
	uint8_t want[STS_TLS_HASH_MAX_BYTES];

	pss_find(&p, scheme, key, block);
	if (p.h[p.hash_len] != PSS_TRAILER || (p.masked > block && block[0] != 0) ||
	    (p.masked[0] & ~p.top_mask) != 0)
		return false;
	pss_mask(&p);

	size_t zeros = p.masked_len - p.hash_len - 1;

	for (size_t i = 0; i < zeros; i++)
		if (p.masked[i] != 0)
			return false;
	if (p.masked[zeros] != 1)
		return false;
	pss_hash(&p, hash, p.masked + zeros + 1, want);
	return memcmp(want, p.h, p.hash_len) == 0;
}

static void pss_encode(const struct sts_tls_scheme *scheme, const br_rsa_public_key *key,
		       const uint8_t *hash, const uint8_t *salt, uint8_t *block)
{
	struct pss p;

	memset(block, 0, key->nlen);
	pss_find(&p, scheme, key, block);
	pss_hash(&p, hash, salt, p.h);
	p.masked[p.masked_len - p.hash_len - 1] = 1;
	memcpy(p.masked + p.masked_len - p.hash_len, salt, p.hash_len);
	pss_mask(&p);
	p.h[p.hash_len] = PSS_TRAILER;
}

/* --- RSASSA-PKCS1-v1_5 --- */

/* Encode by EMSA-PKCS1-v1_5 (RFC 8017 section 9.2). */
static void pkcs1_encode(const struct sts_tls_scheme *scheme, const br_rsa_public_key *key,
			 const uint8_t *hash, uint8_t *block)
{
	/* The start of DigestInfo for SHA-256. SHA-384 and SHA-512 differ in both lengths and in
	 * the last byte of the OID. */
	static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	enum { AT_LENGTH = 1, AT_OID_END = 14, AT_HASH_LENGTH = 18 };
	size_t hash_len = sts_tls_hash_bytes(scheme);
	uint8_t *at = block + key->nlen - hash_len - sizeof(info);

	memset(block, 0xff, key->nlen);
	block[0] = 0;
	block[1] = 1;
	at[-1] = 0;
	memcpy(at, info, sizeof(info));
	at[AT_LENGTH] = (uint8_t)(sizeof(info) - 2 + hash_len);
	at[AT_OID_END] = (uint8_t)(scheme->hash_id - br_sha256_ID + 1);
	at[AT_HASH_LENGTH] = (uint8_t)hash_len;
	memcpy(at + sizeof(info), hash, hash_len);
}

/* The parameters NULL of the hash may be left out, which RFC 5246 section 4.7 wants accepted. */
static bool verify_pkcs1(const struct sts_tls_scheme *scheme, const br_rsa_public_key *key,
			 const uint8_t *hash, struct sts_der signature)
{
	uint8_t oid[OID_BYTES] = {
		9,    0x60, 0x86, 0x48, 1,
		0x65, 3,    4,    2,    (uint8_t)(scheme->hash_id - br_sha256_ID + 1)};
	uint8_t got[STS_TLS_HASH_MAX_BYTES];
	size_t hash_len = sts_tls_hash_bytes(scheme);

	return sts_crypto_rsa_vrfy()(signature.data, signature.len, oid, hash_len, key, got) == 1 &&
	       memcmp(got, hash, hash_len) == 0;
}

/* --- RSA --- */

static bool verify_rsa(const struct sts_tls_scheme *scheme, br_rsa_public_key key,
		       const uint8_t *hash, struct sts_der signature)
{
	uint8_t block[STS_TLS_SIGNATURE_MAX_BYTES];

	while (key.nlen > 0 && key.n[0] == 0) {
		key.n++;
		key.nlen--;
	}
	if (key.nlen > sizeof(block) || key.nlen < STS_RSA_KEY_MIN_BITS / 8 ||
	    signature.len != key.nlen)
		return false;
	if (scheme->kind == STS_TLS_RSA_PKCS1)
		return verify_pkcs1(scheme, &key, hash, signature);
	memcpy(block, signature.data, signature.len);
	return sts_crypto_rsa_public()(block, key.nlen, &key) == 1 &&
	       pss_is_right(scheme, &key, block, hash);
}

/*
 * Sign with an RSA key (RFC 8017 sections 8.1.1 and 8.2.1). The code that verifies signatures is
 * used, with d in the place of e: the time of its exponentiation depends only on the length of the
 * exponent. This takes four times as long as the usual way, which calculates with the factors p and
 * q. But it needs 1.6 kB less code, and a fault in the calculation cannot reveal the factors.
 */
static size_t sign_rsa(const struct sts_client_key *key, const struct sts_tls_scheme *scheme,
		       const uint8_t *hash, const uint8_t *salt, uint8_t *out)
{
	struct sts_der n = key->leaf.rsa_n;
	br_rsa_public_key rsa = {bytes_of(n), n.len, bytes_of(key->rsa_d), key->rsa_d.len};

	if (n.len > STS_TLS_SIGNATURE_MAX_BYTES || n.len < STS_RSA_KEY_MIN_BITS / 8)
		return 0;
	if (scheme->kind == STS_TLS_RSA_PKCS1)
		pkcs1_encode(scheme, &rsa, hash, out);
	else
		pss_encode(scheme, &rsa, hash, salt, out);
	return sts_crypto_rsa_public()(out, n.len, &rsa) == 1 ? n.len : 0;
}

/* --- all kinds --- */

bool sts_tls_signature_verify(const struct sts_tls_scheme *scheme, const br_x509_pkey *key,
			      const uint8_t *hash, const uint8_t *signature, size_t len)
{
	struct sts_der der = {signature, len};

	if (!sts_tls_scheme_fits(scheme, key, false))
		return false;
	if (scheme->kind == STS_TLS_ECDSA)
		return verify_ecdsa(&key->key.ec, hash, sts_tls_hash_bytes(scheme), der);
	return verify_rsa(scheme, key->key.rsa, hash, der);
}

size_t sts_tls_sign(const struct sts_tls_scheme *scheme, const struct sts_client_key *key,
		    const uint8_t *hash, const uint8_t *salt, uint8_t *out)
{
	br_x509_pkey public = sts_verifier_public_key(&key->leaf);
	size_t len = 0;

	if (sts_tls_scheme_fits(scheme, &public, false))
		len = scheme->kind == STS_TLS_ECDSA ? sign_ecdsa(key, scheme, hash, out)
						    : sign_rsa(key, scheme, hash, salt, out);
	if (len > 0 && sts_tls_signature_verify(scheme, &public, hash, out, len))
		return len;
	sts_wipe(out, STS_TLS_SIGNATURE_MAX_BYTES);
	return 0;
}
