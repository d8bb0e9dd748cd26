/* SPDX-License-Identifier: Apache-2.0 */
/* Cheap replacements of signatures and of the key exchange, for servers that are fuzz targets: a
 * signature is the hash that it would sign. The linker puts them in the place of the client's. */
#include <string.h>

#include "fuzz/tls_messages.h"

bool __wrap_sts_tls_signature_verify(const struct sts_tls_scheme *scheme, const br_x509_pkey *key,
				     const uint8_t *hash, const uint8_t *signature, size_t len);
bool __wrap_sts_tls_signature_verify(const struct sts_tls_scheme *scheme, const br_x509_pkey *key,
				     const uint8_t *hash, const uint8_t *signature, size_t len)
{
	(void)key;
	return len == fuzz_hash_bytes(scheme) && memcmp(hash, signature, len) == 0;
}

size_t __wrap_sts_tls_sign(const struct sts_tls_scheme *scheme, const struct sts_client_key *key,
			   const uint8_t *hash, const uint8_t *salt, uint8_t *out);
size_t __wrap_sts_tls_sign(const struct sts_tls_scheme *scheme, const struct sts_client_key *key,
			   const uint8_t *hash, const uint8_t *salt, uint8_t *out)
{
	(void)salt;
	require(key != NULL);
	memcpy(out, hash, fuzz_hash_bytes(scheme));
	return fuzz_hash_bytes(scheme);
}

bool __wrap_sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
				  sts_tls_random *random);
bool __wrap_sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
				  sts_tls_random *random)
{
	memset(pair, 0, sizeof(*pair));
	pair->group = group;
	memset(pair->public, 4, group->public_bytes);
	return random(pair->secret, group->secret_bytes);
}

enum sts_tls_agreement __wrap_sts_tls_agree(const struct sts_tls_key_pair *pair,
					    const uint8_t *peer, size_t peer_len, uint8_t *shared);
enum sts_tls_agreement __wrap_sts_tls_agree(const struct sts_tls_key_pair *pair,
					    const uint8_t *peer, size_t peer_len, uint8_t *shared)
{
	memset(shared, 0, pair->group->secret_bytes);
	if (peer_len != pair->group->public_bytes)
		return STS_TLS_WRONG_LENGTH;
	if (peer[0] != 4)
		return pair->group->id == 29 ? STS_TLS_ZERO : STS_TLS_OFF_CURVE;
	memset(shared, 5, pair->group->secret_bytes);
	return STS_TLS_AGREED;
}
