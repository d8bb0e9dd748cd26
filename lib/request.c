/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <string.h>

#define BASIC_MAX_BYTES (3 * STS_REQUEST_CLIENT_MAX_BYTES + 2) /* encoded, a colon, a NUL */
#define MASK            "***"

/* ---- what goes out, one item at a time ---- */

/* A name with its values: what the user gave under `given`, or the one value. */
struct item {
	struct sts_slice name; /* as it goes over the wire */
	enum sts_place place;
	enum sts_param_kind kind;
	bool secret;
	struct sts_slice given;
	struct sts_slice value;
};

struct build {
	const struct sts_request *r;
	bool masked;
	enum sts_place place; /* items of other places are passed over */
	struct sts_text *out;
	char separator; /* before the next field; 0: none */
};

typedef void (*item_fn)(struct build *b, const struct item *item);

static void each_fixed(struct build *b, item_fn fn)
{
	for (const struct sts_fixed *f = b->r->row->fixed; f && f->name; f++) {
		struct item item = {.name = sts_slice_of(f->name),
				    .place = f->place,
				    .value = sts_slice_of(f->value)};

		fn(b, &item);
	}
}

static void each_row_param(struct build *b, item_fn fn)
{
	for (const struct sts_param *p = b->r->row->params; p && p->name; p++) {
		struct sts_slice name = sts_slice_of(p->name);
		struct item item = {.name = p->field ? sts_slice_of(p->field) : name,
				    .place = p->place,
				    .kind = p->kind,
				    .secret = sts_request_name_is_secret(name)};

		if (sts_request_count(b->r, name) > 0)
			item.given = name;
		else if (p->fallback &&
			 (!p->with || sts_request_count(b->r, sts_slice_of(p->with)) > 0))
			item.value = sts_slice_of(p->fallback);
		else
			continue;
		fn(b, &item);
	}
}

/* Parameters that the row does not name; each name once, where it was first given. */
static void each_free_param(struct build *b, item_fn fn)
{
	for (size_t i = 0; i < b->r->param_count; i++) {
		struct sts_slice name = b->r->params[i].name;
		struct item item = {
			.name = name, .place = sts_request_free_place(b->r), .given = name};
		size_t at = 0;

		if (!sts_protocol_param(b->r->row, name) &&
		    sts_request_next(b->r, name, &at) == &b->r->params[i])
			fn(b, &item);
	}
}

static void each_client_field(struct build *b, item_fn fn)
{
	const struct sts_request *r = b->r;

	if (r->client_auth != STS_CLIENT_BASIC && r->client_id.len > 0) {
		struct item id = {.name = STS_SLICE("client_id"),
				  .place = sts_request_free_place(r),
				  .value = r->client_id};

		fn(b, &id);
	}
	if (r->client_auth == STS_CLIENT_POST) {
		struct item secret = {.name = STS_SLICE("client_secret"),
				      .place = sts_request_free_place(r),
				      .secret = true,
				      .value = r->client_secret};

		fn(b, &secret);
	}
}

static void each_item(struct build *b, item_fn fn)
{
	struct item subject = {.name = sts_slice_of(b->r->row->subject_field),
			       .place = b->r->row->subject_place,
			       .secret = true,
			       .value = b->r->subject};

	each_fixed(b, fn);
	fn(b, &subject);
	each_row_param(b, fn);
	each_free_param(b, fn);
	each_client_field(b, fn);
}

/* ---- building ---- */

/* The next value of an item, masked where it must be; *at starts at 0. */
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
	return item->kind == STS_PARAM_WORDS || item->kind == STS_PARAM_LIST;
}

static void add_separator(struct build *b, char next)
{
	if (b->separator)
		sts_text_add_char(b->out, b->separator);
	b->separator = next;
}

static void add_form_value(struct build *b, struct sts_slice value)
{
	/* The mask is for a reader's eyes: percent-encoded it would be a riddle. */
	if (b->masked && sts_slice_eq(value, MASK))
		sts_text_add_slice(b->out, value);
	else
		sts_text_add_urlencoded(b->out, value);
}

static void add_form_item(struct build *b, const struct item *item)
{
	struct sts_slice value;
	bool joined = false;
	size_t at = 0;

	if (item->place != b->place)
		return;
	while (next_value(b, item, &at, &value)) {
		if (joined) {
			sts_text_add_str(b->out, "%20");
		} else {
			add_separator(b, '&');
			sts_text_add_urlencoded(b->out, item->name);
			sts_text_add_char(b->out, '=');
		}
		add_form_value(b, value);
		joined = is_words(item);
	}
}

