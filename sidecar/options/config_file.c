/* SPDX-License-Identifier: Apache-2.0 */
#include "options/config_file.h"

#include <string.h>

#include "base/packed.h"
#include "json_xml/json.h"
#include "options/option_table.h"

/* The commands that take a configuration file. */
#define WORK    (STS_COMMAND_RUN | STS_COMMAND_FETCH)
#define NOTHING ((struct sts_slice){0})

/* The state of reading. The tree of cJSON has no positions in the text. So a cursor moves over the
 * text in step with the walk through the tree, one JSON token (RFC 8259 section 2) at a time. */
struct reader {
	struct sts_config *c;
	struct sts_slice text;
	size_t next; /* the position of the cursor */
	size_t at;   /* the start of the JSON token that the cursor passed last */
	uint8_t owner;
	struct sts_error *e;
};

enum sts_err sts_config_fail(const struct sts_config *c, struct sts_slice text, size_t at,
			     struct sts_slice word, const char *why, const char *name,
			     struct sts_error *e)
{
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text out;
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++, column++)
		if (text.data[i] == '\n') {
			line++;
			column = 0;
		}
	sts_text_init(&out, msg, sizeof(msg));
	sts_text_add_escaped(&out, sts_slice_of(c->path), 60);
	sts_text_addf(&out, ":%zu:%zu: ", line, column);
	if (word.data) {
		sts_text_add_char(&out, '"');
		sts_text_add_escaped(&out, word, 40);
		sts_text_add_str(&out, "\" ");
	}
	sts_text_add_str(&out, sts_words(why));
	if (name)
		sts_text_addf(&out, " \"%s\"", name);
	return sts_fail(e, STS_EUSAGE, 0, "%s", msg);
}

/* Fail at the JSON token that the cursor passed last. */
static enum sts_err fail(const struct reader *r, struct sts_slice word, const char *why,
			 const char *name)
{
	return sts_config_fail(r->c, r->text, r->at, word, why, name, r->e);
}

/* Move the cursor over one JSON token: a whole string, number or literal name, or one opening
 * bracket. Closing brackets, commas and colons are skipped like white space. The text is known to
 * be valid JSON. Returns the text of the token. */
static struct sts_slice pass(struct reader *r)
{
	const char *p = r->text.data + r->next, *end = r->text.data + r->text.len;

	while (p < end && strchr(" \t\r\n,:]}\xef\xbb\xbf", *p))
		p++;
	r->at = (size_t)(p - r->text.data);
	if (*p == '"')
		for (p++; *p != '"'; p++)
			p += *p == '\\';
	else
		while (p + 1 < end && *p != '{' && *p != '[' && !strchr(" \t\r\n,]}", p[1]))
			p++;
	r->next = (size_t)(p + 1 - r->text.data);
	return (struct sts_slice){r->text.data + r->at, r->next - r->at};
}

/* ---- values ---- */

/* Keep a value: "text", or "name=text" if it has a name. */
static enum sts_err keep(struct reader *r, const struct sts_option *option, struct sts_slice name,
			 struct sts_slice text)
{
	struct sts_config *c = r->c;
	struct sts_text pool;

	if (c->value_count == STS_CONFIG_VALUES_MAX)
		return fail(r, NOTHING, STS_PACKED("one value too many: split the file"), NULL);
	c->values[c->value_count++] =
		(struct sts_config_value){(uint8_t)(option - sts_option_table), r->owner,
					  (uint16_t)c->pool_bytes, (uint16_t)r->at};
	sts_text_init(&pool, c->pool + c->pool_bytes, sizeof(c->pool) - c->pool_bytes);
	if (name.data) {
		sts_text_add_slice(&pool, name);
		sts_text_add_char(&pool, '=');
	}
	sts_text_add_slice(&pool, text);
	/* The pool always has room, since no value is longer than its text in the file. */
	c->pool_bytes += pool.len + 1;
	return STS_OK;
}

/* Returns the JSON types that an option takes: bits, one for each of enum sts_json_kind. */
static unsigned kinds_of(const struct sts_option *option)
{
	static const uint8_t kinds[] = {
		[STS_OPTION_FLAG] = 1 << STS_JSON_BOOL,
		[STS_OPTION_DURATION] = 1 << STS_JSON_NUMBER,
		[STS_OPTION_MODE] = 1 << STS_JSON_NUMBER,
		[STS_OPTION_GROUP] = 1 << STS_JSON_NUMBER,
		[STS_OPTION_FRACTION] = 1 << STS_JSON_NUMBER,
		[STS_OPTION_LIST] = 1 << STS_JSON_ARRAY,
		[STS_OPTION_PAIRS] = 1 << STS_JSON_ARRAY | 1 << STS_JSON_OBJECT,
		[STS_OPTION_FILE_PAIRS] = 1 << STS_JSON_ARRAY | 1 << STS_JSON_OBJECT,
	};

	return 1u << STS_JSON_STRING | kinds[option->kind];
}

