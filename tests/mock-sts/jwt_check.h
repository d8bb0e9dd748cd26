/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying a subject token as an STS does: signature against the trusted keys, then iss, aud, exp,
 * nbf and sub. Shares no code with lib/token/jwt.c, which it is there to test.
 */
#ifndef MOCK_JWT_CHECK_H
#define MOCK_JWT_CHECK_H

#include "config.h"

/* Services have an error of its own for this reason. */
#define MOCK_JWT_EXPIRED    "token has expired"
#define MOCK_JWT_NO_ACCOUNT "sub is no ServiceAccount"

/*
 * Check a token.
 *   token    in   UNTRUSTED
 *   subject  out  valid only when NULL is returned
 * Returns NULL when all is well, else what is wrong with it, static storage.
 */
const char *mock_jwt_check(const struct mock_config *config, struct sts_slice token, int64_t now_s,
			   struct mock_subject *subject);

#endif
