/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private and public keys: RSA of 2048 to 4096 bits and EC on P-256, P-384, P-521, from PEM
 * (PKCS#1, SEC 1, PKCS#8) or generated; signatures for JWS (RFC 7518: RS256, ES256) and for
 * certificates.
 */
#ifndef MOCK_KEY_H
#define MOCK_KEY_H

#include "util.h"

#define MOCK_KEY_DER_BYTES   3072
#define MOCK_SIGNATURE_BYTES 512
#define MOCK_KID_BYTES       192

/* A private key without pointers, so that it may lie in shared memory: PKCS#8 DER. */
struct mock_key {
	uint8_t der[MOCK_KEY_DER_BYTES];
	size_t der_len;
};

struct mock_public_key {
	int type;  /* BR_KEYTYPE_RSA, BR_KEYTYPE_EC */
	int curve; /* BR_EC_secp256r1, ...; EC only */
	uint8_t n[512], e[8];
	size_t n_len, e_len;
	uint8_t q[133]; /* uncompressed point */
	size_t q_len;
	char kid[MOCK_KID_BYTES]; /* "": none */
};

/* A decoded private key, ready to sign, and its public half (kid is the RFC 7638 thumbprint). */
struct mock_signer {
	br_skey_decoder_context decoder;
	const br_rsa_private_key *rsa;
	const br_ec_private_key *ec;
	struct mock_public_key pub;
};

enum mock_alg { MOCK_RS256, MOCK_ES256, MOCK_ALG_NONE };
const char *mock_alg_name(enum mock_alg alg);

/* kind: "rsa", "rsa3072", "rsa4096", "ec" (P-256), "p384", "p521". False when it is none of them.
 */
bool mock_key_generate(struct mock_key *key, const char *kind);
/* Read the first private key of a PEM file. Ends the program if there is none. */
void mock_key_load(struct mock_key *key, const char *path);
/* Write a key that was generated. A key that was loaded may have another form than PKCS#8. */
void mock_key_add_pem(struct sts_text *t, const struct mock_key *key);

/* Returns false if the key cannot be used. */
bool mock_signer_open(struct mock_signer *signer, const struct mock_key *key);
/* The algorithm with which the key signs JWTs: RS256, or ES256 for P-256; MOCK_ALG_NONE for other
 * curves. */
enum mock_alg mock_public_alg(const struct mock_public_key *pub);
/* Sign with SHA-256. If `raw`, ECDSA gives r||s (JWS), else ASN.1. Returns the length of the
 * signature, 0 on failure. */
size_t mock_sign(const struct mock_signer *signer, const void *data, size_t len, bool raw,
		 uint8_t out[MOCK_SIGNATURE_BYTES]);
/* Verify a signature in the form of JWS. */
bool mock_verify(const struct mock_public_key *pub, enum mock_alg alg, const void *data, size_t len,
		 const uint8_t *signature, size_t signature_len);

/* Call a function for each object of a PEM file with this label ("CERTIFICATE"; NULL: any). Returns
 * how many there were; -1 if this is not PEM. */
int mock_pem_each(const char *pem, size_t len,
		  void (*object)(void *ctx, const char *label, const uint8_t *der, size_t der_len),
		  void *ctx);
void mock_pem_add(struct sts_text *t, const char *label, const void *der, size_t len);

#endif
