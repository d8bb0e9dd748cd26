/* SPDX-License-Identifier: Apache-2.0 */
/* Why a token is not verified. A failure of this folder that is the fault of the token, or of keys
 * that do not fit it, is STS_ETOKEN, and one of these is its detail. */
#ifndef STS_VERIFY_REFUSAL_H
#define STS_VERIFY_REFUSAL_H

enum sts_verify_refusal {
	STS_VERIFY_MALFORMED, /* it is not a signed JWT; also what token/jwt.h says */
	STS_VERIFY_ALGORITHM, /* alg is none, or one that is not accepted */
	STS_VERIFY_KEY,       /* no key fits the token */
	STS_VERIFY_SIGNATURE,
	STS_VERIFY_ISSUER, /* the issuer is not the one that is wanted, or not that of the keys */
	STS_VERIFY_NOT_COMPARED, /* nobody has said which issuer is wanted */
	STS_VERIFY_AUDIENCE,
	STS_VERIFY_EXPIRED,
	STS_VERIFY_EARLY, /* nbf or iat is in the future */
	STS_VERIFY__COUNT
};

#endif
