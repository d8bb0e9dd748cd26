/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/jws.h"

#include <string.h>

#include "base/base64.h"
#include "base/packed.h"
#include "bearssl_choice/implementations.h"
#include "trust/cert.h"
#include "trust/rules.h"

#define COORDINATE_MAX_BYTES 66
#define KID_SHOWN_BYTES      60 /* in a message, escaped */

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
	const struct sts_json *v;
	struct sts_slice alg;
	const char *name = algorithms;

	if (sts_json_at(header, "/alg", &v, NULL) != STS_OK || !sts_json_string(v, &alg))
		return refuse(e, STS_VERIFY_MALFORMED, "its header names no algorithm, or two");
	for (jws->scheme = sts_tls_schemes; jws->scheme->id != 0; jws->scheme++) {
		if (sts_slice_eq(alg, name))
			return STS_OK;
		name = sts_text_at(name, 1);
	}
	if (sts_slice_eq_nocase(alg, "none"))
		return refuse(e, STS_VERIFY_ALGORITHM, "its algorithm is none: it is not signed");
	return sts_fail(e, STS_ETOKEN, STS_VERIFY_ALGORITHM,
			"its algorithm, %s, is not accepted: only RS, PS and ES with 256, 384 and "
			"512 are",
			sts_shown(alg, KID_SHOWN_BYTES));
}

/* Read the header, and put the kid into its place: when the document is open, the text of the
 * header is not needed any more, and the kid is shorter. */
static enum sts_err read_header(struct sts_slice text, struct sts_jws *jws, struct sts_error *e)
{
	const struct sts_json *header, *v;
	struct sts_slice kid;
	enum sts_err err = sts_jwt_open_part(text, &header, e);

	jws->kid = (struct sts_slice){NULL, 0};
	if (err != STS_OK)
		return err;
	for (v = sts_json_first(header); v; v = sts_json_next(v))
		if (sts_slice_eq(sts_json_key(v), "crit"))
			return refuse(e, STS_VERIFY_MALFORMED,
				      "its header wants an extension to be understood (crit), and "
				      "none is known");
	if (sts_json_at(header, "/kid", &v, NULL) != STS_OK || (v && !sts_json_string(v, &kid)))
		return refuse(e, STS_VERIFY_MALFORMED, "its kid is not one text");
	if (v) {
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
			      "its signature is missing, too long, or not base64url");
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

/* What a key is to a token: the first reason why it is not tried, or what came of it. */
enum fit { FIT_OTHER_KID, FIT_OTHER_KIND, FIT_OTHER_USE, FIT_WEAK, FIT_WRONG, FIT_RIGHT };

/* The reasons, in the same order. */
static const char misfits[] = STS_PACKED(
	"has another kid\0"
	"is of another kind or curve\0"
	"is for another algorithm, or not for signatures\0"
	"is malformed, or an RSA key of fewer than 2048 or more than 4096 bits");

/* A text of a key. Returns an empty slice without data if there is none; *bad is set if it is not a
 * text, or there twice. */
static struct sts_slice text_at(const struct sts_json *key, const char *pointer, bool *bad)
{
	const struct sts_json *v;
	struct sts_slice s = {NULL, 0};

	if (sts_json_at(key, pointer, &v, NULL) != STS_OK || (v && !sts_json_string(v, &s)))
		*bad = true;
	return s;
}

/* Decode a number of a key, without the zeros before it. Returns false if it is missing. */
static bool number_at(const struct sts_json *key, const char *pointer, uint8_t *out, size_t size,
		      struct sts_der *number)
{
	bool bad = false;
	struct sts_slice text = text_at(key, pointer, &bad);

	number->data = out;
	if (bad || !sts_base64url_decode(text, out, size, &number->len))
		return false;
	while (number->len > 0 && number->data[0] == 0) {
		number->data++;
		number->len--;
	}
	return number->len > 0;
}

/* May the key verify signatures of this algorithm, by what it says of itself? */
static bool may_verify(const struct sts_json *key, const char *algorithm)
{
	const struct sts_json *ops;
	struct sts_slice s;
	bool bad = false;
	struct sts_slice use = text_at(key, "/use", &bad), alg = text_at(key, "/alg", &bad);

	if (bad || (use.data && !sts_slice_eq(use, "sig")) ||
	    (alg.data && !sts_slice_eq(alg, algorithm)) ||
	    sts_json_at(key, "/key_ops", &ops, NULL) != STS_OK)
		return false;
	if (!ops)
		return true;
	if (sts_json_kind(ops) != STS_JSON_ARRAY)
		return false;
	for (ops = sts_json_first(ops); ops; ops = sts_json_next(ops))
		if (sts_json_string(ops, &s) && sts_slice_eq(s, "verify"))
			return true;
	return false;
}

static enum fit try_rsa(const struct sts_jws *jws, const struct sts_json *key)
{
	uint8_t n[STS_RSA_KEY_MAX_BITS / 8 + 1], e[8];
	struct sts_der modulus, exponent;
	br_x509_pkey public = {.key_type = BR_KEYTYPE_RSA};
	uint32_t bits;

