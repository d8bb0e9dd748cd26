/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the handshake (client.c puts them together). Each function returns false after a
 * failure, which c->records.failure explains.
 */
#ifndef STS_TLS_HANDSHAKE_H
#define STS_TLS_HANDSHAKE_H

#include "tls/state.h"

/* A cipher suite of the table. */
struct sts_tls_suite {
	uint16_t id;
	uint8_t aead;     /* enum sts_tls_aead */
	uint8_t hash_id;  /* br_sha256_ID or br_sha384_ID */
	uint8_t key_type; /* TLS 1.2: that of the server's certificate, BR_KEYTYPE_RSA or
			     BR_KEYTYPE_EC; 0 in TLS 1.3 */
};

/* BearSSL's class for the hash of the suite. */
const br_hash_class *sts_tls_suite_hash(const struct sts_tls_suite *suite);

/* The length of that hash, and so of all secrets of the suite. */
static inline size_t sts_tls_suite_hash_bytes(const struct sts_tls_suite *suite)
{
	return suite->hash_id == br_sha384_ID ? br_sha384_SIZE : br_sha256_SIZE;
}

/* The hash of the handshake until now, by the hash of the suite; out has STS_TLS_HASH_MAX_BYTES. */
static inline size_t sts_tls_hash_now(const struct sts_tls_client *c, uint8_t *out)
{
	return sts_tls_transcript_hash(&c->messages.transcript, c->suite->hash_id, out);
}

/* --- hello.c --- */

/* Send the ClientHello, and take the ServerHello; after a HelloRetryRequest, do so once more. Sets
 * version, suite, server_random, and in TLS 1.3 the shared secret.
 *   shared  out  SECRET, with TLS 1.3: STS_TLS_SECRET_NUMBER_MAX_BYTES; its length is that of
 *                c->pair.group */
bool sts_tls_hello(struct sts_tls_client *c, uint8_t *shared);

/* Calculate the shared secret with the server's public key. The client's secret number is wiped.
 *   point   in   UNTRUSTED
 *   shared  out  SECRET, c->pair.group->secret_bytes; STS_TLS_SECRET_NUMBER_MAX_BYTES of room */
bool sts_tls_shared_secret(struct sts_tls_client *c, struct sts_tls_reader point, uint8_t *shared);

/* Take EncryptedExtensions. */
bool sts_tls_encrypted_extensions(struct sts_tls_client *c);

/* --- identity.c --- */

/* Take the server's Certificate, of which the header was read, and have it verified. */
bool sts_tls_server_certificate(struct sts_tls_client *c);

/* A part of what is signed. */
struct sts_tls_part {
	const void *data;
	size_t len;
};
#define STS_TLS13_SIGNED_PARTS 3

/*
 * Verify the server's signature.
 *   body     in/out  UNTRUSTED: the scheme and the signature, which are the rest of the message
 *   content  in      what was signed: count parts
 */
bool sts_tls_server_signature(struct sts_tls_client *c, struct sts_tls_reader *body,
			      const struct sts_tls_part *content, size_t count);

/*
 * The content that TLS 1.3 signs (RFC 8446 section 4.4.3).
 *   transcript  in   the hash of the handshake, len bytes; must outlive the parts
 *   parts       out  STS_TLS13_SIGNED_PARTS
 * Returns STS_TLS13_SIGNED_PARTS.
 */
size_t sts_tls13_signed(bool by_server, const uint8_t *transcript, size_t len,
			struct sts_tls_part *parts);

/* Take CertificateRequest, of which the header was read. Sets client_scheme. */
bool sts_tls_certificate_request(struct sts_tls_client *c);

/* Send the client's Certificate, which is empty when there is none that the server accepts. */
bool sts_tls_client_certificate(struct sts_tls_client *c);

/* Send CertificateVerify, when a certificate was sent. */
bool sts_tls_client_verify(struct sts_tls_client *c);

/* --- handshake12.c and handshake13.c --- */

/* Do what follows the ServerHello. */
bool sts_tls_handshake12(struct sts_tls_client *c);
bool sts_tls_handshake13(struct sts_tls_client *c, const uint8_t *shared);

/* Handle a message of TLS 1.3 after the handshake, of which the header was read. */
bool sts_tls_after13(struct sts_tls_client *c);

/* Send KeyUpdate, which is due when c->update_due is set, and change the keys of writing. */
bool sts_tls_answer_key_updates(struct sts_tls_client *c);

#endif
