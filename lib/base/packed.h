/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed texts. The sentences that the program prints are a quarter of it, so they are stored in a
 * shorter form, which tools/tables/packing.py makes: a code is a byte that stands for two symbols,
 * and a symbol is a character or a code. The pairs are in pairs.json. No byte of our own texts is a
 * code, so a plain text is its own packed form.
 *
 * The texts of the tables (*.toml) are packed in every build, and the formats of sts_format() in
 * the release alone. Text of a peer is never unpacked.
 */
#ifndef STS_BASE_PACKED_H
#define STS_BASE_PACKED_H

#include <stddef.h>

#define STS_PACKED_SYMBOL_MAX_BYTES 64 /* what a symbol stands for */

/* Marks a literal that the release packs, and for which sts_words() or sts_unpacked() is called. It
 * may have several texts, each with its NUL. */
#define STS_PACKED(literal) literal

/*
 * Unpack one symbol.
 *   out  out  what it stands for, without a NUL
 * Returns the number of its characters, at least 1.
 */
size_t sts_unpack_symbol(char symbol, char out[STS_PACKED_SYMBOL_MAX_BYTES]);

/*
 * Unpack a text.
 *   packed  in   ours
 *   buf     out  for the text and its NUL; a longer text is cut. It is not touched if the text has
 *                no code
 *   size    in   bytes of buf, at least 1
 * Returns buf, or `packed` if the text has no code.
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

#endif
