/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <string.h>

#include "json.h"

const char *mock_form_get(const struct mock_ctx *ctx, const char *name)
{
	const struct sts_slice *value = mock_params_get(&ctx->form, name, 0);

	return value ? value->data : NULL;
}

bool mock_form_is_secret(const char *name)
{
	static const char *const secrets[] = {
		"subject_token",    "subjectToken",     "actor_token", "assertion",
		"client_assertion", "client_secret",    "password",    "jwt",
		"refresh_token",    "WebIdentityToken", "code"};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strcmp(name, secrets[i]) == 0)
			return true;
	return false;
}

/* Keep a copy with a NUL; moves *at. */
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

/* An object of strings, and of arrays of strings for what repeats. */
static bool read_members(const struct sts_json *root, struct mock_params *form, char *at,
			 const char *end)
{
	for (const struct sts_json *member = sts_json_first(root); member;
	     member = sts_json_next(member)) {
		bool array = sts_json_kind(member) == STS_JSON_ARRAY;

		for (const struct sts_json *v = array ? sts_json_first(member) : member; v;
		     v = array ? sts_json_next(v) : NULL) {
			struct mock_param *param = &form->param[form->count];
			struct sts_slice value;

			if (!sts_json_string(v, &value) || form->count == MOCK_FAULT_PARAMS)
				return false;
			if (!keep(sts_json_key(member), &at, end, &param->name) ||
			    !keep(value, &at, end, &param->value))
				return false;
			form->count++;
		}
	}
	return true;
}

static bool read_json(struct mock_ctx *ctx)
{
	const struct sts_json *root;

	if (sts_json_parse(ctx->request.body, &root, NULL) != STS_OK)
		return false;
	bool ok = sts_json_kind(root) == STS_JSON_OBJECT &&
		  read_members(root, &ctx->form, ctx->form_buf,
			       ctx->form_buf + sizeof(ctx->form_buf));
	sts_json_close();
	return ok;
}

static const char *read_body(struct mock_ctx *ctx)
{
	struct sts_slice type = mock_request_header(&ctx->request, "Content-Type");

	ctx->form.count = 0;
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

const char *mock_form_read(struct mock_ctx *ctx)
{
	struct sts_slice authorization = mock_request_header(&ctx->request, "Authorization");
	const char *why = read_body(ctx);
	const struct sts_slice *token = mock_params_get(&ctx->form, "subject_token", 0);

	ctx->token = token ? *token : (struct sts_slice){NULL, 0};
	if (authorization.len > 7 &&
	    sts_slice_eq_nocase((struct sts_slice){authorization.data, 7}, "Bearer "))
		ctx->token = (struct sts_slice){authorization.data + 7, authorization.len - 7};
	return why;
}
