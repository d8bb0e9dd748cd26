/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed texts. The sentences that the program prints are a quarter of it, so they are stored in a
 * shorter form, which tools/tables/packing.py makes. A symbol is a character, or a pair of symbols
 * (byte-pair encoding), and each symbol has a code of a few bits (Huffman's). pairs.json has them.
 *
 * A packed text is a bit that is set, the codes of its symbols, as many zeros as fill the last
 * byte, and a NUL. The symbol that ends a text has a code of zeros only, which is not longer than a
 * byte: the last zeros and the NUL are this code. A plain text never begins with a byte above 0x7f,
 * so it is its own packed form.
 *
 * The texts of the tables (*.toml) are packed in every build, and the formats of sts_format() in
 * the release alone. Text of a peer is never unpacked. A packed text may have a NUL inside, so
 * strlen(3) and sts_text_at() are not for packed texts: see sts_packed_at().
 */
#ifndef STS_BASE_PACKED_H
#define STS_BASE_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_PACKED_DEPTH 12 /* a pair within a pair */

/* Marks a literal that the release packs, and for which sts_words() or sts_unpacked() is called. It
 * may have several texts, each with its NUL: see sts_packed_at(). */
#define STS_PACKED(literal) literal

/* Reads a text, which may be packed, one character after the other. */
struct sts_unpacker {
	char c; /* the present character; '\0' at the end */
	/* private */
	bool packed;
	const uint8_t *text;
	size_t bit; /* of a packed text, from its start: what is read next; else the next byte */
	size_t count;
	uint16_t waiting[STS_PACKED_DEPTH + 2]; /* symbols that are still to be taken apart */
};

/* Begin to read a text: ours, packed or plain; kept. u->c is then its first character. */
void sts_unpacker_init(struct sts_unpacker *u, const char *text);

/* Go to the next character. At the end, nothing changes. */
void sts_unpacker_next(struct sts_unpacker *u);

/*
 * Find the n-th of several packed texts, counted from 0, which lie one behind the other.
 *   texts  in  a literal that STS_PACKED() marked, with at least n + 1 texts
 */
const char *sts_packed_at(const char *texts, size_t n);

/*
 * Unpack a text.
 *   packed  in   ours
 *   buf     out  for the text and its NUL; a longer text is cut. It is not touched if the text is
 *                plain
 *   size    in   bytes of buf, at least 1
 * Returns buf, or `packed` if the text is plain.
 */
const char *sts_unpacked(const char *packed, char *buf, size_t size);

#define STS_WORDS_MAX_BYTES 160 /* of a literal, with its NUL; tests/hygiene/test_packing.py */

/*
 * Unpack a literal, so that it is printed at once: the text is valid until the next call. A
 * function that gets the text may call sts_words() only after it has used the text.
 *   packed  in  a literal, which the release packs, or what STS_PACKED() marked
 * Returns the text.
 */
const char *sts_words(const char *packed);

/* Do this for the n-th of several texts: see sts_packed_at(). */
const char *sts_words_at(const char *texts, size_t n);

#endif
