/* SPDX-License-Identifier: Apache-2.0 */
#include "data/json.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#include <cJSON.h>

#include "http/response.h"

/*
 * The arena, 1 MiB. cJSON keeps 64 bytes for each value and a copy of each string, so the largest
 * body that we take needs its own size for the strings, and the rest is for 12288 values: one for
 * every 21 bytes of such a body. The densest that servers send is a set of EC keys, with 25 bytes
 * per value (a token endpoint's answer has some twenty values in all), while 100,000 values of two
 * bytes each would need over 6 MB and are refused. Pages that are not touched cost nothing.
 */
#define TEXT_MAX_BYTES STS_HTTP_BODY_MAX_BYTES
#define VALUES_MAX     12288
#define ARENA_BYTES    (TEXT_MAX_BYTES + VALUES_MAX * sizeof(cJSON))

#define NUMBER_MAX_BYTES 64

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

/*
 * The scan: the whole grammar of RFC 8259, before cJSON (which takes more than that) sees a byte.
 * One bit per level says whether it is an object; nothing recurses.
 */
enum expect { VALUE, VALUE_OR_END, KEY, KEY_OR_END, AFTER, DONE, BAD };

struct scan {
	const char *p, *end;
	unsigned depth;
	uint32_t objects; /* bit 0: the innermost container is an object */
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

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
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
	static const char *const literals[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		if (!sts_slice_starts((struct sts_slice){s->p, (size_t)(s->end - s->p)},
				      literals[i]))
			continue;
		s->p += strlen(literals[i]);
		return AFTER;
	}
	return bad(s, "something that is no value");
}

/* Four hexadecimal digits, or -1. */
static int scan_hex4(struct scan *s)
{
	int unit = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		char c = s->p < s->end ? *s->p : '\0';

		if (c >= '0' && c <= '9')
			unit = unit << 4 | (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			unit = unit << 4 | ((c & 7) + 9);
		else
			return -1;
	}
	return unit;
}

/* What follows "\u"; a surrogate needs its other half. cJSON would end the C string at U+0000. */
static const char *scan_unicode_escape(struct scan *s)
{
	int unit = scan_hex4(s);

	if (unit < 0)
		return "a malformed \\u escape";
	if (unit == 0)
		return "a NUL character";
	if (unit < 0xd800 || unit > 0xdfff)
		return NULL;
	if (unit > 0xdbff || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
		return "half a surrogate pair";
	s->p += 2;
	unit = scan_hex4(s);
	return unit >= 0xdc00 && unit <= 0xdfff ? NULL : "half a surrogate pair";
}

static const char *scan_escape(struct scan *s)
{
	s->p++;
	if (at(s, 'u')) {
		s->p++;
		return scan_unicode_escape(s);
	}
	if (s->p == s->end || *s->p == '\0' || !strchr("\"\\/bfnrt", *s->p))
		return "a malformed escape";
	s->p++;
	return NULL;
}

static const char *scan_character(struct scan *s)
{
	uint32_t code;
	size_t used = sts_utf8_decode((struct sts_slice){s->p, (size_t)(s->end - s->p)}, &code);

	if (used == 0)
		return "bytes that are no UTF-8";
	if (code < 0x20)
		return "a control character in a string";
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
	s->why = "a string without an end";
	return false;
}

static enum expect scan_open(struct scan *s, bool object)
{
	if (s->depth == STS_JSON_DEPTH_MAX)
		return bad(s, "more than 16 levels");
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
	return c == '-' || (c >= '0' && c <= '9') ? scan_number(s) : scan_literal(s);
}

static enum expect scan_key(struct scan *s)
{
	if (!at(s, '"'))
		return bad(s, "something that is no key");
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
		return s->p == s->end ? DONE : bad(s, "something after the value");
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

static enum sts_err scan_document(struct sts_slice text, struct sts_error *e)
{
	struct scan s = {.p = text.data, .end = text.data + text.len};
	enum expect expect = VALUE;

	while (expect != DONE && expect != BAD)
		expect = scan_step(&s, expect);
	if (expect == DONE)
		return STS_OK;
	fault_at = (size_t)(s.p - text.data);
	return sts_fail(e, STS_EJSON, 0, "not usable JSON: %s at byte %zu", s.why, fault_at);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Without white space at both ends and without a byte order mark (RFC 8259 section 8.1 lets a
 * reader ignore it). */
static struct sts_slice strip(struct sts_slice text)
{
	if (sts_slice_starts(text, "\xef\xbb\xbf")) {
		text.data += 3;
		text.len -= 3;
	}
	while (text.len > 0 && is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* Parents are kept on a stack: the scan has bounded the depth. */
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
	const char *start = text.data;
	enum sts_err err;

	sts_json_close();
	fault_at = 0;
	*root = NULL;
	if (text.len > TEXT_MAX_BYTES)
		return sts_fail(e, STS_ETOOBIG, 0, "JSON of over %d KiB", TEXT_MAX_BYTES / 1024);
	text = strip(text);
	if (text.len == 0)
		return sts_fail(e, STS_EEMPTY, 0, "nothing, where JSON was expected");
	if (text.data[0] == '<')
		return sts_fail(e, STS_EHTML, 0, "a web page, where JSON was expected");
	err = scan_document(text, e);
	if (err == STS_OK)
		err = build(text, &tree, e);
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

/* Is key the pointer's reference token (RFC 6901 section 4: ~1 is a slash, ~0 a tilde)? */
static bool key_matches(const char *key, struct sts_slice token)
{
	for (size_t i = 0; i < token.len; i++, key++) {
		char c = token.data[i];

		if (c == '~' && i + 1 < token.len &&
		    (token.data[i + 1] == '0' || token.data[i + 1] == '1'))
			c = token.data[++i] == '0' ? '~' : '/';
		if (*key != c)
			return false;
	}
	return *key == '\0';
}

static enum sts_err member(const cJSON *object, struct sts_slice token, const cJSON **v,
			   struct sts_error *e)
{
	*v = NULL;
	for (const cJSON *child = object->child; child; child = child->next) {
		if (!key_matches(child->string, token))
			continue;
		if (*v) {
			struct sts_text t;
			char key[64];

			sts_text_init(&t, key, sizeof(key));
			sts_text_add_escaped(&t, token, sizeof(key) - 1);
			return sts_fail(e, STS_EJSON, 0, "not usable JSON: the key \"%s\" twice",
					key);
		}
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
