/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS STS, AssumeRoleWithWebIdentity: JSON if Accept asks for it, else XML.
 */
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"

#include "form.h"
#include "service.h"

#define MUST           MOCK_FIELD_MUST
#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200
#define DURATION_S     3600

static const struct mock_refusal refusals[MOCK_WRONG__COUNT] = {
	[MOCK_WRONG_METHOD] = {405, "UnknownOperationException", NULL},
	[MOCK_WRONG_GRANT] = {400, "InvalidAction", NULL},
	[MOCK_WRONG_FIELD] = {400, "ValidationError", "1 validation error detected:"},
	[MOCK_WRONG_TOKEN] = {400, "InvalidIdentityToken", NULL},
	[MOCK_WRONG_EXPIRED] = {400, "ExpiredTokenException", NULL},
	[MOCK_WRONG_DENIED] = {403, "AccessDenied",
			       "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
	[MOCK_WRONG_ROLE] = {403, "AccessDenied",
			     "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
};

static const struct mock_field fields[] = {
	{"Action", "AssumeRoleWithWebIdentity", MUST, MOCK_WRONG_GRANT},
	{"Version", "2011-06-15", MUST, MOCK_WRONG_GRANT},
	{"RoleArn", "arn:*", MUST | MOCK_FIELD_ROLE, 0},
	{"RoleSessionName", NULL, MUST, 0},
	{"WebIdentityToken", NULL, MUST | MOCK_FIELD_SUBJECT, 0},
	{"DurationSeconds", NULL, 0, 0},
	{"Policy", "{*", 0, 0},
	{"PolicyArns.member.#.arn", "arn:*", 0, 0},
	{"ProviderId", NULL, 0, 0},
	{0},
};

static bool session_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 2 && len <= 64 &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") ==
		       len;
}

static enum mock_wrong check(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	const char *duration = mock_form_get(ctx, "DurationSeconds"),
		   *role = mock_form_get(ctx, "RoleArn");
	uint64_t seconds = DURATION_S;

	(void)subject;
	if (!session_ok(mock_form_get(ctx, "RoleSessionName")))
		return mock_service_wrong(ctx, MOCK_WRONG_FIELD, "RoleSessionName is malformed");
	if (strlen(role) < 20 || !strstr(role, ":role/"))
		return mock_service_wrong(ctx, MOCK_WRONG_FIELD, "RoleArn is no role's");
	if (duration && (!sts_parse_u64(sts_slice_of(duration), DURATION_MAX_S, &seconds) ||
			 seconds < DURATION_MIN_S))
		return mock_service_wrong(ctx, MOCK_WRONG_FIELD, "DurationSeconds is out of range");
	ctx->wanted_s = (int64_t)seconds;
	return MOCK_RIGHT;
}

/* A time is RFC 3339 in XML, and a number with an exponent in JSON. */
static void add_expiration(struct mock_json *j, int64_t expires_s)
{
	char buf[48];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	if (j->xmlns) {
		mock_add_rfc3339(&t, expires_s);
		mock_json_z(j, "Expiration", buf);
		return;
	}
	sts_text_addf(&t, "%d.%09dE9", (int)(expires_s / 1000000000),
		      (int)(expires_s % 1000000000));
	mock_json_raw(j, "Expiration", (struct sts_slice){t.data, t.len});
}

static void add_random(struct mock_json *j, const char *name, const char *prefix, size_t bytes)
{
	uint8_t random[64];
	char buf[160];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	sts_text_add_str(&t, prefix);
	mock_random(random, bytes);
	if (*prefix)
		mock_add_hex(&t, random, bytes, true);
	else
		sts_base64_encode(&t, random, bytes);
	mock_json_z(j, name, buf);
}

static void add_credentials(struct mock_ctx *ctx, struct mock_json *j,
			    const struct mock_subject *subject)
{
	struct mock_issued issued;

	mock_issue_opaque(ctx, subject, "FwoGZXIvYXdz", 300, &issued);
	if (!mock_json_open(j, "Credentials"))
		return;
	add_random(j, "AccessKeyId", "ASIA", 8);
	add_random(j, "SecretAccessKey", "", 30);
	mock_json_string(j, "SessionToken", issued.token);
	add_expiration(j, issued.expires_s);
	mock_json_close(j);
}

static void add_user(struct mock_ctx *ctx, struct mock_json *j)
{
	const char *role = mock_form_get(ctx, "RoleArn"),
		   *session = mock_form_get(ctx, "RoleSessionName");
	char buf[2300];
	struct sts_text t;

	if (!mock_json_open(j, "AssumedRoleUser"))
		return;
	sts_text_init(&t, buf, sizeof(buf));
	sts_text_addf(&t, "%s/%s", role, session);
	mock_json_z(j, "Arn", buf);
	sts_text_init(&t, buf, sizeof(buf));
	sts_text_addf(&t, "AROAMOCKMOCKMOCKMOCKM:%s", session);
	mock_json_z(j, "AssumedRoleId", buf);
	mock_json_close(j);
}

static void answer(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	char name[300];
	struct mock_json j;
	struct sts_text t;

	mock_aws_open(ctx, &j, 200);
	sts_text_init(&t, name, sizeof(name));
	sts_text_addf(&t, "system:serviceaccount:%s:%s", subject->ns, subject->sa);
	if (mock_json_open(&j, "AssumeRoleWithWebIdentityResponse")) {
		if (mock_json_open(&j, "AssumeRoleWithWebIdentityResult")) {
			add_user(ctx, &j);
			add_credentials(ctx, &j, subject);
			mock_json_z(&j, "SubjectFromWebIdentityToken", name);
			mock_json_close(&j);
		}
		if (mock_json_open(&j, "ResponseMetadata")) {
			mock_json_uuid(&j, "RequestId");
			mock_json_close(&j);
		}
		mock_json_close(&j);
	}
	mock_json_close(&j);
}

const struct mock_service mock_aws = {"POST",          MOCK_FORM, true,  fields, refusals,
				      mock_refuse_aws, NULL,      check, answer};
