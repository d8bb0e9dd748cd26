/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mock-sts mint`: subject tokens as the API server issues them for a projected volume, or with a
 * chosen mistake.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "jsonout.h"
#include "jwt_sign.h"
#include "opt.h"

static struct {
	const char *key, *alg, *kid, *issuer, *ns, *sa, *pod, *node, *subject, *out;
	struct mock_list audiences, claims, omit;
	int64_t expires_in_s, not_before_s, issued_at_s, pad_bytes;
	bool bad_signature;
} mint = {
	.issuer = "https://kubernetes.default.svc.cluster.local",
	.ns = "default",
	.sa = "default",
	.pod = "app-0",
	.node = "node-1",
	.expires_in_s = 3600,
};

static const struct mock_opt options[] = {
	{"key", MOCK_OPT_TEXT, &mint.key, "PEM: the cluster's signing key, RSA or P-256"},
	{"alg", MOCK_OPT_TEXT, &mint.alg,
	 "RS256, ES256 (must suit the key; the key's own), or none"},
	{"kid", MOCK_OPT_TEXT, &mint.kid,
	 "key id in the header (the key's RFC 7638 thumbprint, as `mock-sts jwks` has it)"},
	{"issuer", MOCK_OPT_TEXT, &mint.issuer, "iss"},
	{"audience", MOCK_OPT_LIST, &mint.audiences, "aud (the issuer)"},
	{"namespace", MOCK_OPT_TEXT, &mint.ns, "(default)"},
	{"serviceaccount", MOCK_OPT_TEXT, &mint.sa, "(default)"},
	{"pod", MOCK_OPT_TEXT, &mint.pod, "(app-0); empty: bound to no Pod"},
	{"node", MOCK_OPT_TEXT, &mint.node, "(node-1)"},
	{"subject", MOCK_OPT_TEXT, &mint.subject,
	 "sub (system:serviceaccount:NAMESPACE:SERVICEACCOUNT)"},
	{"expires-in", MOCK_OPT_DURATION, &mint.expires_in_s,
	 "exp, from now (1h); may be negative"},
	{"not-before", MOCK_OPT_DURATION, &mint.not_before_s, "nbf, from now (0)"},
	{"issued-at", MOCK_OPT_DURATION, &mint.issued_at_s, "iat, from now (0)"},
	{"claim", MOCK_OPT_LIST, &mint.claims,
	 "NAME=JSON: a further claim, or another value for one"},
	{"omit", MOCK_OPT_LIST, &mint.omit, "leave a claim out"},
	{"pad", MOCK_OPT_INT, &mint.pad_bytes, "a further claim of this many bytes"},
	{"bad-signature", MOCK_OPT_FLAG, &mint.bad_signature, "flip a bit of the signature"},
	{"out", MOCK_OPT_TEXT, &mint.out, "write it there, mode 0600, without a newline"},
};

struct claims {
	struct sts_text text;
	bool comma;
};

/* --claim NAME=JSON for this name, or NULL. */
static const char *given(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < mint.claims.count; i++)
		if (strncmp(mint.claims.v[i], name, len) == 0 && mint.claims.v[i][len] == '=')
			return mint.claims.v[i] + len + 1;
	return NULL;
}

static void put(struct claims *c, const char *name, struct sts_slice json)
{
	if (c->comma)
		sts_text_add_char(&c->text, ',');
	mock_json_add_string(&c->text, sts_slice_of(name), false);
	sts_text_add_char(&c->text, ':');
	sts_text_add_slice(&c->text, json);
	c->comma = true;
}

/* Write a claim, unless it is left out or given. */
static void claim(struct claims *c, const char *name, const char *json)
{
	if (!mock_list_has(&mint.omit, name, strlen(name)) && !given(name))
		put(c, name, sts_slice_of(json));
}

static void claim_time(struct claims *c, const char *name, int64_t when_s)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%lld", (long long)when_s);
	claim(c, name, digits);
}

static void claim_string(struct claims *c, const char *name, const char *value)
{
	char buf[2048];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	mock_json_add_string(&t, sts_slice_of(value), false);
	claim(c, name, buf);
}

static void claim_audience(struct claims *c)
{
	char buf[8192];
	struct sts_text t;

	if (mint.audiences.count == 0)
		mint.audiences.v[mint.audiences.count++] = mint.issuer;
	sts_text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < mint.audiences.count; i++) {
		sts_text_add_char(&t, i > 0 ? ',' : '[');
		mock_json_add_string(&t, sts_slice_of(mint.audiences.v[i]), false);
	}
	sts_text_add_char(&t, ']');
	claim(c, "aud", buf);
}

/* Write {"name":..,"uid":..}. The uid depends on kind and name, so that it is the same in each
 * token. */
static void add_object(struct sts_text *t, const char *kind, const char *name)
{
	char seed[512];
	struct sts_text s;

	sts_text_init(&s, seed, sizeof(seed));
	sts_text_addf(&s, "%s/%s/%s", kind, mint.ns, name);
	sts_text_addf(t, "\"%s\":{\"name\":", kind);
	mock_json_add_string(t, sts_slice_of(name), false);
	sts_text_add_str(t, ",\"uid\":\"");
	mock_uuid(t, seed);
	sts_text_add_str(t, "\"},");
}

static void claim_kubernetes(struct claims *c, int64_t iat_s)
{
	int64_t warn_s = mint.expires_in_s < 3607 ? mint.expires_in_s : 3607;
	char buf[2048];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	sts_text_add_str(&t, "{\"namespace\":");
	mock_json_add_string(&t, sts_slice_of(mint.ns), false);
	sts_text_add_char(&t, ',');
	if (*mint.pod) {
		add_object(&t, "node", mint.node);
		add_object(&t, "pod", mint.pod);
	}
	add_object(&t, "serviceaccount", mint.sa);
	sts_text_addf(&t, "\"warnafter\":%lld}", (long long)(iat_s + warn_s));
	claim(c, "kubernetes.io", buf);
}

static void claim_rest(struct claims *c)
{
	for (size_t i = 0; i < mint.claims.count; i++) {
		const char *eq = strchr(mint.claims.v[i], '=');
		char name[256];

		if (!eq || (size_t)(eq - mint.claims.v[i]) >= sizeof(name))
			mock_usage("--claim: NAME=JSON");
		snprintf(name, sizeof(name), "%.*s", (int)(eq - mint.claims.v[i]),
			 mint.claims.v[i]);
		put(c, name, sts_slice_of(eq + 1));
	}
	if (mint.pad_bytes <= 0)
		return;
	sts_text_add_str(&c->text, ",\"pad\":\"");
	for (int64_t i = 0; i < mint.pad_bytes && !c->text.overflow; i++)
		sts_text_add_char(&c->text, 'x');
	sts_text_add_char(&c->text, '"');
}

static void add_claims(struct claims *c)
{
	int64_t now_s = mock_now_ms() / 1000, iat_s = now_s + mint.issued_at_s;
	char subject[600], jti[40];
	struct sts_text t;

	sts_text_init(&t, subject, sizeof(subject));
	sts_text_addf(&t, "system:serviceaccount:%s:%s", mint.ns, mint.sa);
	sts_text_init(&t, jti, sizeof(jti));
	mock_uuid(&t, NULL);

	sts_text_add_char(&c->text, '{');
	claim_audience(c);
	claim_time(c, "exp", now_s + mint.expires_in_s);
	claim_time(c, "iat", iat_s);
	claim_string(c, "iss", mint.issuer);
	claim_string(c, "jti", jti);
	claim_kubernetes(c, iat_s);
	claim_time(c, "nbf", now_s + mint.not_before_s);
	claim_string(c, "sub", mint.subject ? mint.subject : subject);
	claim_rest(c);
	sts_text_add_char(&c->text, '}');
}

static enum mock_alg choose_alg(const struct mock_signer *signer)
{
	enum mock_alg own = mock_public_alg(&signer->pub);

	if (mint.alg && strcmp(mint.alg, "none") == 0)
		return MOCK_ALG_NONE;
	if (own == MOCK_ALG_NONE)
		mock_usage("--key: RSA or P-256");
	if (mint.alg && strcmp(mint.alg, mock_alg_name(own)) != 0)
		mock_usage("--alg: this key signs %s", mock_alg_name(own));
	return own;
}

int mock_mint(int argc, char **argv)
{
	static char claims_buf[160 * 1024], token_buf[256 * 1024];
	struct claims claims = {.comma = false};
	struct mock_signer signer;
	struct mock_key key;
	struct sts_text token;

	mock_opt_read("mint --key PEM [OPTIONS]", options, sizeof(options) / sizeof(options[0]),
		      argc, argv, NULL);
	if (!mint.key)
		mock_usage("--key is required: `mock-sts keygen` makes one");
	mock_key_load(&key, mint.key);
	mock_signer_open(&signer, &key);
	sts_text_init(&claims.text, claims_buf, sizeof(claims_buf));
	add_claims(&claims);
	sts_text_init(&token, token_buf, sizeof(token_buf) - 1);
	if (claims.text.overflow ||
	    !mock_jwt_sign(&token, &signer, choose_alg(&signer),
			   mint.kid ? mint.kid : signer.pub.kid,
			   (struct sts_slice){claims.text.data, claims.text.len}))
		mock_die("the token does not fit, or cannot be signed");
	/* The last character is not changed, since some of its bits do not count. */
	if (mint.bad_signature)
		token.data[token.len - 8] = token.data[token.len - 8] == 'A' ? 'B' : 'A';
	if (!mint.out)
		token.data[token.len++] = '\n';
	mock_write_file(mint.out, token.data, token.len, true);
	return 0;
}
