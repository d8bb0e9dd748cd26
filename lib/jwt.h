/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading (not verifying) a JWT: compact JWS, RFC 7515 section 7.1, RFC 7519. Used on the subject token, on the token that came
 * back, and by `inspect`. A JWT that cannot be read is no failure of an exchange: access tokens may be opaque.
 */
#ifndef STS_JWT_H
#define STS_JWT_H

#include "error.h"
#include "text.h"

#define STS_JWT_PART_MAX_BYTES (48 * 1024) /* one decoded part */

/* Three base64url parts; header and claims decoded into the caller's memory. Slices into it. */
struct sts_jwt {
	struct sts_slice header;    /* JSON text */
	struct sts_slice claims;    /* JSON text */
	struct sts_slice signed_part; /* header.claims as in the token */
	struct sts_slice signature; /* still base64url */
};

/*
 * Split and decode.
 *   token    in   UNTRUSTED, trimmed
 *   scratch  in   memory for both decoded parts, at least 3/4 of the token's length
 * Returns STS_OK, STS_ETOKEN when it is not three base64url parts, STS_ETOOBIG when scratch is too small.
 */
enum sts_err sts_jwt_split(struct sts_slice token, char *scratch, size_t size, struct sts_jwt *jwt, struct sts_error *e);

/* Registered claims that we use (RFC 7519 section 4.1). Times are seconds since the epoch; -1 where absent. */
struct sts_jwt_claims {
	int64_t exp_s, nbf_s, iat_s;
};

/*
 * Read times of a JWT's claims. Opens the JSON facade's document and closes it.
 * Returns STS_OK (absent claims are -1), STS_ETOKEN when it is no JWT, its claims are no JSON object, or a time is no number.
 */
enum sts_err sts_jwt_times(struct sts_slice token, char *scratch, size_t size, struct sts_jwt_claims *claims,
			   struct sts_error *e);

/* Does `aud` (a string or an array of strings) contain the audience? Errors as sts_jwt_times(). */
enum sts_err sts_jwt_has_audience(struct sts_slice token, struct sts_slice audience, char *scratch, size_t size, bool *has,
				  struct sts_error *e);
/* Is `iss` this issuer, byte for byte? Errors as sts_jwt_times(). */
enum sts_err sts_jwt_has_issuer(struct sts_slice token, struct sts_slice issuer, char *scratch, size_t size, bool *has,
				struct sts_error *e);

/*
 * Describe a token for `inspect`: header and claims indented, times as RFC 3339 and in words, never the signature or the raw
 * token. Every byte of peer text is escaped.
 *   json  in   true: one JSON object {"header":..,"claims":..,"expires":"..","expires_in_s":N,...}
 */
enum sts_err sts_jwt_describe(struct sts_slice token, int64_t now_s, bool json, char *scratch, size_t size,
			      struct sts_text *out, struct sts_error *e);

#endif
