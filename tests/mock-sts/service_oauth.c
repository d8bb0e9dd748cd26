/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services that speak OAuth 2.0 or something like it: a JWT as a grant (RFC 7523 section 2.1) or as
 * the credential of a client (section 2.2), and the forms of Anthropic, OpenAI and Microsoft Entra.
 */
#include <string.h>

#include "form.h"
#include "oauth.h"
#include "service.h"

#define GRANT    "urn:ietf:params:oauth:grant-type:"
#define TYPE     "urn:ietf:params:oauth:token-type:"
#define MUST     MOCK_FIELD_MUST
#define SUBJECT  MOCK_FIELD_MUST | MOCK_FIELD_SUBJECT
#define REPEATS  MOCK_FIELD_REPEATS
#define ROLE     MOCK_FIELD_ROLE
#define ASSERTED "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* ---- RFC 7523 ---- */

static const struct mock_refusal oauth_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "invalid_request", NULL},
	[MOCK_WRONG_GRANT] = {400, "unsupported_grant_type", NULL},
	[MOCK_WRONG_FIELD] = {400, "invalid_request", NULL},
	[MOCK_WRONG_CLIENT] = {401, "invalid_client", "client authentication failed"},
	[MOCK_WRONG_TOKEN] = {400, "invalid_grant", NULL},
	[MOCK_WRONG_EXPIRED] = {400, "invalid_grant", NULL},
	[MOCK_WRONG_DENIED] = {403, "access_denied", NULL},
	[MOCK_WRONG_ROLE] = {400, "unauthorized_client", "unknown:"},
	[MOCK_WRONG_TARGET] = {400, "invalid_target",
			       "no tokens for this audience or resource here"},
	[MOCK_WRONG_SCOPE] = {400, "invalid_scope", "malformed scope"},
};

/* If the JWT of a client is refused, the client is not known. */
static const struct mock_refusal client_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "invalid_request", NULL},
	[MOCK_WRONG_GRANT] = {400, "unsupported_grant_type", NULL},
	[MOCK_WRONG_FIELD] = {400, "invalid_request", NULL},
	[MOCK_WRONG_TOKEN] = {401, "invalid_client", NULL},
	[MOCK_WRONG_EXPIRED] = {401, "invalid_client", NULL},
	[MOCK_WRONG_DENIED] = {400, "unauthorized_client", NULL},
	[MOCK_WRONG_ROLE] = {401, "invalid_client", "unknown:"},
	[MOCK_WRONG_TARGET] = {400, "invalid_target",
			       "no tokens for this audience or resource here"},
	[MOCK_WRONG_SCOPE] = {400, "invalid_scope", "malformed scope"},
};

static enum mock_wrong check_target(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice audience[MOCK_AUDIENCES_MAX];
	size_t count;

	(void)subject;
	if (!mock_oauth_scope_ok(mock_form_get(ctx, "scope")))
		return MOCK_WRONG_SCOPE;
	return mock_oauth_targets(ctx, audience, &count) ? MOCK_RIGHT : MOCK_WRONG_TARGET;
}

static enum mock_wrong check_client(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	return mock_oauth_client_ok(ctx) ? check_target(ctx, subject) : MOCK_WRONG_CLIENT;
}

static void answer_jwt(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice audience[MOCK_AUDIENCES_MAX];
	struct mock_issued issued;
	size_t count;

	mock_oauth_targets(ctx, audience, &count);
	mock_issue(ctx, subject, audience, count, &issued);
	mock_ledger_add(ctx->state, issued.token, subject, issued.expires_s);
	mock_oauth_answer(ctx, &issued, NULL, "Bearer");
}

static const struct mock_field jwt_bearer_fields[] = {
	{"grant_type", GRANT "jwt-bearer", MUST, MOCK_WRONG_GRANT},
	{"assertion", NULL, SUBJECT, 0},
	{"audience", NULL, REPEATS, 0},
	{"resource", NULL, REPEATS, 0},
	{"scope", NULL, 0, 0},
	{"client_id", NULL, 0, 0},
	{"client_secret", NULL, 0, 0},
	{0},
};

const struct mock_service mock_jwt_bearer = {
	"POST",         MOCK_FORM | MOCK_JSON, false, jwt_bearer_fields,
	oauth_refusals, mock_refuse_oauth,     NULL,  check_client,
	answer_jwt};

static const struct mock_field client_fields[] = {
	{"grant_type", "client_credentials", MUST, MOCK_WRONG_GRANT},
	{"client_assertion_type", ASSERTED, MUST, 0},
	{"client_assertion", NULL, SUBJECT, 0},
	{"client_id", NULL, ROLE, 0},
	{"scope", NULL, 0, 0},
	{"audience", NULL, REPEATS, 0},
	{"resource", NULL, REPEATS, 0},
	{0},
};

const struct mock_service mock_client_assertion = {
	"POST", MOCK_FORM,    false,     client_fields, client_refusals, mock_refuse_oauth,
	NULL,   check_target, answer_jwt};

/* ---- OpenAI: token exchange in JSON ---- */

static const struct mock_field openai_fields[] = {
	{"grant_type", GRANT "token-exchange", MUST, MOCK_WRONG_GRANT},
	{"subject_token", NULL, SUBJECT, 0},
	{"subject_token_type", TYPE "*", MUST, 0},
	{"identity_provider_id", NULL, MUST, 0},
	{"service_account_id", NULL, MUST | ROLE, 0},
	{0},
};

