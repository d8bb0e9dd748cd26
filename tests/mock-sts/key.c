/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "derout.h"
#include "jwks.h"

static const char *const alg_names[] = {
	[MOCK_RS256] = "RS256",
	[MOCK_ES256] = "ES256",
	[MOCK_ALG_NONE] = "none",
};

const char *mock_alg_name(enum mock_alg alg)
{
	return alg_names[alg];
}

static const struct key_kind {
	const char *name;
	unsigned rsa_bits;
	int curve;
} kinds[] = {
	{"rsa", 2048, 0},
	{"rsa2048", 2048, 0},
	{"rsa3072", 3072, 0},
	{"rsa4096", 4096, 0},
	{"ec", 0, BR_EC_secp256r1},
	{"p256", 0, BR_EC_secp256r1},
	{"p384", 0, BR_EC_secp384r1},
	{"p521", 0, BR_EC_secp521r1},
};

/*
 * Write PKCS#8 around PKCS#1. BearSSL's own encoder calls memcpy() with NULL and no bytes, which a
 * sanitizer stops.
 */
static bool encode_rsa(struct mock_key *key, const br_rsa_private_key *sk,
		       const br_rsa_public_key *pk, const uint8_t *d, size_t d_len)
{
	static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	static const uint8_t zero = 0;
	struct mock_der der = {.at = sizeof(der.buf)};
	size_t end = der.at;

	mock_der_uint(&der, sk->iq, sk->iqlen);
	mock_der_uint(&der, sk->dq, sk->dqlen);
	mock_der_uint(&der, sk->dp, sk->dplen);
	mock_der_uint(&der, sk->q, sk->qlen);
	mock_der_uint(&der, sk->p, sk->plen);
	mock_der_uint(&der, d, d_len);
	mock_der_uint(&der, pk->e, pk->elen);
	mock_der_uint(&der, pk->n, pk->nlen);
	mock_der_uint(&der, &zero, 1);
	mock_der_wrap(&der, TAG_SEQUENCE, end);
	mock_der_wrap(&der, TAG_OCTETS, end);
	mock_der_put(&der, algorithm, sizeof(algorithm));
	mock_der_uint(&der, &zero, 1);
	mock_der_wrap(&der, TAG_SEQUENCE, end);
	key->der_len = end - der.at;
	if (der.overflow || key->der_len > sizeof(key->der))
		return false;
	memcpy(key->der, der.buf + der.at, key->der_len);
	return true;
}

static bool generate_rsa(struct mock_key *key, unsigned bits)
{
	static uint8_t priv[BR_RSA_KBUF_PRIV_SIZE(4096)], pub[BR_RSA_KBUF_PUB_SIZE(4096)], d[512];
	br_rsa_private_key sk;
	br_rsa_public_key pk;

	if (!br_rsa_keygen_get_default()(mock_prng(), &sk, priv, &pk, pub, bits, 65537))
		return false;
	size_t d_len = br_rsa_compute_privexp_get_default()(d, &sk, 65537);
	return d_len > 0 && encode_rsa(key, &sk, &pk, d, d_len);
}

