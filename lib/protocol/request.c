/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/request.h"

#include <string.h>

#include "base/base64.h"
#include "http_messages/request.h"
#include "json_xml/json.h"

/* Client id and secret with every byte percent-encoded, a colon, and a NUL. */
#define BASIC_MAX_BYTES (3 * STS_REQUEST_CLIENT_MAX_BYTES + 2)
#define MASK            "***" /* stands for a secret in --dry-run */

/* ---- what is sent, one item at a time ---- */

/* A field of the request. When `given` is not empty, the values of the field are those that the
 * user gave under this name. Else the field has the one value `value`. */
struct item {
	struct sts_slice name; /* in the request */
	enum sts_place place;
	enum sts_kind kind;
	bool secret;
	struct sts_slice given;
	struct sts_slice value;
};

struct build {
	const struct sts_request *r;
	bool masked;
	enum sts_place place; /* items for other places are passed over */
	struct sts_text *out;
	char separator;        /* that is written before the next field; 0: none */
	struct sts_slice open; /* a JSON pointer to the object whose fields are written now */
};

typedef void (*item_fn)(struct build *b, const struct item *item);

/* Call fn for each parameter of the protocol that has a value: a fixed value, the subject token,
 * what the user gave, or a default. */
static void each_own_parameter(struct build *b, item_fn fn)
{
	struct sts_slice previous = {NULL, 0};
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(b->r->protocol, i)); i++) {
		struct sts_slice name = sts_parameter_slice(p, STS_PARAMETER_NAME);
		struct item item = {.kind = (enum sts_kind)p->kind,
				    .value = sts_parameter_slice(p, STS_PARAMETER_VALUE),
				    .secret = sts_request_name_is_secret(name)};
		const char *field;

		item.place = sts_request_place(b->r, p, &field);
		item.name = sts_slice_of(field);
		if (p->source == STS_SOURCE_SUBJECT) {
			item.secret = true;
			item.value = b->r->subject;
		} else if (sts_request_count(b->r, name) > 0) {
			item.given = name;
		} else if ((p->flags & STS_PARAMETER_WITH_PREVIOUS) &&
			   sts_request_count(b->r, previous) == 0) {
			item.value.len = 0;
		}
		if (p->source == STS_SOURCE_USER)
			previous = name;
		if (item.given.len > 0 || item.value.len > 0)
			fn(b, &item);
	}
}

/* Call fn for each parameter that the protocol does not name: once for each name, where it was
 * first given. */
static void each_free_parameter(struct build *b, item_fn fn)
{
	for (size_t i = 0; i < b->r->param_count; i++) {
		struct sts_slice name = b->r->params[i].name;
		struct item item = {
			.name = name, .place = sts_request_free_place(b->r), .given = name};
		size_t at = 0;

		if (!sts_protocol_parameter(b->r->protocol, name) &&
		    sts_request_next(b->r, name, &at) == &b->r->params[i])
			fn(b, &item);
	}
}

/* Call fn for a field of the client authentication. */
static void client_field(struct build *b, item_fn fn, struct sts_slice name, bool secret,
			 struct sts_slice value)
{
	struct item item = {.name = name,
			    .place = sts_request_free_place(b->r),
			    .secret = secret,
			    .value = value};

	fn(b, &item);
}

static void each_item(struct build *b, item_fn fn)
{
	const struct sts_request *r = b->r;

	each_own_parameter(b, fn);
	each_free_parameter(b, fn);
	if (r->client_auth != STS_CLIENT_BASIC && r->client_id.len > 0)
		client_field(b, fn, STS_SLICE("client_id"), false, r->client_id);
	if (r->client_auth == STS_CLIENT_POST)
		client_field(b, fn, STS_SLICE("client_secret"), true, r->client_secret);
}

/* ---- building ---- */

/* Get the next value of an item, masked where it must be. Returns false at the end. *at starts at
 * 0. */
static bool next_value(const struct build *b, const struct item *item, size_t *at,
		       struct sts_slice *value)
{
	bool secret = item->secret;

	if (item->given.len > 0) {
		const struct sts_field *field = sts_request_next(b->r, item->given, at);

		if (!field)
			return false;
		*value = field->value;
		secret = secret || field->secret;
	} else {
		if ((*at)++ > 0)
			return false;
		*value = item->value;
	}
	if (b->masked && secret)
		*value = STS_SLICE(MASK);
	return true;
}

