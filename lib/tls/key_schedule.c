/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_schedule.h"

#include <string.h>

#include "base/text.h"

#define MESSAGE_HASH 254 /* the handshake type message_hash (RFC 8446 section 4.4.1) */

const br_hash_class *sts_tls_hash_class(int hash_id)
{
	return hash_id == br_sha256_ID   ? &br_sha256_vtable
	       : hash_id == br_sha384_ID ? &br_sha384_vtable
					 : &br_sha512_vtable;
}

void sts_tls_transcript_init(struct sts_tls_transcript *t)
{
	br_multihash_zero(&t->hashes);
	br_multihash_setimpl(&t->hashes, br_sha256_ID, &br_sha256_vtable);
	br_multihash_setimpl(&t->hashes, br_sha384_ID, &br_sha384_vtable);
	br_multihash_setimpl(&t->hashes, br_sha512_ID, &br_sha512_vtable);
	br_multihash_init(&t->hashes);
}

void sts_tls_transcript_add(struct sts_tls_transcript *t, const void *data, size_t len)
{
	br_multihash_update(&t->hashes, data, len);
}

size_t sts_tls_transcript_hash(const struct sts_tls_transcript *t, int hash_id, uint8_t *out)
{
	return br_multihash_out(&t->hashes, hash_id, out);
}

void sts_tls_transcript_restart(struct sts_tls_transcript *t, int hash_id)
{
	uint8_t message[4 + STS_TLS_HASH_MAX_BYTES] = {MESSAGE_HASH};
	size_t len = sts_tls_transcript_hash(t, hash_id, message + 4);

	message[3] = (uint8_t)len;
	br_multihash_init(&t->hashes);
	sts_tls_transcript_add(t, message, 4 + len);
}

static size_t hash_bytes(const br_hash_class *hash)
{
	return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

/* HMAC of one text; out_len is at most the length of the hash. out may be the key or the text. */
static void hmac(const br_hash_class *hash, const uint8_t *key, size_t key_len, const uint8_t *text,
		 size_t text_len, uint8_t *out, size_t out_len)
{
	br_hmac_key_context keyed;
	br_hmac_context context;

	br_hmac_key_init(&keyed, hash, key, key_len);
	br_hmac_init(&context, &keyed, out_len);
	br_hmac_update(&context, text, text_len);
	br_hmac_out(&context, out);
	sts_wipe(&keyed, sizeof(keyed));
	sts_wipe(&context, sizeof(context));
}

static const uint8_t zeros[STS_TLS_HASH_MAX_BYTES];

void sts_tls13_extract(const br_hash_class *hash, const uint8_t *salt, size_t salt_len,
		       const uint8_t *ikm, size_t ikm_len, uint8_t *out)
{
	size_t len = hash_bytes(hash);

	hmac(hash, salt ? salt : zeros, salt ? salt_len : len, ikm ? ikm : zeros,
	     ikm ? ikm_len : len, out, len);
}

/* The result is never longer than the hash, so HKDF-Expand (RFC 5869 section 2.3) has one round:
 * HMAC(secret, info | 0x01). */
void sts_tls13_expand_label(const br_hash_class *hash, const uint8_t *secret, const char *label,
			    const uint8_t *context, size_t context_len, uint8_t *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[2 + 1 + sizeof(prefix) - 1 + STS_TLS_LABEL_MAX_BYTES + 1 +
		     STS_TLS_HASH_MAX_BYTES + 1];
	size_t label_len = strlen(label), n = 0;

	info[n++] = 0;
	info[n++] = (uint8_t)len;
	info[n++] = (uint8_t)(sizeof(prefix) - 1 + label_len);
	memcpy(info + n, prefix, sizeof(prefix) - 1);
	n += sizeof(prefix) - 1;
	memcpy(info + n, label, label_len);
	n += label_len;
	info[n++] = (uint8_t)context_len;
	if (context_len)
		memcpy(info + n, context, context_len);
	n += context_len;
	info[n++] = 1;
	hmac(hash, secret, hash_bytes(hash), info, n, out, len);
}

void sts_tls13_derive_secret(const br_hash_class *hash, const uint8_t *secret, const char *label,
			     const uint8_t *transcript, uint8_t *out)
{
	uint8_t empty[STS_TLS_HASH_MAX_BYTES];
	br_hash_compat_context context;

	if (!transcript) {
		hash->init(&context.vtable);
		hash->out(&context.vtable, empty);
		transcript = empty;
	}
	sts_tls13_expand_label(hash, secret, label, transcript, hash_bytes(hash), out,
			       hash_bytes(hash));
}

void sts_tls13_finished(const br_hash_class *hash, const uint8_t *base, const uint8_t *transcript,
			uint8_t *out)
{
	uint8_t key[STS_TLS_SECRET_MAX_BYTES];
	size_t len = hash_bytes(hash);

	sts_tls13_expand_label(hash, base, "finished", NULL, 0, key, len);
	hmac(hash, key, len, transcript, len, out, len);
	sts_wipe(key, sizeof(key));
}

#define PRF_SEED_MAX_BYTES 96 /* a label and two randoms, or a label and a hash */

/* The PRF of RFC 5246 section 5. A(i) and the seed lie side by side, as they are hashed. */
static void prf(const br_hash_class *hash, const uint8_t *secret, size_t secret_len,
		const char *label, const uint8_t *seed, size_t seed_len, uint8_t *out, size_t len)
{
	uint8_t text[STS_TLS_HASH_MAX_BYTES + PRF_SEED_MAX_BYTES];
	size_t a_len = hash_bytes(hash), label_len = strlen(label), part;

	memcpy(text + a_len, label, label_len);
	memcpy(text + a_len + label_len, seed, seed_len);
	seed_len += label_len;
	hmac(hash, secret, secret_len, text + a_len, seed_len, text, a_len);
	for (; len > 0; len -= part, out += part) {
		part = len < a_len ? len : a_len;
		hmac(hash, secret, secret_len, text, a_len + seed_len, out, part);
		hmac(hash, secret, secret_len, text, a_len, text, a_len);
	}
	sts_wipe(text, sizeof(text));
}

void sts_tls12_master(const br_hash_class *hash, const uint8_t *premaster, size_t len,
		      bool extended, const uint8_t *seed, size_t seed_len, uint8_t *out)
{
	prf(hash, premaster, len, extended ? "extended master secret" : "master secret", seed,
	    seed_len, out, STS_TLS_MASTER_BYTES);
}

void sts_tls12_key_block(const br_hash_class *hash, const uint8_t *master, const uint8_t *randoms,
			 uint8_t *out, size_t len)
{
	prf(hash, master, STS_TLS_MASTER_BYTES, "key expansion", randoms, 2 * STS_TLS_RANDOM_BYTES,
	    out, len);
}

void sts_tls12_finished(const br_hash_class *hash, const uint8_t *master, bool from_client,
			const uint8_t *transcript, uint8_t *out)
{
	prf(hash, master, STS_TLS_MASTER_BYTES, from_client ? "client finished" : "server finished",
	    transcript, hash_bytes(hash), out, STS_TLS12_FINISHED_BYTES);
}

bool sts_tls_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint8_t differences = 0;

	for (size_t i = 0; i < len; i++)
		differences |= a[i] ^ b[i];
	return differences == 0;
}
