/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the grants of OAuth 2.0 have in common: RFC 6749, RFC 8707.
 */
#include "oauth.h"

#include <string.h>

#include "base/base64.h"

#include "form.h"
#include "jsonout.h"

/* Read the client's id and secret from Basic: urlencoded, and then base64 (RFC 6749 section
 * 2.3.1). */
static bool basic_matches(struct sts_slice header, const char *pair)
{
	char plain_buf[512], want_buf[1024];
	struct sts_text plain, want;
	const char *colon = strchr(pair, ':');

	sts_text_init(&plain, plain_buf, sizeof(plain_buf));
	sts_text_add_urlencoded(
		&plain, (struct sts_slice){pair, colon ? (size_t)(colon - pair) : strlen(pair)});
	sts_text_add_char(&plain, ':');
	if (colon)
		sts_text_add_urlencoded(&plain, sts_slice_of(colon + 1));
	sts_text_init(&want, want_buf, sizeof(want_buf));
	sts_text_add_str(&want, "Basic ");
	sts_base64_encode(&want, plain.data, plain.len);
	return header.len == want.len && memcmp(header.data, want.data, want.len) == 0;
}

bool mock_oauth_client_ok(const struct mock_ctx *ctx)
{
	struct sts_slice header = mock_request_header(&ctx->request, "Authorization");
	const char *id = mock_form_get(ctx, "client_id"),
		   *secret = mock_form_get(ctx, "client_secret");
	char pair[512];
	struct sts_text t;

	if (ctx->config->client_secrets.count == 0)
		return true;
	sts_text_init(&t, pair, sizeof(pair));
	sts_text_addf(&t, "%s:%s", id ? id : "", secret ? secret : "");
	if (!t.overflow && mock_list_has(&ctx->config->client_secrets, t.data, t.len))
		return true;
	for (size_t i = 0; i < ctx->config->client_secrets.count; i++)
		if (basic_matches(header, ctx->config->client_secrets.v[i]))
			return true;
	return false;
}

/* RFC 6749 section 3.3: printable ASCII without " and \, with single spaces between the parts. */
bool mock_oauth_scope_ok(const char *scope)
{
	if (!scope)
		return true;
	for (const char *p = scope; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\' ||
		    (*p == ' ' && (p == scope || p[1] == ' ' || !p[1])))
			return false;
	return *scope != 0;
}

bool mock_oauth_targets(const struct mock_ctx *ctx, struct sts_slice audience[MOCK_AUDIENCES_MAX],
			size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < ctx->form.count; i++) {
		const struct mock_param *param = &ctx->form.param[i];
		bool resource = sts_slice_eq(param->name, "resource");

		if (!resource && !sts_slice_eq(param->name, "audience"))
			continue;
		/* A resource is an absolute URI without a fragment. */
		if (resource &&
		    (!strstr(param->value.data, "://") || strchr(param->value.data, '#')))
			return false;
		if (*count == MOCK_AUDIENCES_MAX)
			return false;
		if (!ctx->config->any_audience &&
		    !mock_list_has(&ctx->config->audiences, param->value.data, param->value.len))
			return false;
		audience[(*count)++] = param->value;
	}
	if (*count == 0)
		audience[(*count)++] = sts_slice_of(ctx->config->audiences.v[0]);
	return true;
}

void mock_oauth_answer(struct mock_ctx *ctx, const struct mock_issued *issued,
		       const char *issued_type, const char *token_type)
{
	const char *scope = mock_form_get(ctx, "scope");
	struct mock_json j;

	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_reply_header(&ctx->reply, "Cache-Control", STS_SLICE("no-store"));
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_string(&j, "access_token", issued->token);
	if (issued_type)
		mock_json_z(&j, "issued_token_type", issued_type);
	mock_json_z(&j, "token_type", token_type);
	mock_json_int(&j, "expires_in", issued->lifetime_s);
	if (scope)
		mock_json_z(&j, "scope", scope);
	mock_json_close(&j);
}
