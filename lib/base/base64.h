/* SPDX-License-Identifier: Apache-2.0 */
/* base64: with padding for what goes out, base64url without it for what a JWT is made of. */
#ifndef STS_BASE_BASE64_H
#define STS_BASE_BASE64_H

#include "base/text.h"

/* Add base64 with padding (RFC 4648 section 4). */
void sts_base64_encode(struct sts_text *t, const void *data, size_t len);

/*
 * Decode base64url without padding (RFC 7515 section 2). White space, padding and trailing bits
 * that are not zero are refused.
 *   out   out  may have been written to when the result is false
 *   size  in   3/4 of the input's length, rounded down, is enough
 * False when it is malformed or out is too small.
 */
bool sts_base64url_decode(struct sts_slice in, uint8_t *out, size_t size, size_t *len);

#endif
