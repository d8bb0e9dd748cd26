/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/claims.h"

#include "base/sizes.h"
#include "token/jwt_times.h"

#define SHOWN_BYTES 90 /* of a claim in a message, escaped */

enum sts_err sts_claims_issuer(const struct sts_json *claims, struct sts_slice wanted,
			       struct sts_slice *issuer, struct sts_error *e)
{
	if (!sts_json_text_at(claims, "/iss", issuer) ||
	    (wanted.len > 0 && !sts_slice_same(wanted, *issuer)))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER,
				issuer->len > 0 ? "it names another issuer: \"%s\""
						: "it does not name one issuer",
				sts_shown(*issuer, SHOWN_BYTES));
	return STS_OK;
}

enum sts_err sts_claims_judge(struct sts_slice text, struct sts_slice audience, int64_t now_s,
			      struct sts_error *e)
{
	const struct sts_json *claims;
	struct sts_jwt_claims times;
	struct sts_text words;
	char buf[64];
	bool fits, is_odd, is_expired;
	enum sts_err err = sts_jwt_claims_times(text, &times, e);

	if (err == STS_OK)
		err = sts_jwt_open_part(text, &claims, e);
	if (err != STS_OK)
		return err;
	fits = audience.len == 0 || sts_jwt_claims_audience(claims, audience);
	is_odd = sts_jwt_has_other(claims, "exp\0nbf\0iat\0", STS_JSON_NUMBER);
	sts_json_close();
	if (is_odd)
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_MALFORMED,
				"exp, nbf or iat is not a number");
	if (!fits)
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_AUDIENCE, "it is not for \"%s\"",
				sts_shown(audience, SHOWN_BYTES));
	sts_text_init(&words, buf, sizeof(buf));
	is_expired = times.exp_s >= 0 && now_s - times.exp_s >= STS_CLOCKS_SAME_S;
	if (is_expired)
		sts_jwt_add_exp(&words, times.exp_s - now_s);
	else if (times.nbf_s - now_s > STS_CLOCKS_SAME_S)
		sts_jwt_add_nbf(&words, times.nbf_s - now_s);
	else if (times.iat_s - now_s > STS_CLOCKS_SAME_S)
		sts_jwt_add_iat(&words, times.iat_s - now_s);
	else
		return STS_OK;
	return sts_fail(e, STS_ETOKEN, is_expired ? STS_VERIFY_EXPIRED : STS_VERIFY_EARLY,
			"it cannot be used now: %s", buf);
}
