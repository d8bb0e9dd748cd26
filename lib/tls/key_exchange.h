/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of the key exchange (RFC 8446 section 4.2.7, RFC 8422): X25519, P-256, P-384, P-521,
 * as a table.
 */
#ifndef STS_TLS_KEY_EXCHANGE_H
#define STS_TLS_KEY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_TLS_SECRET_NUMBER_MAX_BYTES 66  /* of P-521; the shared secret is as long */
#define STS_TLS_PUBLIC_MAX_BYTES        133 /* an uncompressed point of P-521 */

struct sts_tls_group {
	uint16_t id;          /* of IANA's registry TLS Supported Groups */
	uint8_t curve;        /* of BearSSL */
	uint8_t secret_bytes; /* of the secret number and of the shared secret */
	uint8_t public_bytes; /* of the public key, as it is sent */
};

/* The groups that the client offers, the preferred first. The array ends with an id of 0. */
extern const struct sts_tls_group sts_tls_groups[];

/* Find a group by its id. Returns NULL when the client does not offer it. */
const struct sts_tls_group *sts_tls_group(uint16_t id);

/* The name of IANA's registry, as in "x25519"; NULL for an id that is not offered. */
const char *sts_tls_group_name(uint16_t id);

/* The client's half of one exchange. */
struct sts_tls_key_pair {
	const struct sts_tls_group *group;
	uint8_t secret[STS_TLS_SECRET_NUMBER_MAX_BYTES]; /* SECRET */
	uint8_t public[STS_TLS_PUBLIC_MAX_BYTES];        /* public_bytes of it */
};

/* Fills data with len random bytes. Returns false when there are none. */
typedef bool sts_tls_random(uint8_t *data, size_t len);

/*
 * Make a key pair. A secret number of a NIST curve lies between 1 and the order minus 1, each with
 * the same probability (FIPS 186-5 appendix A.2.2: candidates are tested).
 * Returns false when there are no random bytes.
 */
bool sts_tls_key_pair_make(struct sts_tls_key_pair *pair, const struct sts_tls_group *group,
			   sts_tls_random *random);

enum sts_tls_agreement {
	STS_TLS_AGREED,
	STS_TLS_WRONG_LENGTH, /* the peer's key has another length, or is a point in another form */
	STS_TLS_OFF_CURVE,    /* it is not a point of the curve */
	STS_TLS_ZERO,         /* the result of X25519 is zero (RFC 7748 section 6.1) */
};

/*
 * Calculate the shared secret.
 *   peer    in   UNTRUSTED, the peer's public key
 *   shared  out  SECRET, group->secret_bytes; STS_TLS_SECRET_NUMBER_MAX_BYTES of room
 * For a NIST curve it is the x coordinate with its leading zeros. Non-canonical public keys of
 * X25519 are accepted (RFC 7748 section 5). shared is all zeros unless the sides have agreed.
 */
enum sts_tls_agreement sts_tls_agree(const struct sts_tls_key_pair *pair, const uint8_t *peer,
				     size_t peer_len, uint8_t *shared);

#endif
