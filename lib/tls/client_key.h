/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's own certificate and private key, for mutual TLS (RFC 8446 section 4.4, RFC 5246
 * sections 7.4.4 to 7.4.8).
 *
 * The key is read with the DER reader of trust/der.h, which checks every length. BearSSL's
 * br_skey_decoder must never be linked: in version 0.6 it lets a key write 1560 bytes into a buffer
 * of 1536. The numbers of the key stay where they were read, inside struct sts_client_key, and are
 * never copied.
 */
#ifndef STS_TLS_CLIENT_KEY_H
#define STS_TLS_CLIENT_KEY_H

#include <bearssl.h>

#include "trust/cert.h"
#include "trust/rules.h"

#define STS_CLIENT_CERT_MAX_BYTES (64 * 1024) /* of the certificate file */
#define STS_CLIENT_KEY_MAX_BYTES  (32 * 1024) /* of the key file */

/* A certificate chain with its key. The struct is large, and belongs in static memory. */
struct sts_client_key {
	size_t chain_len;
	/* SECRET. The numbers of the key, which point into key_file: modulus and private exponent
	 * of an RSA key, or the private number of an EC key. */
	bool is_rsa;
	struct sts_der rsa_n, rsa_d;
	struct sts_der ec_x;
	struct sts_cert leaf;                           /* points into cert_file */
	br_x509_certificate chain[STS_CHAIN_MAX_CERTS]; /* the leaf first; points into cert_file */
	/* private */
	uint8_t cert_file[STS_CLIENT_CERT_MAX_BYTES];
	uint8_t key_file[STS_CLIENT_KEY_MAX_BYTES]; /* SECRET */
};

/*
 * Read certificate and key from their files, and check that they belong together. When this fails,
 * both are read a second time: another process may just have been replacing them.
 *   cert_path  in   PEM: 1 to STS_CHAIN_MAX_CERTS certificates, the leaf first; other objects are
 *                   passed over
 *   key_path   in   PEM: one key in PKCS#8 ("PRIVATE KEY", not encrypted), PKCS#1 ("RSA PRIVATE
 *                   KEY") or SEC 1 ("EC PRIVATE KEY", also with "EC PARAMETERS" before it); RSA of
 *                   2048 to 4096 bits, or EC with P-256, P-384 or P-521; may be the same file
 *   key        out  filled; holds no part of a key after a failure
 * Returns STS_OK, or STS_ECLIENT_CERT with a message that names the file and never quotes from it.
 */
enum sts_err sts_client_key_read(struct sts_client_key *key, const char *cert_path,
				 const char *key_path, struct sts_error *e);

/*
 * Find the numbers of one private key.
 *   der  in   PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 appendix A.1.2) or SEC 1 (RFC 5915), which differ
 *             in their structure; must outlive *key
 *   key  out  is_rsa, and either rsa_n and rsa_d, or ec_x: slices of der, not empty, without
 *             leading zeros. Whether the numbers make a valid key is not checked here
 * Returns false when der has none of the three forms.
 */
bool sts_client_key_decode(struct sts_der der, struct sts_client_key *key);

/* Overwrite everything, the secret numbers included. */
void sts_client_key_fini(struct sts_client_key *key);

#endif
