/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google Cloud: the token service of workload identity federation, and the service that takes its
 * tokens and makes tokens of a service account.
 */
#include <string.h>

#include "form.h"
#include "service.h"

#define GRANT      "urn:ietf:params:oauth:grant-type:token-exchange"
#define TYPE       "urn:ietf:params:oauth:token-type:"
#define POOL       "//iam.googleapis.com/projects/*"
#define MUST       MOCK_FIELD_MUST
#define SUBJECT    MOCK_FIELD_MUST | MOCK_FIELD_SUBJECT
#define LIST       MOCK_FIELD_LIST
#define NOT_HEADER MOCK_FIELD_NOT | MOCK_FIELD_HEADER
#define BEARER     MOCK_FIELD_MUST | MOCK_FIELD_HEADER | MOCK_FIELD_SUBJECT

/* ---- federation ---- */

static const struct mock_refusal sts_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "invalid_request", NULL},
	[MOCK_WRONG_GRANT] = {400, "unsupported_grant_type", NULL},
	[MOCK_WRONG_FIELD] = {400, "invalid_request", NULL},
	[MOCK_WRONG_TOKEN] = {400, "invalid_grant", NULL},
	[MOCK_WRONG_EXPIRED] = {400, "invalid_grant", NULL},
	[MOCK_WRONG_DENIED] = {401, "unauthorized_client",
			       "The given credential is rejected by the attribute condition."},
	[MOCK_WRONG_TARGET] = {400, "invalid_target", NULL},
};

static const struct mock_field camel_fields[] = {
	{"Authorization", NULL, NOT_HEADER, 0},
	{"grantType", GRANT, MUST, MOCK_WRONG_GRANT},
	{"audience", POOL, MUST, MOCK_WRONG_TARGET},
	{"scope", NULL, MUST, 0},
	{"requestedTokenType", TYPE "access_token", MUST, 0},
	{"subjectToken", NULL, SUBJECT, 0},
	{"subjectTokenType", TYPE "*", MUST, 0},
	{"options", NULL, 0, 0},
	{0},
};

static const struct mock_field snake_fields[] = {
	{"Authorization", NULL, NOT_HEADER, 0},
	{"grant_type", GRANT, MUST, MOCK_WRONG_GRANT},
	{"audience", POOL, MUST, MOCK_WRONG_TARGET},
	{"scope", NULL, MUST, 0},
	{"requested_token_type", TYPE "access_token", MUST, 0},
	{"subject_token", NULL, SUBJECT, 0},
	{"subject_token_type", TYPE "*", MUST, 0},
	{"options", NULL, 0, 0},
	{0},
};

static void answer_federated(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct mock_issued issued;
	struct mock_json j;

	mock_issue_opaque(ctx, subject, "ya29.d.", 180, &issued);
	mock_ledger_add(ctx->state, issued.token, subject, issued.expires_s);
	mock_reply_init(&ctx->reply, 200, "application/json; charset=UTF-8");
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_string(&j, "access_token", issued.token);
	mock_json_z(&j, "issued_token_type", TYPE "access_token");
	mock_json_z(&j, "token_type", "Bearer");
	mock_json_int(&j, "expires_in", issued.lifetime_s);
	mock_json_close(&j);
}

const struct mock_service mock_gcp = {"POST",       MOCK_JSON,    true,
				      camel_fields, sts_refusals, mock_refuse_oauth,
				      NULL,         NULL,         answer_federated};
const struct mock_service mock_gcp_snake = {
	"POST", MOCK_FORM | MOCK_JSON, true, snake_fields, sts_refusals, mock_refuse_oauth, NULL,
	NULL,   answer_federated};

/* ---- tokens of a service account ---- */

#define LIFETIME_MAX_S 3600

static const struct mock_refusal iam_refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "UNIMPLEMENTED", NULL},
	[MOCK_WRONG_FIELD] = {400, "INVALID_ARGUMENT", NULL},
	[MOCK_WRONG_TOKEN] = {401, "UNAUTHENTICATED",
			      "Request had invalid authentication credentials:"},
	[MOCK_WRONG_ROLE] = {403, "PERMISSION_DENIED",
			     "Permission 'iam.serviceAccounts.getAccessToken' denied on resource "
			     "(or it may not exist)."},
	[MOCK_WRONG_TARGET] = {404, "NOT_FOUND", "Unknown service account."},
};

