/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "endpoints.h"
#include "issue.h"
#include "jwt_check.h"

#define JSON_TYPE "application/json;charset=UTF-8"

/* OpenUnison sends these with every answer, refusals included. Each request without a cookie begins
 * a session. */
static void begin(struct mock_ctx *ctx, int status, const char *content_type)
{
	char cookie[96];
	uint8_t session[16];
	struct sts_text t;

	mock_reply_init(&ctx->reply, status, content_type);
	mock_random(session, sizeof(session));
	sts_text_init(&t, cookie, sizeof(cookie));
	sts_text_add_str(&t, "openSession=");
	mock_add_hex(&t, session, sizeof(session), false);
	sts_text_add_str(&t, "; path=/; secure; HttpOnly");
	mock_reply_header(&ctx->reply, "Set-Cookie", (struct sts_slice){t.data, t.len});
	mock_reply_header(&ctx->reply, "Strict-Transport-Security", STS_SLICE("max-age=31536000"));
	mock_reply_header(&ctx->reply, "Expires", STS_SLICE("Fri, 01 Jan 1982 00:00:00 GMT"));
	mock_reply_header(&ctx->reply, "Cache-Control",
			  STS_SLICE("no-store, no-cache, must-revalidate"));
	mock_reply_header(&ctx->reply, "Cache-Control", STS_SLICE("post-check=0, pre-check=0"));
}

void mock_openunison_nothing(struct mock_ctx *ctx)
{
	begin(ctx, 404, NULL);
}

/* OpenUnison's API server does not answer, or its answer cannot be used. OpenUnison then sends 500
 * with an HTML page, or with JSON if the request has the Content-Type of JSON. */
static void broken(struct mock_ctx *ctx)
{
	struct sts_slice type = mock_request_header(&ctx->request, "Content-Type");
	bool json = sts_slice_starts(type, "application/json");

	begin(ctx, 500, json ? JSON_TYPE : "text/html;charset=UTF-8");
	sts_text_add_str(&ctx->reply.body,
			 json ? "{\"error\":\"internal server error\"}"
			      : "<html>\n<head><title>Error</title></head>\n"
				"<body><h1>Internal Server Error</h1></body>\n</html>\n");
}

/* OpenUnison authenticates before it looks at the method. It sends 401 and 403 without a body. */
static bool admit(struct mock_ctx *ctx, struct mock_subject *subject)
{
	enum mock_verdict verdict = mock_issue_check(ctx, subject);

	if (ctx->config->no_api_server ||
	    (ctx->note && strcmp(ctx->note, MOCK_JWT_NO_ACCOUNT) == 0)) {
		broken(ctx);
		return false;
	}
	if (verdict == MOCK_REJECTED_TOKEN) {
		begin(ctx, 401, NULL);
		mock_reply_header(&ctx->reply, "WWW-Authenticate",
				  STS_SLICE("Bearer realm=\"kubernetes\",scope=\"auth\""));
	} else {
		begin(ctx, verdict == MOCK_ACCEPTED ? 200 : 403,
		      verdict == MOCK_ACCEPTED ? JSON_TYPE : NULL);
	}
	return verdict == MOCK_ACCEPTED;
}

/* Does the method of this request lead to an exchange? OpenUnison ignores each method but GET, and
 * sends 200 with an empty body. */
static bool is_get(struct mock_ctx *ctx)
{
	if (strcmp(ctx->request.method, "GET") == 0)
		return true;
	ctx->reply.content_type = NULL;
	return false;
}

static void add_certificate(struct mock_json *j, const struct mock_signing_key *key)
{
	char pem[4096], mixed[4096 + 128];
	struct sts_text t, m;
	const char *last;

	sts_text_init(&t, pem, sizeof(pem));
	mock_pem_add(&t, "CERTIFICATE", key->cert, key->cert_len);
	/* Lines of base64 end in CRLF, and the last line has no end. */
	sts_text_init(&m, mixed, sizeof(mixed));
	last = strstr(pem, "-----END");
	for (const char *c = pem; *c && !(*c == '\n' && !c[1]); c++) {
		if (*c == '\n' && c > strchr(pem, '\n') && c + 1 != last)
			sts_text_add_char(&m, '\r');
		sts_text_add_char(&m, *c);
	}
	mock_json_string(j, "certificate", (struct sts_slice){m.data, m.len});
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

	if (!admit(ctx, &subject) || !is_get(ctx))
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
		begin(ctx, 404, NULL);
		return;
	}
	if (!admit(ctx, &subject))
		return;
	/* This endpoint of OpenUnison sends no Content-Type, and its JSON is made by another
	 * writer, which escapes less and ends without a newline. */
	ctx->reply.content_type = NULL;
	mock_issue_key(ctx, &key);
	mock_json_init(&j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(&j, NULL);
	add_thumbprint(&j, &key);
	mock_json_close(&j);
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
	/* OpenUnison publishes the key that signs at present, and no other. */
	bool all = ctx->config->publish_all_keys;
	size_t first = all ? 0 : ctx->state->active;
	size_t end = all ? ctx->state->signing_count : first + 1;
	memcpy(keys, ctx->state->signing, sizeof(keys));
	mock_state_unlock(ctx->state);
	sts_text_add_str(t, "{\"keys\":[");
	for (size_t i = first; i < end; i++) {
		if (!mock_signer_open(&signer, &keys[i].key))
			continue;
		memcpy(signer.pub.kid, keys[i].kid, sizeof(signer.pub.kid));
		if (ctx->config->no_kid)
			signer.pub.kid[0] = 0;
		if (i > first)
			sts_text_add_char(t, ',');
		mock_jwk_add(t, &signer.pub);
	}
	sts_text_add_str(t, "]}");
}

void mock_discovery(struct mock_ctx *ctx)
{
	begin(ctx, 200, NULL); /* these documents come without a Content-Type */
	add_discovery(&ctx->reply.body, ctx, &ctx->fault);
}

void mock_certs(struct mock_ctx *ctx)
{
	begin(ctx, 200, NULL);
	add_jwks(&ctx->reply.body, ctx);
}

/* Both documents are JSON text within JSON, and need no authentication. */
void mock_openunison_issuer_docs(struct mock_ctx *ctx)
{
	static char buf[64 * 1024];
	struct mock_json j;
	struct sts_text t;

	begin(ctx, 200, NULL);
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
