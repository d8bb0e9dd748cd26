/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's own certificate and private key, for mutual TLS (RFC 5246 sections 7.4.4 to 7.4.8).
 *
 * The key is read with our reader of DER, in which every length is checked against what is there.
 * BearSSL's br_skey_decoder must never be linked: in 0.6 it lets a key fill 1560 bytes of a buffer
 * that has 1536. The numbers of a key stay where they were read, in this struct, and nowhere else.
 */
#ifndef STS_TLS_CLIENT_KEY_H
#define STS_TLS_CLIENT_KEY_H

#include <bearssl.h>

#include "trust/cert.h"
#include "trust/rules.h"

#define STS_CLIENT_CERT_MAX_BYTES (64 * 1024) /* of the files, as text */
#define STS_CLIENT_KEY_MAX_BYTES  (32 * 1024)

/* Large: static memory of the worker, or of a test. */
struct sts_client_key {
	br_x509_certificate chain[STS_CHAIN_MAX_CERTS]; /* the leaf first */
	size_t chain_len;
	struct sts_cert leaf;
	/* of the key file; SECRET. is_rsa says which of the two is set */
	bool is_rsa;
	struct sts_der rsa_n, rsa_d;
	struct sts_der ec_x;
	/* private */
	uint8_t cert_file[STS_CLIENT_CERT_MAX_BYTES];
	uint8_t key_file[STS_CLIENT_KEY_MAX_BYTES];
};

/*
 * Read both files afresh, and see that key and certificate belong together. While
 * somebody replaces the two files one may be newer than the other: they are then read once more.
 *   cert_path  in   PEM certificates, the leaf first, at most STS_CHAIN_MAX_CERTS; other objects
 *                   are passed over
 *   key_path   in   PEM, one key: PKCS#8 ("PRIVATE KEY", not encrypted), PKCS#1 ("RSA PRIVATE
 *                   KEY") or SEC 1 ("EC PRIVATE KEY", with or without "EC PARAMETERS" before it);
 *                   RSA of 2048 to 4096 bits, or EC P-256, P-384, P-521. May be the same file.
 *   key        out  filled; holds nothing of a key after a failure
 * Returns STS_OK, or STS_ECLIENT_CERT with a message that names the file and never quotes from it.
 */
enum sts_err sts_client_key_read(struct sts_client_key *key, const char *cert_path,
				 const char *key_path, struct sts_error *e);

/*
 * Find the numbers of one private key.
 *   der  in   PKCS#8, PKCS#1 or SEC 1, which its structure tells; must outlive *key
 *   key  out  is_rsa, and rsa_n with rsa_d, or ec_x: slices into der, not empty, without leading
 *             zeros. Whether they are a key is not known yet.
 * False when it is none of the three.
 */
bool sts_client_key_decode(struct sts_der der, struct sts_client_key *key);

/* Overwrite. */
void sts_client_key_fini(struct sts_client_key *key);

/* What answers a server that asks for a certificate: BearSSL's class, for either kind of key. */
struct sts_client_class {
	const br_ssl_client_certificate_class *vtable; /* first: BearSSL's convention */
	const struct sts_client_key *key;              /* NULL: there is none */
	bool asked;                                    /* out: the server asked */
	bool sent;                                     /* out: and was sent the certificate */
};

/* key: kept; NULL answers with no certificate, as TLS allows, and still notes that it was asked. */
void sts_client_class_init(struct sts_client_class *auth, const struct sts_client_key *key);

#endif
