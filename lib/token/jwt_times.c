/* SPDX-License-Identifier: Apache-2.0 */
#include "token/jwt_times.h"

#include <string.h>

#include "base/ascii.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "token/expiry.h"

/* ---- base64 ---- */

/* The six bits that a character stands for, in either alphabet; -1 for any other character. */
static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (sts_is_digit(c))
		return c - '0' + 52;
	return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

/* Decode base64 up to its padding. Other characters are passed over, and so are the bits that are
 * left over at the end. NUL bytes are left out: some libraries read claims in UTF-16 and UTF-32.
 * Returns false when out is too small. */
static bool decode(struct sts_slice in, char *out, size_t size, size_t *len)
{
	uint32_t bits = 0;
	unsigned count = 0;

	*len = 0;
	for (size_t i = 0; i < in.len && in.data[i] != '='; i++) {
		int value = base64_value(in.data[i]);

		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		char byte = (char)(bits >> count & 0xff);

		if (byte == '\0')
			continue;
		if (*len == size)
			return false;
		out[(*len)++] = byte;
	}
	return true;
}

/* ---- the scanner ---- */

struct scan {
	const char *p, *end;
};

/* A string, as far as a key or a time needs it. */
struct word {
	char text[STS_EXPIRY_NUMBER_MAX_BYTES];
	size_t len;
	bool is_other; /* it is longer, or has characters that are not ASCII */
};

static bool at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && sts_is_space(*s->p))
		s->p++;
}

/* Take one character of a string. Returns it when it is ASCII, also from a \u escape, else -1. */
static int take_character(struct scan *s)
{
	int code = (unsigned char)*s->p++;

	if (code != '\\' || s->p == s->end)
		return code < 0x80 && code != '\\' ? code : -1;
	if (*s->p++ != 'u')
		return -1;
	code = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		int digit = s->p < s->end ? sts_hex_value(*s->p) : -1;

		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code < 0x80 ? code : -1;
}

/* Take a string, which starts with a quotation mark. Without an end, it ends with the text, which
 * is no object then. */
static void take_string(struct scan *s, struct word *word)
{
	word->len = 0;
	word->is_other = false;
	for (s->p++; s->p < s->end;) {
		if (*s->p == '"') {
			s->p++;
			return;
		}
		int c = take_character(s);

		if (c < 0 || word->len == sizeof(word->text))
			word->is_other = true;
		else
			word->text[word->len++] = (char)c;
	}
}

/* Pass over an array or object, however deep it is. Without an end, it ends with the text. */
static void skip_container(struct scan *s)
{
	struct word word;
	size_t depth = 0;

	while (s->p < s->end) {
		char c = *s->p;

		if (c == '"') {
			take_string(s, &word);
			continue;
		}
		s->p++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return;
	}
}

/* Take a number, a literal, or anything else that ends where a value ends. */
static struct sts_slice take_scalar(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && !sts_is_space(*s->p) && *s->p != ',' && *s->p != '}' &&
	       *s->p != ']')
		s->p++;
	return (struct sts_slice){start, (size_t)(s->p - start)};
}

/* ---- the claims ---- */

enum { EXP, NBF, IAT, CLAIMS };

/* A value of the claims, read as a time. */
struct claim {
	int64_t seconds; /* -1: none */
	bool is_there, is_bad;
};

static void read_number(struct claim *claim, struct sts_slice text)
{
	double number;

	if (sts_slice_eq(text, "null"))
		return;
	claim->is_bad = !sts_expiry_number(text, &number);
	/* A negative time becomes 0, since -1 would mean absent. */
	if (!claim->is_bad)
		claim->seconds = number <= 0                         ? 0
				 : number >= (double)STS_EPOCH_MAX_S ? STS_EPOCH_MAX_S
								     : (int64_t)number;
}

static void take_value(struct scan *s, struct claim *claim)
{
	struct word word;

	if (at(s, '{') || at(s, '[')) {
		claim->is_bad = true;
		skip_container(s);
		return;
	}
	if (!at(s, '"')) {
		read_number(claim, take_scalar(s));
		return;
	}
	take_string(s, &word);
	claim->is_bad = word.is_other || !sts_expiry_text((struct sts_slice){word.text, word.len},
							  STS_EXPIRY_ABSOLUTE, &claim->seconds);
}

/* Take a key and its value. Returns false when this is not the member of an object. */
static bool take_member(struct scan *s, struct claim claims[CLAIMS])
{
	struct claim value = {.seconds = -1, .is_there = true};
	struct word key;

	if (!at(s, '"'))
		return false;
	take_string(s, &key);
	skip_space(s);
	if (!at(s, ':'))
		return false;
	s->p++;
	skip_space(s);
	take_value(s, &value);
	for (size_t i = 0; i < CLAIMS && !key.is_other; i++) {
		if (!sts_slice_eq((struct sts_slice){key.text, key.len},
				  sts_text_at("exp\0nbf\0iat", i)))
			continue;
		value.is_bad |= claims[i].is_there;
		if (value.is_bad)
			value.seconds = -1;
		claims[i] = value;
	}
	return true;
}

/* Walk through an object. Returns false when the text is not an object. */
static bool walk(struct scan *s, struct claim claims[CLAIMS])
{
	/* A byte order mark may stand before the object. */
	while (s->p < s->end && ((unsigned char)*s->p >= 0x80 || sts_is_space(*s->p)))
		s->p++;
	if (!at(s, '{'))
		return false;
	s->p++;
	for (skip_space(s); !at(s, '}'); skip_space(s)) {
		if (!take_member(s, claims))
			return false;
		skip_space(s);
		if (at(s, ','))
			s->p++;
		else if (!at(s, '}'))
			return false;
	}
	return true;
}

static enum sts_err no_jwt(struct sts_error *e, const char *why)
{
	return sts_fail(e, STS_ETOKEN, 0, "the token is no JWT: %s", sts_words(why));
}

enum sts_err sts_jwt_claims_times(struct sts_slice claims, struct sts_jwt_claims *times,
				  struct sts_error *e)
{
	struct claim all[CLAIMS] = {{.seconds = -1}, {.seconds = -1}, {.seconds = -1}};
	struct scan s = {claims.data, claims.data + claims.len};

	*times = (struct sts_jwt_claims){.exp_s = -1, .nbf_s = -1, .iat_s = -1};
	if (!walk(&s, all))
		return no_jwt(e, "its claims are no JSON object");
	*times = (struct sts_jwt_claims){
		.exp_s = all[EXP].seconds,
		.nbf_s = all[NBF].seconds,
		.iat_s = all[IAT].seconds,
		.is_jwt = true,
		.is_exp_bad = all[EXP].is_bad,
	};
	if (all[EXP].is_bad || all[NBF].is_bad || all[IAT].is_bad)
		return no_jwt(e, "one of its times is not a time, or appears twice");
	return STS_OK;
}

enum sts_err sts_jwt_times(struct sts_slice token, char *scratch, size_t size,
			   struct sts_jwt_claims *times, struct sts_error *e)
{
	struct sts_slice rest = token, header = sts_slice_cut(&rest, '.'),
			 claims = sts_slice_cut(&rest, '.'), text = {scratch, 0};

	*times = (struct sts_jwt_claims){.exp_s = -1, .nbf_s = -1, .iat_s = -1};
	if (!rest.data || header.len == 0 || memchr(rest.data, '.', rest.len))
		return no_jwt(e, "it has not three parts");
	if (!decode(claims, scratch, size, &text.len))
		return sts_fail(e, STS_ETOOBIG, 0, "the token is too big to be read");
	return sts_jwt_claims_times(text, times, e);
}
