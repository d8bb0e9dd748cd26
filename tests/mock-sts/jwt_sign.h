/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing JWTs: compact JWS (RFC 7515), RS256 and ES256.
 */
#ifndef MOCK_JWT_SIGN_H
#define MOCK_JWT_SIGN_H

#include "key.h"

#define MOCK_JWT_BYTES (96 * 1024)

/*
 * Append header.claims.signature.
 *   alg     in  MOCK_ALG_NONE: an empty signature
 *   kid     in  NULL: no such header
 *   claims  in  JSON text
 * False when signing failed.
 */
bool mock_jwt_sign(struct sts_text *out, const struct mock_signer *signer, enum mock_alg alg,
		   const char *kid, struct sts_slice claims);

#endif
