/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The implementations of BearSSL's curves and of its RSA that this program uses. The TLS handshake
 * (tls/) and the validation of the chain (trust/) take them from here, so that only one of each is
 * linked. All run in constant time, and they are the same on every architecture. The handshake
 * calls BearSSL's ECDSA itself (tls/signature.c), with the curves from here.
 *
 * BearSSL's special code for P-256 and X25519 is 8 kB larger than its generic code for all curves.
 * It verifies a signature with P-256 in 0.8 ms of CPU instead of 1.5, and multiplies on X25519, as
 * a handshake does twice, in 0.11 ms instead of 0.39. The 62-bit code for RSA would need 3 kB, and
 * save 0.06 ms of 0.19 for a signature with 2048 bits, and nothing for longer ones.
 */
#ifndef STS_BEARSSL_CHOICE_IMPLEMENTATIONS_H
#define STS_BEARSSL_CHOICE_IMPLEMENTATIONS_H

#include <bearssl.h>

/* Only sts_crypto_ec() uses this. */
extern const br_ec_impl sts_crypto_curves;

/*
 * Elliptic curves: P-256, P-384, P-521 and X25519. Static storage. Unlike BearSSL's own, mul()
 * fails (returns 0) also when the result on X25519 is zero, which is that of a point of small
 * order.
 */
static inline const br_ec_impl *sts_crypto_ec(void)
{
	return &sts_crypto_curves;
}

/* Verifies RSASSA-PKCS1-v1_5 signatures (RFC 8017 section 8.2.2). */
static inline br_rsa_pkcs1_vrfy sts_crypto_rsa_vrfy(void)
{
	return br_rsa_i31_pkcs1_vrfy;
}

/* The RSA operation with the public exponent, on a block that is as long as the modulus. The
 * handshake signs with it, too: then the private exponent takes the place of the public one. */
static inline br_rsa_public sts_crypto_rsa_public(void)
{
	return br_rsa_i31_public;
}

/* Verifies the ECDSA signatures of certificates, in their ASN.1 form (RFC 3279 section 2.2.3). */
static inline br_ecdsa_vrfy sts_crypto_ecdsa_vrfy(void)
{
	return br_ecdsa_i31_vrfy_asn1;
}

#endif