/* Returns what a value must be, in words for a message, for the types of kinds_of(). */
static const char *wanted(unsigned kinds)
{
	return kinds & 1 << STS_JSON_BOOL     ? STS_PACKED("must be true or false")
	       : kinds & 1 << STS_JSON_NUMBER ? STS_PACKED("must be a string or a plain number")
	       : kinds & 1 << STS_JSON_OBJECT ? STS_PACKED("must be an object or array of strings")
	       : kinds & 1 << STS_JSON_ARRAY ? STS_PACKED("must be a string or an array of strings")
					     : STS_PACKED("must be a string");
}

static enum sts_err read_scalar(struct reader *r, const struct sts_option *option,
				struct sts_slice key, const struct sts_json *v, unsigned kinds)
{
	struct sts_slice token = pass(r), text = token;
	enum sts_json_kind kind = sts_json_kind(v);

	if (!(kinds & 1u << kind))
		return fail(r, sts_slice_of(sts_option_text(option, STS_OPTION_NAME)),
			    wanted(kinds_of(option)), NULL);
	sts_json_string(v, &text);
	return keep(r, option, key, text);
}

static bool repeats(const struct sts_json *object, const struct sts_json *member)
{
	const struct sts_json *v = sts_json_first(object);

	while (v != member && !sts_slice_eq(sts_json_key(v), sts_json_key(member).data))
		v = sts_json_next(v);
	return v != member;
}

/* Move the cursor over the key of a member, and refuse a key that stands in its object twice. */
static enum sts_err read_key(struct reader *r, const struct sts_json *object,
			     const struct sts_json *member)
{
	pass(r);
	if (repeats(object, member))
		return fail(r, sts_json_key(member), STS_PACKED("stands here twice: remove one"),
			    NULL);
	return STS_OK;
}

static enum sts_err read_value(struct reader *r, const struct sts_option *option,
			       const struct sts_json *v)
{
	enum sts_json_kind kind = sts_json_kind(v);
	unsigned kinds = kinds_of(option);
	enum sts_err err = STS_OK;

	if ((kind != STS_JSON_ARRAY && kind != STS_JSON_OBJECT) || !(kinds & 1u << kind))
		return read_scalar(r, option, NOTHING, v, kinds);
	pass(r);
	for (const struct sts_json *m = sts_json_first(v); m && err == STS_OK;
	     m = sts_json_next(m)) {
		struct sts_slice name = sts_json_key(m);

		if (kind == STS_JSON_OBJECT)
			err = read_key(r, v, m);
		if (err == STS_OK && sts_slice_find(name, STS_SLICE("=")) >= 0)
			err = fail(r, name, STS_PACKED("is no name: take the = out"), NULL);
		if (err == STS_OK)
			err = read_scalar(r, option, name, m, 1u << STS_JSON_STRING);
	}
	return err;
}

static enum sts_err unknown(struct reader *r, struct sts_slice key)
{
	bool top = r->owner == STS_CONFIG_OF_ALL;
	const char *near = sts_option_nearest(key, WORK,
					      top ? STS_OPTION_PROCESS : STS_OPTION_ANYWHERE,
					      top ? "exchanges" : "name");

	return fail(r, key,
		    near ? STS_PACKED("is no option: did you mean") : STS_PACKED("is no option"),
		    near);
}

static enum sts_err read_option(struct reader *r, struct sts_slice key, const struct sts_json *v)
{
	const struct sts_option *option = sts_option_find(key, WORK);

	if (!option)
		return unknown(r, key);
	if (option->stands == STS_OPTION_COMMAND_LINE)
		return fail(r, key, STS_PACKED("is for the command line alone: remove it here"),
			    NULL);
	if (option->stands == STS_OPTION_PROCESS && r->owner != STS_CONFIG_OF_ALL)
		return fail(r, key, STS_PACKED("is of the whole process: move it to the top level"),
			    NULL);
	return read_value(r, option, v);
}

