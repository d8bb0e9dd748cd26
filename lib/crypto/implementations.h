/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of BearSSL's implementations are used, in one place: the handshake (tls/) and the chain
 * (trust/) must share them, or each is linked twice. All are constant-time, and the same on
 * every architecture.
 *
 * The generic 31-bit code is chosen for its size. A whole handshake with a P-256 certificate costs
 * 2.6 ms of CPU with it and 1.3 ms with br_ec_all_m31, which is 12 kB larger; one with RSA-2048
 * 2.1 ms. The 62-bit RSA code would cost 3 kB and save less than 0.1 ms.
 */
#ifndef STS_CRYPTO_IMPLEMENTATIONS_H
#define STS_CRYPTO_IMPLEMENTATIONS_H

#include <bearssl.h>

extern const br_ec_impl sts_crypto_curves;

/* P-256, P-384, P-521 and X25519. */
static inline const br_ec_impl *sts_crypto_ec(void)
{
	return &sts_crypto_curves;
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
