/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/jws.h"

#include <string.h>

#include "base/base64.h"
#include "base/packed.h"
#include "bearssl_choice/implementations.h"
#include "trust/cert.h"
#include "trust/rules.h"

#define COORDINATE_MAX_BYTES  66
#define ALGORITHM_SHOWN_BYTES 60 /* in a message, escaped */
#define KID_SHOWN_BYTES       60

/* The algorithms, in the order of sts_tls_schemes. */
static const char algorithms[] = "ES256\0PS256\0RS256\0ES384\0PS384\0RS384\0ES512\0PS512\0RS512";

/* ---- the token ---- */

static enum sts_err refuse(struct sts_error *e, enum sts_verify_refusal why, const char *text)
{
	return sts_fail(e, STS_ETOKEN, (int)why, "%s", sts_words(text));
}

static enum sts_err read_algorithm(const struct sts_json *header, struct sts_jws *jws,
				   struct sts_error *e)
{
	struct sts_slice alg;
	const char *name = algorithms;

	if (!sts_json_text_at(header, "/alg", &alg) || !alg.data)
		return refuse(e, STS_VERIFY_MALFORMED,
			      STS_PACKED("its header names no algorithm, or two"));
	for (jws->scheme = sts_tls_schemes; jws->scheme->id != 0; jws->scheme++) {
		if (sts_slice_eq(alg, name))
			return STS_OK;
		name = sts_text_at(name, 1);
	}
	return sts_fail(e, STS_ETOKEN, STS_VERIFY_ALGORITHM,
			"its algorithm, %s, is none of RS, PS and ES with 256, 384 or 512",
			sts_shown(alg, ALGORITHM_SHOWN_BYTES));
}

/* Read the header, and put the kid into its place: when the document is open, the text of the
 * header is not needed any more, and the kid is shorter. */
static enum sts_err read_header(struct sts_slice text, struct sts_jws *jws, struct sts_error *e)
{
	const struct sts_json *header;
	struct sts_slice kid;
	enum sts_err err = sts_jwt_open_part(text, &header, e);

	jws->kid = (struct sts_slice){NULL, 0};
	if (err != STS_OK)
		return err;
	if (sts_jwt_has_other(header, "crit\0b64\0", -1)) /* b64: RFC 7797 section 7 */
		return refuse(e, STS_VERIFY_MALFORMED, STS_PACKED("its header has crit or b64"));
	if (!sts_json_text_at(header, "/kid", &kid))
		return refuse(e, STS_VERIFY_MALFORMED, STS_PACKED("its kid is not one text"));
	if (kid.data) {
		memcpy((char *)(uintptr_t)text.data, kid.data, kid.len);
		jws->kid = (struct sts_slice){text.data, kid.len};
	}
	return read_algorithm(header, jws, e);
}

enum sts_err sts_jws_read(struct sts_slice token, char *scratch, size_t size, struct sts_jws *jws,
			  struct sts_error *e)
{
	const br_hash_class *class;
	br_hash_compat_context ctx;
	struct sts_slice signature = token;
	struct sts_jwt jwt;
	enum sts_err err = sts_jwt_split(token, scratch, size, &jwt, e);

	if (err != STS_OK)
		return err;
	err = read_header(jwt.header, jws, e);
	sts_json_close();
	if (err != STS_OK)
		return err;
	jws->claims = jwt.claims;
	sts_slice_cut(&signature, '.');
	sts_slice_cut(&signature, '.');
	if (!sts_base64url_decode(signature, jws->signature, sizeof(jws->signature),
				  &jws->signature_len) ||
	    jws->signature_len == 0)
		return refuse(e, STS_VERIFY_MALFORMED,
			      STS_PACKED("its signature is missing, too long, or not base64url"));
	class = sts_tls_hash_class(jws->scheme->hash_id);
	class->init(&ctx.vtable);
	class->update(&ctx.vtable, token.data, token.len - signature.len - 1);
	class->out(&ctx.vtable, jws->hash);
	return STS_OK;
}

