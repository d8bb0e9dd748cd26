/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "endpoints.h"
#include "issue.h"

#define JSON_TYPE "application/json; charset=UTF-8"

/* OpenUnison sends 401 and 403 without a body. */
static bool admit(struct mock_ctx *ctx, struct mock_subject *subject)
{
	static const int status[] = {
		[MOCK_ACCEPTED] = 200, [MOCK_REJECTED_TOKEN] = 401, [MOCK_DENIED_SUBJECT] = 403};
	enum mock_verdict verdict = mock_issue_check(ctx, subject);

	mock_reply_init(&ctx->reply, status[verdict], verdict == MOCK_ACCEPTED ? JSON_TYPE : NULL);
	return verdict == MOCK_ACCEPTED;
}

/* OpenUnison ignores each method but GET, and sends 200 with an empty body. */
static bool is_get(struct mock_ctx *ctx)
{
	if (strcmp(ctx->request.method, "GET") == 0)
		return true;
	mock_reply_init(&ctx->reply, 200, NULL);
	return false;
}

static void add_certificate(struct mock_json *j, const struct mock_signing_key *key)
{
	char pem[4096];
	struct sts_text t;

	sts_text_init(&t, pem, sizeof(pem));
	mock_pem_add(&t, "CERTIFICATE", key->cert, key->cert_len);
	mock_json_string(j, "certificate", (struct sts_slice){t.data, t.len});
}

static void add_thumbprint(struct mock_json *j, const struct mock_signing_key *key)
{
	char hex[2 * MOCK_SHA256_BYTES + 1];
	struct sts_text t;

	sts_text_init(&t, hex, sizeof(hex));
	mock_issue_add_thumbprint(&t, key);
	mock_json_z(j, "thumbprint", hex);
}

void mock_openunison_user(struct mock_ctx *ctx)
{
	char expires[32];
	struct mock_subject subject;
	struct mock_issued issued;
	struct mock_json j;
	struct sts_text t;

	if (!is_get(ctx) || !admit(ctx, &subject))
		return;
	struct sts_slice audience = sts_slice_of(ctx->config->audiences.v[0]);
	mock_issue(ctx, &subject, &audience, 1, &issued);
	sts_text_init(&t, expires, sizeof(expires));
	mock_add_rfc3339(&t, issued.expires_s);

	mock_json_init(&j, &ctx->reply.body, &ctx->fault, true);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "displayName", issued.display);
	if (mock_json_open(&j, "token")) {
		mock_json_z(&j, "expires", expires);
		mock_json_string(&j, "jwt", issued.token);
		if (!ctx->config->no_thumbprint) {
			add_thumbprint(&j, issued.key);
			add_certificate(&j, issued.key);
		}
		mock_json_close(&j);
	}
	mock_json_close(&j);
	sts_text_add_char(&ctx->reply.body, '\n');
}

void mock_openunison_sig_cert(struct mock_ctx *ctx)
{
	static struct mock_signing_key key;
	struct mock_subject subject;
	struct mock_json j;

	if (ctx->config->no_sig_cert) {
		mock_reply_init(&ctx->reply, 404, NULL);
		return;
	}
	if (!is_get(ctx) || !admit(ctx, &subject))
		return;
	/* This endpoint of OpenUnison does not send a Content-Type. */
	ctx->reply.content_type = NULL;
	mock_issue_key(ctx, &key);
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, true);
	mock_json_open(&j, NULL);
	add_thumbprint(&j, &key);
	mock_json_close(&j);
	sts_text_add_char(&ctx->reply.body, '\n');
}

static void add_discovery(struct sts_text *t, const struct mock_ctx *ctx,
			  const struct mock_fault *fault)
{
	const char *issuer = ctx->config->issuer;
	char url[2048];
	struct mock_json j;
	struct sts_text u;

	mock_json_init(&j, t, fault, true);
	mock_json_open(&j, NULL);
	mock_json_z(&j, "issuer", issuer);
	sts_text_init(&u, url, sizeof(url));
	sts_text_addf(&u, "%s/certs", issuer);
	mock_json_z(&j, "jwks_uri", url);
	sts_text_init(&u, url, sizeof(url));
	sts_text_addf(&u, "%s/%s/token", issuer, ctx->config->name);
	mock_json_z(&j, "token_endpoint", url);
	mock_json_raw(&j, "grant_types_supported",
		      STS_SLICE("[\"urn:ietf:params:oauth:grant-type:token-exchange\","
				"\"urn:ietf:params:oauth:grant-type:jwt-bearer\","
				"\"client_credentials\"]"));
	mock_json_raw(&j, "response_types_supported", STS_SLICE("[\"id_token\"]"));
	mock_json_raw(&j, "subject_types_supported", STS_SLICE("[\"public\"]"));
	mock_json_raw(&j, "id_token_signing_alg_values_supported",
		      STS_SLICE("[\"RS256\",\"ES256\"]"));
	mock_json_close(&j);
}

static void add_jwks(struct sts_text *t, struct mock_ctx *ctx)
{
	static struct mock_signing_key keys[MOCK_SIGNING_KEYS_MAX];
	struct mock_signer signer;

	mock_state_lock(ctx->state);
	size_t count = ctx->state->signing_count;
	memcpy(keys, ctx->state->signing, sizeof(keys));
	mock_state_unlock(ctx->state);
	sts_text_add_str(t, "{\"keys\":[");
	for (size_t i = 0; i < count; i++) {
		if (!mock_signer_open(&signer, &keys[i].key))
			continue;
		memcpy(signer.pub.kid, keys[i].kid, sizeof(signer.pub.kid));
		if (i > 0)
			sts_text_add_char(t, ',');
		mock_jwk_add(t, &signer.pub);
	}
	sts_text_add_str(t, "]}");
}

void mock_discovery(struct mock_ctx *ctx)
{
	mock_reply_init(&ctx->reply, 200, "application/json");
	add_discovery(&ctx->reply.body, ctx, &ctx->fault);
}

void mock_certs(struct mock_ctx *ctx)
{
	mock_reply_init(&ctx->reply, 200, "application/json");
	add_jwks(&ctx->reply.body, ctx);
}

/* Both documents are JSON text within JSON, and need no authentication. */
void mock_openunison_issuer_docs(struct mock_ctx *ctx)
{
	static char buf[64 * 1024];
	struct mock_json j;
	struct sts_text t;

	mock_reply_init(&ctx->reply, 200, JSON_TYPE);
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, true);
	mock_json_open(&j, NULL);
	sts_text_init(&t, buf, sizeof(buf));
	add_discovery(&t, ctx, NULL);
	mock_json_string(&j, "discovery", (struct sts_slice){t.data, t.len});
	sts_text_init(&t, buf, sizeof(buf));
	add_jwks(&t, ctx);
	mock_json_string(&j, "keys", (struct sts_slice){t.data, t.len});
	mock_json_close(&j);
	sts_text_add_char(&ctx->reply.body, '\n');
}
