/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/json.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#include <cJSON.h>

#include "base/packed.h"
#include "json_xml/json_scan.h"
#include "json_xml/xml.h"

/*
 * The arena has 1 MiB. cJSON keeps 64 bytes for each value and a copy of each string. So the
 * largest text needs its own size for the strings, and VALUES_MAX values allow one value for every
 * 21 bytes of it. The densest documents that servers send are sets of EC keys, with 25 bytes per
 * value; the answer of a token endpoint has some twenty values in all. A text of 100,000 values of
 * two bytes each would need over 6 MB and is refused. Pages that are not touched cost nothing.
 */
#define VALUES_MAX  12288
#define ARENA_BYTES (STS_JSON_MAX_BYTES + VALUES_MAX * sizeof(cJSON))

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* in UTF-8 */
#define KEY_SHOWN_BYTES 63             /* of a key in a message, escaped */

static alignas(cJSON) char arena[ARENA_BYTES];
static size_t arena_used;
static bool arena_full;
static size_t fault_at;

static void *arena_alloc(size_t size)
{
	size_t rounded = (size + alignof(cJSON) - 1) & ~(alignof(cJSON) - 1);

	if (size > ARENA_BYTES || rounded > ARENA_BYTES - arena_used) {
		arena_full = true;
		return NULL;
	}
	void *p = arena + arena_used;

	arena_used += rounded;
	return p;
}

static void arena_free(void *p)
{
	(void)p;
}

void sts_json_close(void)
{
	sts_wipe(arena, arena_used);
	arena_used = 0;
	arena_full = false;
}

