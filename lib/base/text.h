/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded text: slices of memory that somebody else owns, and a builder that never writes past its
 * end. Nothing here allocates, depends on a locale, or uses a stdio stream. Every input may be
 * UNTRUSTED unless a comment says otherwise.
 */
#ifndef STS_BASE_TEXT_H
#define STS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alone.h"

/* --- slices --- */

/* A run of bytes that somebody else owns. It is not NUL-terminated. */
struct sts_slice {
	const char *data; /* NULL only when len is 0 */
	size_t len;       /* in bytes */
};

/* The slice of a string literal, without its NUL. */
#define STS_SLICE(literal) ((struct sts_slice){(literal), sizeof(literal) - 1})

/* The slice of a NUL-terminated string, without its NUL. NULL gives an empty slice. */
struct sts_slice sts_slice_of(const char *z);

/*
 * Find a text in a table of texts that stand one after the other, each with its NUL. Unlike an
 * array of pointers, this table needs no relocations, which the loader would write at every start.
 *   texts  in  ours; has more than n texts
 *   n      in  the index of the text, from 0
 */
const char *sts_text_at(const char *texts, size_t n);

/* Do the bytes of `a` equal those of a NUL-terminated string? */
bool sts_slice_eq(struct sts_slice a, const char *z);

/* Are the bytes of both the same? */
bool sts_slice_same(struct sts_slice a, struct sts_slice b);

/* The same two questions, but the case of ASCII letters makes no difference. */
bool sts_slice_eq_nocase(struct sts_slice a, const char *z);
bool sts_slice_same_nocase(struct sts_slice a, struct sts_slice b);

/* Does `a` begin with the bytes of a NUL-terminated string? */
bool sts_slice_starts(struct sts_slice a, const char *z);

/*
 * Is each byte an ASCII letter, an ASCII digit, or one of `more`? True for an empty slice.
 *   more  in  NUL-terminated
 */
bool sts_slice_has_only(struct sts_slice a, const char *more);

/*
 * Find the first place of needle in hay. Returns its offset, or -1 when hay does not contain
 * needle. An empty needle is never found.
 */
ptrdiff_t sts_slice_find(struct sts_slice hay, struct sts_slice needle);

/* Does hay have this phrase, as whole words? The case of ASCII letters makes no difference. */
bool sts_slice_has_phrase(struct sts_slice hay, struct sts_slice phrase);

/*
 * Remove a prefix from the front of a slice.
 *   prefix  in  NUL-terminated
 * Returns false, and changes nothing, when the slice does not begin with the prefix.
 */
bool sts_slice_take_prefix(struct sts_slice *s, const char *prefix);

/*
 * Take the part before the first separator off the front of a text, and the separator too. A text
 * without a separator is taken as a whole.
 *   rest  in/out  the text; afterwards the part behind the separator; its data is NULL when the
 *                 text had no separator
 * Returns the part before the separator.
 */
struct sts_slice sts_slice_cut(struct sts_slice *rest, char separator);

/* Take the next line off the front of a text. The line has no LF. Returns false at the end. */
bool sts_slice_take_line(struct sts_slice *text, struct sts_slice *line);

/* Take the next word off the front of a line. Words stand between ASCII white space, of which
 * sts_slice_trim() has the list. Returns false when there is no further word. */
bool sts_slice_take_word(struct sts_slice *line, struct sts_slice *word);

/* Leave out the ASCII white space at both ends: SP, HT, LF, VT, FF, CR. */
struct sts_slice sts_slice_trim(struct sts_slice a);

/* --- the builder --- */

/* A builder over the caller's memory. The text is NUL-terminated after every call. Bytes that do
 * not fit are dropped and set `overflow`, so the caller needs to check it only once, at the end. */
struct sts_text {
	char *data;
	size_t size; /* bytes of memory at data, at least 1 */
	size_t len;  /* bytes of text, without the NUL */
	bool overflow;
};

/* Start an empty text in `size` bytes at `data`, which stay the caller's. size >= 1. */
void sts_text_init(struct sts_text *t, char *data, size_t size);