const char *sts_jws_algorithm(const struct sts_jws *jws)
{
	return sts_text_at(algorithms, (size_t)(jws->scheme - sts_tls_schemes));
}

/* ---- one key ---- */

/* What a key is to a token. */
enum fit {
	FIT_OTHER, /* another kid, kind, curve, algorithm or use */
	FIT_WEAK,  /* malformed, private, or an RSA key of another length than rules.h wants */
	FIT_WRONG, /* it has not made the signature */
	FIT_RIGHT
};

/* Decode a member of a key. Returns its length; 0 if it is missing, or not base64url of at most
 * `size` bytes. */
static size_t bytes_at(const struct sts_json *key, const char *pointer, uint8_t *out, size_t size)
{
	struct sts_slice text;
	size_t len;

	return sts_json_text_at(key, pointer, &text) && sts_base64url_decode(text, out, size, &len)
		       ? len
		       : 0;
}

/* Decode a number of a key, without the zeros before it. Its length is 0 if it is missing. */
static struct sts_der number_at(const struct sts_json *key, const char *pointer, uint8_t *out,
				size_t size)
{
	struct sts_der number = {out, bytes_at(key, pointer, out, size)};

	for (; number.len > 0 && number.data[0] == 0; number.len--)
		number.data++;
	return number;
}

/* Is a member of the key this text? The member may be missing if it is optional. */
static bool is(const struct sts_json *key, const char *pointer, const char *text, bool is_optional)
{
	struct sts_slice s;

	return sts_json_text_at(key, pointer, &s) && (s.data ? sts_slice_eq(s, text) : is_optional);
}

static enum fit try_rsa(const struct sts_jws *jws, const struct sts_json *key)
{
	uint8_t n[STS_RSA_KEY_MAX_BITS / 8 + 1], e[8];
	struct sts_der modulus = number_at(key, "/n", n, sizeof(n)),
		       exponent = number_at(key, "/e", e, sizeof(e));
	br_x509_pkey public = {.key_type = BR_KEYTYPE_RSA};
	uint32_t bits;

	if (modulus.len == 0 || exponent.len == 0)
		return FIT_WEAK;
	bits = sts_cert_rsa_bits(modulus, exponent);
	if (bits < STS_RSA_KEY_MIN_BITS || bits > STS_RSA_KEY_MAX_BITS)
		return FIT_WEAK;
	public.key.rsa = (br_rsa_public_key){(uint8_t *)(uintptr_t)modulus.data, modulus.len,
					     (uint8_t *)(uintptr_t)exponent.data, exponent.len};
	return sts_tls_signature_verify(jws->scheme, &public, jws->hash, jws->signature,
					jws->signature_len)
		       ? FIT_RIGHT
		       : FIT_WRONG;
}

static size_t coordinate_bytes(const struct sts_tls_scheme *scheme)
{
	return scheme->curve == BR_EC_secp256r1   ? 32
	       : scheme->curve == BR_EC_secp384r1 ? 48
						  : COORDINATE_MAX_BYTES;
}

static const char *curve_name(const struct sts_tls_scheme *scheme)
{
	return sts_text_at("P-256\0P-384\0P-521", (size_t)(scheme->curve - BR_EC_secp256r1));
}

/* Are these bytes zeros? */
static bool is_zero(const uint8_t *data, size_t len)
{
	uint8_t bits = 0;

	while (len > 0)
		bits |= data[--len];
	return bits == 0;
}

/* A coordinate must have all its bytes (RFC 7518 section 6.2.1.2). BearSSL refuses a point that is
 * not on the curve, and all wrong numbers r and s but the zero of r, with which it must not be
 * called. */
static enum fit try_ec(const struct sts_jws *jws, const struct sts_json *key)
{
	size_t len = coordinate_bytes(jws->scheme), both = 2 * len;
	uint8_t point[1 + 2 * COORDINATE_MAX_BYTES] = {4}; /* uncompressed (SEC 1 section 2.3.3) */
	br_ec_public_key public = {jws->scheme->curve, point, 1 + both};
	const uint8_t *r = jws->signature;

