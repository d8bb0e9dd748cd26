/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648): the padded form is written, the unpadded URL form of a JWT is read. */
#ifndef STS_BASE_BASE64_H
#define STS_BASE_BASE64_H

#include "base/text.h"

/*
 * Add base64 with padding (RFC 4648 section 4).
 *   data  in  len bytes, any values; may be NULL when len is 0
 * What does not fit sets t->overflow.
 */
void sts_base64_encode(struct sts_text *t, const void *data, size_t len);

/*
 * Decode base64url without padding (RFC 4648 section 5, as RFC 7515 section 2 uses it). White
 * space, padding and trailing bits that are not zero are refused.
 *   in    in   UNTRUSTED
 *   out   out  the decoded bytes; may have been written to when the result is false
 *   size  in   bytes of room in out; 3/4 of the input's length, rounded down, is enough
 *   len   out  decoded bytes
 * Returns false when the input is malformed or out is too small.
 */
bool sts_base64url_decode(struct sts_slice in, uint8_t *out, size_t size, size_t *len);

#endif
