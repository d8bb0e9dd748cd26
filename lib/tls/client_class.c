/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/client_class.h"

#include <string.h>

#include "tls/signature.h"

#define ECDSA_SHIFT    8  /* in BearSSL's auth_types */
#define HASH_MAX_BYTES 64 /* of SHA-512 */

/* The server sends the names of the certificate authorities that it accepts. They are ignored. */

static void ignore_event(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

static void ignore_length(const br_ssl_client_certificate_class **ctx, size_t len)
{
	(void)ctx;
	(void)len;
}

static void ignore_bytes(const br_ssl_client_certificate_class **ctx, const unsigned char *data,
			 size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

/*
 * Choose the certificate and the hash for the signature.
 *   auth_types  in  the server's hashes: bit N for RSA with BearSSL's hash N, bit 8 + N for ECDSA
 *                   with it
 */
static void choose(const br_ssl_client_certificate_class **ctx, const br_ssl_client_context *client,
		   uint32_t auth_types, br_ssl_client_certificate *choice)
{
	struct sts_client_class *auth = (struct sts_client_class *)(void *)ctx;
	const struct sts_client_key *key = auth->key;

	(void)client;
	auth->asked = true;
	*choice = (br_ssl_client_certificate){0};
	if (!key)
		return;
	if (!key->is_rsa)
		auth_types >>= ECDSA_SHIFT;
	for (int id = br_sha256_ID; id <= br_sha512_ID && !auth->sent; id++)
		if (auth_types >> id & 1) {
			choice->auth_type = key->is_rsa ? BR_AUTH_RSA : BR_AUTH_ECDSA;
			choice->hash_id = id;
			choice->chain = key->chain;
			choice->chain_len = key->chain_len;
			auth->sent = true;
		}
}

/*
 * Sign a hash.
 *   data  in/out  the hash of hash_len bytes, then the signature; size bytes of room
 * Returns the length of the signature, 0 after a failure.
 */
static size_t do_sign(const br_ssl_client_certificate_class **ctx, int hash_id, size_t hash_len,
		      unsigned char *data, size_t size)
{
	const struct sts_client_class *auth = (const struct sts_client_class *)(void *)ctx;
	uint8_t hash[HASH_MAX_BYTES];

	if (!auth->sent || size < STS_TLS_SIGNATURE_MAX_BYTES || hash_len > sizeof(hash))
		return 0;
	memcpy(hash, data, hash_len);
	for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id != 0; s++)
		if (s->hash_id == hash_id &&
		    s->kind == (auth->key->is_rsa ? STS_TLS_RSA_PKCS1 : STS_TLS_ECDSA))
			return sts_tls_sign(s, auth->key, hash, NULL, data);
	return 0;
}

void sts_client_class_init(struct sts_client_class *auth, const struct sts_client_key *key)
{
	static const br_ssl_client_certificate_class class = {
		.context_size = sizeof(struct sts_client_class),
		.start_name_list = ignore_event,
		.start_name = ignore_length,
		.append_name = ignore_bytes,
		.end_name = ignore_event,
		.end_name_list = ignore_event,
		.choose = choose,
		.do_sign = do_sign,
	};

	*auth = (struct sts_client_class){.vtable = &class, .key = key};
}
