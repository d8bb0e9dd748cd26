/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of BearSSL's implementations are used, in one place: the handshake (tls.c) and the chain
 * (verifier.c) must share them, or each is linked twice. All are constant-time. The 31-bit code
 * serves both architectures: a P-256 key exchange and two ECDSA signatures cost about 2.5 ms,
 * RSA-2048 0.2 ms for each signature. The generic curve code alone would save 10 kB and double
 * that; the 62-bit RSA code would cost 3 kB and save less than 0.1 ms.
 */
#ifndef STS_CRYPTO_H
#define STS_CRYPTO_H

#include <bearssl.h>

/* P-256, P-384, P-521 and X25519. */
static inline const br_ec_impl *sts_crypto_ec(void)
{
	return &br_ec_all_m31;
}

/* RSA signatures, PKCS#1 v1.5. */
static inline br_rsa_pkcs1_vrfy sts_crypto_rsa_vrfy(void)
{
	return br_rsa_i31_pkcs1_vrfy;
}

/* ECDSA signatures in their ASN.1 form, as TLS and X.509 have them. */
static inline br_ecdsa_vrfy sts_crypto_ecdsa_vrfy(void)
{
	return br_ecdsa_i31_vrfy_asn1;
}

#endif
