/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/json_scan.h"

#include <string.h>

#include "base/ascii.h"
#include "base/packed.h"

#define NUMBER_MAX_BYTES 64

_Static_assert(STS_JSON_DEPTH_MAX == 16 && NUMBER_MAX_BYTES == 64,
	       "the messages below state these bounds");

/* What may come next. The scan is a loop over these states, so that nothing recurses. */
enum expect { VALUE, VALUE_OR_END, KEY, KEY_OR_END, AFTER, DONE, BAD };

struct scan {
	const char *p, *end;
	unsigned depth;
	uint32_t objects; /* a bit for each level, the innermost level in bit 0; the bit is set
			     when the level is an object, and not set when it is an array */
	const char *why;
};

static enum expect bad(struct scan *s, const char *why)
{
	s->why = why;
	return BAD;
}

static bool at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static void skip_space(struct scan *s)
{
	while (at(s, ' ') || at(s, '\t') || at(s, '\n') || at(s, '\r'))
		s->p++;
}

static size_t skip_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && sts_is_digit(*s->p))
		s->p++;
	return (size_t)(s->p - start);
}

static enum expect scan_number(struct scan *s)
{
	const char *start = s->p;

	s->p += at(s, '-');
	if (at(s, '0'))
		s->p++;
	else if (skip_digits(s) == 0)
		return bad(s, "a malformed number");
	if (at(s, '.')) {
		s->p++;
		if (skip_digits(s) == 0)
			return bad(s, "a malformed number");
	}
	if (at(s, 'e') || at(s, 'E')) {
		s->p++;
		s->p += at(s, '+') || at(s, '-');
		if (skip_digits(s) == 0)
			return bad(s, "a malformed number");
	}
	return s->p - start > NUMBER_MAX_BYTES ? bad(s, "a number of over 64 bytes") : AFTER;
}

static enum expect scan_literal(struct scan *s)
{
	static const char literals[][6] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		if (!sts_slice_starts((struct sts_slice){s->p, (size_t)(s->end - s->p)},
				      literals[i]))
			continue;
		s->p += strlen(literals[i]);
		return AFTER;
	}
	return bad(s, "no JSON value");
}

/* The number that four hexadecimal digits stand for, or -1. */
static int scan_hex4(struct scan *s)
{
	int unit = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		int digit = s->p < s->end ? sts_hex_value(*s->p) : -1;

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* Scan what follows "\u". The first half of a surrogate pair must be followed by the second half.
 * U+0000 is refused because cJSON would end the C string there. Returns NULL, or what is wrong. */
static const char *scan_unicode_escape(struct scan *s)
{
	int unit = scan_hex4(s);

	if (unit < 0)
		return STS_PACKED("a malformed \\u escape");
	if (unit == 0)
		return STS_PACKED("a NUL character");
	if (unit < 0xd800 || unit > 0xdfff)
		return NULL;
	if (unit > 0xdbff || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
		return STS_PACKED("half a surrogate pair");
	s->p += 2;
	unit = scan_hex4(s);
	return unit >= 0xdc00 && unit <= 0xdfff ? NULL : STS_PACKED("half a surrogate pair");
}

/* Returns NULL, or what is wrong. */
static const char *scan_escape(struct scan *s)
{
	s->p++;
	if (at(s, 'u')) {
		s->p++;
		return scan_unicode_escape(s);
	}
	if (s->p == s->end || *s->p == '\0' || !strchr("\"\\/bfnrt", *s->p))
		return STS_PACKED("a malformed escape");
	s->p++;
	return NULL;
}

static const char *scan_character(struct scan *s)
{
	uint32_t code;
	size_t used = sts_utf8_decode((struct sts_slice){s->p, (size_t)(s->end - s->p)}, &code);

	if (used == 0)
		return STS_PACKED("bytes that are no UTF-8");
	if (code < 0x20)
		return STS_PACKED("a control character in a string");
	s->p += used;
	return NULL;
}

static bool scan_string(struct scan *s)
{
	for (s->p++; s->p < s->end;) {
		if (*s->p == '"') {
			s->p++;
			return true;
		}
		s->why = *s->p == '\\' ? scan_escape(s) : scan_character(s);
		if (s->why)
			return false;
	}
	s->why = STS_PACKED("a string without an end");
	return false;
}

static enum expect scan_open(struct scan *s, bool object)
{
	if (s->depth == STS_JSON_DEPTH_MAX)
		return bad(s, "nested over 16 levels deep");
	s->p++;
	s->depth++;
	s->objects = s->objects << 1 | object;
	return object ? KEY_OR_END : VALUE_OR_END;
}

static enum expect scan_close(struct scan *s)
{
	s->p++;
	s->depth--;
	s->objects >>= 1;
	return AFTER;
}

static enum expect scan_value(struct scan *s)
{
	if (s->p == s->end)
		return bad(s, "the end, where a value is wanted");
	char c = *s->p;

	if (c == '{' || c == '[')
		return scan_open(s, c == '{');
	if (c == '"')
		return scan_string(s) ? AFTER : BAD;
	return c == '-' || sts_is_digit(c) ? scan_number(s) : scan_literal(s);
}

static enum expect scan_key(struct scan *s)
{
	if (!at(s, '"'))
		return bad(s, "a key in quotation marks is missing");
	if (!scan_string(s))
		return BAD;
	skip_space(s);
	if (!at(s, ':'))
		return bad(s, "a key without a colon");
	s->p++;
	return VALUE;
}

static enum expect scan_after(struct scan *s)
{
	bool object = s->objects & 1;

	if (s->depth == 0)
		return s->p == s->end ? DONE : bad(s, "text after its end");
	if (at(s, object ? '}' : ']'))
		return scan_close(s);
	if (!at(s, ','))
		return bad(s, s->p == s->end ? "the end, inside of an object or array"
					     : "no comma between values");
	s->p++;
	return object ? KEY : VALUE;
}

static enum expect scan_step(struct scan *s, enum expect expect)
{
	skip_space(s);
	switch (expect) {
	case VALUE_OR_END:
		return at(s, ']') ? scan_close(s) : scan_value(s);
	case KEY_OR_END:
		return at(s, '}') ? scan_close(s) : scan_key(s);
	case KEY:
		return scan_key(s);
	case AFTER:
		return scan_after(s);
	default:
		return scan_value(s);
	}
}

const char *sts_json_scan(struct sts_slice text, size_t *at)
{
	struct scan s = {.p = text.data, .end = text.data + text.len};
	enum expect expect = VALUE;

	while (expect != DONE && expect != BAD)
		expect = scan_step(&s, expect);
	*at = (size_t)(s.p - text.data);
	return expect == DONE ? NULL : s.why;
}
