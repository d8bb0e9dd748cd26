/* SPDX-License-Identifier: Apache-2.0 */
#include "issue.h"

#include <string.h>

#include "jwt_check.h"
#include "jwt_sign.h"

int64_t mock_ctx_now_ms(const struct mock_ctx *ctx)
{
	return mock_now_ms() +
	       (ctx->config->clock_s + mock_fault_int(&ctx->fault, "clock_s", 0)) * 1000;
}

static bool allowed(const struct mock_config *config, const struct mock_subject *subject)
{
	char both[sizeof(subject->ns) + sizeof(subject->sa)];
	struct sts_text t;

	if (config->allow_namespaces.count > 0 &&
	    !mock_list_has(&config->allow_namespaces, subject->ns, strlen(subject->ns)))
		return false;
	sts_text_init(&t, both, sizeof(both));
	sts_text_addf(&t, "%s:%s", subject->ns, subject->sa);
	return config->allow_serviceaccounts.count == 0 ||
	       mock_list_has(&config->allow_serviceaccounts, t.data, t.len);
}

enum mock_verdict mock_issue_check(struct mock_ctx *ctx, struct mock_subject *subject)
{
	ctx->note = ctx->token.len > 0 ? mock_jwt_check(ctx->config, ctx->token,
							mock_ctx_now_ms(ctx) / 1000, subject)
				       : "no subject token";
	if (ctx->note) {
		mock_state_count(ctx->state, MOCK_REJECTED);
		return MOCK_REJECTED_TOKEN;
	}
	if (allowed(ctx->config, subject))
		return MOCK_ACCEPTED;
	ctx->note = "this namespace or ServiceAccount is not allowed";
	mock_state_count(ctx->state, MOCK_DENIED);
	return MOCK_DENIED_SUBJECT;
}

bool mock_issue_expired(const struct mock_ctx *ctx)
{
	return ctx->note && strcmp(ctx->note, MOCK_JWT_EXPIRED) == 0;
}

void mock_issue_key(struct mock_ctx *ctx, struct mock_signing_key *key)
{
	mock_state_lock(ctx->state);
	*key = ctx->state->signing[ctx->state->active];
	mock_state_unlock(ctx->state);
}

void mock_issue_add_thumbprint(struct sts_text *t, const struct mock_signing_key *key)
{
	uint8_t digest[MOCK_SHA256_BYTES];

	mock_sha256(key->cert, key->cert_len, digest);
	mock_add_hex(t, digest, sizeof(digest), true);
}

static void add_audience(struct mock_json *j, const struct sts_slice *audience, size_t count)
{
	char buf[8192];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < count; i++) {
		sts_text_add_char(&t, i > 0 ? ',' : '[');
		mock_json_add_string(&t, audience[i], false);
	}
	sts_text_add_char(&t, ']');
	if (count == 1)
		mock_json_string(j, "aud", audience[0]);
	else
		mock_json_raw(j, "aud", (struct sts_slice){t.data, t.len});
}

/* claim  NAME=JSON */
static void add_claim(struct mock_json *j, const char *claim)
{
	char name[64];
	size_t len = strcspn(claim, "=");

	if (len >= sizeof(name))
		mock_die("the name of a claim is too long");
	memcpy(name, claim, len);
	name[len] = 0;
	mock_json_raw(j, name, sts_slice_of(claim + len + 1));
}

static void add_claims(struct mock_ctx *ctx, const struct mock_subject *subject,
		       const struct sts_slice *audience, size_t count,
		       const struct mock_issued *issued, struct sts_text *out)
{
	int64_t now_s = mock_ctx_now_ms(ctx) / 1000;
	char jti_buf[40];
	struct mock_json j;
	struct sts_text jti;

	sts_text_init(&jti, jti_buf, sizeof(jti_buf));
	mock_uuid(&jti, NULL);
	mock_json_init(&j, out, &ctx->fault, false);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "iss", ctx->config->issuer);
	add_audience(&j, audience, count);
	mock_json_int(&j, "exp", issued->expires_s);
	mock_json_z(&j, "jti", jti.data);
	mock_json_int(&j, "iat", now_s);
	mock_json_int(&j, "nbf", now_s - 60);
	mock_json_z(&j, "sub", issued->display);
	mock_json_z(&j, "cluster", ctx->config->cluster);
	mock_json_z(&j, "namespace", subject->ns);
	mock_json_z(&j, "saname", subject->sa);
	for (size_t i = 0; i < ctx->config->claims.count; i++)
		add_claim(&j, ctx->config->claims.v[i]);
	if (ctx->email) {
		mock_json_z(&j, "email", ctx->email);
		mock_json_raw(&j, "email_verified", STS_SLICE("true"));
	}
	mock_json_close(&j);
}