static void add_json_string(struct sts_text *out, struct sts_slice value)
{
	sts_text_add_char(out, '"');
	sts_text_add_json(out, value);
	sts_text_add_char(out, '"');
}

/* "a b" as "a","b". */
static void add_json_list(struct sts_text *out, struct sts_slice value)
{
	bool more = false;

	while (value.len > 0) {
		const char *space = memchr(value.data, ' ', value.len);
		size_t len = space ? (size_t)(space - value.data) : value.len;

		if (len > 0) {
			sts_text_add_str(out, more ? "," : "");
			add_json_string(out, (struct sts_slice){value.data, len});
			more = true;
		}
		len += space != NULL;
		value.data += len;
		value.len -= len;
	}
}

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

static void add_json_values(struct build *b, const struct item *item)
{
	struct sts_slice value;
	bool more = false;
	size_t at = 0;

	while (next_value(b, item, &at, &value)) {
		sts_text_add_str(b->out, more ? "," : "");
		if (item->kind == STS_PARAM_LIST)
			add_json_list(b->out, value);
		else if (item->kind == STS_PARAM_NUMBER)
			sts_text_add_slice(b->out, value);
		else
			add_json_string(b->out, value);
		more = true;
	}
}

static void add_json_item(struct build *b, const struct item *item)
{
	bool array = item->kind == STS_PARAM_LIST ||
		     (item->kind != STS_PARAM_WORDS && sts_request_count(b->r, item->given) > 1);

	if (item->place != b->place)
		return;
	add_separator(b, ',');
	add_json_string(b->out, item->name);
	sts_text_add_str(b->out, array ? ":[" : ":");
	if (item->kind == STS_PARAM_WORDS)
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
		sts_text_add_str(b->out, "Authorization: Bearer ");
		sts_text_add_slice(b->out, value);
		sts_text_add_str(b->out, "\r\n");
	} else if (item->place == STS_PLACE_HEADER) {
		while (next_value(b, item, &at, &value))
			sts_http_request_header(b->out, item->name, value);
	}
}

/* RFC 6749 section 2.3.1: identifier and secret are form-encoded before they are joined. */
static void add_basic(struct build *b)
{
	char plain[BASIC_MAX_BYTES];
	struct sts_text joined;

	sts_text_init(&joined, plain, sizeof(plain));
	sts_text_add_urlencoded(&joined, b->r->client_id);
	sts_text_add_char(&joined, ':');
	sts_text_add_urlencoded(&joined, b->r->client_secret);
	sts_text_add_str(b->out, "Authorization: Basic ");
	if (b->masked)
		sts_text_add_str(b->out, MASK);
	else
		sts_base64_encode(b->out, joined.data, joined.len);
	sts_text_add_str(b->out, "\r\n");
	b->out->overflow = b->out->overflow || joined.overflow;
	sts_wipe(plain, sizeof(plain));
}

static const char *build_body(struct build *b)
{
	b->place = STS_PLACE_BODY;
	if (b->r->body == STS_BODY_FORM) {
		each_item(b, add_form_item);
		return "application/x-www-form-urlencoded";
	}
	if (b->r->body == STS_BODY_JSON) {
		sts_text_add_char(b->out, '{');
		each_item(b, add_json_item);
		sts_text_add_char(b->out, '}');
		return "application/json";
	}
	return NULL;
}

/* The URL's target with the row's and the user's query fields. */
static void build_target(struct build *b)
{
	struct sts_slice target = b->r->url->target;

	sts_text_add_slice(b->out, target);
	b->separator = target.len > 0 && memchr(target.data, '?', target.len) ? '&' : '?';
	b->place = STS_PLACE_QUERY;
	each_item(b, add_form_item);
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
	if (r->subject.len == 0)
		return sts_fail(e, STS_EUSAGE, 0, "there is no subject token to send");
	const char *type = build_body(&b);

	sts_text_init(&line, target, sizeof(target));
	b = (struct build){.r = r, .masked = masked, .out = &line};
	build_target(&b);

	b.out = head;
	sts_http_request_start(head, r->row->method, r->url->authority,
			       (struct sts_slice){line.data, line.len}, r->agent);
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
		return sts_fail(e, STS_ETOOBIG, 0, "the request is too big");
	return STS_OK;
}
