/* SPDX-License-Identifier: Apache-2.0 */
/* A hash that shows whether bytes are the same as before. An attacker can find other bytes with the
 * same hash, so it is only for bytes that nobody gains anything by forging. */
#ifndef STS_BASE_HASH_H
#define STS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define STS_HASH_START 14695981039346656037u

/*
 * Hash some bytes: FNV-1a with 64 bits.
 *   before  in  STS_HASH_START, or the hash of the bytes that stand before these
 */
uint64_t sts_hash(uint64_t before, const void *data, size_t len);

#endif