	if (!number_at(key, "/n", n, sizeof(n), &modulus) ||
	    !number_at(key, "/e", e, sizeof(e), &exponent))
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

/* Is a half of an ECDSA signature zero? BearSSL checks the other bounds. */
static bool is_zero(const uint8_t *number, size_t len)
{
	uint8_t bits = 0;

	while (len > 0)
		bits |= number[--len];
	return bits == 0;
}

/* Read a coordinate, which must have all its bytes (RFC 7518 section 6.2.1.2). */
static bool coordinate_at(const struct sts_json *key, const char *pointer, uint8_t *out, size_t len)
{
	bool bad = false;
	struct sts_slice text = text_at(key, pointer, &bad);
	size_t got;

	return !bad && sts_base64url_decode(text, out, len, &got) && got == len;
}

/* BearSSL refuses a point that is not on the curve. */
static enum fit try_ec(const struct sts_jws *jws, const struct sts_json *key)
{
	size_t len = coordinate_bytes(jws->scheme), both = 2 * len;
	uint8_t point[1 + 2 * COORDINATE_MAX_BYTES] = {4}; /* uncompressed (SEC 1 section 2.3.3) */
	br_ec_public_key public = {jws->scheme->curve, point, 1 + both};
	const uint8_t *r = jws->signature;

	if (!coordinate_at(key, "/x", point + 1, len) ||
	    !coordinate_at(key, "/y", point + 1 + len, len))
		return FIT_WEAK;
	return jws->signature_len == both && !is_zero(r, len) && !is_zero(r + len, len) &&
			       br_ecdsa_i31_vrfy_raw(sts_crypto_ec(), jws->hash,
						     sts_tls_hash_bytes(jws->scheme), &public, r,
						     both) == 1
		       ? FIT_RIGHT
		       : FIT_WRONG;
}

static enum fit try(const struct sts_jws *jws, const struct sts_json *key)
{
	bool ec = jws->scheme->kind == STS_TLS_ECDSA, bad = false;
	struct sts_slice kid = text_at(key, "/kid", &bad);

	if (bad || (kid.data && jws->kid.data && !sts_slice_same(kid, jws->kid)))
		return FIT_OTHER_KID;
	if (!sts_slice_eq(text_at(key, "/kty", &bad), ec ? "EC" : "RSA") ||
	    (ec && !sts_slice_eq(text_at(key, "/crv", &bad), curve_name(jws->scheme))))
		return FIT_OTHER_KIND;
	if (!may_verify(key, sts_jws_algorithm(jws)))
		return FIT_OTHER_USE;
	return ec ? try_ec(jws, key) : try_rsa(jws, key);
}

/* ---- all keys ---- */

static enum sts_err none_fits(const struct sts_jws *jws, unsigned keys, unsigned tried,
			      enum fit nearest, struct sts_error *e)
{
	bool kid = jws->kid.data;

	if (nearest == FIT_WRONG)
		return sts_fail(
			e, STS_ETOKEN, STS_VERIFY_SIGNATURE,
			"the signature is wrong: it is not that of the %u of %u keys that fit",
			tried, keys);
	if (keys == 0)
		return refuse(e, STS_VERIFY_KEY, "the issuer publishes no keys");
	return sts_fail(e, STS_ETOKEN, STS_VERIFY_KEY,
			"of %u key%s, none fits %s%s%s%s: the nearest %s", keys,
			keys == 1 ? "" : "s", sts_jws_algorithm(jws), kid ? " and the kid \"" : "",
			kid ? sts_shown(jws->kid, KID_SHOWN_BYTES) : "", kid ? "\"" : "",
			sts_words_at(misfits, nearest));
}

static enum sts_err try_all(const struct sts_jws *jws, const struct sts_json *key,
			    struct sts_error *e)
{
	enum fit nearest = FIT_OTHER_KID;
	unsigned keys = 0, tried = 0;

	for (; key; key = sts_json_next(key)) {
		enum fit fit = try(jws, key);

		if (fit == FIT_RIGHT)
			return STS_OK;
		if (++keys > STS_JWKS_KEYS_MAX)
			return sts_fail(e, STS_ETOOBIG, 0, "there are more than %d keys",
					STS_JWKS_KEYS_MAX);
		tried += fit == FIT_WRONG;
		if (fit > nearest)
			nearest = fit;
	}
	return none_fits(jws, keys, tried, nearest, e);
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
