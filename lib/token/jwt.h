/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader of JWTs (RFC 7519) in the compact form of a JWS (RFC 7515 section 7.1). It does
 * not verify them. It reads the subject token, the token that came back, and what `inspect` shows.
 * jwt_times.h reads their times. A token that is not a JWT does not fail an exchange, since access
 * tokens may be opaque. No byte of a token gets into the message of an error.
 */
#ifndef STS_TOKEN_JWT_H
#define STS_TOKEN_JWT_H

#include "base/error.h"
#include "base/text.h"
#include "json_xml/json.h"

/* The decoded parts of a token, in the caller's scratch memory. They should be JSON text. */
struct sts_jwt {
	struct sts_slice header, claims;
};

/*
 * Split a token, and decode its header and claims.
 *   token    in   UNTRUSTED, trimmed
 *   scratch  in   memory for both decoded parts, at least 3/4 of the token's length
 * Returns STS_OK; STS_ETOKEN when the token is not three base64url parts; STS_ETOOBIG when scratch
 * is too small.
 */
enum sts_err sts_jwt_split(struct sts_slice token, char *scratch, size_t size, struct sts_jwt *jwt,
			   struct sts_error *e);

/* Open a decoded header or claims as the document of json.h; the caller closes it. Returns STS_OK;
 * STS_ETOKEN when the part is not a JSON object; STS_ETOOBIG. After an error no document is open.
 */
enum sts_err sts_jwt_open_part(struct sts_slice part, const struct sts_json **root,
			       struct sts_error *e);

/*
 * Split and decode a token, and open its claims as the document of json.h; the caller closes it.
 *   token   in   UNTRUSTED, trimmed; may lie in the document that was open before, since it is not
 *                read any more once the claims are opened
 *   claims  out  an object
 * Returns STS_OK; STS_ETOKEN when the token is not a JWT or its claims are not a JSON object;
 * STS_ETOOBIG.
 */
enum sts_err sts_jwt_open(struct sts_slice token, char *scratch, size_t size,
			  const struct sts_json **claims, struct sts_error *e);

/* Is a member of an open object this text, or an array that has it? */
bool sts_jwt_has_member(const struct sts_json *object, const char *pointer, struct sts_slice text);
/* Has an open object a member with one of these names whose value is not of this kind? Unlike
 * sts_json_at(), it sees null.
 *   names  in   one after the other, each with its NUL; an empty one ends them
 *   kind   in   an enum sts_json_kind; -1: no kind will do */
bool sts_jwt_has_other(const struct sts_json *object, const char *names, int kind);
/* Does `aud` of open claims (a string or an array of strings) contain the audience? */
bool sts_jwt_claims_audience(const struct sts_json *claims, struct sts_slice audience);
/* Is `iss` of open claims this issuer, byte for byte? */
bool sts_jwt_claims_issuer(const struct sts_json *claims, struct sts_slice issuer);

/*
 * The same two questions about a token: each opens its claims and closes them again. Returns what
 * sts_jwt_open() returns. Where the token is not a JWT, *has is false.
 */
enum sts_err sts_jwt_has_audience(struct sts_slice token, struct sts_slice audience, char *scratch,
				  size_t size, bool *has, struct sts_error *e);
enum sts_err sts_jwt_has_issuer(struct sts_slice token, struct sts_slice issuer, char *scratch,
				size_t size, bool *has, struct sts_error *e);

/* Add what a time means: "expired 5 min ago", "not valid for another 5 min", "issued in the future,
 * in 5 min".
 *   left_s  in  the time minus now, in seconds */
void sts_jwt_add_exp(struct sts_text *out, int64_t left_s);
void sts_jwt_add_nbf(struct sts_text *out, int64_t left_s);
void sts_jwt_add_iat(struct sts_text *out, int64_t left_s);

/*
 * Describe a token for `inspect` and `verify`: header and claims, and the times as RFC 3339 and in
 * words. The description never has the signature or the raw token. It is printable ASCII and line
 * feeds; text from a peer is escaped as in JSON.
 *   verified  in   what is said of the token: that it was verified, or not
 *   now_s  in   the node's clock, seconds since the epoch
 *   json   in   false: text for people. True: one line, one JSON object with exactly these names,
 *               where a value that is absent or of the wrong type is null:
 *               {"header":{...},"claims":{...},"alg":"..","kid":"..","expires":"RFC 3339",
 *               "expires_in_s":N,"not_before":"RFC 3339","issued_at":"RFC 3339","verified":false}
 *   out    out  meaningful only when STS_OK is returned
 * Returns STS_OK; STS_ETOKEN when the token is not a JWT, or its header or claims are not JSON
 * objects; STS_ETOOBIG when scratch or out is too small. A claim of the wrong type is not an error.
 */
enum sts_err sts_jwt_describe(struct sts_slice token, bool verified, int64_t now_s, bool json,
			      char *scratch, size_t size, struct sts_text *out,
			      struct sts_error *e);

#endif