/* Add bytes as they are. data may be NULL when len is 0; z is NUL-terminated. */
void sts_text_add(struct sts_text *t, const char *data, size_t len);
void sts_text_add_str(struct sts_text *t, const char *z);
void sts_text_add_slice(struct sts_text *t, struct sts_slice s);
void sts_text_add_char(struct sts_text *t, char c);

/*
 * Add formatted text, as sts_format() makes it.
 *   fmt  in  ours, never text from a peer
 * Many formats have no arguments: sts_text_add_words() is the shorter call.
 */
#define sts_text_addf(t, ...) \
	(STS_IS_ALONE(__VA_ARGS__) ? sts_text_add_words(t, STS_FIRST(__VA_ARGS__)) \
				   : sts_text_add_format(t, __VA_ARGS__))
void sts_text_add_format(struct sts_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void sts_text_add_words(struct sts_text *t, const char *fmt) __attribute__((format(printf, 2, 0)));

/*
 * Add text from a peer so that it can be printed. Printable ASCII stays, a backslash is doubled,
 * and any other byte becomes \xNN.
 *   max  in  bytes of output at most, the "..." at the end of a text that was cut included; a text
 *            is never cut inside of \xNN
 */
void sts_text_add_escaped(struct sts_text *t, struct sts_slice peer, size_t max);

#define STS_SHOWN_MAX_BYTES 128

/*
 * Returns text from a peer as sts_text_add_escaped() makes it. The text is valid until the next
 * call.
 *   max  in  bytes of output at most, up to STS_SHOWN_MAX_BYTES
 */
const char *sts_shown(struct sts_slice peer, size_t max);
/* The same for a string. */
const char *sts_shown_str(const char *peer, size_t max);

/*
 * Add the inside of a JSON string (RFC 8259 section 7) in ASCII. A character above 0x7e becomes
 * \uNNNN, or a surrogate pair. A byte that is not part of valid UTF-8 becomes \u00NN, so any input
 * gives valid JSON.
 */
void sts_text_add_json(struct sts_text *t, struct sts_slice s);

/* Add a whole JSON string, with its quotation marks. */
void sts_text_add_json_string(struct sts_text *t, struct sts_slice s);

/*
 * Add one character of a JSON string, as sts_text_add_json() does.
 *   code  in  a code point, at most U+10FFFF
 */
void sts_text_add_json_code(struct sts_text *t, uint32_t code);

/* Add bytes percent-encoded for application/x-www-form-urlencoded. The unreserved characters of
 * RFC 3986 section 2.3 stay as they are; a space becomes %20. */
void sts_text_add_urlencoded(struct sts_text *t, struct sts_slice s);

/* Add each byte as two hexadecimal digits in upper case. */
void sts_hex_encode(struct sts_text *t, const void *data, size_t len);

/* --- reading --- */

/*
 * Decode the UTF-8 character at the start of s (RFC 3629). Overlong forms, surrogates and code
 * points above U+10FFFF are malformed.
 *   code  out  the code point; undefined when 0 is returned
 * Returns the bytes of the character, 1 to 4; 0 when s is empty or malformed at its start.
 */
size_t sts_utf8_decode(struct sts_slice s, uint32_t *code);

/*
 * Parse an unsigned decimal number: the whole slice, digits alone, leading zeros allowed.
 *   max    in   the largest value that is accepted
 *   value  out  unchanged after a failure
 * Returns false for anything else.
 */
bool sts_parse_u64(struct sts_slice s, uint64_t max, uint64_t *value);

/* The value of a hexadecimal digit in either case; -1 for any other character. */
int sts_hex_value(char c);

/*
 * Decode hexadecimal digits in either case.
 *   in   in   exactly 2 * len digits
 *   out  out  len bytes; may have been written to when the result is false
 */
bool sts_hex_decode(struct sts_slice in, uint8_t *out, size_t len);

/* Overwrite memory with zeros. The compiler cannot leave this out. */
void sts_wipe(void *data, size_t len);

#endif