/* ---- exchanges ---- */

static bool is_label(struct sts_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", s.data[i]))
			return false;
	return s.len > 0 && s.len < STS_EXCHANGE_NAME_BYTES && s.data[0] != '-' &&
	       s.data[s.len - 1] != '-';
}

static enum sts_err read_name(struct reader *r, const struct sts_json *v)
{
	struct sts_slice name = pass(r);

	if (!sts_json_string(v, &name) || !is_label(name))
		return fail(r, name,
			    STS_PACKED("is no name: use 1 to 31 of a-z, 0-9 and - (not at an end)"),
			    NULL);
	if (sts_config_find(r->c, name.data) >= 0)
		return fail(r, name, STS_PACKED("is the name of another exchange: choose another"),
			    NULL);
	memcpy(r->c->names[r->owner], name.data, name.len);
	return STS_OK;
}

static enum sts_err read_exchange(struct reader *r, const struct sts_json *v)
{
	enum sts_err err = STS_OK;

	pass(r);
	if (sts_json_kind(v) != STS_JSON_OBJECT)
		return fail(r, NOTHING, STS_PACKED("an exchange must be an object"), NULL);
	if (r->c->count == STS_EXCHANGES_MAX)
		return fail(r, NOTHING, STS_PACKED("over 16 exchanges: use a second sidecar"),
			    NULL);
	r->c->at[r->c->count] = (uint16_t)r->at;
	r->owner = (uint8_t)r->c->count++;
	for (const struct sts_json *m = sts_json_first(v); m && err == STS_OK;
	     m = sts_json_next(m)) {
		err = read_key(r, v, m);
		if (err == STS_OK)
			err = sts_slice_eq(sts_json_key(m), "name")
				      ? read_name(r, m)
				      : read_option(r, sts_json_key(m), m);
	}
	if (err == STS_OK && !r->c->names[r->owner][0]) {
		r->at = r->c->at[r->owner];
		err = fail(r, NOTHING, STS_PACKED("an exchange without a \"name\": give it one"),
			   NULL);
	}
	r->owner = STS_CONFIG_OF_ALL;
	return err;
}

static enum sts_err read_exchanges(struct reader *r, const struct sts_json *v)
{
	enum sts_err err = STS_OK;

	pass(r);
	if (sts_json_kind(v) != STS_JSON_ARRAY || !sts_json_first(v))
		return fail(r, NOTHING,
			    STS_PACKED("\"exchanges\" must be an array of 1 to 16 objects"), NULL);
	for (const struct sts_json *m = sts_json_first(v); m && err == STS_OK; m = sts_json_next(m))
		err = read_exchange(r, m);
	return err;
}

static enum sts_err read_document(struct reader *r, const struct sts_json *root)
{
	enum sts_err err = STS_OK;

	pass(r);
	if (sts_json_kind(root) != STS_JSON_OBJECT)
		return fail(r, NOTHING,
			    STS_PACKED("the whole must be an object: {\"exchanges\": [...]}"),
			    NULL);
	for (const struct sts_json *m = sts_json_first(root); m && err == STS_OK;
	     m = sts_json_next(m)) {
		err = read_key(r, root, m);
		if (err == STS_OK)
			err = sts_slice_eq(sts_json_key(m), "exchanges")
				      ? read_exchanges(r, m)
				      : read_option(r, sts_json_key(m), m);
	}
	if (err == STS_OK && r->c->count == 0) {
		r->at = 0;
		err = fail(r, NOTHING, STS_PACKED("no \"exchanges\": add an array of objects"),
			   NULL);
	}
	return err;
}

enum sts_err sts_config_file_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e)
{
	struct reader r = {.c = c, .text = text, .owner = STS_CONFIG_OF_ALL, .e = e};
	const struct sts_json *root;
	enum sts_err err = sts_json_parse(text, &root, e);

	c->count = c->value_count = c->pool_bytes = 0;
	memset(c->names, 0, sizeof(c->names));
	r.at = sts_json_fault_at();
	if (err != STS_OK)
		return fail(&r, NOTHING, e->msg, NULL);
	err = read_document(&r, root);
	sts_json_close();
	return err;
}

size_t sts_config_count(const struct sts_config *c)
{
	return c->count;
}

const char *sts_config_name(const struct sts_config *c, size_t i)
{
	return c->names[i];
}

int sts_config_find(const struct sts_config *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->names[i], name) == 0)
			return (int)i;
	return -1;
}