static const struct mock_field access_fields[] = {
	{"Authorization", "Bearer *", BEARER, MOCK_WRONG_TOKEN},
	{"scope", NULL, MUST | LIST, 0},
	{"lifetime", "*s", 0, 0},
	{"delegates", NULL, LIST, 0},
	{0},
};

static const struct mock_field id_fields[] = {
	{"Authorization", "Bearer *", BEARER, MOCK_WRONG_TOKEN},
	{"audience", NULL, MUST, 0},
	{"includeEmail", NULL, MOCK_FIELD_LITERAL, 0},
	{"delegates", NULL, LIST, 0},
	{0},
};

static enum mock_wrong verify(struct mock_ctx *ctx, struct mock_subject *subject)
{
	int64_t until_s;

	if (!mock_ledger_find(ctx->state, ctx->token, subject, &until_s))
		ctx->note = "not issued here";
	else if (until_s <= mock_ctx_now_ms(ctx) / 1000)
		ctx->note = "expired";
	if (!ctx->note)
		return MOCK_RIGHT;
	mock_state_count(ctx->state, MOCK_REJECTED);
	return mock_service_wrong(ctx, MOCK_WRONG_TOKEN, ctx->note);
}

/* Read the account, and a lifetime such as "3600s". */
static enum mock_wrong check(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	struct sts_slice lifetime = sts_slice_of(mock_form_get(ctx, "lifetime"));
	uint64_t seconds = LIFETIME_MAX_S;

	(void)subject;
	if (!mock_service_fits(ctx->wild, "*.gserviceaccount.com"))
		return MOCK_WRONG_TARGET;
	if (!mock_service_role_ok(ctx, ctx->wild))
		return MOCK_WRONG_ROLE;
	if (lifetime.data) {
		lifetime.len--;
		if (!sts_parse_u64(lifetime, LIFETIME_MAX_S, &seconds) || seconds == 0)
			return mock_service_wrong(ctx, MOCK_WRONG_FIELD,
						  "lifetime is out of range");
	}
	ctx->wanted_s = (int64_t)seconds;
	return MOCK_RIGHT;
}

static void open_answer(struct mock_ctx *ctx, struct mock_json *j)
{
	mock_reply_init(&ctx->reply, 200, "application/json; charset=UTF-8");
	mock_json_init(j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(j, NULL);
}

static void answer_access(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	char expires[32];
	struct mock_issued issued;
	struct mock_json j;
	struct sts_text t;

	mock_issue_opaque(ctx, subject, "ya29.c.", 180, &issued);
	sts_text_init(&t, expires, sizeof(expires));
	mock_add_rfc3339(&t, issued.expires_s);
	open_answer(ctx, &j);
	mock_json_string(&j, "accessToken", issued.token);
	mock_json_z(&j, "expireTime", expires);
	mock_json_close(&j);
}

static void answer_id(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	static char email[256];
	const char *wanted = mock_form_get(ctx, "includeEmail");
	struct sts_slice audience = sts_slice_of(mock_form_get(ctx, "audience"));
	struct mock_issued issued;
	struct mock_json j;
	struct sts_text t;

	sts_text_init(&t, email, sizeof(email));
	sts_text_add_slice(&t, ctx->wild);
	if (wanted && strcmp(wanted, "true") == 0)
		ctx->email = email;
	mock_issue(ctx, subject, &audience, 1, &issued);
	open_answer(ctx, &j);
	mock_json_string(&j, "token", issued.token);
	mock_json_close(&j);
}

const struct mock_service mock_gcp_impersonate = {"POST",        MOCK_JSON,    true,
						  access_fields, iam_refusals, mock_refuse_google,
						  verify,        check,        answer_access};
const struct mock_service mock_gcp_id_token = {"POST",    MOCK_JSON,    true,
					       id_fields, iam_refusals, mock_refuse_google,
					       verify,    check,        answer_id};