static bool is_words(const struct item *item)
{
	return item->kind == STS_KIND_WORDS || item->kind == STS_KIND_LIST;
}

/* Add the separator that is due now, and set the separator for the next time. */
static void add_separator(struct build *b, char next)
{
	if (b->separator)
		sts_text_add_char(b->out, b->separator);
	b->separator = next;
}

static void add_form_value(struct build *b, struct sts_slice value)
{
	/* The mask is for people. Percent-encoded, they could not read it. */
	if (b->masked && sts_slice_eq(value, MASK))
		sts_text_add_slice(b->out, value);
	else
		sts_text_add_urlencoded(b->out, value);
}

/* For STS_KIND_NUMBERED, # in the name becomes the number of the value: PolicyArns.member.2.arn. */
static void add_form_name(struct build *b, const struct item *item, unsigned number)
{
	struct sts_slice name = item->name;
	const char *mark = item->kind == STS_KIND_NUMBERED ? memchr(name.data, '#', name.len)
							   : NULL;
	size_t before = mark ? (size_t)(mark - name.data) : name.len;

	add_separator(b, '&');
	sts_text_add_urlencoded(b->out, (struct sts_slice){name.data, before});
	if (mark)
		sts_text_addf(b->out, "%u%.*s", number, (int)(name.len - before - 1), mark + 1);
	sts_text_add_char(b->out, '=');
}

static void add_form_item(struct build *b, const struct item *item)
{
	struct sts_slice value;
	unsigned number = 0;
	size_t at = 0;

	if (item->place != b->place)
		return;
	while (next_value(b, item, &at, &value)) {
		if (number++ > 0 && is_words(item))
			sts_text_add_str(b->out, "%20");
		else
			add_form_name(b, item, number);
		add_form_value(b, value);
	}
}

/* Add the words of "a b" as "a","b". */
static void add_json_list(struct sts_text *out, struct sts_slice value)
{
	bool more = false;

	while (value.len > 0) {
		const char *space = memchr(value.data, ' ', value.len);
		size_t len = space ? (size_t)(space - value.data) : value.len;

		if (len > 0) {
			sts_text_add_str(out, more ? "," : "");
			sts_text_add_json_string(out, (struct sts_slice){value.data, len});
			more = true;
		}
		len += space != NULL;
		value.data += len;
		value.len -= len;
	}
}

/* Add all values as one string, joined by spaces. */
static void add_json_words(struct build *b, const struct item *item)
{
	struct sts_slice value;
	bool more = false;
	size_t at = 0;

	sts_text_add_char(b->out, '"');
	while (next_value(b, item, &at, &value)) {
		sts_text_add_str(b->out, more ? " " : "");
		sts_text_add_json(b->out, value);
		more = true;
	}
	sts_text_add_char(b->out, '"');
}

/* Add each value by itself, separated by commas. */
static void add_json_values(struct build *b, const struct item *item)
{
	struct sts_slice value;
	bool more = false;
	size_t at = 0;

	while (next_value(b, item, &at, &value)) {
		sts_text_add_str(b->out, more ? "," : "");
		if (item->kind == STS_KIND_LIST)
			add_json_list(b->out, value);
		else if (item->kind == STS_KIND_NUMBER || item->kind == STS_KIND_LITERAL)
			sts_text_add_slice(b->out, value);
		else
			sts_text_add_json_string(b->out, value);
		more = true;
	}
}

/* Add a reference token of a JSON pointer as the name of a field. */
static void add_json_name(struct sts_text *out, struct sts_slice token)
{
	sts_text_add_char(out, '"');
	while (token.len > 0) {
		char c = sts_json_pointer_char(&token);

		sts_text_add_json(out, (struct sts_slice){&c, 1});
	}
	sts_text_add_str(out, "\":");
}

/* Enter the object that a JSON pointer leads to. It is within the object that is open, or all
 * objects are closed first: the table never leads back to an object. */
static void enter(struct build *b, struct sts_slice parent)
{
	struct sts_slice rest = parent;

	if (parent.len >= b->open.len && memcmp(parent.data, b->open.data, b->open.len) == 0 &&
	    (parent.len == b->open.len || parent.data[b->open.len] == '/')) {
		rest.data += b->open.len;
		rest.len -= b->open.len;
	} else {
		while (b->open.len-- > 0)
			if (b->open.data[b->open.len] == '/')
				sts_text_add_char(b->out, '}');
	}
	b->open = parent;
	while (rest.len > 0) {
		add_separator(b, 0);
		add_json_name(b->out, sts_request_reference_token(&rest));
		sts_text_add_char(b->out, '{');
	}
}

