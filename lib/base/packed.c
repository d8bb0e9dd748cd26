/* SPDX-License-Identifier: Apache-2.0 */
#include "base/packed.h"

#include "base/resident.h"

#include <stdbool.h>
#include <stdint.h>

/* The codes are the bytes up to LOW_LAST and from HIGH_FIRST on. PAIR is the place of one in the
 * table. */
#define LOW_LAST     0x1f
#define HIGH_FIRST   0x7f
#define PAIR(symbol) ((symbol) <= LOW_LAST ? (symbol) : (symbol)-HIGH_FIRST + LOW_LAST + 1)

/* Generated from pairs.json: the two symbols of each code. The white space among the low bytes has
 * none. */
#include "base/pairs.h"

/* The two symbols of a code; NULL for a character. */
static const uint8_t *pair_of(uint8_t symbol)
{
	return (symbol <= LOW_LAST || symbol >= HIGH_FIRST) && pairs[PAIR(symbol)][0]
		       ? pairs[PAIR(symbol)]
		       : NULL;
}

size_t sts_unpack_symbol(char symbol, char out[STS_PACKED_SYMBOL_MAX_BYTES])
{
	uint8_t waiting[PAIRS_DEPTH + 1] = {(uint8_t)symbol};
	size_t count = 1, len = 0;

	while (count > 0) {
		uint8_t next = waiting[--count];
		const uint8_t *pair = pair_of(next);

		if (pair) {
			waiting[count++] = pair[1];
			waiting[count++] = pair[0];
		} else {
			out[len++] = (char)next;
		}
	}
	return len;
}

const char *sts_unpacked(const char *packed, char *buf, size_t size)
{
	size_t len = 0;
	bool plain = true;

	for (const char *c = packed; *c; c++)
		plain &= !pair_of((uint8_t)*c);
	if (plain)
		return packed;
	for (; *packed; packed++) {
		char symbol[STS_PACKED_SYMBOL_MAX_BYTES];
		size_t more = sts_unpack_symbol(*packed, symbol);

		for (size_t i = 0; i < more && len + 1 < size; i++)
			buf[len++] = symbol[i];
	}
	buf[len] = '\0';
	return buf;
}

const char *sts_words(const char *packed)
{
	static char words[STS_WORDS_MAX_BYTES] STS_RESIDENT; /* the supervisor logs with it */

	return sts_unpacked(packed, words, sizeof(words));
}
