/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature of a JWT (RFC 7515), and the keys that may verify it, a JWKS (RFC 7517). Accepted
 * are RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and ES512 (RFC 7518), each with the
 * kind of key that it names: the curve of an ES algorithm is fixed. Refused are `none`, HMAC and
 * all others, and a token with `crit` or `b64`, since no extension is known here. A key in the
 * header of a token (jwk, jku, x5c, x5u) is never looked at.
 */
#ifndef STS_VERIFY_JWS_H
#define STS_VERIFY_JWS_H

#include "tls/key_schedule.h"
#include "tls/signature.h"
#include "token/jwt.h"
#include "verify/refusal.h"

#define STS_JWKS_KEYS_MAX 64

/* A token whose header was read. */
struct sts_jws {
	const struct sts_tls_scheme *scheme;
	struct sts_slice kid;    /* UNTRUSTED, decoded; data is NULL without one */
	struct sts_slice claims; /* UNTRUSTED, decoded: sts_jwt_open_part() opens them */
	size_t signature_len;
	uint8_t hash[STS_TLS_HASH_MAX_BYTES]; /* of what is signed */
	uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES];
};

/*
 * Read the header and the signature of a token. Closes the open document of json.h.
 *   token          in   UNTRUSTED, trimmed
 *   scratch, size  in   as for sts_jwt_split(); jws points into it
 * Returns STS_OK; STS_ETOKEN with a detail of enum sts_verify_refusal; STS_ETOOBIG. No byte of the
 * token gets into a message, except for the name of an algorithm, escaped.
 */
enum sts_err sts_jws_read(struct sts_slice token, char *scratch, size_t size, struct sts_jws *jws,
			  struct sts_error *e);

/* The name of the algorithm of a token that was read: "ES256". Static storage. */
const char *sts_jws_algorithm(const struct sts_jws *jws);

/*
 * Verify the signature of a token. Opens and closes a document of json.h.
 *
 * A key is tried if it has the kind that the algorithm names, if its `alg`, `use` and `key_ops`, as
 * far as there are any, are that algorithm, signatures, and verifying, and if its kid is that of
 * the token. A token without kid fits every key, and a key without kid every token. All such keys
 * are tried. RSA keys have STS_RSA_KEY_MIN_BITS to STS_RSA_KEY_MAX_BITS, as in certificates. A key
 * that cannot be read is left out, as RFC 7517 section 5 wants it, and so is a private key.
 *   jwks  in  UNTRUSTED: the text of a JWKS
 * Returns STS_OK if one of the keys has made the signature; STS_ETOKEN with the detail
 * STS_VERIFY_KEY or STS_VERIFY_SIGNATURE; STS_EANSWER if there is no array `keys`; STS_ETOOBIG if
 * it has more than STS_JWKS_KEYS_MAX keys; else what sts_json_parse() returns. A message may have
 * the kid of the token, escaped.
 */
enum sts_err sts_jws_verify(const struct sts_jws *jws, struct sts_slice jwks, struct sts_error *e);

#endif