/* Add the name of a field, which may be a JSON pointer, and what leads to the field. */
static void add_json_place(struct build *b, const struct item *item)
{
	struct sts_slice parent = item->name, name;

	if (item->place != STS_PLACE_POINTER) {
		enter(b, STS_SLICE(""));
		add_separator(b, ',');
		sts_text_add_json_string(b->out, item->name);
		sts_text_add_char(b->out, ':');
		return;
	}
	do {
		parent.len--;
	} while (parent.data[parent.len] != '/');
	name = (struct sts_slice){item->name.data + parent.len, item->name.len - parent.len};
	enter(b, parent);
	add_separator(b, ',');
	add_json_name(b->out, sts_request_reference_token(&name));
}

static void add_json_item(struct build *b, const struct item *item)
{
	bool array = item->kind == STS_KIND_LIST ||
		     (item->kind != STS_KIND_WORDS && sts_request_count(b->r, item->given) > 1);

	if (item->place != b->place && item->place != STS_PLACE_POINTER)
		return;
	add_json_place(b, item);
	sts_text_add_str(b->out, array ? "[" : "");
	if (item->kind == STS_KIND_WORDS)
		add_json_words(b, item);
	else
		add_json_values(b, item);
	sts_text_add_str(b->out, array ? "]" : "");
}

static void add_header_item(struct build *b, const struct item *item)
{
	struct sts_slice value;
	size_t at = 0;

	if (item->place == STS_PLACE_BEARER) {
		next_value(b, item, &at, &value);
		sts_text_addf(b->out, "Authorization: Bearer ");
		sts_text_add_slice(b->out, value);
		sts_text_add_str(b->out, "\r\n");
	} else if (item->place == STS_PLACE_HEADER) {
		while (next_value(b, item, &at, &value))
			sts_http_request_header(b->out, item->name, value);
	}
}

/* Client identifier and secret are form-encoded before they are joined (RFC 6749 section 2.3.1). */
static void add_basic(struct build *b)
{
	char plain[BASIC_MAX_BYTES];
	struct sts_text joined;

	sts_text_init(&joined, plain, sizeof(plain));
	sts_text_add_urlencoded(&joined, b->r->client_id);
	sts_text_add_char(&joined, ':');
	sts_text_add_urlencoded(&joined, b->r->client_secret);
	sts_text_addf(b->out, "Authorization: Basic ");
	if (b->masked)
		sts_text_add_str(b->out, MASK);
	else
		sts_base64_encode(b->out, joined.data, joined.len);
	sts_text_add_str(b->out, "\r\n");
	b->out->overflow = b->out->overflow || joined.overflow;
	sts_wipe(plain, sizeof(plain));
}

/* Returns the body's media type, or NULL when the request has no body. */
static const char *build_body(struct build *b)
{
	b->place = STS_PLACE_BODY;
	b->open = STS_SLICE("");
	if (b->r->body == STS_BODY_FORM) {
		each_item(b, add_form_item);
		return "application/x-www-form-urlencoded";
	}
	if (b->r->body == STS_BODY_JSON) {
		sts_text_add_char(b->out, '{');
		each_item(b, add_json_item);
		enter(b, STS_SLICE(""));
		sts_text_add_char(b->out, '}');
		return "application/json";
	}
	return NULL;
}

/* Add the path and query of a URL that the user gave, with the values in the query masked: many
 * services take an API key there. */
static void add_masked_target(struct sts_text *out, struct sts_slice target)
{
	char mark = '?';

	sts_text_add_slice(out, sts_slice_cut(&target, '?'));
	while (target.data) {
		struct sts_slice field = sts_slice_cut(&target, '&'), value = field;
		struct sts_slice name = sts_slice_cut(&value, '=');

		sts_text_add_char(out, mark);
		mark = '&';
		if (name.len < field.len) {
			sts_text_add_slice(out, name);
			sts_text_add_char(out, '=');
		}
		if (field.len > 0)
			sts_text_add_str(out, MASK);
	}
}

/* Add the path and query of the URL, and the protocol's and the user's query fields. */
static void build_target(struct build *b)
{
	struct sts_slice target = b->r->url->target;

	if (b->masked && !b->r->url_template)
		add_masked_target(b->out, target);
	else
		sts_text_add_slice(b->out, target);
	b->separator = target.len > 0 && memchr(target.data, '?', target.len) ? '&' : '?';
	b->place = STS_PLACE_QUERY;
	each_item(b, add_form_item);
}

