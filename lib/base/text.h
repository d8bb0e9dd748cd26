/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded text: slices into memory that somebody else owns, and a builder that never writes past
 * its end. No allocation, no locale, no stdio stream.
 */
#ifndef STS_BASE_TEXT_H
#define STS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes, not NUL-terminated, owned by somebody else. data is NULL only when len is 0. */
struct sts_slice {
	const char *data;
	size_t len;
};

#define STS_SLICE(literal) ((struct sts_slice){(literal), sizeof(literal) - 1})

/* Of a NUL-terminated string; NULL gives an empty slice. */
struct sts_slice sts_slice_of(const char *z);

/* The n-th (from 0) of texts that stand one after the other, each with its NUL: a table of them
 * costs neither pointers nor what must be written to at every start. There must be so many. */
const char *sts_text_at(const char *texts, size_t n);

/* Is it the same, byte by byte? The second is without regard to case (ASCII only), the third asks
 * whether it begins so. */
bool sts_slice_eq(struct sts_slice a, const char *z);
bool sts_slice_eq_nocase(struct sts_slice a, const char *z);
bool sts_slice_starts(struct sts_slice a, const char *z);
bool sts_slice_same_nocase(struct sts_slice a, struct sts_slice b);

/* Are all bytes letters or digits of ASCII, or among `more`? True for none. */
bool sts_slice_has_only(struct sts_slice a, const char *more);

/* Take the next line off a text, without its end; false when nothing is left. */
bool sts_slice_take_line(struct sts_slice *text, struct sts_slice *line);

/* Take the next word off a line: what stands between ASCII white space; false when nothing is
 * left. */
bool sts_slice_take_word(struct sts_slice *line, struct sts_slice *word);

/* Without ASCII white space (SP HT LF VT FF CR) at both ends. */
struct sts_slice sts_slice_trim(struct sts_slice a);

/*
 * A builder over the caller's memory. The text is NUL-terminated after every call (size >= 1). What
 * does not fit is dropped and `overflow` set: check it once, at the end.
 */
struct sts_text {
	char *data;
	size_t size; /* bytes, with the NUL */
	size_t len;  /* bytes used, without the NUL */
	bool overflow;
};

/* Start an empty text in size bytes at data; size >= 1. */
void sts_text_init(struct sts_text *t, char *data, size_t size);

/* Add bytes as they are; data may be NULL when len is 0. sts_text_addf() is printf: the format is
 * ours, never a peer's. */
void sts_text_add(struct sts_text *t, const char *data, size_t len);
void sts_text_add_str(struct sts_text *t, const char *z);
void sts_text_add_slice(struct sts_text *t, struct sts_slice s);
void sts_text_add_char(struct sts_text *t, char c);
void sts_text_addf(struct sts_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Add text from a peer so that it can be printed: printable ASCII as it is, anything else as \xNN,
 * backslash doubled. At most max bytes of output: what is longer is cut between characters and ends
 * in "...", which counts.
 */
void sts_text_add_escaped(struct sts_text *t, struct sts_slice peer, size_t max);

/*
 * Decode the UTF-8 character at the start of s (RFC 3629): no overlong forms, no surrogates,
 * nothing above U+10FFFF. Returns its bytes, 1 to 4, or 0 when s is empty or malformed there (*code
 * is then meaningless).
 */
size_t sts_utf8_decode(struct sts_slice s, uint32_t *code);

/* Add the inside of a JSON string (RFC 8259 section 7), in ASCII: valid UTF-8 above 0x7e is written
 * as \uNNNN (a pair where needed), a byte that is no UTF-8 as \u00NN, so that any input gives valid
 * JSON. */
void sts_text_add_json(struct sts_text *t, struct sts_slice s);

/* Add one character of a JSON string, by its code point. */
void sts_text_add_json_code(struct sts_text *t, uint32_t code);

/* Add percent-encoded for application/x-www-form-urlencoded (unreserved of RFC 3986 stay; space is
 * %20). */
void sts_text_add_urlencoded(struct sts_text *t, struct sts_slice s);

/* Where needle first stands in hay, or -1; an empty needle stands nowhere. */
ptrdiff_t sts_slice_find(struct sts_slice hay, struct sts_slice needle);

/* Does any run of min or more bytes of `secret` stand in `text`? min >= 1. Used to keep tokens out
 * of messages. Costs up to text.len * secret.len steps: cut the text to the length of a message
 * first. */
bool sts_text_shares_run(struct sts_slice text, struct sts_slice secret, size_t min);

/* Parse an unsigned decimal: digits only (leading zeros too), whole slice, at most max. False when
 * it is anything else. */
bool sts_parse_u64(struct sts_slice s, uint64_t max, uint64_t *value);

/* Add hexadecimal digits, in upper case. */
void sts_hex_encode(struct sts_text *t, const void *data, size_t len);

/* Of a hexadecimal digit, or -1. sts_hex_decode() wants exactly len bytes, and may have written
 * some when it returns false. */
int sts_hex_value(char c);
bool sts_hex_decode(struct sts_slice in, uint8_t *out, size_t len);

/* Overwrite memory in a way that the compiler keeps. */
void sts_wipe(void *data, size_t len);

#endif
