/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The login of Vault, TokenRequest of Kubernetes, octo-sts, and services for what can be configured
 * with the protocol `custom`.
 */
#include <string.h>

#include "form.h"
#include "service.h"

#define MUST    MOCK_FIELD_MUST
#define SUBJECT MOCK_FIELD_MUST | MOCK_FIELD_SUBJECT
#define ROLE    MOCK_FIELD_ROLE
#define BEARER  MOCK_FIELD_MUST | MOCK_FIELD_HEADER | MOCK_FIELD_SUBJECT

/* ---- Vault and OpenBao ---- */

static const struct mock_refusal vault_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "405", "unsupported operation"},
	[MOCK_WRONG_FIELD] = {400, "400", NULL},
	[MOCK_WRONG_TOKEN] = {400, "400", "error validating token:"},
	[MOCK_WRONG_EXPIRED] = {400, "400", "error validating token:"},
	[MOCK_WRONG_DENIED] = {403, "403", "permission denied"},
	[MOCK_WRONG_ROLE] = {400, "400", "role could not be found"},
};

static const struct mock_field vault_fields[] = {
	{"X-Vault-Namespace", NULL, MOCK_FIELD_HEADER, 0},
	{"role", NULL, ROLE, 0},
	{"jwt", NULL, SUBJECT, 0},
	{0},
};

/* The first of --role is the mount's default_role. */
static const char *vault_role(const struct mock_ctx *ctx)
{
	const char *role = mock_form_get(ctx, "role");

	return role || ctx->config->roles.count == 0 ? role : ctx->config->roles.v[0];
}

static enum mock_wrong check_vault(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	(void)subject;
	return vault_role(ctx) ? MOCK_RIGHT
			       : mock_service_wrong(ctx, MOCK_WRONG_FIELD, "missing role");
}

static void add_auth(struct mock_ctx *ctx, struct mock_json *j, const struct mock_issued *issued)
{
	if (!mock_json_open(j, "auth"))
		return;
	mock_json_string(j, "client_token", issued->token);
	mock_json_uuid(j, "accessor");
	mock_json_raw(j, "policies", STS_SLICE("[\"default\"]"));
	if (mock_json_open(j, "metadata")) {
		mock_json_z(j, "role", vault_role(ctx));
		mock_json_close(j);
	}
	mock_json_int(j, "lease_duration", issued->lifetime_s);
	mock_json_raw(j, "renewable", STS_SLICE("true"));
	mock_json_z(j, "token_type", "service");
	mock_json_close(j);
}

static void answer_vault(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct mock_issued issued;
	struct mock_json j;

	mock_issue_opaque(ctx, subject, "hvs.", 90, &issued);
	mock_ledger_add(ctx->state, issued.token, subject, issued.expires_s);
	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_uuid(&j, "request_id");
	mock_json_z(&j, "lease_id", "");
	mock_json_raw(&j, "data", STS_SLICE("null"));
	add_auth(ctx, &j, &issued);
	mock_json_close(&j);
}

const struct mock_service mock_vault = {"POST",       MOCK_JSON,      false,
					vault_fields, vault_refusals, mock_refuse_vault,
					NULL,         check_vault,    answer_vault};

/* ---- the API server of Kubernetes: TokenRequest ---- */

#define TOKEN_REQUEST_MIN_S 600
#define TOKEN_REQUEST_MAX_S ((uint64_t)1 << 32)

static const struct mock_refusal token_request_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "MethodNotAllowed", NULL},
	[MOCK_WRONG_BODY] = {400, "BadRequest", NULL},
	[MOCK_WRONG_FIELD] = {422, "Invalid", "TokenRequest.authentication.k8s.io is invalid:"},
	[MOCK_WRONG_TOKEN] = {401, "Unauthorized", "Unauthorized"},
	[MOCK_WRONG_EXPIRED] = {401, "Unauthorized", "Unauthorized"},
	[MOCK_WRONG_DENIED] = {403, "Forbidden", "serviceaccounts is forbidden:"},
	[MOCK_WRONG_TARGET] = {404, "NotFound", "serviceaccounts not found"},
};

#define BOUND "spec/boundObjectRef/"

static const struct mock_field token_request_fields[] = {
	{"Authorization", "Bearer *", BEARER, MOCK_WRONG_TOKEN},
	{"apiVersion", "authentication.k8s.io/v1", MUST, MOCK_WRONG_BODY},
	{"kind", "TokenRequest", MUST, MOCK_WRONG_BODY},
	{"spec/audiences", NULL, MUST | MOCK_FIELD_LIST | MOCK_FIELD_REPEATS, 0},
	{"spec/expirationSeconds", NULL, MOCK_FIELD_LITERAL, 0},
	{BOUND "kind", "Pod", 0, 0},
	{BOUND "apiVersion", "v1", 0, 0},
	{BOUND "name", NULL, 0, 0},
	{BOUND "uid", NULL, 0, 0},
	{0},
};