static void answer_openai(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct mock_issued issued;

	mock_issue_opaque(ctx, subject, "oai.", 80, &issued);
	mock_oauth_answer(ctx, &issued, TYPE "access_token", "Bearer");
}

const struct mock_service mock_openai = {"POST",        MOCK_JSON,      false,
					 openai_fields, oauth_refusals, mock_refuse_oauth,
					 NULL,          NULL,           answer_openai};

/* ---- Anthropic: the assertion may be used once, and refusals do not say why ---- */

#define ASSERTION_BYTES_MAX 16384

static const struct mock_refusal anthropic_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "invalid_request_error", NULL},
	[MOCK_WRONG_FIELD] = {400, "invalid_request_error", NULL},
	[MOCK_WRONG_TOKEN] = {401, "authentication_error", "Authentication failed"},
	[MOCK_WRONG_EXPIRED] = {401, "authentication_error", "Authentication failed"},
	[MOCK_WRONG_REPLAY] = {401, "authentication_error", "Authentication failed"},
	[MOCK_WRONG_DENIED] = {401, "authentication_error", "Authentication failed"},
	[MOCK_WRONG_ROLE] = {401, "authentication_error", "Authentication failed"},
};

static const struct mock_field anthropic_fields[] = {
	{"anthropic-beta", "*oidc-federation-2026-04-01*", MUST | MOCK_FIELD_HEADER, 0},
	{"grant_type", GRANT "jwt-bearer", MUST, 0},
	{"assertion", NULL, SUBJECT, 0},
	{"federation_rule_id", "fdrl_*", MUST | ROLE, 0},
	{"organization_id", NULL, MUST, 0},
	{"service_account_id", "svac_*", 0, 0},
	{"workspace_id", NULL, 0, 0},
	{0},
};

static enum mock_wrong check_anthropic(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	char once[256];
	struct sts_text t;

	if (ctx->token.len > ASSERTION_BYTES_MAX)
		return mock_service_wrong(ctx, MOCK_WRONG_FIELD, "assertion is too long");
	ctx->note = subject->jti[0] ? NULL : "no jti";
	if (ctx->note)
		return MOCK_WRONG_TOKEN;
	sts_text_init(&t, once, sizeof(once));
	sts_text_addf(&t, "jti %s", subject->jti);
	if (mock_ledger_once(ctx->state, (struct sts_slice){t.data, t.len}))
		return MOCK_RIGHT;
	ctx->note = "jti_reused";
	return MOCK_WRONG_REPLAY;
}

static void answer_anthropic(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct mock_issued issued;

	mock_issue_opaque(ctx, subject, "sk-ant-oat01-", 86, &issued);
	mock_oauth_answer(ctx, &issued, NULL, "Bearer");
}

const struct mock_service mock_anthropic = {"POST",
					    MOCK_JSON,
					    true,
					    anthropic_fields,
					    anthropic_refusals,
					    mock_refuse_anthropic,
					    NULL,
					    check_anthropic,
					    answer_anthropic};

/* ---- Microsoft Entra ---- */

static const struct mock_refusal entra_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "invalid_request",
			       "AADSTS900561: The endpoint only accepts POST requests."},
	[MOCK_WRONG_GRANT] = {400, "unsupported_grant_type", "AADSTS70003:"},
	[MOCK_WRONG_FIELD] = {400, "invalid_request", "AADSTS900144:"},
	[MOCK_WRONG_TOKEN] = {401, "invalid_client", "AADSTS700027: The assertion is invalid:"},
	[MOCK_WRONG_EXPIRED] = {401, "invalid_client",
				"AADSTS700024: Client assertion is not within its valid time "
				"range."},
	[MOCK_WRONG_DENIED] = {400, "invalid_client",
			       "AADSTS70021: No matching federated identity record found for "
			       "presented assertion."},
	[MOCK_WRONG_ROLE] = {400, "unauthorized_client",
			     "AADSTS700016: Application was not found in the directory."},
	[MOCK_WRONG_TARGET] = {400, "invalid_request", "AADSTS90002: Tenant not found."},
	[MOCK_WRONG_SCOPE] = {400, "invalid_scope", "AADSTS1002012:"},
};

static const struct mock_field entra_fields[] = {
	{"grant_type", "client_credentials", MUST, MOCK_WRONG_GRANT},
	{"client_id", NULL, MUST | ROLE, 0},
	{"scope", "*/.default", MUST, MOCK_WRONG_SCOPE},
	{"client_assertion_type", ASSERTED, MUST, 0},
	{"client_assertion", NULL, SUBJECT, 0},
	{0},
};

/* A tenant is an id or a domain. */
static enum mock_wrong check_entra(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	(void)subject;
	for (size_t i = 0; i < ctx->wild.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
			    ctx->wild.data[i]))
			return MOCK_WRONG_TARGET;
	return MOCK_RIGHT;
}

static void answer_entra(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice resource = sts_slice_of(mock_form_get(ctx, "scope"));
	struct mock_issued issued;
	struct mock_json j;

	resource.len -= sizeof("/.default") - 1;
	mock_issue(ctx, subject, &resource, 1, &issued);
	mock_reply_init(&ctx->reply, 200, "application/json; charset=utf-8");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "token_type", "Bearer");
	mock_json_int(&j, "expires_in", issued.lifetime_s);
	mock_json_int(&j, "ext_expires_in", issued.lifetime_s);
	mock_json_string(&j, "access_token", issued.token);
	mock_json_close(&j);
}

const struct mock_service mock_entra = {"POST",       MOCK_FORM,      false,
					entra_fields, entra_refusals, mock_refuse_entra,
					NULL,         check_entra,    answer_entra};
