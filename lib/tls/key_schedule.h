/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedules of TLS 1.3 (RFC 8446 section 7.1, on HKDF of RFC 5869) and TLS 1.2 (RFC 5246
 * sections 5, 6.3, 7.4.9 and 8.1, with the extended master secret of RFC 7627), and the running
 * hash of the handshake. The functions are pure. All secrets are as long as the hash of the suite.
 */
#ifndef STS_TLS_KEY_SCHEDULE_H
#define STS_TLS_KEY_SCHEDULE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_TLS_HASH_MAX_BYTES   64 /* SHA-512, which only signatures use */
#define STS_TLS_SECRET_MAX_BYTES 48 /* SHA-384 */
#define STS_TLS_MASTER_BYTES     48 /* the master secret of TLS 1.2 */
#define STS_TLS_RANDOM_BYTES     32
#define STS_TLS12_FINISHED_BYTES 12
#define STS_TLS_LABEL_MAX_BYTES  12 /* of "c hs traffic", the longest label that is used here */

/* BearSSL's class for a hash: br_sha256_ID, br_sha384_ID or br_sha512_ID. */
const br_hash_class *sts_tls_hash_class(int hash_id);

/* --- the running hash of the handshake messages --- */

struct sts_tls_transcript {
	br_multihash_context hashes; /* private: SHA-256, SHA-384 and SHA-512 */
};

void sts_tls_transcript_init(struct sts_tls_transcript *t);
void sts_tls_transcript_add(struct sts_tls_transcript *t, const void *data, size_t len);

/*
 * Get the hash of what was added until now. More can be added afterwards.
 *   hash_id  in   br_sha256_ID, br_sha384_ID or br_sha512_ID
 *   out      out  STS_TLS_HASH_MAX_BYTES
 * Returns the length of the hash in bytes.
 */
size_t sts_tls_transcript_hash(const struct sts_tls_transcript *t, int hash_id, uint8_t *out);

/*
 * Begin anew with the message message_hash, which holds the hash of the first ClientHello. Call
 * this when a HelloRetryRequest has come, before it is added (RFC 8446 section 4.4.1).
 */
void sts_tls_transcript_restart(struct sts_tls_transcript *t, int hash_id);

/* --- TLS 1.3 --- */

/*
 * HKDF-Extract (RFC 5869 section 2.2).
 *   salt  in   salt_len bytes; NULL with 0 for a string of zeros that is as long as the hash
 *   ikm   in   ikm_len bytes; NULL with 0 for the same string
 *   out   out  SECRET, as long as the hash; may be salt
 */
void sts_tls13_extract(const br_hash_class *hash, const uint8_t *salt, size_t salt_len,
		       const uint8_t *ikm, size_t ikm_len, uint8_t *out);

/*
 * HKDF-Expand-Label (RFC 8446 section 7.1).
 *   secret   in   as long as the hash
 *   label    in   without the prefix "tls13 "; at most STS_TLS_LABEL_MAX_BYTES characters
 *   context  in   context_len bytes, at most STS_TLS_HASH_MAX_BYTES; may be NULL with 0
 *   out      out  SECRET, len bytes, at most as many as the hash has
 */
void sts_tls13_expand_label(const br_hash_class *hash, const uint8_t *secret, const char *label,
			    const uint8_t *context, size_t context_len, uint8_t *out, size_t len);

/*
 * Derive-Secret (RFC 8446 section 7.1) for the messages whose hash is given.
 *   transcript  in   the hash of the messages; NULL for the hash of an empty string
 *   out         out  SECRET, as long as the hash
 */
void sts_tls13_derive_secret(const br_hash_class *hash, const uint8_t *secret, const char *label,
			     const uint8_t *transcript, uint8_t *out);

/*
 * The verify_data of a Finished message (RFC 8446 section 4.4.4).
 *   base        in   the handshake traffic secret of the side that sends the message
 *   transcript  in   the hash of all messages before it
 *   out         out  as long as the hash
 */
void sts_tls13_finished(const br_hash_class *hash, const uint8_t *base, const uint8_t *transcript,
			uint8_t *out);

/* --- TLS 1.2 --- */

/*
 * Derive the master secret.
 *   premaster  in   SECRET, len bytes
 *   extended   in   with extended master secret: seed is the session hash, which is the hash of all
 *                   messages up to and including ClientKeyExchange (RFC 7627 section 4). Without:
 *                   seed is the client's random and the server's
 *   out        out  SECRET, STS_TLS_MASTER_BYTES
 */
void sts_tls12_master(const br_hash_class *hash, const uint8_t *premaster, size_t len,
		      bool extended, const uint8_t *seed, size_t seed_len, uint8_t *out);

/*
 * Derive the key block.
 *   randoms  in   the server's random and then the client's: 2 * STS_TLS_RANDOM_BYTES
 *   out      out  SECRET, len bytes, at most 88: client key, server key, client IV, server IV
 */
void sts_tls12_key_block(const br_hash_class *hash, const uint8_t *master, const uint8_t *randoms,
			 uint8_t *out, size_t len);

/*
 * The verify_data of a Finished message (RFC 5246 section 7.4.9).
 *   from_client  in   whose message it is
 *   transcript   in   the hash of all messages before it
 *   out          out  STS_TLS12_FINISHED_BYTES
 */
void sts_tls12_finished(const br_hash_class *hash, const uint8_t *master, bool from_client,
			const uint8_t *transcript, uint8_t *out);

/* --- both --- */

/* Are two strings of bytes equal? The time depends on len alone. */
bool sts_tls_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif
