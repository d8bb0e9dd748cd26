/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded reader for the bodies of handshake messages. Past the end, it gives zeros and empty
 * vectors, and remembers that the body was too short.
 */
#ifndef STS_TLS_READER_H
#define STS_TLS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sts_tls_reader {
	const uint8_t *at; /* UNTRUSTED */
	size_t left;
	bool is_short; /* something was read past the end */
};

/* Take len bytes. Returns where they begin, or NULL when there are fewer: then none are taken. */
static inline const uint8_t *sts_tls_read_bytes(struct sts_tls_reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (len > r->left) {
		r->is_short = true;
		return NULL;
	}
	if (len > 0) { /* at may be NULL when nothing is left */
		r->at += len;
		r->left -= len;
	}
	return at;
}

/* Take a big-endian number of 1 to 3 bytes. */
static inline uint32_t sts_tls_read_number(struct sts_tls_reader *r, size_t bytes)
{
	const uint8_t *at = sts_tls_read_bytes(r, bytes);
	uint32_t value = 0;

	for (size_t i = 0; at && i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* Take a vector with its length of 1 to 3 bytes before it (RFC 8446 section 3.4). */
static inline struct sts_tls_reader sts_tls_read_vector(struct sts_tls_reader *r, size_t bytes)
{
	size_t len = sts_tls_read_number(r, bytes);
	const uint8_t *at = sts_tls_read_bytes(r, len);

	return (struct sts_tls_reader){.at = at, .left = at ? len : 0};
}

/* Was everything read, and nothing beyond the end? */
static inline bool sts_tls_read_end(const struct sts_tls_reader *r)
{
	return !r->is_short && r->left == 0;
}

#endif