/* A Role lets each ServiceAccount ask for its own tokens. */
static enum mock_wrong check_token_request(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	const char *seconds = mock_form_get(ctx, "spec/expirationSeconds");
	uint64_t life_s = 3600;
	char own[600];
	struct sts_text t;

	sts_text_init(&t, own, sizeof(own));
	sts_text_add_str(&t, subject->ns);
	sts_text_add_str(&t, "/serviceaccounts/");
	sts_text_add_str(&t, subject->sa);
	if (!sts_slice_eq(ctx->wild, own))
		return mock_service_wrong(ctx, MOCK_WRONG_DENIED, "it is another's");
	if (seconds && (!sts_parse_u64(sts_slice_of(seconds), TOKEN_REQUEST_MAX_S, &life_s) ||
			life_s < TOKEN_REQUEST_MIN_S))
		return mock_service_wrong(ctx, MOCK_WRONG_FIELD,
					  "spec.expirationSeconds: Invalid value: may not specify "
					  "a duration less than 10 minutes");
	ctx->wanted_s = (int64_t)life_s;
	return MOCK_RIGHT;
}

static void answer_token_request(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice audiences[8];
	char until[32];
	size_t count = 0;
	struct mock_issued issued;
	struct mock_json j;
	struct sts_text t;

	for (size_t i = 0; i < ctx->form.count && count < 8; i++)
		if (strcmp(ctx->form.param[i].name.data, "spec/audiences") == 0)
			audiences[count++] = ctx->form.param[i].value;
	mock_issue(ctx, subject, audiences, count, &issued);
	sts_text_init(&t, until, sizeof(until));
	mock_add_rfc3339(&t, issued.expires_s);
	mock_reply_init(&ctx->reply, 201, "application/json");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "kind", "TokenRequest");
	mock_json_z(&j, "apiVersion", "authentication.k8s.io/v1");
	if (mock_json_open(&j, "status")) {
		mock_json_string(&j, "token", issued.token);
		mock_json_z(&j, "expirationTimestamp", until);
		mock_json_close(&j);
	}
	mock_json_close(&j);
}

const struct mock_service mock_token_request = {"POST",
						MOCK_JSON,
						true,
						token_request_fields,
						token_request_refusals,
						mock_refuse_kubernetes,
						NULL,
						check_token_request,
						answer_token_request};

/* ---- octo-sts: codes are gRPC's ---- */

static const struct mock_refusal octo_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {501, "12", "Method Not Allowed"},
	[MOCK_WRONG_FIELD] = {400, "3", NULL},
	[MOCK_WRONG_TOKEN] = {401, "16", "unable to verify bearer token:"},
	[MOCK_WRONG_EXPIRED] = {401, "16", "unable to verify bearer token:"},
	[MOCK_WRONG_DENIED] = {403, "7", "token does not match trust policy"},
	[MOCK_WRONG_ROLE] = {404, "5", "unable to find trust policy"},
};

static const struct mock_field octo_fields[] = {
	{"Authorization", "Bearer *", BEARER, MOCK_WRONG_TOKEN},
	{"scope", NULL, MUST, 0},
	{"identity", NULL, MUST | ROLE, 0},
	{0},
};

static void answer_octo(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct mock_issued issued;
	struct mock_json j;

	mock_issue_opaque(ctx, subject, "ghs_", 36, &issued);
	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_string(&j, "token", issued.token);
	mock_json_close(&j);
}

const struct mock_service mock_octo_sts = {"GET",       MOCK_QUERY,    true,
					   octo_fields, octo_refusals, mock_refuse_grpc,
					   NULL,        NULL,          answer_octo};

/* ---- custom: the subject token in five places ---- */

static const struct mock_refusal custom_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "wrong_method", NULL},
	[MOCK_WRONG_FIELD] = {422, "wrong_request", NULL},
	[MOCK_WRONG_TOKEN] = {400, "wrong_token", NULL},
	[MOCK_WRONG_EXPIRED] = {400, "old_token", NULL},
	[MOCK_WRONG_DENIED] = {403, "denied", NULL},
};

static const struct mock_field bearer_fields[] = {
	{"Authorization", "Bearer *", BEARER, MOCK_WRONG_TOKEN}, {0}};
static const struct mock_field header_fields[] = {
	{"X-Subject-Token", NULL, BEARER, MOCK_WRONG_TOKEN}, {0}};
static const struct mock_field token_fields[] = {{"token", NULL, SUBJECT, 0}, {0}};
static const struct mock_field pointer_fields[] = {{"auth/jwt", NULL, SUBJECT, 0}, {0}};

/* A JWT and its end, two levels down. */
static void answer_custom(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice audience = sts_slice_of(ctx->config->audiences.v[0]);
	char until[32];
	struct mock_issued issued;
	struct mock_json j;
	struct sts_text t;

	mock_issue(ctx, subject, &audience, 1, &issued);
	sts_text_init(&t, until, sizeof(until));
	mock_add_rfc3339(&t, issued.expires_s);
	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	if (mock_json_open(&j, "data")) {
		mock_json_string(&j, "value", issued.token);
		mock_json_z(&j, "until", until);
		mock_json_close(&j);
	}
	mock_json_close(&j);
}

#define CUSTOM(name, method, bodies, fields) \
	const struct mock_service name = { \
		method, bodies, false,        fields, custom_refusals, mock_refuse_oauth, \
		NULL,   NULL,   answer_custom}

CUSTOM(mock_custom_bearer, "GET", MOCK_QUERY, bearer_fields);
CUSTOM(mock_custom_header, "GET", MOCK_QUERY, header_fields);
CUSTOM(mock_custom_query, "GET", MOCK_QUERY, token_fields);
CUSTOM(mock_custom_field, "POST", MOCK_FORM | MOCK_JSON, token_fields);
CUSTOM(mock_custom_pointer, "PUT", MOCK_JSON, pointer_fields);
