/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of a token that is to be verified: whose it is, for whom, and when it is valid. */
#ifndef STS_VERIFY_CLAIMS_H
#define STS_VERIFY_CLAIMS_H

#include "token/jwt.h"
#include "verify/refusal.h"

/*
 * Judge the issuer of a token.
 *   claims  in   open; UNTRUSTED
 *   wanted  in   the issuer that the token must have, byte for byte; empty: any
 *   issuer  out  the issuer that the token names; valid as long as the claims are open; empty
 *                without one
 * Returns STS_OK, or STS_ETOKEN with the detail STS_VERIFY_ISSUER.
 */
enum sts_err sts_claims_issuer(const struct sts_json *claims, struct sts_slice wanted,
			       struct sts_slice *issuer, struct sts_error *e);

/*
 * Judge the audience and the times of a token. The clocks of issuer and node may differ by
 * STS_CLOCKS_SAME_S. A token without a time is not bounded by it. Opens and closes a document of
 * json.h.
 *   claims    in  decoded; UNTRUSTED
 *   audience  in  must be in `aud`; empty: any
 *   now_s     in  the node's clock, seconds since the epoch
 * Returns STS_OK; STS_ETOKEN with the detail STS_VERIFY_AUDIENCE, STS_VERIFY_EXPIRED,
 * STS_VERIFY_EARLY, or STS_VERIFY_MALFORMED for a time that is not a number, or that
 * jwt_times.h cannot read; STS_ETOOBIG.
 */
enum sts_err sts_claims_judge(struct sts_slice claims, struct sts_slice audience, int64_t now_s,
			      struct sts_error *e);

#endif
