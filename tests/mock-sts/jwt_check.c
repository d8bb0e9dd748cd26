/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt_check.h"

#include <stdlib.h>
#include <string.h>

#include "json_xml/json.h"

#define PART_BYTES (64 * 1024)

struct parts {
	struct sts_slice signed_part; /* header.claims */
	struct sts_slice header, claims;
	uint8_t signature[MOCK_SIGNATURE_BYTES];
	size_t signature_len;
};

static bool decode_text(struct sts_slice in, char *out, size_t size, struct sts_slice *text)
{
	text->data = out;
	return mock_base64url(in, (uint8_t *)out, size, &text->len);
}

static bool split(struct sts_slice token, struct parts *p)
{
	static char header[4096], claims[PART_BYTES];
	const char *first = token.len ? memchr(token.data, '.', token.len) : NULL;
	const char *end = token.data + token.len;
	const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

	if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)) ||
	    memchr(token.data, '=', token.len))
		return false;
	p->signed_part = (struct sts_slice){token.data, (size_t)(second - token.data)};
	return decode_text((struct sts_slice){token.data, (size_t)(first - token.data)}, header,
			   sizeof(header), &p->header) &&
	       decode_text((struct sts_slice){first + 1, (size_t)(second - first - 1)}, claims,
			   sizeof(claims), &p->claims) &&
	       mock_base64url((struct sts_slice){second + 1, (size_t)(end - second - 1)},
			      p->signature, sizeof(p->signature), &p->signature_len);
}

/* Keys are read anew for each token, so that a test can rotate the cluster's keys by writing a
 * file. */
static const char *load_trusted(const struct mock_config *config, struct mock_trusted *trusted)
{
	struct mock_signer signer;
	struct mock_key key;
	const char *why;
	size_t len;

	trusted->count = 0;
	if (config->jwks) {
		char *json = mock_read_file(config->jwks, &len);
		bool ok = json && mock_jwks_read(trusted, (struct sts_slice){json, len}, &why);

		free(json);
		if (!ok)
			return "the JWKS cannot be read";
	}
	for (size_t i = 0; i < config->trust_keys.count && trusted->count < MOCK_TRUSTED_MAX; i++) {
		mock_key_load(&key, config->trust_keys.v[i]);
		if (mock_signer_open(&signer, &key))
			trusted->key[trusted->count++] = signer.pub;
	}
	return NULL;
}

static bool text_is(const struct sts_json *root, const char *pointer, struct sts_slice *s)
{
	const struct sts_json *v = NULL;

	return sts_json_at(root, pointer, &v, NULL) == STS_OK && v && sts_json_string(v, s);
}

static bool time_at(const struct sts_json *root, const char *pointer, int64_t *seconds)
{
	const struct sts_json *v = NULL;
	double number;

	if (sts_json_at(root, pointer, &v, NULL) != STS_OK || !v || !sts_json_number(v, &number))
		return false;
	if (!(number >= -1e15 && number <= 1e15))
		return false;
	*seconds = (int64_t)number;
	return true;
}

/* What the header of a token says: its algorithm and its key. */
static const char *read_header(const struct parts *p, enum mock_alg *alg, char kid[MOCK_KID_BYTES])
{
	const struct sts_json *root;
	struct sts_slice name, id = {NULL, 0};
	const char *why = NULL;

	if (sts_json_parse(p->header, &root, NULL) != STS_OK)
		return "header is not JSON";
	if (text_is(root, "/alg", &name) && sts_slice_eq(name, "RS256"))
		*alg = MOCK_RS256;
	else if (text_is(root, "/alg", &name) && sts_slice_eq(name, "ES256"))
		*alg = MOCK_ES256;
	else
		why = "algorithm not accepted";
	kid[0] = 0;
	if (text_is(root, "/kid", &id) && id.len < MOCK_KID_BYTES) {
		memcpy(kid, id.data, id.len);
		kid[id.len] = 0;
	}
	sts_json_close();
	return why;
}

