/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protection of records by an AEAD: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905), with
 * the nonces and the additional data of TLS 1.2 (RFC 5246 section 6.2.3.3) and TLS 1.3 (RFC 8446
 * sections 5.2 and 5.3). One struct protects one direction.
 */
#ifndef STS_TLS_PROTECTION_H
#define STS_TLS_PROTECTION_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_TLS_HEADER_BYTES         5 /* of a record */
#define STS_TLS_TAG_BYTES            16
#define STS_TLS_EXPLICIT_NONCE_BYTES 8 /* before the ciphertext, with AES-GCM in TLS 1.2 alone */
#define STS_TLS_AEAD_KEY_MAX_BYTES   32
#define STS_TLS_IV_BYTES             12
/* What protection can add to the fragment of a record, both versions: the type of TLS 1.3 and the
 * tag, or the explicit nonce of TLS 1.2 and the tag. */
#define STS_TLS_OVERHEAD_MAX_BYTES (STS_TLS_EXPLICIT_NONCE_BYTES + STS_TLS_TAG_BYTES)

enum sts_tls_aead {
	STS_TLS_AEAD_NONE = 0, /* records go in clear */
	STS_TLS_AEAD_AES_128_GCM,
	STS_TLS_AEAD_AES_256_GCM,
	STS_TLS_AEAD_CHACHA20_POLY1305,
};

struct sts_tls_protection {
	enum sts_tls_aead aead;
	bool tls13;
	uint64_t sequence; /* of the next record */
	/* private, SECRET */
	br_aes_ct64_ctr_keys aes;
	uint8_t key[STS_TLS_AEAD_KEY_MAX_BYTES]; /* of ChaCha20 */
	uint8_t iv[STS_TLS_IV_BYTES];            /* TLS 1.2 with AES-GCM uses the first 4 bytes */
};

/* The lengths of a key, and of the IV in the key block of TLS 1.2 (4 with AES-GCM, else 12). In TLS
 * 1.3 every IV has STS_TLS_IV_BYTES. */
size_t sts_tls_aead_key_bytes(enum sts_tls_aead aead);
size_t sts_tls12_aead_iv_bytes(enum sts_tls_aead aead);

/*
 * Begin to protect with a key. The sequence number becomes zero.
 *   key  in  SECRET, sts_tls_aead_key_bytes(aead) bytes; copied
 *   iv   in  SECRET, STS_TLS_IV_BYTES in TLS 1.3, sts_tls12_aead_iv_bytes(aead) in TLS 1.2
 */
void sts_tls_protection_set(struct sts_tls_protection *p, enum sts_tls_aead aead, bool tls13,
			    const uint8_t *key, const uint8_t *iv);

/* How many bytes the protection of a record needs before the plaintext and behind it: the explicit
 * nonce (8 or 0), and the tag. The type of TLS 1.3 belongs to the plaintext. Both are 0 without
 * protection. */
size_t sts_tls_protection_before(const struct sts_tls_protection *p);
size_t sts_tls_protection_behind(const struct sts_tls_protection *p);

/*
 * Protect a record in place.
 *   record  in/out  STS_TLS_HEADER_BYTES of header, sts_tls_protection_before() bytes of room, len
 *                   bytes of plaintext (in TLS 1.3 with its type), sts_tls_protection_behind()
 *                   bytes of room. The header's type and version are the caller's; its length is
 *                   set here
 *   len     in      at most 16384 + 1
 * Returns the length of the whole record; 0 when the sequence number is at its end, since no
 * sequence number may be used twice with one key.
 */
size_t sts_tls_protection_seal(struct sts_tls_protection *p, uint8_t *record, size_t len);

/*
 * Open a record in place.
 *   record     in/out  the whole record, UNTRUSTED
 *   len        in      of the whole record
 *   plain      out     where the plaintext begins in record
 *   plain_len  out     its length; in TLS 1.3 with the type and padding
 * Returns false when the tag is wrong, when the record is too short for a tag, or when the sequence
 * number is at its end. The comparison of tags takes constant time. On failure the decrypted bytes
 * are overwritten with zeros.
 */
bool sts_tls_protection_open(struct sts_tls_protection *p, uint8_t *record, size_t len,
			     uint8_t **plain, size_t *plain_len);

#endif
