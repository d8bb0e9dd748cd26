/* SPDX-License-Identifier: Apache-2.0 */
#include "base/packed.h"

#include <string.h>

#include "base/resident.h"

#define PACKED_MARK  0x80       /* in the first byte of a packed text: the bit that is set */
#define NO_SYMBOL    UINT16_MAX /* in place of the right symbol of a pair: it is a character */
#define LENGTH_COUNT (sizeof(lengths) / sizeof(lengths[0]))

/* Generated from pairs.json: the characters and the pairs, in the order of their codes. */
#include "base/pairs.h"

_Static_assert(PAIRS_DEPTH == STS_PACKED_DEPTH, "the same number in packing.py");

/* Read a code, bit by bit (RFC 1951, section 3.2.2: codes of one length follow each other, and the
 * shorter ones come first). Returns the number of its symbol. */
static uint16_t read_code(struct sts_unpacker *u)
{
	unsigned code = 0, first = 0, index = 0;

	for (size_t length = 0; length < LENGTH_COUNT; length++) {
		unsigned count = lengths[length].characters + lengths[length].pairs;

		code = code << 1 | (u->text[u->bit / 8] >> (7 - u->bit % 8) & 1);
		u->bit++;
		if (code < first + count)
			return (uint16_t)(index + code - first);
		index += count;
		first = (first + count) << 1;
	}
	return 0; /* cannot happen: every code has its symbol */
}

/* Returns how many bits are 1. */
static unsigned ones_in(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555;
	bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (unsigned)(bits * 0x0101010101010101 >> 56);
}

/* Returns the number of the bit after the next `ones` bits of `steps` that are 1, from a bit on.
 * As long as more than 64 of them are left, eight more bytes are there. */
static unsigned bit_after(unsigned bit, unsigned ones)
{
	uint64_t bits;

	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");
	for (; ones > 64; bit = (bit | 7) + 57) {
		memcpy(&bits, &steps[bit / 8], sizeof(bits));
		ones -= ones_in(bits >> bit % 8);
	}
	for (; ones > 8; bit = (bit | 7) + 1)
		ones -= ones_in(steps[bit / 8] >> bit % 8);
	/* No branch depends on a bit: half of the branches would be predicted wrongly. */
	for (; ones > 0; bit++)
		ones -= steps[bit / 8] >> bit % 8 & 1;
	return bit;
}

/* Take a symbol apart. Returns the left symbol of a pair, or the character. Of a pair, the low bits
 * are in the table, and the high bits are the steps before it. */
static uint16_t take_apart(unsigned symbol, uint16_t *right)
{
	unsigned of_characters = 0, of_pairs = 0, high, length = 0, bit;

	for (;; length++) {
		if (symbol < lengths[length].characters) {
			*right = NO_SYMBOL;
			return (uint8_t)characters[of_characters + symbol];
		}
		symbol -= lengths[length].characters;
		if (symbol < lengths[length].pairs)
			break;
		of_characters += lengths[length].characters;
		of_pairs += lengths[length].pairs;
		symbol -= lengths[length].pairs;
	}
	of_pairs += symbol;
	bit = lengths[length].steps;
	high = bit_after(bit, symbol + 1) - (bit + symbol + 1);
	*right = pairs[of_pairs] & ((1u << RIGHT_BITS) - 1);
	return (uint16_t)(high << LOW_BITS | pairs[of_pairs] >> RIGHT_BITS);
}

void sts_unpacker_next(struct sts_unpacker *u)
{
	if (!u->packed) {
		u->c = (char)u->text[u->bit];
		u->bit += u->c != '\0';
		return;
	}
	if (u->count == 0)
		u->waiting[u->count++] = read_code(u);
	for (;;) {
		uint16_t right, left = take_apart(u->waiting[--u->count], &right);

		if (right == NO_SYMBOL) {
			u->c = (char)left;
			u->packed = left != '\0';
			if (!u->packed)
				u->bit = 0, u->text = (const uint8_t *)"";
			return;
		}
		u->waiting[u->count++] = right;
		u->waiting[u->count++] = left;
	}
}

void sts_unpacker_init(struct sts_unpacker *u, const char *text)
{
	u->text = (const uint8_t *)text;
	u->packed = u->text[0] & PACKED_MARK;
	u->bit = u->packed ? 1 : 0;
	u->count = 0;
	sts_unpacker_next(u);
}

/* Returns the number of bytes of a text, without its NUL. */
static size_t length_of(const char *text)
{
	struct sts_unpacker u;
	size_t bits = 1;

	if (!((uint8_t)text[0] & PACKED_MARK))
		return strlen(text);
	for (sts_unpacker_init(&u, text); u.c; sts_unpacker_next(&u))
		bits = u.bit;
	return (bits + 7) / 8;
}

const char *sts_packed_at(const char *texts, size_t n)
{
	for (; n > 0; n--)
		texts += length_of(texts) + 1;
	return texts;
}

const char *sts_unpacked(const char *packed, char *buf, size_t size)
{
	struct sts_unpacker u;
	size_t len = 0;

	sts_unpacker_init(&u, packed);
	if (!u.packed)
		return packed;
	for (; u.c && len + 1 < size; sts_unpacker_next(&u))
		buf[len++] = u.c;
	buf[len] = '\0';
	return buf;
}

const char *sts_words(const char *packed)
{
	static char words[STS_WORDS_MAX_BYTES] STS_RESIDENT; /* the supervisor logs with it */

	return sts_unpacked(packed, words, sizeof(words));
}

const char *sts_words_at(const char *texts, size_t n)
{
	return sts_words(sts_packed_at(texts, n));
}
