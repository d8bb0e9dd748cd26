/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAuth 2.0 Token Exchange, RFC 8693 section 2, with the errors of RFC 6749 section 5.2 and RFC
 * 8707 section 2.
 */
#include <string.h>

#include "endpoints.h"
#include "form.h"
#include "issue.h"
#include "oauth.h"

#define GRANT "urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE  "urn:ietf:params:oauth:token-type:"

static void fail(struct mock_ctx *ctx, int status, const char *error, const char *description)
{
	struct mock_json j;

	ctx->answer = error;
	mock_reply_init(&ctx->reply, status, "application/json");
	mock_reply_header(&ctx->reply, "Cache-Control", STS_SLICE("no-store"));
	if (status == 401)
		mock_reply_header(&ctx->reply, "WWW-Authenticate",
				  STS_SLICE("Basic realm=\"mock-sts\""));
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "error", error);
	mock_json_z(&j, "error_description", description);
	mock_json_close(&j);
}

static bool one_of(const char *value, const char *const *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(value, known[i]) == 0)
			return true;
	return false;
}

/* Is this a correct request of token exchange? Returns false after an answer was made. */
static bool request_ok(struct mock_ctx *ctx)
{
	static const char *const single[] = {
		"grant_type",           "subject_token", "subject_token_type", "scope",
		"requested_token_type", "actor_token",   "actor_token_type",   "client_id"};
	static const char *const subject_types[] = {TYPE "jwt", TYPE "id_token",
						    TYPE "access_token"};
	static const char *const requested_types[] = {TYPE "jwt", TYPE "access_token"};
	const char *grant = mock_form_get(ctx, "grant_type"),
		   *type = mock_form_get(ctx, "subject_token_type");
	const char *requested = mock_form_get(ctx, "requested_token_type");

	if (ctx->form_literal || ctx->form_nested)
		return fail(ctx, 400, "invalid_request", "a value is no string"), false;
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (mock_params_get(&ctx->form, single[i], 1))
			return fail(ctx, 400, "invalid_request", "a parameter is there twice"),
			       false;
	if (!grant)
		return fail(ctx, 400, "invalid_request", "no grant_type"), false;
	if (strcmp(grant, GRANT) != 0)
		return fail(ctx, 400, "unsupported_grant_type", "only token exchange is supported"),
		       false;
	if (!mock_oauth_client_ok(ctx))
		return fail(ctx, 401, "invalid_client", "client authentication failed"), false;
	if (!mock_form_get(ctx, "subject_token") || !type)
		return fail(ctx, 400, "invalid_request",
			    "subject_token and subject_token_type are required"),
		       false;
	if (!one_of(type, subject_types, 3))
		return fail(ctx, 400, "invalid_request", "subject_token_type is not supported"),
		       false;
	if (requested && !one_of(requested, requested_types, 2))
		return fail(ctx, 400, "invalid_request", "requested_token_type is not supported"),
		       false;
	if (!mock_form_get(ctx, "actor_token") != !mock_form_get(ctx, "actor_token_type"))
		return fail(ctx, 400, "invalid_request",
			    "actor_token and actor_token_type go together"),
		       false;
	return true;
}

static void answer(struct mock_ctx *ctx, const struct mock_issued *issued)
{
	const char *requested = mock_form_get(ctx, "requested_token_type");
	bool access = requested && strcmp(requested, TYPE "access_token") == 0;

	mock_oauth_answer(ctx, issued, access ? TYPE "access_token" : TYPE "jwt",
			  access ? "Bearer" : "N_A");
}

void mock_token_exchange(struct mock_ctx *ctx)
{
	struct sts_slice audience[MOCK_AUDIENCES_MAX];
	struct mock_subject subject;
	struct mock_issued issued;
	size_t count;

	if (strcmp(ctx->request.method, "POST") != 0) {
		fail(ctx, 405, "invalid_request", "POST only");
		mock_reply_header(&ctx->reply, "Allow", STS_SLICE("POST"));
		return;
	}
	if (!request_ok(ctx))
		return;
	ctx->token = *mock_params_get(&ctx->form, "subject_token", 0);
	switch (mock_issue_check(ctx, &subject)) {
	case MOCK_REJECTED_TOKEN:
		fail(ctx, 400, ctx->config->subject_error, ctx->note);
		return;
	case MOCK_DENIED_SUBJECT:
		fail(ctx, 403, "access_denied", ctx->note);
		return;
	case MOCK_ACCEPTED:
		break;
	}
	if (!mock_oauth_scope_ok(mock_form_get(ctx, "scope"))) {
		fail(ctx, 400, "invalid_scope", "malformed scope");
	} else if (!mock_oauth_targets(ctx, audience, &count)) {
		fail(ctx, 400, "invalid_target", "no tokens for this audience or resource here");
	} else {
		mock_issue(ctx, &subject, audience, count, &issued);
		mock_ledger_add(ctx->state, issued.token, &subject, issued.expires_s);
		answer(ctx, &issued);
	}
}
