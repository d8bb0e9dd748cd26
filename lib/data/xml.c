/* SPDX-License-Identifier: Apache-2.0 */
#include "data/xml.h"

#include <string.h>

#include "data/json_scan.h"

#define ENTITY_MAX_BYTES 10 /* &#x10FFFF; */

struct open {
	struct sts_slice name;
	bool parent; /* it has elements in it */
};

struct scan {
	struct sts_slice rest;
	struct sts_text *out;
	const char *why; /* NULL: nothing is wrong yet */
	struct open stack[STS_JSON_DEPTH_MAX];
	size_t depth; /* stack[0] is the document */
};

static bool bad(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static void skip(struct sts_slice *rest, size_t len)
{
	rest->data += len;
	rest->len -= len;
}

/* What is before `mark`; the rest is what is after it. False when there is none. */
static bool cut(struct sts_slice *rest, const char *mark, struct sts_slice *before)
{
	ptrdiff_t at = sts_slice_find(*rest, sts_slice_of(mark));

	if (at < 0)
		return false;
	*before = (struct sts_slice){rest->data, (size_t)at};
	skip(rest, (size_t)at + strlen(mark));
	return true;
}

static struct sts_slice take_name(struct sts_slice *rest)
{
	struct sts_slice name = {rest->data, 0};

	while (name.len < rest->len &&
	       sts_slice_has_only((struct sts_slice){&name.data[name.len], 1}, "_.:-"))
		name.len++;
	skip(rest, name.len);
	return name;
}

/* ---- text ---- */

/* Of "#10" or "#xA"; 0 when it is no character. */
static uint32_t numbered(struct sts_slice entity)
{
	bool hex = sts_slice_starts(entity, "#x");
	uint32_t code = 0;

	if (!sts_slice_starts(entity, "#"))
		return 0;
	skip(&entity, hex ? 2 : 1);
	for (size_t i = 0; i < entity.len; i++) {
		int digit = sts_hex_value(entity.data[i]);

		if (digit < 0 || digit > (hex ? 15 : 9))
			return 0;
		code = code * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : code;
}

static uint32_t entity_of(struct sts_slice entity)
{
	static const char names[] = "&amp\0<lt\0>gt\0\"quot\0'apos\0";

	for (const char *at = names; *at; at += strlen(at) + 1)
		if (sts_slice_eq(entity, at + 1))
			return (unsigned char)*at;
	return numbered(entity);
}

static bool add_text(struct scan *s, struct sts_slice text)
{
	struct sts_slice plain, entity;

	sts_text_add_char(s->out, '"');
	while (cut(&text, "&", &plain)) {
		uint32_t code = cut(&text, ";", &entity) && entity.len < ENTITY_MAX_BYTES
					? entity_of(entity)
					: 0;

		if (code == 0)
			return bad(s, "an entity that is none of XML's own");
		sts_text_add_json(s->out, plain);
		sts_text_add_json_code(s->out, code);
	}
	sts_text_add_json(s->out, text);
	sts_text_add_char(s->out, '"');
	return true;
}

/* ---- tags ---- */

/* To the end of a tag. An attribute's value may hold a '>'. */
static bool skip_attributes(struct scan *s, bool *empty)
{
	struct sts_slice ignored;

	*empty = false;
	while (s->rest.len > 0) {
		char c = s->rest.data[0];
		char quote[2] = {c, '\0'};

		skip(&s->rest, 1);
		if (c == '>')
			return true;
		*empty = c == '/';
		if (c == '<' || ((c == '"' || c == '\'') && !cut(&s->rest, quote, &ignored)))
			break;
	}
	return bad(s, "a tag that does not end");
}

static bool open_tag(struct scan *s)
{
	struct open *parent = &s->stack[s->depth];
	struct sts_slice name = take_name(&s->rest);
	bool empty;

	if (name.len == 0 || (s->depth == 0 && parent->parent))
		return bad(s, "no element where one is wanted");
	if (!skip_attributes(s, &empty))
		return false;
	sts_text_add_str(s->out, parent->parent ? ",\"" : "{\"");
	parent->parent = true;
	sts_text_add_json(s->out, name);
	sts_text_add_str(s->out, empty ? "\":\"\"" : "\":");
	if (empty)
		return true;
	/* One level less than what json.h takes: the document is an object too. */
	if (s->depth + 2 > STS_JSON_DEPTH_MAX - 1)
		return bad(s, "too many levels");
	s->stack[++s->depth] = (struct open){.name = name};
	return true;
}

static bool close_tag(struct scan *s, struct sts_slice text)
{
	struct open *open = &s->stack[s->depth];
	struct sts_slice name = take_name(&s->rest), blank;

	if (s->depth == 0 || name.len != open->name.len ||
	    memcmp(name.data, open->name.data, name.len) != 0 || !cut(&s->rest, ">", &blank) ||
	    sts_slice_trim(blank).len > 0)
		return bad(s, "an end tag of another element");
	s->depth--;
	if (!open->parent)
		return add_text(s, text);
	sts_text_add_char(s->out, '}');
	return true;
}

static bool step(struct scan *s, struct sts_slice text)
{
	bool blank = sts_slice_trim(text).len == 0;
	struct sts_slice ignored;

	if (sts_slice_starts(s->rest, "/") && (blank || !s->stack[s->depth].parent)) {
		skip(&s->rest, 1);
		return close_tag(s, text);
	}
	if (!blank)
		return bad(s, "text where only elements may be");
	if (sts_slice_starts(s->rest, "!--"))
		return cut(&s->rest, "-->", &ignored) || bad(s, "a comment that does not end");
	return open_tag(s);
}

/* <!DOCTYPE or <html, in any case. */
static bool is_page(struct sts_slice xml)
{
	struct sts_slice start = {xml.data, xml.len < 5 ? xml.len : 5};

	return sts_slice_eq_nocase(start, "<!doc") || sts_slice_eq_nocase(start, "<html");
}

enum sts_err sts_xml_to_json(struct sts_slice xml, struct sts_text *json, struct sts_error *e)
{
	struct scan s = {.rest = xml, .out = json};
	struct sts_slice text;

	if (sts_slice_starts(xml, "<?xml ") && !cut(&s.rest, "?>", &text))
		bad(&s, "a declaration that does not end");
	s.rest = sts_slice_trim(s.rest);
	if (is_page(s.rest))
		return sts_fail(e, STS_EHTML, 0, "a web page, where XML was expected");
	while (!s.why && cut(&s.rest, "<", &text))
		step(&s, text);
	if (!s.why && (s.depth > 0 || !s.stack[0].parent || sts_slice_trim(s.rest).len > 0))
		bad(&s, "no complete document");
	if (!s.why && memchr(xml.data, '\0', xml.len))
		bad(&s, "a NUL");
	if (s.why)
		return sts_fail(e, STS_EJSON, 0, "not usable XML: %s at byte %zu", s.why,
				(size_t)(s.rest.data - xml.data));
	sts_text_add_char(json, '}');
	return json->overflow ? sts_fail(e, STS_ETOOBIG, 0, "XML that is too big") : STS_OK;
}
