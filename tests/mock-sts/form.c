/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <stdio.h>
#include <string.h>

#include "json_xml/json.h"

const char *mock_form_get(const struct mock_ctx *ctx, const char *name)
{
	const struct sts_slice *value = mock_params_get(&ctx->form, name, 0);

	return value ? value->data : NULL;
}

/* The fields in which services want the subject token. */
static bool is_subject(const char *name)
{
	static const char *const names[] = {
		"subject_token",    "subjectToken", "assertion", "client_assertion",
		"WebIdentityToken", "jwt",          "auth/jwt",  "token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool mock_form_is_secret(const char *name, struct sts_slice value)
{
	static const char *const secrets[] = {"actor_token", "client_secret", "password",
					      "refresh_token", "code"};

	/* A JWT is a secret, whatever the name of its field is. */
	if (is_subject(name) || sts_slice_starts(value, "eyJ"))
		return true;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strcmp(name, secrets[i]) == 0)
			return true;
	return false;
}

/* Keep a copy with a NUL, and move *at. */
static bool keep(struct sts_slice s, char **at, const char *end, struct sts_slice *out)
{
	if ((size_t)(end - *at) <= s.len)
		return false;
	memcpy(*at, s.data, s.len);
	(*at)[s.len] = 0;
	*out = (struct sts_slice){*at, s.len};
	*at += s.len + 1;
	return true;
}

struct reader {
	struct mock_ctx *ctx;
	char *at;
	const char *end;
	struct sts_text name;
	struct level {
		const struct sts_json *v; /* the next one */
		size_t name_len;
		bool array;
	} level[STS_JSON_DEPTH_MAX + 1];
	size_t depth;
};

/* Write a value as text. */
static struct sts_slice text_of(const struct sts_json *v, char number_text[32])
{
	struct sts_slice text = STS_SLICE("null");
	double number;
	bool yes;

	if (sts_json_string(v, &text))
		return text;
	if (sts_json_bool(v, &yes))
		return sts_slice_of(yes ? "true" : "false");
	if (sts_json_number(v, &number)) {
		snprintf(number_text, 32, "%.17g", number);
		return sts_slice_of(number_text);
	}
	return text;
}

static bool add_value(struct reader *r, const struct sts_json *v, bool array, bool nested)
{
	struct mock_params *form = &r->ctx->form;
	struct mock_param *param = &form->param[form->count];
	uint64_t bit = (uint64_t)1 << form->count;
	char number[32];

	if (form->count == MOCK_FAULT_PARAMS || r->name.overflow ||
	    !keep((struct sts_slice){r->name.data, r->name.len}, &r->at, r->end, &param->name) ||
	    !keep(text_of(v, number), &r->at, r->end, &param->value))
		return false;
	form->count++;
	r->ctx->form_literal |= sts_json_kind(v) != STS_JSON_STRING ? bit : 0;
	r->ctx->form_listed |= array ? bit : 0;
	r->ctx->form_nested |= nested ? bit : 0;
	return true;
}

static void descend(struct reader *r, const struct sts_json *v)
{
	r->level[r->depth++] = (struct level){sts_json_first(v), r->name.len,
					      sts_json_kind(v) == STS_JSON_ARRAY};
}

/* Take each value of a document with the names on the way to it: {"a":{"b":["x"]}} is a/b = x. */
static bool read_values(struct reader *r)
{
	while (r->depth > 0) {
		struct level *level = &r->level[r->depth - 1];
		const struct sts_json *v = level->v;

		if (!v) {
			r->depth--;
			continue;
		}
		level->v = sts_json_next(v);
		r->name.len = level->name_len;
		if (!level->array && level->name_len > 0)
			sts_text_add_char(&r->name, '/');
		if (!level->array)
			sts_text_add_slice(&r->name, sts_json_key(v));
		if (sts_json_kind(v) >= STS_JSON_ARRAY)
			descend(r, v);
		else if (!add_value(r, v, level->array, r->depth > 1 + (size_t)level->array))
			return false;
	}
	return true;
}

static bool read_json(struct mock_ctx *ctx)
{
	struct reader r = {.ctx = ctx, .at = ctx->form_buf};
	const struct sts_json *root;
	char name[512];

	r.end = ctx->form_buf + sizeof(ctx->form_buf);
	sts_text_init(&r.name, name, sizeof(name));
	if (sts_json_parse(ctx->request.body, &root, NULL) != STS_OK)
		return false;
	bool ok = sts_json_kind(root) == STS_JSON_OBJECT;
	if (ok) {
		descend(&r, root);
		ok = read_values(&r);
	}
	sts_json_close();
	return ok;
}

static const char *read_body(struct mock_ctx *ctx)
{
	struct sts_slice type = mock_request_header(&ctx->request, "Content-Type");

	ctx->form.count = 0;
	ctx->form_literal = ctx->form_listed = ctx->form_nested = 0;
	if (ctx->request.body.len == 0)
		return NULL;
	if (sts_slice_starts(type, "application/x-www-form-urlencoded"))
		return mock_params_decode(&ctx->form, ctx->request.body, ctx->form_buf,
					  sizeof(ctx->form_buf))
			       ? NULL
			       : "malformed form";
	if (sts_slice_starts(type, "application/json"))
		return read_json(ctx) ? NULL : "malformed JSON body";
	return "the body is neither a form nor JSON";
}

static void find_token(struct mock_ctx *ctx)
{
	for (size_t i = 0; i < ctx->form.count && !ctx->token.data; i++)
		if (is_subject(ctx->form.param[i].name.data))
			ctx->token = ctx->form.param[i].value;
}

bool mock_form_read_query(struct mock_ctx *ctx)
{
	bool ok = mock_params_decode(&ctx->form, sts_slice_of(ctx->request.query), ctx->form_buf,
				     sizeof(ctx->form_buf));

	find_token(ctx);
	return ok;
}

const char *mock_form_read(struct mock_ctx *ctx)
{
	struct sts_slice authorization = mock_request_header(&ctx->request, "Authorization");
	const char *why = read_body(ctx);

	ctx->token = mock_request_header(&ctx->request, "X-Subject-Token");
	find_token(ctx);
	if (authorization.len > 7 &&
	    sts_slice_eq_nocase((struct sts_slice){authorization.data, 7}, "Bearer "))
		ctx->token = (struct sts_slice){authorization.data + 7, authorization.len - 7};
	return why;
}
