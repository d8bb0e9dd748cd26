/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_exchange.h"

#include <string.h>

#include "base/text.h"
#include "bearssl_choice/implementations.h"

#define POINT_UNCOMPRESSED 4 /* the first byte of an uncompressed point (SEC 1 section 2.3.3) */
#define P521_TOP_MASK      1 /* the bits of the first byte that a number of P-521 can have */
/* A candidate for P-256 fails with a probability of 2^-32, one for the other curves with less. So
 * many failures mean that the random bytes are not random. */
#define CANDIDATES_MAX 8

const struct sts_tls_group sts_tls_groups[] = {
	{29, BR_EC_curve25519, 32, 32},
	{23, BR_EC_secp256r1, 32, 65},
	{24, BR_EC_secp384r1, 48, 97},
	{25, BR_EC_secp521r1, 66, 133},
	{0},
};

/* The names, in the order of the groups. */
static const char names[] = "x25519\0secp256r1\0secp384r1\0secp521r1";

const struct sts_tls_group *sts_tls_group(uint16_t id)
{
	for (const struct sts_tls_group *g = sts_tls_groups; g->id != 0; g++)
		if (g->id == id)
			return g;
	return NULL;
}

const char *sts_tls_group_name(uint16_t id)
{
	const struct sts_tls_group *group = sts_tls_group(id);

	return group ? sts_text_at(names, (size_t)(group - sts_tls_groups)) : NULL;
}

/* Does the number lie between 1 and the order minus 1? The time depends on len alone. */
static bool in_range(const uint8_t *number, const uint8_t *order, size_t len)
{
	uint32_t borrow = 0, bits = 0;

	for (size_t i = len; i-- > 0;) {
		borrow = ((uint32_t)number[i] - order[i] - borrow) >> 31;
		bits |= number[i];
	}
	return (borrow & (0u - bits) >> 31) != 0;
}

/* Make a secret number of a NIST curve. */
static bool make_number(struct sts_tls_key_pair *pair, sts_tls_random *random)
{
	const struct sts_tls_group *group = pair->group;
	size_t len;
	const uint8_t *order = sts_crypto_ec()->order(group->curve, &len);

	if (len != group->secret_bytes)
		return false;
	for (int i = 0; i < CANDIDATES_MAX; i++) {
		if (!random(pair->secret, len))
			return false;
		if (group->curve == BR_EC_secp521r1)
			pair->secret[0] &= P521_TOP_MASK;
		if (in_range(pair->secret, order, len))
			return true;
	}
	return false;
}

bool sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
			   sts_tls_random *random)
{
	bool made;

	*pair = (struct sts_tls_key_pair){.group = group};
	if (group->curve == BR_EC_curve25519)
		made = random(pair->secret, group->secret_bytes);
	else
		made = make_number(pair, random);
	if (made && sts_crypto_ec()->mulgen(pair->public, pair->secret, group->secret_bytes,
					    group->curve) == group->public_bytes)
		return true;
	sts_wipe(pair, sizeof(*pair));
	return false;
}

enum sts_tls_agreement sts_tls_agree(const struct sts_tls_key_pair *pair, const uint8_t *peer,
				     size_t peer_len, uint8_t *shared)
{
	const struct sts_tls_group *group = pair->group;
	bool montgomery = group->curve == BR_EC_curve25519;
	uint8_t point[STS_TLS_PUBLIC_MAX_BYTES];

	memset(shared, 0, group->secret_bytes);
	if (peer_len != group->public_bytes || (!montgomery && peer[0] != POINT_UNCOMPRESSED))
		return STS_TLS_WRONG_LENGTH;
	memcpy(point, peer, peer_len);
	/* For X25519, mul() fails only when the result is zero, since the length is right. */
	uint32_t ok = sts_crypto_ec()->mul(point, peer_len, pair->secret, group->secret_bytes,
					   group->curve);
	if (ok)
		memcpy(shared, point + !montgomery, group->secret_bytes);
	sts_wipe(point, sizeof(point));
	if (!ok)
		return montgomery ? STS_TLS_ZERO : STS_TLS_OFF_CURVE;
	return STS_TLS_AGREED;
}
