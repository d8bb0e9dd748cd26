/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of DER (X.690): definite lengths, minimal encoding, tags of one byte. It works on slices
 * of the caller's memory, without recursion and without allocation. Everything that it reads is
 * UNTRUSTED. The readers return false when their input is malformed; what they wrote is then
 * meaningless.
 */
#ifndef STS_TRUST_DER_H
#define STS_TRUST_DER_H

#include "base/text.h"

/* A run of bytes: one element or several, or the content of an element. */
struct sts_der {
	const uint8_t *data; /* NULL only when len is 0 */
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
/* The content of an OID, written as a string literal. */
#define STS_DER_OID_OF(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

/* The context-specific tags [n]. */
#define STS_DER_CONTEXT(n)             (0x80 | (n)) /* primitive */
#define STS_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* constructed */

/* The parts of a tag (X.690 section 8.1.2). */
#define STS_DER_TAG_CLASS     0xc0
#define STS_DER_CLASS_CONTEXT 0x80
#define STS_DER_TAG_NUMBER    0x1f

/*
 * Take the next element, whatever its tag is.
 *   in     in/out  advanced past the element
 *   whole  out     the element with its header; may be NULL
 * Returns false when the element is malformed, or `in` is empty.
 */
bool sts_der_any(struct sts_der *in, uint8_t *tag, struct sts_der *content, struct sts_der *whole);
/* Take the next element when it has this tag. Returns false and leaves `in` untouched when it has
 * another tag or is malformed. */
bool sts_der_take(struct sts_der *in, uint8_t tag, struct sts_der *content);
/* Does the next element have this tag? */
bool sts_der_peek(const struct sts_der *in, uint8_t tag);
/* Are the bytes the same? */
bool sts_der_eq(struct sts_der a, struct sts_der b);
/* The bytes as text, which is UNTRUSTED. */
struct sts_slice sts_der_text(struct sts_der content);
/* Read the content of a BOOLEAN: one byte, 00 or ff. */
bool sts_der_bool(struct sts_der content, bool *value);
/* Read the content of an INTEGER: not negative, minimal, at most 63 bits. */
bool sts_der_uint(struct sts_der content, uint64_t *value);
/*
 * Read the content of a UTCTime or GeneralizedTime, as RFC 5280 section 4.1.2.5 requires them: with
 * seconds and Z, without a fraction.
 *   tag      in   of the element
 *   epoch_s  out  seconds since the epoch; negative before 1970
 */
bool sts_der_time(uint8_t tag, struct sts_der content, int64_t *epoch_s);

#endif
