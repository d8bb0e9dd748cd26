/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of DER (X.690): definite lengths, minimal encoding, tags of one byte. Works on slices of
 * memory that somebody else owns; no recursion, no allocation. Everything read through it is
 * UNTRUSTED.
 */
#ifndef STS_TRUST_DER_H
#define STS_TRUST_DER_H

#include "base/text.h"

struct sts_der {
	const uint8_t *data; /* what is left; NULL only when len is 0 */
	size_t len;
};

enum sts_der_tag {
	STS_DER_BOOLEAN = 0x01,
	STS_DER_INTEGER = 0x02,
	STS_DER_BITS = 0x03,
	STS_DER_OCTETS = 0x04,
	STS_DER_OID = 0x06,
	STS_DER_UTC_TIME = 0x17,
	STS_DER_GENERAL_TIME = 0x18,
	STS_DER_SEQUENCE = 0x30,
	STS_DER_SET = 0x31,
};
/* Of an OID's content, spelled as a string. */
#define STS_DER_OID_OF(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

#define STS_DER_CONTEXT(n)             (0x80 | (n)) /* primitive [n] */
#define STS_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* constructed [n] */

/* Take the next element of any tag. Advances in. whole (may be NULL) is the element with its
 * header. False when malformed or empty. */
bool sts_der_any(struct sts_der *in, uint8_t *tag, struct sts_der *content, struct sts_der *whole);
/* Take the next element when it has this tag; false (in untouched) when it has not or is malformed.
 */
bool sts_der_take(struct sts_der *in, uint8_t tag, struct sts_der *content);
/* Is the next element of this tag? */
bool sts_der_peek(const struct sts_der *in, uint8_t tag);
bool sts_der_eq(struct sts_der a, struct sts_der b);
/* The bytes as text. */
struct sts_slice sts_der_text(struct sts_der content);
/* BOOLEAN content: 00 or ff, one byte. */
bool sts_der_bool(struct sts_der content, bool *value);
/* INTEGER content, non-negative, minimal, at most 63 bits. */
bool sts_der_uint(struct sts_der content, uint64_t *value);
/* UTCTime or GeneralizedTime content as RFC 5280 section 4.1.2.5 wants them: seconds, Z, no
 * fraction. */
bool sts_der_time(uint8_t tag, struct sts_der content, int64_t *epoch_s);

#endif
