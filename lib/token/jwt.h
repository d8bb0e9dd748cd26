/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading (not verifying) a JWT: compact JWS, RFC 7515 section 7.1, RFC 7519. Used on the subject
 * token, on the token that came back, and by `inspect`. A JWT that cannot be read is no failure of
 * an exchange: access tokens may be opaque. Nothing of a token ever gets into an error's message.
 */
#ifndef STS_TOKEN_JWT_H
#define STS_TOKEN_JWT_H

#include "base/error.h"
#include "base/text.h"
#include "data/json.h"

/* Three base64url parts; header and claims decoded into the caller's memory. Slices into it. */
struct sts_jwt {
	struct sts_slice header;      /* what should be JSON text */
	struct sts_slice claims;      /* what should be JSON text */
	struct sts_slice signed_part; /* header.claims as in the token */
	struct sts_slice signature;   /* still base64url; empty with "alg":"none" */
};

/*
 * Split and decode.
 *   token    in   UNTRUSTED, trimmed
 *   scratch  in   memory for both decoded parts, at least 3/4 of the token's length
 * Returns STS_OK, STS_ETOKEN when it is not three base64url parts, STS_ETOOBIG when scratch is too
 * small.
 */
enum sts_err sts_jwt_split(struct sts_slice token, char *scratch, size_t size, struct sts_jwt *jwt,
			   struct sts_error *e);

/* Open a decoded header or claims as the JSON facade's document; the caller closes it. Returns
 * STS_OK; STS_ETOKEN when it is no JSON object; STS_ETOOBIG. */
enum sts_err sts_jwt_open_part(struct sts_slice part, const struct sts_json **root,
			       struct sts_error *e);

/*
 * Split, decode, and open the claims as the JSON facade's document; the caller closes it. The token
 * is not looked at any more once this returns: it may lie in the document that was open before.
 *   claims  out  an object
 * Returns STS_OK; STS_ETOKEN when it is no JWT or its claims are no JSON object; STS_ETOOBIG.
 */
enum sts_err sts_jwt_open(struct sts_slice token, char *scratch, size_t size,
			  const struct sts_json **claims, struct sts_error *e);

/* Registered claims that we use (RFC 7519 section 4.1). Times are seconds since the epoch, rounded
 * down and brought within the years 1970 to 9999; -1 where absent. */
struct sts_jwt_claims {
	int64_t exp_s, nbf_s, iat_s;
};

/* Times out of open claims. Returns STS_OK, or STS_ETOKEN when one is no number or is there twice;
 * that one is -1 then, and the others are right all the same. */
enum sts_err sts_jwt_claims_times(const struct sts_json *claims, struct sts_jwt_claims *times,
				  struct sts_error *e);
/* Does `aud` of open claims (a string or an array of strings) contain the audience? */
bool sts_jwt_claims_audience(const struct sts_json *claims, struct sts_slice audience);
/* Is `iss` of open claims this issuer, byte for byte? */
bool sts_jwt_claims_issuer(const struct sts_json *claims, struct sts_slice issuer);

/*
 * The same on a token: each opens the JSON facade's document and closes it. Errors as
 * sts_jwt_open() and sts_jwt_claims_times(); where there is no JWT, times are -1 and has is false.
 */
enum sts_err sts_jwt_times(struct sts_slice token, char *scratch, size_t size,
			   struct sts_jwt_claims *times, struct sts_error *e);
enum sts_err sts_jwt_has_audience(struct sts_slice token, struct sts_slice audience, char *scratch,
				  size_t size, bool *has, struct sts_error *e);
enum sts_err sts_jwt_has_issuer(struct sts_slice token, struct sts_slice issuer, char *scratch,
				size_t size, bool *has, struct sts_error *e);

/*
 * Describe a token for `inspect`: header and claims, times as RFC 3339 and in words, never the
 * signature or the raw token. All of it is printable ASCII and line feeds: peer text is escaped
 * as in JSON.
 *   json  in   false: for people. True: one line, one JSON object with exactly these names:
 *              {"header":{...},"claims":{...},"alg":"..","kid":"..","expires":"RFC 3339",
 *              "expires_in_s":N,"not_before":"RFC 3339","issued_at":"RFC 3339","verified":false}
 *              where what is absent, or of the wrong type, is null
 *   out   out  meaningful only when STS_OK is returned
 * Returns STS_OK; STS_ETOKEN when it is no JWT, or header or claims are no JSON objects;
 * STS_ETOOBIG when scratch or out is too small. A claim of the wrong type is no error.
 */
enum sts_err sts_jwt_describe(struct sts_slice token, int64_t now_s, bool json, char *scratch,
			      size_t size, struct sts_text *out, struct sts_error *e);

#endif