/* Cut off what a value repeats of the URL around it: a slash before or after it, and the path
 * segment before it. So "auth/jwt" is "jwt" after "/v1/auth/".
 *   end  in  the byte of the URL after the value */
static struct sts_slice without_repeats(struct sts_slice value, const struct sts_text *url,
					char end)
{
	const char *segment = url->data, *slash;
	size_t len;

	while (end == '/' && value.len > 0 && value.data[value.len - 1] == '/')
		value.len--;
	if (url->len == 0 || url->data[url->len - 1] != '/')
		return value;
	while (sts_slice_take_prefix(&value, "/"))
		;
	slash = memrchr(segment, '/', url->len - 1);
	if (slash)
		segment = slash + 1;
	len = (size_t)(url->data + url->len - segment);
	if (value.len > len && memcmp(value.data, segment, len) == 0) {
		value.data += len;
		value.len -= len;
	}
	return value;
}

struct sts_slice sts_request_value(const struct sts_request *r, const struct sts_parameter *p)
{
	size_t at = 0;
	const struct sts_field *given =
		sts_request_next(r, sts_parameter_slice(p, STS_PARAMETER_NAME), &at);

	return given ? given->value : sts_parameter_slice(p, STS_PARAMETER_VALUE);
}

void sts_request_url(const struct sts_request *r, struct sts_text *url)
{
	for (const char *at = r->url_template; *at; at++) {
		struct sts_slice name = {at + 1, strcspn(at + 1, "}")};
		const struct sts_parameter *p = *at == '{'
							? sts_protocol_parameter(r->protocol, name)
							: NULL;

		if (!p) {
			sts_text_add_char(url, *at);
			continue;
		}
		at += name.len + 1;
		struct sts_slice value = sts_request_value(r, p);
		bool ipv6 = p->kind == STS_KIND_HOST && memchr(value.data, ':', value.len);

		sts_text_add_str(url, ipv6 ? "[" : "");
		sts_text_add_slice(url, without_repeats(value, url, at[1]));
		sts_text_add_str(url, ipv6 ? "]" : "");
	}
}

/* Check the subject token, which a request needs only when it is built. */
static enum sts_err check_subject(const struct sts_request *r, struct sts_error *e)
{
	const struct sts_parameter *p;

	if (r->subject.len == 0)
		return sts_fail(e, STS_EUSAGE, 0, "there is no subject token to send");
	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++)
		if (p->source == STS_SOURCE_SUBJECT && p->max > 0 && r->subject.len > p->max)
			return sts_fail(e, STS_ESUBJECT_TOOBIG, 0,
					"the subject token has %zu bytes, and the STS takes %u",
					r->subject.len, (unsigned)p->max);
	return STS_OK;
}

enum sts_err sts_request_build(const struct sts_request *r, bool masked, struct sts_text *head,
			       struct sts_text *body, struct sts_error *e)
{
	char target[STS_URL_MAX_BYTES + STS_REQUEST_QUERY_MAX_BYTES];
	struct sts_text line;
	struct build b = {.r = r, .masked = masked, .out = body};
	enum sts_err err = sts_request_check(r, e);

	if (err != STS_OK)
		return err;
	err = check_subject(r, e);
	if (err != STS_OK)
		return err;
	const char *type = build_body(&b);

	sts_text_init(&line, target, sizeof(target));
	b = (struct build){.r = r, .masked = masked, .out = &line};
	build_target(&b);

	b.out = head;
	sts_http_request_start(
		head, r->method ? r->method : sts_protocol_text(r->protocol, STS_PROTOCOL_METHOD),
		r->url->authority, (struct sts_slice){line.data, line.len}, r->agent,
		"application/json");
	if (r->client_auth == STS_CLIENT_BASIC)
		add_basic(&b);
	each_item(&b, add_header_item);
	for (size_t i = 0; i < r->header_count; i++)
		sts_http_request_header(head, r->headers[i].name,
					masked && r->headers[i].secret ? STS_SLICE(MASK)
								       : r->headers[i].value);
	sts_http_request_end(head, type, body->len);
	sts_wipe(target, sizeof(target));
	if (head->overflow || body->overflow || line.overflow)
		return sts_fail(e, STS_EREQUEST_TOOBIG, 0, "the request is too big to be sent");
	return STS_OK;
}