static const char *check_signature(const struct mock_config *config, const struct parts *p)
{
	static struct mock_trusted trusted;
	char kid[MOCK_KID_BYTES];
	enum mock_alg alg = MOCK_ALG_NONE;
	const char *why = read_header(p, &alg, kid);
	bool known = false;

	if (!why)
		why = load_trusted(config, &trusted);
	if (why)
		return why;
	for (size_t i = 0; i < trusted.count; i++) {
		const struct mock_public_key *pub = &trusted.key[i];

		if (kid[0] && pub->kid[0] && strcmp(kid, pub->kid) != 0)
			continue;
		known = true;
		if (mock_verify(pub, alg, p->signed_part.data, p->signed_part.len, p->signature,
				p->signature_len))
			return NULL;
	}
	return known ? "signature does not match" : "unknown key";
}

static bool has_audience(const struct sts_json *root, const char *audience)
{
	const struct sts_json *aud = NULL;
	struct sts_slice s;

	if (sts_json_at(root, "/aud", &aud, NULL) != STS_OK || !aud)
		return false;
	if (sts_json_string(aud, &s))
		return sts_slice_eq(s, audience);
	if (sts_json_kind(aud) != STS_JSON_ARRAY)
		return false;
	for (const struct sts_json *v = sts_json_first(aud); v; v = sts_json_next(v))
		if (sts_json_string(v, &s) && sts_slice_eq(s, audience))
			return true;
	return false;
}

static bool copy(struct sts_slice s, char *out, size_t size)
{
	if (s.len == 0 || s.len >= size)
		return false;
	memcpy(out, s.data, s.len);
	out[s.len] = 0;
	return true;
}

/* The subject is system:serviceaccount:NAMESPACE:NAME, and the claim kubernetes.io says the
 * same. */
static const char *read_subject(const struct sts_json *root, struct mock_subject *subject)
{
	static const char prefix[] = "system:serviceaccount:";
	struct sts_slice sub, claim;

	if (!text_is(root, "/sub", &sub))
		return "no sub";
	if (!sts_slice_starts(sub, prefix))
		return MOCK_JWT_NO_ACCOUNT;
	sub.data += sizeof(prefix) - 1;
	sub.len -= sizeof(prefix) - 1;
	const char *colon = sub.len ? memchr(sub.data, ':', sub.len) : NULL;
	if (!colon)
		return MOCK_JWT_NO_ACCOUNT;
	struct sts_slice ns = {sub.data, (size_t)(colon - sub.data)},
			 sa = {colon + 1, sub.len - ns.len - 1};
	if (!copy(ns, subject->ns, sizeof(subject->ns)) ||
	    !copy(sa, subject->sa, sizeof(subject->sa)))
		return MOCK_JWT_NO_ACCOUNT;
	if (text_is(root, "/kubernetes.io/namespace", &claim) && !sts_slice_eq(claim, subject->ns))
		return "sub and the namespace claim differ";
	subject->jti[0] = 0;
	if (text_is(root, "/jti", &claim) && !copy(claim, subject->jti, sizeof(subject->jti)))
		return "jti is too long";
	return NULL;
}

static const char *check_claims(const struct mock_config *config, const struct sts_json *root,
				int64_t now_s, struct mock_subject *subject)
{
	struct sts_slice iss;
	int64_t nbf_s;

	if (config->subject_issuer &&
	    !(text_is(root, "/iss", &iss) && sts_slice_eq(iss, config->subject_issuer)))
		return "issuer not trusted";
	if (config->subject_audience && !has_audience(root, config->subject_audience))
		return "token is for another audience";
	if (!time_at(root, "/exp", &subject->exp_s))
		return "no exp";
	if (subject->exp_s + config->leeway_s <= now_s)
		return MOCK_JWT_EXPIRED;
	if (time_at(root, "/nbf", &nbf_s) && nbf_s - config->leeway_s > now_s)
		return "token is not valid yet";
	return read_subject(root, subject);
}

const char *mock_jwt_check(const struct mock_config *config, struct sts_slice token, int64_t now_s,
			   struct mock_subject *subject)
{
	static struct parts p;
	const struct sts_json *root;

	if (!split(token, &p))
		return "not a JWT";
	const char *why = check_signature(config, &p);
	if (why)
		return why;
	if (sts_json_parse(p.claims, &root, NULL) != STS_OK)
		return "claims are not JSON";
	why = check_claims(config, root, now_s, subject);
	sts_json_close();
	return why;
}