size_t sts_json_fault_at(void)
{
	return fault_at;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Remove white space at both ends, and a byte order mark (RFC 8259 section 8.1 lets a reader ignore
 * it). */
static struct sts_slice strip(struct sts_slice text)
{
	if (sts_slice_starts(text, BYTE_ORDER_MARK)) {
		text.data += sizeof(BYTE_ORDER_MARK) - 1;
		text.len -= sizeof(BYTE_ORDER_MARK) - 1;
	}
	while (text.len > 0 && is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* The stack of parents cannot overflow, since the scan has bounded the depth. */
static bool all_finite(const cJSON *v)
{
	const cJSON *parents[STS_JSON_DEPTH_MAX];
	size_t depth = 0;

	while (v) {
		if (v->type == cJSON_Number && !isfinite(v->valuedouble))
			return false;
		if (v->child) {
			parents[depth++] = v;
			v = v->child;
			continue;
		}
		while (!v->next && depth > 0)
			v = parents[--depth];
		v = v->next;
	}
	return true;
}

static enum sts_err build(struct sts_slice text, const cJSON **root, struct sts_error *e)
{
	cJSON_Hooks hooks = {arena_alloc, arena_free};
	const char *end = NULL;

	cJSON_InitHooks(&hooks);
	*root = cJSON_ParseWithLengthOpts(text.data, text.len, &end, false);
	if (arena_full)
		return sts_fail(e, STS_ETOOBIG, 0, "JSON with too many values");
	if (!*root || end != text.data + text.len)
		return sts_fail(e, STS_EBUG, 0, "the two readers of JSON disagree");
	if (!all_finite(*root))
		return sts_fail(e, STS_EJSON, 0, "not usable JSON: a number that is too large");
	return STS_OK;
}

enum sts_err sts_json_parse(struct sts_slice text, const struct sts_json **root,
			    struct sts_error *e)
{
	const cJSON *tree = NULL;
	const char *start = text.data, *why;
	enum sts_err err;

	sts_json_close();
	fault_at = 0;
	*root = NULL;
	if (text.len > STS_JSON_MAX_BYTES)
		return sts_fail(e, STS_ETOOBIG, 0, "JSON of over %d KiB",
				STS_JSON_MAX_BYTES / 1024);
	text = strip(text);
	if (text.len == 0)
		return sts_fail(e, STS_EEMPTY, 0, "nothing, where JSON was expected");
	if (text.data[0] == '<' && sts_xml_is_page(text))
		return sts_fail(e, STS_EHTML, 0, "a web page, where JSON was expected");
	if (text.data[0] == '<')
		return sts_fail(e, STS_EJSON, 0, "XML, where JSON was expected");
	why = sts_json_scan(text, &fault_at);
	err = why ? sts_fail(e, STS_EJSON, 0, "not usable JSON: %s at byte %zu", sts_words(why),
			     fault_at)
		  : build(text, &tree, e);
	if (!why)
		fault_at = 0;
	if (err != STS_OK) {
		fault_at += (size_t)(text.data - start);
		sts_json_close();
		return err;
	}
	*root = (const struct sts_json *)tree;
	return STS_OK;
}

static const cJSON *node(const struct sts_json *v)
{
	return (const cJSON *)v;
}

enum sts_json_kind sts_json_kind(const struct sts_json *v)
{
	switch (node(v)->type) {
	case cJSON_False:
	case cJSON_True:
		return STS_JSON_BOOL;
	case cJSON_Number:
		return STS_JSON_NUMBER;
	case cJSON_String:
		return STS_JSON_STRING;
	case cJSON_Array:
		return STS_JSON_ARRAY;
	case cJSON_Object:
		return STS_JSON_OBJECT;
	default:
		return STS_JSON_NULL;
	}
}

char sts_json_pointer_char(struct sts_slice *token)
{
	char c = token->data[0], next = token->len > 1 ? token->data[1] : '\0';
	bool escaped = c == '~' && (next == '0' || next == '1');

	if (escaped)
		c = next == '0' ? '~' : '/';
	token->data += 1 + escaped;
	token->len -= 1 + escaped;
	return c;
}

/* Does the reference token of a JSON pointer name this key? */
static bool key_matches(const char *key, struct sts_slice token)
{
	for (; token.len > 0; key++)
		if (*key != sts_json_pointer_char(&token))
			return false;
	return *key == '\0';
}

static enum sts_err member(const cJSON *object, struct sts_slice token, const cJSON **v,
			   struct sts_error *e)
{
	*v = NULL;
	for (const cJSON *child = object->child; child; child = child->next) {
		if (!key_matches(child->string, token))
			continue;
		if (*v)
			return sts_fail(e, STS_EJSON, 0,
					"not usable JSON: it has the key \"%s\" twice",
					sts_shown(token, KEY_SHOWN_BYTES));
		*v = child;
	}
	return STS_OK;
}

static const cJSON *element(const cJSON *array, struct sts_slice token)
{
	const cJSON *child = array->child;
	uint64_t index;

	if (!sts_parse_u64(token, VALUES_MAX, &index) || (token.len > 1 && token.data[0] == '0'))
		return NULL;
	while (child && index-- > 0)
		child = child->next;
	return child;
}

enum sts_err sts_json_at(const struct sts_json *root, const char *pointer,
			 const struct sts_json **v, struct sts_error *e)
{
	const cJSON *now = node(root);

	*v = NULL;
	while (now && *pointer == '/') {
		struct sts_slice token = {pointer + 1, strcspn(pointer + 1, "/")};
		enum sts_err err = STS_OK;

		if (now->type == cJSON_Object)
			err = member(now, token, &now, e);
		else
			now = now->type == cJSON_Array ? element(now, token) : NULL;
		if (err != STS_OK)
			return err;
		pointer = token.data + token.len;
	}
	if (now && *pointer == '\0' && now->type != cJSON_NULL)
		*v = (const struct sts_json *)now;
	return STS_OK;
}

bool sts_json_string(const struct sts_json *v, struct sts_slice *s)
{
	if (!v || node(v)->type != cJSON_String)
		return false;
	*s = sts_slice_of(node(v)->valuestring);
	return true;
}

bool sts_json_text_at(const struct sts_json *root, const char *pointer, struct sts_slice *s)
{
	const struct sts_json *v;

	*s = (struct sts_slice){NULL, 0};
	return sts_json_at(root, pointer, &v, NULL) == STS_OK && (!v || sts_json_string(v, s));
}

bool sts_json_number(const struct sts_json *v, double *number)
{
	if (!v || node(v)->type != cJSON_Number)
		return false;
	*number = node(v)->valuedouble;
	return true;
}

bool sts_json_bool(const struct sts_json *v, bool *b)
{
	if (!v || sts_json_kind(v) != STS_JSON_BOOL)
		return false;
	*b = node(v)->type == cJSON_True;
	return true;
}

const struct sts_json *sts_json_first(const struct sts_json *v)
{
	return v ? (const struct sts_json *)node(v)->child : NULL;
}

const struct sts_json *sts_json_next(const struct sts_json *v)
{
	return v ? (const struct sts_json *)node(v)->next : NULL;
}

struct sts_slice sts_json_key(const struct sts_json *v)
{
	return sts_slice_of(v ? node(v)->string : NULL);
}
