/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of the handshake (RFC 8446 section 4.2.3): ECDSA, RSASSA-PSS with the salt as long
 * as the hash (RFC 8017 section 8.1) and, in TLS 1.2 alone, RSASSA-PKCS1-v1_5 (section 8.2), all
 * with SHA-2. They prove that a side holds the key of its certificate. The signatures on
 * certificates are judged elsewhere (trust/verifier.h).
 */
#ifndef STS_TLS_SIGNATURE_H
#define STS_TLS_SIGNATURE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/client_key.h"

#define STS_TLS_SIGNATURE_MAX_BYTES (STS_RSA_KEY_MAX_BITS / 8) /* ECDSA has at most 139 */

enum sts_tls_signature_kind { STS_TLS_ECDSA, STS_TLS_RSA_PSS, STS_TLS_RSA_PKCS1 };

/* A signature scheme of the table. */
struct sts_tls_scheme {
	uint16_t id;     /* of IANA's registry TLS SignatureScheme */
	uint8_t kind;    /* enum sts_tls_signature_kind */
	uint8_t hash_id; /* br_sha256_ID, br_sha384_ID or br_sha512_ID */
	uint8_t curve;   /* of BearSSL: what TLS 1.3 binds ECDSA to; 0 for RSA */
};

/* The schemes that the client offers, the preferred first. Those of RSA_PKCS1 may be used in TLS
 * 1.2 alone. The array ends with an id of 0. */
extern const struct sts_tls_scheme sts_tls_schemes[];

/* Find a scheme by its id. Returns NULL when the client does not offer it. */
const struct sts_tls_scheme *sts_tls_scheme(uint16_t id);

/* The name of IANA's registry, as in "rsa_pss_rsae_sha256"; NULL for an id that is not offered. */
const char *sts_tls_scheme_name(uint16_t id);

/* The length of the scheme's hash. */
size_t sts_tls_hash_bytes(const struct sts_tls_scheme *scheme);

/*
 * Does the scheme fit the key? The kinds must agree. In TLS 1.3 an ECDSA scheme fits its curve
 * alone, in TLS 1.2 every curve that the client offers (RFC 8446 section 4.2.3), and PKCS1 fits TLS
 * 1.2 alone.
 */
bool sts_tls_scheme_fits(const struct sts_tls_scheme *scheme, const br_x509_pkey *key, bool tls13);

/*
 * Verify a signature.
 *   key        in  of a certificate that was verified
 *   hash       in  the hash of the content that was signed, as long as the scheme's hash
 *   signature  in  UNTRUSTED, len bytes; len may be any number
 * Returns true when it is right.
 */
bool sts_tls_signature_verify(const struct sts_tls_scheme *scheme, const br_x509_pkey *key,
			      const uint8_t *hash, const uint8_t *signature, size_t len);

/*
 * Choose the scheme for a signature with the client's key.
 *   offered  in  UNTRUSTED, the schemes that the server accepts, in its order: count big-endian
 *                numbers of two bytes
 * Returns the first scheme of sts_tls_schemes that the server offers and that fits the key, or
 * NULL.
 */
const struct sts_tls_scheme *sts_tls_scheme_choose(const struct sts_client_key *key,
						   const uint8_t *offered, size_t count,
						   bool tls13);

/*
 * Sign with the client's key. The signature is verified before it is returned, so that a key that
 * does not belong to the certificate is noticed, and a fault in the calculation does not reveal it.
 *   hash    in   as long as the scheme's hash
 *   salt    in   random bytes for RSA-PSS, as long as the hash; not used by the other kinds
 *   out     out  STS_TLS_SIGNATURE_MAX_BYTES
 * Returns the length of the signature, 0 when the key does not belong to the certificate.
 */
size_t sts_tls_sign(const struct sts_tls_scheme *scheme, const struct sts_client_key *key,
		    const uint8_t *hash, const uint8_t *salt, uint8_t *out);

#endif
