/* SPDX-License-Identifier: Apache-2.0 */
#include "jwks.h"

#include <string.h>

#include "json_xml/json.h"
#include "jsonout.h"

static const struct curve {
	int id;
	const char *name;
	size_t coordinate_bytes;
} curves[] = {
	{BR_EC_secp256r1, "P-256", 32},
	{BR_EC_secp384r1, "P-384", 48},
	{BR_EC_secp521r1, "P-521", 66},
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static void add_member(struct sts_text *t, const char *name, const uint8_t *data, size_t len)
{
	sts_text_addf(t, "\"%s\":\"", name);
	mock_add_base64url(t, data, len);
	sts_text_add_char(t, '"');
}

/* Write the members that RFC 7638 names, in its order, without the closing brace. */
static void add_required(struct sts_text *t, const struct mock_public_key *pub)
{
	if (pub->type == BR_KEYTYPE_RSA) {
		sts_text_add_char(t, '{');
		add_member(t, "e", pub->e, pub->e_len);
		sts_text_add_str(t, ",\"kty\":\"RSA\",");
		add_member(t, "n", pub->n, pub->n_len);
		return;
	}
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].id == pub->curve)
			sts_text_addf(t, "{\"crv\":\"%s\",\"kty\":\"EC\",", curves[i].name);
	size_t half = (pub->q_len - 1) / 2;

	add_member(t, "x", pub->q + 1, half);
	sts_text_add_char(t, ',');
	add_member(t, "y", pub->q + 1 + half, half);
}

void mock_jwk_thumbprint(const struct mock_public_key *pub, char *out, size_t size)
{
	char json[1024];
	uint8_t digest[MOCK_SHA256_BYTES];
	struct sts_text t;

	sts_text_init(&t, json, sizeof(json));
	add_required(&t, pub);
	sts_text_add_char(&t, '}');
	mock_sha256(json, t.len, digest);
	sts_text_init(&t, out, size);
	mock_add_base64url(&t, digest, sizeof(digest));
}

void mock_jwk_add(struct sts_text *t, const struct mock_public_key *pub)
{
	add_required(t, pub);
	sts_text_add_str(t, ",\"use\":\"sig\"");
	if (mock_public_alg(pub) != MOCK_ALG_NONE)
		sts_text_addf(t, ",\"alg\":\"%s\"", mock_alg_name(mock_public_alg(pub)));
	if (pub->kid[0]) {
		sts_text_add_str(t, ",\"kid\":");
		mock_json_add_string(t, sts_slice_of(pub->kid), false);
	}
	sts_text_add_char(t, '}');
}

static struct sts_slice text_at(const struct sts_json *object, const char *pointer)
{
	const struct sts_json *v = NULL;
	struct sts_slice s = {NULL, 0};

	if (sts_json_at(object, pointer, &v, NULL) != STS_OK || !v || !sts_json_string(v, &s))
		return (struct sts_slice){NULL, 0};
	return s;
}

static bool bytes_at(const struct sts_json *object, const char *pointer, uint8_t *out, size_t size,
		     size_t *len)
{
	return mock_base64url(text_at(object, pointer), out, size, len) && *len > 0;
}

static bool read_rsa(const struct sts_json *jwk, struct mock_public_key *pub)
{
	pub->type = BR_KEYTYPE_RSA;
	return bytes_at(jwk, "/n", pub->n, sizeof(pub->n), &pub->n_len) &&
	       bytes_at(jwk, "/e", pub->e, sizeof(pub->e), &pub->e_len);
}

static bool read_ec(const struct sts_json *jwk, struct mock_public_key *pub)
{
	struct sts_slice name = text_at(jwk, "/crv");
	size_t x_len, y_len;

	for (size_t i = 0; i < CURVES; i++) {
		size_t half = curves[i].coordinate_bytes;

		if (!sts_slice_eq(name, curves[i].name))
			continue;
		pub->type = BR_KEYTYPE_EC;
		pub->curve = curves[i].id;
		pub->q[0] = 4;
		pub->q_len = 1 + 2 * half;
		return bytes_at(jwk, "/x", pub->q + 1, half, &x_len) && x_len == half &&
		       bytes_at(jwk, "/y", pub->q + 1 + half, half, &y_len) && y_len == half;
	}
	return false;
}

static bool read_key(const struct sts_json *jwk, struct mock_public_key *pub)
{
	struct sts_slice kty = text_at(jwk, "/kty"), kid = text_at(jwk, "/kid"),
			 use = text_at(jwk, "/use");

	memset(pub, 0, sizeof(*pub));
	if (use.len > 0 && !sts_slice_eq(use, "sig"))
		return false;
	if (kid.len >= sizeof(pub->kid))
		return false;
	if (kid.len > 0)
		memcpy(pub->kid, kid.data, kid.len);
	return sts_slice_eq(kty, "RSA")  ? read_rsa(jwk, pub)
	       : sts_slice_eq(kty, "EC") ? read_ec(jwk, pub)
					 : false;
}

bool mock_jwks_read(struct mock_trusted *trusted, struct sts_slice json, const char **why)
{
	const struct sts_json *root, *keys = NULL;
	bool ok = false;

	*why = "not JSON";
	if (sts_json_parse(json, &root, NULL) != STS_OK)
		return false;
	*why = "no array \"keys\" in it";
	if (sts_json_at(root, "/keys", &keys, NULL) == STS_OK && keys &&
	    sts_json_kind(keys) == STS_JSON_ARRAY) {
		for (const struct sts_json *jwk = sts_json_first(keys); jwk;
		     jwk = sts_json_next(jwk))
			if (trusted->count < MOCK_TRUSTED_MAX &&
			    read_key(jwk, &trusted->key[trusted->count]))
				trusted->count++;
		ok = true;
	}
	sts_json_close();
	return ok;
}
