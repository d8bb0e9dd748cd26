/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of DER. It works from the end to the start, so that a header is written when the length
 * of its content is known.
 */
#ifndef MOCK_DEROUT_H
#define MOCK_DEROUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOCK_DER_BYTES 4096

/* Set it up with at = MOCK_DER_BYTES. */
struct mock_der {
	uint8_t buf[MOCK_DER_BYTES];
	size_t at; /* what is written lies at buf[at..] */
	bool overflow;
};

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BITS = 0x03,
	TAG_OCTETS = 0x04,
	TAG_NULL = 0x05,
	TAG_OID = 0x06,
	TAG_UTF8 = 0x0c,
	TAG_GENERAL_TIME = 0x18,
	TAG_UTC_TIME = 0x17,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_CONTEXT = 0x80,
	TAG_EXPLICIT = 0xa0,
};

void mock_der_put(struct mock_der *d, const void *data, size_t len);
void mock_der_byte(struct mock_der *d, uint8_t byte);
/* Put a header before all that was written since `end`, which is an earlier value of d->at. */
void mock_der_wrap(struct mock_der *d, int tag, size_t end);
void mock_der_tagged(struct mock_der *d, int tag, const void *data, size_t len);
/* Write an INTEGER from unsigned big-endian bytes. */
void mock_der_uint(struct mock_der *d, const uint8_t *data, size_t len);
/* Write a BIT STRING of whole bytes. */
void mock_der_bits(struct mock_der *d, const void *data, size_t len);

#endif