static bool generate_ec(struct mock_key *key, int curve)
{
	uint8_t priv[BR_EC_KBUF_PRIV_MAX_SIZE], pub[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key sk;
	br_ec_public_key pk;

	if (br_ec_keygen(mock_prng(), br_ec_get_default(), &sk, priv, curve) == 0)
		return false;
	if (br_ec_compute_pub(br_ec_get_default(), &pk, pub, &sk) == 0)
		return false;
	key->der_len = br_encode_ec_pkcs8_der(key->der, &sk, &pk);
	return key->der_len > 0;
}

bool mock_key_generate(struct mock_key *key, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return kinds[i].rsa_bits ? generate_rsa(key, kinds[i].rsa_bits)
						 : generate_ec(key, kinds[i].curve);
	return false;
}

static void take_key(void *ctx, const char *label, const uint8_t *der, size_t len)
{
	struct mock_key *key = ctx;
	size_t label_len = strlen(label);

	if (key->der_len > 0 || label_len < 11 ||
	    strcmp(label + label_len - 11, "PRIVATE KEY") != 0 || len > sizeof(key->der))
		return;
	memcpy(key->der, der, len);
	key->der_len = len;
}

/* Does a signature of this key verify? */
static bool works(const struct mock_signer *s)
{
	uint8_t signature[MOCK_SIGNATURE_BYTES];
	size_t len = mock_sign(s, "x", 1, true, signature);
	enum mock_alg alg = mock_public_alg(&s->pub);

	return len > 0 &&
	       (alg == MOCK_ALG_NONE || mock_verify(&s->pub, alg, "x", 1, signature, len));
}

void mock_key_load(struct mock_key *key, const char *path)
{
	struct mock_signer signer;
	size_t len;
	char *pem = mock_read_file(path, &len);

	if (!pem)
		mock_usage("cannot read the key %s: %s", path, strerror(errno));
	key->der_len = 0;
	if (mock_pem_each(pem, len, take_key, key) < 0 || key->der_len == 0)
		mock_usage("%s: no private key in PEM form", path);
	sts_wipe(pem, len);
	free(pem);
	if (!mock_signer_open(&signer, key) || !works(&signer))
		mock_usage("%s: not a private key that can be used (RSA, or EC on P-256, P-384, "
			   "P-521, unencrypted)",
			   path);
}

void mock_key_add_pem(struct sts_text *t, const struct mock_key *key)
{
	mock_pem_add(t, BR_ENCODE_PEM_PKCS8, key->der, key->der_len);
}

static bool open_rsa(struct mock_signer *s)
{
	size_t n_len = br_rsa_compute_modulus_get_default()(NULL, s->rsa);
	uint32_t e = br_rsa_compute_pubexp_get_default()(s->rsa);

	if (n_len == 0 || n_len > sizeof(s->pub.n))
		return false;
	/* BearSSL finds the exponent only if both primes are 3 modulo 4. Another key has the usual
	 * exponent, or fails works(). */
	if (e == 0)
		e = 65537;
	s->pub.n_len = br_rsa_compute_modulus_get_default()(s->pub.n, s->rsa);
	for (int shift = 24; shift >= 0; shift -= 8)
		if (s->pub.e_len > 0 || e >> shift)
			s->pub.e[s->pub.e_len++] = (uint8_t)(e >> shift);
	return true;
}

static bool open_ec(struct mock_signer *s)
{
	br_ec_public_key pk;
	uint8_t q[BR_EC_KBUF_PUB_MAX_SIZE];

	s->pub.curve = s->ec->curve;
	s->pub.q_len = br_ec_compute_pub(br_ec_get_default(), &pk, q, s->ec);
	if (s->pub.q_len == 0 || s->pub.q_len > sizeof(s->pub.q))
		return false;
	memcpy(s->pub.q, q, s->pub.q_len);
	return true;
}

bool mock_signer_open(struct mock_signer *s, const struct mock_key *key)
{
	memset(&s->pub, 0, sizeof(s->pub));
	s->rsa = NULL;
	s->ec = NULL;
	br_skey_decoder_init(&s->decoder);
	br_skey_decoder_push(&s->decoder, key->der, key->der_len);
	if (br_skey_decoder_last_error(&s->decoder) != 0)
		return false;
	s->pub.type = br_skey_decoder_key_type(&s->decoder);
	s->rsa = br_skey_decoder_get_rsa(&s->decoder);
	s->ec = br_skey_decoder_get_ec(&s->decoder);
	if (!(s->rsa ? open_rsa(s) : s->ec ? open_ec(s) : false))
		return false;
	mock_jwk_thumbprint(&s->pub, s->pub.kid, sizeof(s->pub.kid));
	return true;
}

enum mock_alg mock_public_alg(const struct mock_public_key *pub)
{
	if (pub->type == BR_KEYTYPE_RSA)
		return MOCK_RS256;
	return pub->curve == BR_EC_secp256r1 ? MOCK_ES256 : MOCK_ALG_NONE;
}

size_t mock_sign(const struct mock_signer *s, const void *data, size_t len, bool raw,
		 uint8_t out[MOCK_SIGNATURE_BYTES])
{
	uint8_t hash[MOCK_SHA256_BYTES];

	mock_sha256(data, len, hash);
	if (s->rsa)
		return br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, hash, sizeof(hash),
						       s->rsa, out)
			       ? s->pub.n_len
			       : 0;
	br_ecdsa_sign sign = raw ? br_ecdsa_sign_raw_get_default()
				 : br_ecdsa_sign_asn1_get_default();
	return sign(br_ec_get_default(), &br_sha256_vtable, hash, s->ec, out);
}

static bool verify_rsa(const struct mock_public_key *pub, const uint8_t *hash,
		       const uint8_t *signature, size_t len)
{
	br_rsa_public_key pk = {(unsigned char *)pub->n, pub->n_len, (unsigned char *)pub->e,
				pub->e_len};
	uint8_t found[MOCK_SHA256_BYTES];

	return br_rsa_pkcs1_vrfy_get_default()(signature, len, BR_HASH_OID_SHA256, sizeof(found),
					       &pk, found) &&
	       memcmp(found, hash, sizeof(found)) == 0;
}

bool mock_verify(const struct mock_public_key *pub, enum mock_alg alg, const void *data, size_t len,
		 const uint8_t *signature, size_t signature_len)
{
	uint8_t hash[MOCK_SHA256_BYTES];

	/* The algorithm is that of the key and not that of the token: RFC 8725 section 3.1. */
	if (alg == MOCK_ALG_NONE || alg != mock_public_alg(pub))
		return false;
	mock_sha256(data, len, hash);
	if (alg == MOCK_RS256)
		return verify_rsa(pub, hash, signature, signature_len);
	br_ec_public_key pk = {pub->curve, (unsigned char *)pub->q, pub->q_len};
	return signature_len == 64 &&
	       br_ecdsa_vrfy_raw_get_default()(br_ec_get_default(), hash, sizeof(hash), &pk,
					       signature, signature_len);
}
