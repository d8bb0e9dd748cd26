/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/xml.h"

#include <string.h>

#include "base/packed.h"
#include "json_xml/json_scan.h"

#define ENTITY_MAX_BYTES 10 /* &#x10FFFF; */

/* An element whose end tag has not been read. */
struct open {
	struct sts_slice name;
	bool has_elements;
	bool has_text; /* a part of its text is in the JSON, whose string is still open */
};

struct scan {
	struct sts_slice rest;
	struct sts_text *out;
	const char *why;                       /* what is wrong, or NULL */
	struct open stack[STS_JSON_DEPTH_MAX]; /* stack[0] is the document itself */
	size_t depth;                          /* stack[depth] is the innermost open element */
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

/* Cut off what stands before `mark`, and leave in `rest` what follows it. Returns false and changes
 * nothing when `mark` is not there. */
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

/* The character that "#10" or "#xA" stands for, or 0. */
static uint32_t character_reference(struct sts_slice entity)
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

/* The character that an entity stands for, or 0. */
static uint32_t entity_of(struct sts_slice entity)
{
	/* Each entity as its character and its name. */
	static const char names[] = "&amp\0<lt\0>gt\0\"quot\0'apos\0";

	for (const char *at = names; *at; at += strlen(at) + 1)
		if (sts_slice_eq(entity, at + 1))
			return (unsigned char)*at;
	return character_reference(entity);
}

/* Add a part of the text of the innermost element. In front of the first part, the string begins.
 *   is_cdata  in  an ampersand is no entity */
static bool add_text(struct scan *s, struct sts_slice text, bool is_cdata)
{
	struct open *open = &s->stack[s->depth];
	struct sts_slice plain, entity;

	if (!open->has_text)
		sts_text_add_char(s->out, '"');
	open->has_text = true;
	while (!is_cdata && cut(&text, "&", &plain)) {
		sts_text_add_json(s->out, plain);
		uint32_t code = cut(&text, ";", &entity) && entity.len < ENTITY_MAX_BYTES
					? entity_of(entity)
					: 0;

		if (code == 0)
			return bad(s, "an entity that is none of XML's own");
		sts_text_add_json_code(s->out, code);
	}
	sts_text_add_json(s->out, text);
	return true;
}

/* ---- tags ---- */

/* Skip to the end of a tag. The value of an attribute may hold a '>'. *empty is set when the tag
 * ends in "/>". */
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
	struct sts_slice local = name, prefix;
	bool empty;

	if (name.len == 0 || (s->depth == 0 && parent->has_elements))
		return bad(s, "no element where one is wanted");
	cut(&local, ":", &prefix);
	if (!skip_attributes(s, &empty))
		return false;
	sts_text_add_str(s->out, parent->has_elements ? ",\"" : "{\"");
	parent->has_elements = true;
	sts_text_add_json(s->out, local);
	sts_text_addf(s->out, empty ? "\":\"\"" : "\":");
	if (empty)
		return true;
	/* One level less than json.h allows, since the document itself becomes an object too. */
	if (s->depth + 2 > STS_JSON_DEPTH_MAX - 1)
		return bad(s, "too many levels");
	s->stack[++s->depth] = (struct open){.name = name};
	return true;
}

static bool close_tag(struct scan *s, struct sts_slice text)
{
	struct open *open = &s->stack[s->depth];
	struct sts_slice name = take_name(&s->rest), blank;

	if (s->depth == 0 || !sts_slice_same(name, open->name) || !cut(&s->rest, ">", &blank) ||
	    sts_slice_trim(blank).len > 0)
		return bad(s, "an end tag of another element");
	if (!open->has_elements && !add_text(s, text, false))
		return false;
	s->depth--;
	sts_text_add_char(s->out, open->has_elements ? '}' : '"');
	return true;
}

/* Read a CDATA section, whose mark is behind us. text stood before it. */
static bool cdata(struct scan *s, struct sts_slice text)
{
	struct sts_slice inside;

	if (!cut(&s->rest, "]]>", &inside))
		return bad(s, "a CDATA section that does not end");
	return add_text(s, text, false) && add_text(s, inside, true);
}

/* Read one tag, comment or CDATA section, whose '<' is behind us. text stood before it. */
static bool step(struct scan *s, struct sts_slice text)
{
	struct open *open = &s->stack[s->depth];
	bool blank = sts_slice_trim(text).len == 0;
	bool may_have_text = s->depth > 0 && !open->has_elements;
	struct sts_slice ignored;

	if (!blank && !may_have_text)
		return bad(s, "text where only elements may be");
	if (sts_slice_take_prefix(&s->rest, "/"))
		return close_tag(s, text);
	if (may_have_text && sts_slice_take_prefix(&s->rest, "![CDATA["))
		return cdata(s, text);
	if (sts_slice_starts(s->rest, "!--")) {
		if (!cut(&s->rest, "-->", &ignored))
			return bad(s, "a comment that does not end");
		return blank || add_text(s, text, false);
	}
	if (!blank || open->has_text)
		return bad(s, "text where only elements may be");
	return open_tag(s);
}

/* Skip the declaration and the comments that stand before the first element. */
static struct sts_slice start_of(struct sts_slice xml)
{
	struct sts_slice ignored;

	while ((sts_slice_starts(xml, "<?xml ") && cut(&xml, "?>", &ignored)) ||
	       (sts_slice_starts(xml, "<!--") && cut(&xml, "-->", &ignored)))
		xml = sts_slice_trim(xml);
	return xml;
}

bool sts_xml_is_page(struct sts_slice text)
{
	/* What a web page begins with, in lower case. */
	static const char names[] = "!doctype html\0html\0head\0body\0title\0meta\0script\0style\0"
				    "center\0div\0p\0pre\0h1\0h2\0";
	struct sts_slice start = start_of(text);

	if (!sts_slice_take_prefix(&start, "<"))
		return false;
	for (const char *at = names; *at; at += strlen(at) + 1) {
		size_t len = strlen(at);
		struct sts_slice name = {start.data, len < start.len ? len : start.len};

		if (sts_slice_eq_nocase(name, at) &&
		    (start.len == len || strchr(" \t\r\n/>", start.data[len])))
			return true;
	}
	return false;
}

enum sts_err sts_xml_to_json(struct sts_slice xml, struct sts_text *json, struct sts_error *e)
{
	struct scan s = {.rest = xml, .out = json};
	struct sts_slice text;

	if (sts_xml_is_page(xml))
		return sts_fail(e, STS_EHTML, 0, "a web page, where XML was expected");
	if (sts_slice_starts(xml, "<?xml ") && !cut(&s.rest, "?>", &text))
		bad(&s, "a declaration that does not end");
	while (!s.why && cut(&s.rest, "<", &text))
		step(&s, text);
	if (!s.why && (s.depth > 0 || !s.stack[0].has_elements || sts_slice_trim(s.rest).len > 0))
		bad(&s, "no complete document");
	if (!s.why && memchr(xml.data, '\0', xml.len))
		bad(&s, "a NUL");
	if (s.why)
		return sts_fail(e, STS_EJSON, 0, "not usable XML: %s at byte %zu", sts_words(s.why),
				(size_t)(s.rest.data - xml.data));
	sts_text_add_char(json, '}');
	return json->overflow ? sts_fail(e, STS_ETOOBIG, 0, "XML that is too big") : STS_OK;
}
