/* SPDX-License-Identifier: Apache-2.0 */
/* Revoking tokens: revoke-self of Vault and OpenBao, and RFC 7009. */
#include <string.h>

#include "endpoints.h"
#include "form.h"
#include "issue.h"
#include "oauth.h"
#include "service.h"

static void vault_refuse(struct mock_ctx *ctx, int status, const char *message)
{
	struct mock_refusal refusal = {.status = status};

	mock_refuse_vault(ctx, &refusal, message);
}

void mock_vault_revoke_self(struct mock_ctx *ctx)
{
	struct sts_slice token = mock_request_header(&ctx->request, "X-Vault-Token");

	ctx->token = token;
	if (strcmp(ctx->request.method, "POST") != 0 && strcmp(ctx->request.method, "PUT") != 0)
		vault_refuse(ctx, 405, "unsupported operation");
	else if (token.len == 0)
		vault_refuse(ctx, 400, "missing client token");
	else if (sts_slice_starts(token, "hvb."))
		vault_refuse(ctx, 400, "batch tokens cannot be revoked");
	else if (!mock_ledger_revoke(ctx->state, token, mock_ctx_now_ms(ctx) / 1000))
		vault_refuse(ctx, 403, "permission denied");
	else
		mock_reply_init(&ctx->reply, 204, NULL);
}

static void oauth_refuse(struct mock_ctx *ctx, int status, const char *error)
{
	struct mock_refusal refusal = {.status = status, .code = error};

	ctx->answer = error;
	mock_refuse_oauth(ctx, &refusal, error);
}

/* Is the client one that may revoke: by an assertion, or as --client says? */
static bool client_ok(struct mock_ctx *ctx)
{
	const struct sts_slice *assertion = mock_params_get(&ctx->form, "client_assertion", 0);
	struct mock_subject subject;

	if (!assertion)
		return mock_oauth_client_ok(ctx);
	ctx->token = *assertion;
	return mock_issue_check(ctx, &subject) == MOCK_ACCEPTED;
}

/* RFC 7009 section 2.2: a token that is not known is no error. */
void mock_revoke(struct mock_ctx *ctx)
{
	const struct sts_slice *token = mock_params_get(&ctx->form, "token", 0);

	if (strcmp(ctx->request.method, "POST") != 0 || !token ||
	    mock_params_get(&ctx->form, "token", 1)) {
		oauth_refuse(ctx, 400, "invalid_request");
	} else if (!client_ok(ctx)) {
		oauth_refuse(ctx, 401, "invalid_client");
	} else {
		mock_ledger_revoke(ctx->state, *token, mock_ctx_now_ms(ctx) / 1000);
		mock_reply_init(&ctx->reply, 200, NULL);
	}
}
