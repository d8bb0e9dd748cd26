/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/json_lenient.h"

#include <string.h>

#include "base/ascii.h"

#define LEVELS_MAX    4  /* reference tokens of a pointer */
#define KEY_MAX_BYTES 32 /* a key of this length or more is none that is looked for */

/* An array or object on the way of the pointer that has not ended. */
struct level {
	struct sts_slice name; /* the reference token that is looked for in it */
	const char *rest;      /* the pointer behind that token */
	size_t index;          /* of the next element */
	bool is_array;
};

struct scan {
	const char *p, *end;
	size_t depth;                    /* open arrays and objects */
	size_t on_way;                   /* so many of them, from the outermost, are on the way */
	struct level levels[LEVELS_MAX]; /* levels[on_way - 1] is the innermost on the way */
	bool is_named;                   /* the last key was the one that is looked for */
	bool is_second;                  /* the pointer has led to a value */
	struct sts_json_found found;
};

/* ---- characters ---- */

/* Add a character below U+10000 in UTF-8. */
static void add(struct sts_text *t, uint32_t code)
{
	if (code >= 0x800)
		sts_text_add_char(t, (char)(0xe0 | code >> 12));
	if (code >= 0x80)
		sts_text_add_char(
			t, (char)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6));
	sts_text_add_char(t, (char)(code >= 0x80 ? 0x80 | (code & 0x3f) : code));
}

/* Take the four hexadecimal digits behind "\u". A malformed number becomes U+FFFD, and so does each
 * half of a surrogate pair: what is sought are codes and words in a log, which is ASCII. */
static uint32_t take_unit(struct sts_slice *raw)
{
	uint8_t unit[2];

	if (raw->len < 4 || !sts_hex_decode((struct sts_slice){raw->data, 4}, unit, sizeof(unit)))
		return 0xfffd;
	raw->data += 4;
	raw->len -= 4;
	return unit[0] >= 0xd8 && unit[0] <= 0xdf ? 0xfffd : (uint32_t)unit[0] << 8 | unit[1];
}

/* Take what follows a backslash. */
static uint32_t take_escape(struct sts_slice *raw)
{
	char c = *raw->data++;

	raw->len--;
	if (c == 'u')
		return take_unit(raw);
	return strchr("bfnrt", c) ? ' ' : (unsigned char)c;
}

struct sts_slice sts_json_decode(struct sts_slice raw, char *out, size_t size)
{
	struct sts_text t;

	sts_text_init(&t, out, size);
	while (raw.len > 0 && !t.overflow) {
		char c = *raw.data++;

		raw.len--;
		if (c == '\\' && raw.len > 0)
			add(&t, take_escape(&raw));
		else if (c != '\0')
			sts_text_add_char(&t, c);
	}
	return (struct sts_slice){t.data, t.len};
}

/* ---- the walk ---- */

static bool is_blank(char c)
{
	return sts_is_space(c) || c == '\0';
}

static void skip_blank(struct scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

bool sts_json_begins(struct sts_slice text)
{
	size_t i = 0;

	while (i < text.len && (is_blank(text.data[i]) || (unsigned char)text.data[i] >= 0x80))
		i++;
	return i < text.len && (text.data[i] == '{' || text.data[i] == '[');
}

/* Is a value that begins here the one that the innermost level on the way leads to? */
static bool is_wanted(const struct scan *s)
{
	uint64_t index;

	if (s->on_way == 0 || s->on_way != s->depth)
		return false;
	const struct level *level = &s->levels[s->on_way - 1];

	if (!level->is_array)
		return s->is_named;
	return sts_parse_u64(level->name, UINT32_MAX, &index) && index == level->index;
}

/* Count a value that has no elements or members, or whose own are not looked at.
 *   string  in  the inside of a string; NULL for another value */
static void take_value(struct scan *s, const struct sts_slice *string, bool is_open)
{
	struct sts_json_found *found = &s->found;
	bool is_same = string && found->is_there && sts_slice_same(*string, found->first);

	if (!is_wanted(s) || *s->levels[s->on_way - 1].rest)
		return;
	/* Two values that are no strings leave it sure that there is no string. */
	found->is_unsure |= s->is_second && (string || found->is_there) && !is_same;
	s->is_second = true;
	if (!string || found->is_there)
		return;
	found->first = *string;
	found->is_there = true;
	found->is_open = is_open;
}

/* A value has ended that stands in the innermost array or object. */
static void end_value(struct scan *s)
{
	s->is_named = false;
	if (s->on_way > 0 && s->on_way == s->depth)
		s->levels[s->on_way - 1].index++;
}

/* Enter an array or object. */
static void enter(struct scan *s, const char *pointer, bool is_array)
{
	bool is_root = s->depth == 0, is_wanted_here = is_root || is_wanted(s);
	const char *rest = is_root ? pointer : is_wanted_here ? s->levels[s->on_way - 1].rest : "";

	if (!is_root)
		take_value(s, NULL, false);
	s->is_named = false;
	s->depth++;
	if (*rest != '/' || s->on_way == LEVELS_MAX)
		return;
	size_t len = strcspn(++rest, "/");

	s->levels[s->on_way++] =
		(struct level){.name = {rest, len}, .rest = rest + len, .is_array = is_array};
}

static void leave(struct scan *s)
{
	if (s->on_way == s->depth)
		s->on_way--;
	s->depth--;
	end_value(s);
}

/* Take a string, which is a key where a colon follows it. */
static void take_string(struct scan *s)
{
	struct sts_slice raw = {++s->p, 0};
	char key[KEY_MAX_BYTES];

	for (; s->p < s->end && *s->p != '"'; s->p++)
		if (*s->p == '\\' && s->end - s->p > 1)
			s->p++;
	raw.len = (size_t)(s->p - raw.data);
	bool is_open = s->p == s->end;

	s->p += !is_open;
	skip_blank(s);
	if (s->p == s->end || *s->p != ':') {
		take_value(s, &raw, is_open);
		end_value(s);
		return;
	}
	s->is_named = s->on_way > 0 && s->on_way == s->depth &&
		      sts_slice_same(sts_json_decode(raw, key, sizeof(key)),
				     s->levels[s->on_way - 1].name);
}

/* Take a number, a literal, or anything else up to where another value can begin or end. */
static void take_scalar(struct scan *s)
{
	struct sts_slice text = {s->p, 0};

	while (s->p < s->end && !is_blank(*s->p) && !strchr(",:\"{}[]", *s->p))
		s->p++;
	text.len = (size_t)(s->p - text.data);
	if (!sts_slice_eq(text, "null"))
		take_value(s, NULL, false);
	end_value(s);
}

struct sts_json_found sts_json_find(struct sts_slice text, const char *pointer)
{
	struct scan s = {.p = text.data, .end = text.data + text.len};

	for (skip_blank(&s); s.p < s.end; skip_blank(&s)) {
		char c = *s.p;

		if (c == '"') {
			take_string(&s);
			continue;
		}
		if (!strchr(",:{}[]", c)) {
			take_scalar(&s);
			continue;
		}
		s.p++;
		if (c == '{' || c == '[')
			enter(&s, pointer, c == '[');
		else if ((c == '}' || c == ']') && s.depth > 0)
			leave(&s);
	}
	return s.found;
}
