/* SPDX-License-Identifier: Apache-2.0 */
#include "token/jwt.h"

#include "base/base64.h"
#include "base/packed.h"

static enum sts_err no_jwt(struct sts_error *e, const char *why)
{
	return sts_fail(e, STS_ETOKEN, 0, "the token is no JWT: %s", sts_words(why));
}

/* ---- splitting ---- */

/* Decode a part into scratch, and advance scratch behind it. */
static enum sts_err decode(struct sts_slice part, char **scratch, size_t *size,
			   struct sts_slice *out, struct sts_error *e)
{
	if (part.len == 0)
		return no_jwt(e, "a part is empty");
	if (part.len / 4 * 3 + part.len % 4 * 3 / 4 > *size)
		return sts_fail(e, STS_ETOOBIG, 0, "the token is too big to be read");
	if (!sts_base64url_decode(part, (uint8_t *)*scratch, *size, &out->len))
		return no_jwt(e, "a part is not base64url");
	out->data = *scratch;
	*scratch += out->len;
	*size -= out->len;
	return STS_OK;
}

enum sts_err sts_jwt_split(struct sts_slice token, char *scratch, size_t size, struct sts_jwt *jwt,
			   struct sts_error *e)
{
	struct sts_slice rest = token, header = sts_slice_cut(&rest, '.'),
			 claims = sts_slice_cut(&rest, '.');
	enum sts_err err;

	if (!rest.data)
		return no_jwt(e, "it has not three parts");
	if (!sts_slice_has_only(rest, "-_"))
		return no_jwt(e, "its signature is not base64url");
	err = decode(header, &scratch, &size, &jwt->header, e);
	return err == STS_OK ? decode(claims, &scratch, &size, &jwt->claims, e) : err;
}

enum sts_err sts_jwt_open_part(struct sts_slice part, const struct sts_json **root,
			       struct sts_error *e)
{
	enum sts_err err = sts_json_parse(part, root, NULL);

	if (err == STS_ETOOBIG)
		return sts_fail(e, STS_ETOOBIG, 0, "the token is too big to be read");
	if (err == STS_OK && sts_json_kind(*root) == STS_JSON_OBJECT)
		return STS_OK;
	sts_json_close();
	return no_jwt(e, "its header or its claims are no JSON object");
}

enum sts_err sts_jwt_open(struct sts_slice token, char *scratch, size_t size,
			  const struct sts_json **claims, struct sts_error *e)
{
	struct sts_jwt jwt;
	enum sts_err err = sts_jwt_split(token, scratch, size, &jwt, e);

	return err == STS_OK ? sts_jwt_open_part(jwt.claims, claims, e) : err;
}

/* ---- claims ---- */

/* Is it a string with exactly these bytes? */
static bool is_string(const struct sts_json *v, struct sts_slice want)
{
	struct sts_slice s;

	return sts_json_string(v, &s) && sts_slice_same(s, want);
}

bool sts_jwt_has_member(const struct sts_json *object, const char *pointer, struct sts_slice text)
{
	const struct sts_json *list;

	if (sts_json_at(object, pointer, &list, NULL) != STS_OK || !list)
		return false;
	if (sts_json_kind(list) != STS_JSON_ARRAY)
		return is_string(list, text);
	for (const struct sts_json *v = sts_json_first(list); v; v = sts_json_next(v))
		if (is_string(v, text))
			return true;
	return false;
}

bool sts_jwt_has_other(const struct sts_json *object, const char *names, int kind)
{
	for (const struct sts_json *v = sts_json_first(object); v; v = sts_json_next(v))
		for (const char *name = names; *name; name = sts_text_at(name, 1))
			if ((int)sts_json_kind(v) != kind && sts_slice_eq(sts_json_key(v), name))
				return true;
	return false;
}

bool sts_jwt_claims_audience(const struct sts_json *claims, struct sts_slice audience)
{
	return sts_jwt_has_member(claims, "/aud", audience);
}

bool sts_jwt_claims_issuer(const struct sts_json *claims, struct sts_slice issuer)
{
	const struct sts_json *iss;

	return sts_json_at(claims, "/iss", &iss, NULL) == STS_OK && is_string(iss, issuer);
}

/* Open the claims, ask one question about them, and close them. */
static enum sts_err ask(struct sts_slice token, struct sts_slice value, char *scratch, size_t size,
			bool (*question)(const struct sts_json *claims, struct sts_slice value),
			bool *has, struct sts_error *e)
{
	const struct sts_json *claims;
	enum sts_err err = sts_jwt_open(token, scratch, size, &claims, e);

	*has = err == STS_OK && question(claims, value);
	if (err == STS_OK)
		sts_json_close();
	return err;
}

enum sts_err sts_jwt_has_audience(struct sts_slice token, struct sts_slice audience, char *scratch,
				  size_t size, bool *has, struct sts_error *e)
{
	return ask(token, audience, scratch, size, sts_jwt_claims_audience, has, e);
}

enum sts_err sts_jwt_has_issuer(struct sts_slice token, struct sts_slice issuer, char *scratch,
				size_t size, bool *has, struct sts_error *e)
{
	return ask(token, issuer, scratch, size, sts_jwt_claims_issuer, has, e);
}
