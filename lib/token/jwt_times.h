/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times of a JWT, read as leniently as the most lenient library reads them. Services go by the
 * exp of a token that json.h refuses: half a surrogate pair or \u0000 in some other claim, deep
 * nesting, long numbers, bytes that are not UTF-8, base64 with padding or of the other alphabet.
 * If this program took that token for opaque, it would not know when the token expires.
 *
 * Nothing but exp, nbf and iat is read here. Audience and issuer are checked with jwt.h, which is
 * strict. The reader is pure and does not recurse. No byte of a token gets into a message.
 *
 * json_lenient.h is lenient as well, but it is not used here. It searches text that may be broken
 * or cut, for one string, and must not decide about a token. This reader takes claims as libraries
 * do: they are one whole object, and a time may be a number.
 */
#ifndef STS_TOKEN_JWT_TIMES_H
#define STS_TOKEN_JWT_TIMES_H

#include "base/error.h"
#include "base/text.h"

/* The times among the registered claims (RFC 7519 section 4.1): seconds since the epoch, rounded
 * down and clamped to the years 1970 to 9999; -1 where absent or not a time. */
struct sts_jwt_claims {
	int64_t exp_s, nbf_s, iat_s;
	bool is_jwt;     /* there are claims, in the form of a JSON object */
	bool is_exp_bad; /* exp is there, but it is not a time, or it appears twice */
};

/*
 * Read the times of a token.
 *   token    in   UNTRUSTED, trimmed; three parts, of which only the claims are looked at
 *   scratch  in   memory for the decoded claims, at least 3/4 of the token's length
 *   times    out  filled in in every case
 * A time is a number, or a string that holds a number or RFC 3339 text.
 * Returns STS_OK; STS_ETOKEN when the token is not a JWT, or when a time is not a time or appears
 * twice (the other times are filled in all the same); STS_ETOOBIG when scratch is too small.
 */
enum sts_err sts_jwt_times(struct sts_slice token, char *scratch, size_t size,
			   struct sts_jwt_claims *times, struct sts_error *e);

/*
 * Read the times of claims that are decoded already.
 *   claims  in  UNTRUSTED; NUL bytes have been left out, so UTF-16 looks like ASCII
 * Returns STS_OK or STS_ETOKEN, as sts_jwt_times() does.
 */
enum sts_err sts_jwt_claims_times(struct sts_slice claims, struct sts_jwt_claims *times,
				  struct sts_error *e);

#endif