	if (bytes_at(key, "/x", point + 1, len) != len ||
	    bytes_at(key, "/y", point + 1 + len, len) != len)
		return FIT_WEAK;
	return jws->signature_len == both && !is_zero(r, len) &&
			       br_ecdsa_i31_vrfy_raw(sts_crypto_ec(), jws->hash,
						     sts_tls_hash_bytes(jws->scheme), &public, r,
						     both) == 1
		       ? FIT_RIGHT
		       : FIT_WRONG;
}

static enum fit try(const struct sts_jws *jws, const struct sts_json *key)
{
	bool ec = jws->scheme->kind == STS_TLS_ECDSA;
	const struct sts_json *ops;
	struct sts_slice kid;

	if (!sts_json_text_at(key, "/kid", &kid) ||
	    (kid.data && jws->kid.data && !sts_slice_same(kid, jws->kid)) ||
	    !is(key, "/kty", ec ? "EC" : "RSA", false) ||
	    (ec && !is(key, "/crv", curve_name(jws->scheme), false)) ||
	    !is(key, "/use", "sig", true) || !is(key, "/alg", sts_jws_algorithm(jws), true) ||
	    sts_json_at(key, "/key_ops", &ops, NULL) != STS_OK ||
	    (ops && !sts_jwt_has_member(key, "/key_ops", STS_SLICE("verify"))))
		return FIT_OTHER;
	if (sts_jwt_has_other(key, "d\0", STS_JSON_NULL))
		return FIT_WEAK;
	return ec ? try_ec(jws, key) : try_rsa(jws, key);
}

/* ---- all keys ---- */

static enum sts_err none_fits(const struct sts_jws *jws, unsigned keys, enum fit nearest,
			      struct sts_error *e)
{
	if (nearest == FIT_WRONG)
		return refuse(
			e, STS_VERIFY_SIGNATURE,
			STS_PACKED("the signature is wrong: no key of its issuer has made it"));
	if (nearest == FIT_WEAK)
		return refuse(e, STS_VERIFY_KEY,
			      STS_PACKED("its key is malformed, private, or an RSA key of fewer "
					 "than 2048 or more than 4096 bits"));
	return sts_fail(e, STS_ETOKEN, STS_VERIFY_KEY,
			jws->kid.data
				? "of %u keys, none is for its algorithm %s and its kid \"%s\""
				: "of %u keys, none is for its algorithm %s",
			keys, sts_jws_algorithm(jws), sts_shown(jws->kid, KID_SHOWN_BYTES));
}

static enum sts_err try_all(const struct sts_jws *jws, const struct sts_json *key,
			    struct sts_error *e)
{
	enum fit nearest = FIT_OTHER;
	unsigned keys = 0;

	for (; key; key = sts_json_next(key)) {
		enum fit fit = try(jws, key);

		if (fit == FIT_RIGHT)
			return STS_OK;
		if (++keys > STS_JWKS_KEYS_MAX)
			return sts_fail(e, STS_ETOOBIG, 0, "there are more than %d keys",
					STS_JWKS_KEYS_MAX);
		if (fit > nearest)
			nearest = fit;
	}
	return none_fits(jws, keys, nearest, e);
}

enum sts_err sts_jws_verify(const struct sts_jws *jws, struct sts_slice jwks, struct sts_error *e)
{
	const struct sts_json *root, *keys;
	enum sts_err err = sts_json_parse(jwks, &root, e);

	if (err != STS_OK)
		return err;
	err = sts_json_at(root, "/keys", &keys, e);
	if (err == STS_OK && (!keys || sts_json_kind(keys) != STS_JSON_ARRAY))
		err = sts_fail(e, STS_EANSWER, 0, "this is not a JWKS: it has no array \"keys\"");
	if (err == STS_OK)
		err = try_all(jws, sts_json_first(keys), e);
	sts_json_close();
	return err;
}
