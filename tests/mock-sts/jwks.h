/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Keys (RFC 7517): written for /certs and `mock-sts jwks`, read for verifying subject
 * tokens.
 */
#ifndef MOCK_JWKS_H
#define MOCK_JWKS_H

#include "key.h"

#define MOCK_TRUSTED_MAX 16

struct mock_trusted {
	struct mock_public_key key[MOCK_TRUSTED_MAX];
	size_t count;
};

/* {"kty":...}; kid is pub->kid. */
void mock_jwk_add(struct sts_text *t, const struct mock_public_key *pub);
/* RFC 7638: base64url of the SHA-256 over the required members. */
void mock_jwk_thumbprint(const struct mock_public_key *pub, char *out, size_t size);

/* Read a JWKS and add its keys. Keys that cannot be used are passed over. Returns false, with `why`
 * set, if this is not a JWKS. */
bool mock_jwks_read(struct mock_trusted *trusted, struct sts_slice json, const char **why);

#endif