/* A fault may put something into the middle of the token. */
static void insert(struct sts_text *token, const struct sts_slice *what)
{
	static char copy[MOCK_JWT_BYTES];
	size_t half = token->len / 2, len = token->len;

	memcpy(copy, token->data, len);
	sts_text_init(token, token->data, token->size);
	sts_text_add(token, copy, half);
	sts_text_add_slice(token, *what);
	sts_text_add(token, copy + half, len - half);
}

/* Write for whom and for how long. */
static void settle(struct mock_ctx *ctx, const struct mock_subject *subject,
		   struct mock_issued *issued)
{
	int64_t now_s = mock_ctx_now_ms(ctx) / 1000;
	int64_t usual_s = ctx->wanted_s > 0 ? ctx->wanted_s : ctx->config->lifetime_s;
	struct sts_text display;

	issued->lifetime_s = mock_fault_int(&ctx->fault, "lifetime_s", usual_s);
	issued->expires_s = now_s + issued->lifetime_s;
	if (ctx->config->cap_by_subject && issued->expires_s > subject->exp_s) {
		issued->expires_s = subject->exp_s;
		issued->lifetime_s = subject->exp_s - now_s;
	}
	sts_text_init(&display, issued->display, sizeof(issued->display));
	sts_text_addf(&display, "%s:%s:%s", ctx->config->cluster, subject->ns, subject->sa);
}

static void finish(struct mock_ctx *ctx, struct sts_text *token, struct mock_issued *issued)
{
	const struct sts_slice *inserted = mock_params_get(&ctx->fault.params, "token_insert", 0);

	if (inserted)
		insert(token, inserted);
	issued->token = (struct sts_slice){token->data, token->len};
	mock_state_count(ctx->state, MOCK_ISSUED);
}

void mock_issue(struct mock_ctx *ctx, const struct mock_subject *subject,
		const struct sts_slice *audience, size_t count, struct mock_issued *issued)
{
	static char claims_buf[16 * 1024], token_buf[MOCK_JWT_BYTES];
	static struct mock_signing_key key;
	struct mock_signer signer;
	struct sts_text claims, token;

	settle(ctx, subject, issued);
	sts_text_init(&claims, claims_buf, sizeof(claims_buf));
	add_claims(ctx, subject, audience, count, issued, &claims);
	mock_issue_key(ctx, &key);
	sts_text_init(&token, token_buf, sizeof(token_buf));
	if (!mock_signer_open(&signer, &key.key) ||
	    !mock_jwt_sign(&token, &signer, mock_public_alg(&signer.pub),
			   ctx->config->no_kid ? NULL : key.kid,
			   (struct sts_slice){claims.data, claims.len}))
		mock_die("signing failed");
	issued->key = &key;
	finish(ctx, &token, issued);
}

void mock_issue_opaque(struct mock_ctx *ctx, const struct mock_subject *subject, const char *prefix,
		       size_t chars, struct mock_issued *issued)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static char buf[MOCK_JWT_BYTES];
	struct sts_text token;
	uint8_t byte;

	settle(ctx, subject, issued);
	sts_text_init(&token, buf, sizeof(buf));
	sts_text_add_str(&token, prefix);
	for (; chars > 0; chars--) {
		mock_random(&byte, 1);
		sts_text_add_char(&token, letters[byte % 62]);
	}
	issued->key = NULL;
	finish(ctx, &token, issued);
}
