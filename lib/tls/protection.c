/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/protection.h"

#include <string.h>

#include "base/text.h"
#include "tls/key_schedule.h"
#include "tls/testing.h"

#define TLS12_GCM_IV_BYTES  4
#define TLS12_AAD_MAX_BYTES 13 /* that of TLS 1.3 is the header */

size_t sts_tls_aead_key_bytes(enum sts_tls_aead aead)
{
	return aead == STS_TLS_AEAD_NONE ? 0 : aead == STS_TLS_AEAD_AES_128_GCM ? 16 : 32;
}

size_t sts_tls12_aead_iv_bytes(enum sts_tls_aead aead)
{
	return aead == STS_TLS_AEAD_NONE                ? 0
	       : aead == STS_TLS_AEAD_CHACHA20_POLY1305 ? STS_TLS_IV_BYTES
							: TLS12_GCM_IV_BYTES;
}

void sts_tls_protection_set(struct sts_tls_protection *p, enum sts_tls_aead aead, bool tls13,
			    const uint8_t *key, const uint8_t *iv)
{
	sts_wipe(p, sizeof(*p));
	p->aead = aead;
	p->tls13 = tls13;
	if (aead == STS_TLS_AEAD_NONE)
		return;
	memcpy(p->iv, iv, tls13 ? STS_TLS_IV_BYTES : sts_tls12_aead_iv_bytes(aead));
	if (aead == STS_TLS_AEAD_CHACHA20_POLY1305)
		memcpy(p->key, key, sizeof(p->key));
	else
		br_aes_ct64_ctr_init(&p->aes, key, sts_tls_aead_key_bytes(aead));
}

static bool in_clear(const struct sts_tls_protection *p)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.unprotected)
		return true;
#endif
	return p->aead == STS_TLS_AEAD_NONE;
}

size_t sts_tls_protection_before(const struct sts_tls_protection *p)
{
	if (in_clear(p) || p->tls13 || p->aead == STS_TLS_AEAD_CHACHA20_POLY1305)
		return 0;
	return STS_TLS_EXPLICIT_NONCE_BYTES;
}

size_t sts_tls_protection_behind(const struct sts_tls_protection *p)
{
	return in_clear(p) ? 0 : STS_TLS_TAG_BYTES;
}

static void put_number(uint8_t *out, uint64_t number, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; number >>= 8)
		out[i] = (uint8_t)number;
}

/*
 * The nonce of a record: the IV combined with the sequence number or, with AES-GCM in TLS 1.2,
 * followed by the explicit nonce.
 *   before  in  what stands before the ciphertext
 */
static void make_nonce(const struct sts_tls_protection *p, const uint8_t *before,
		       uint8_t nonce[STS_TLS_IV_BYTES])
{
	uint8_t sequence[8];

	memcpy(nonce, p->iv, STS_TLS_IV_BYTES);
	if (sts_tls_protection_before(p)) {
		memcpy(nonce + TLS12_GCM_IV_BYTES, before, STS_TLS_EXPLICIT_NONCE_BYTES);
		return;
	}
	put_number(sequence, p->sequence, sizeof(sequence));
	for (size_t i = 0; i < sizeof(sequence); i++)
		nonce[STS_TLS_IV_BYTES - sizeof(sequence) + i] ^= sequence[i];
}

/* The additional data of a record with len bytes of plaintext. Returns its length. */
static size_t make_additional(const struct sts_tls_protection *p, const uint8_t *header, size_t len,
			      uint8_t additional[TLS12_AAD_MAX_BYTES])
{
	if (p->tls13) {
		memcpy(additional, header, STS_TLS_HEADER_BYTES);
		return STS_TLS_HEADER_BYTES;
	}
	put_number(additional, p->sequence, 8);
	memcpy(additional + 8, header, 3);
	put_number(additional + 11, len, 2);
	return TLS12_AAD_MAX_BYTES;
}

/* Encrypt or decrypt the text of a record in place, and calculate its tag. The text begins behind
 * the header and what stands before the ciphertext. */
static void run(struct sts_tls_protection *p, bool encrypt, uint8_t *record, size_t len,
		uint8_t tag[STS_TLS_TAG_BYTES])
{
	uint8_t *before = record + STS_TLS_HEADER_BYTES;
	uint8_t *text = before + sts_tls_protection_before(p);
	uint8_t nonce[STS_TLS_IV_BYTES], additional[TLS12_AAD_MAX_BYTES];
	size_t additional_len = make_additional(p, record, len, additional);
	br_gcm_context gcm;

	make_nonce(p, before, nonce);
	if (p->aead == STS_TLS_AEAD_CHACHA20_POLY1305) {
		br_poly1305_ctmul_run(p->key, nonce, text, len, additional, additional_len, tag,
				      br_chacha20_ct_run, encrypt);
		return;
	}
	br_gcm_init(&gcm, &p->aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&gcm, nonce, sizeof(nonce));
	br_gcm_aad_inject(&gcm, additional, additional_len);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, encrypt, text, len);
	br_gcm_get_tag(&gcm, tag);
	sts_wipe(&gcm, sizeof(gcm));
}

size_t sts_tls_protection_seal(struct sts_tls_protection *p, uint8_t *record, size_t len)
{
	size_t before = sts_tls_protection_before(p), behind = sts_tls_protection_behind(p);
	size_t text_at = STS_TLS_HEADER_BYTES + before;

	if (p->sequence == UINT64_MAX)
		return 0;
	put_number(record + 3, before + len + behind, 2);
	if (before)
		put_number(record + STS_TLS_HEADER_BYTES, p->sequence, before);
	if (!in_clear(p))
		run(p, true, record, len, record + text_at + len);
	p->sequence++;
	return text_at + len + behind;
}

bool sts_tls_protection_open(struct sts_tls_protection *p, uint8_t *record, size_t len,
			     uint8_t **plain, size_t *plain_len)
{
	size_t text_at = STS_TLS_HEADER_BYTES + sts_tls_protection_before(p);
	size_t behind = sts_tls_protection_behind(p);
	uint8_t tag[STS_TLS_TAG_BYTES];

	if (len < text_at + behind || p->sequence == UINT64_MAX)
		return false;
	*plain = record + text_at;
	*plain_len = len - text_at - behind;
	if (!in_clear(p)) {
		run(p, false, record, *plain_len, tag);
		if (!sts_tls_equal(tag, *plain + *plain_len, sizeof(tag))) {
			sts_wipe(*plain, *plain_len);
			return false;
		}
	}
	p->sequence++;
	return true;
}
