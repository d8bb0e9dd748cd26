/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/claims.h"

#include "base/sizes.h"
#include "base/timefmt.h"

#define SHOWN_BYTES 90 /* of a claim in a message, escaped */

enum sts_err sts_claims_issuer(const struct sts_json *claims, struct sts_slice wanted,
			       struct sts_slice *issuer, struct sts_error *e)
{
	const struct sts_json *v;

	*issuer = (struct sts_slice){NULL, 0};
	if (sts_json_at(claims, "/iss", &v, NULL) != STS_OK || (v && !sts_json_string(v, issuer)))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER, "its issuer is not one text");
	if (wanted.len > 0 && !sts_slice_same(wanted, *issuer))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER,
				issuer->len > 0 ? "it names another issuer: \"%s\""
						: "it names no issuer",
				sts_shown(*issuer, SHOWN_BYTES));
	return STS_OK;
}

/* Read a time, rounded down and clamped to the years 1970 to 9999; -1 if there is none. */
static enum sts_err time_at(const struct sts_json *claims, const char *pointer, int64_t *time_s,
			    struct sts_error *e)
{
	const struct sts_json *v;
	double number = -1;

	if (sts_json_at(claims, pointer, &v, NULL) != STS_OK || (v && !sts_json_number(v, &number)))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_MALFORMED, "its %s is not one number",
				pointer + 1);
	*time_s = !v                         ? -1
		  : number < 0               ? 0
		  : number > STS_EPOCH_MAX_S ? STS_EPOCH_MAX_S
					     : (int64_t)number;
	return STS_OK;
}

/* Refuse a token for one of its times, which is `distance_s` away from now. */
static enum sts_err untimely(struct sts_error *e, char claim, int64_t distance_s, int64_t time_s)
{
	char words[32];
	struct sts_text text;

	sts_text_init(&text, words, sizeof(words));
	sts_duration_words(&text, distance_s);
	return sts_fail(e, STS_ETOKEN, claim == 'e' ? STS_VERIFY_EXPIRED : STS_VERIFY_EARLY,
			claim == 'e'   ? "it expired %s ago, at %s"
			: claim == 'n' ? "it is not valid for another %s, until %s"
				       : "it was issued in the future, in %s, at %s",
			words, sts_rfc3339(time_s));
}

enum sts_err sts_claims_judge(const struct sts_json *claims, struct sts_slice audience,
			      int64_t now_s, int64_t *exp_s, struct sts_error *e)
{
	int64_t nbf_s = -1, iat_s = -1;
	enum sts_err err = time_at(claims, "/exp", exp_s, e);

	if (err == STS_OK)
		err = time_at(claims, "/nbf", &nbf_s, e);
	if (err == STS_OK)
		err = time_at(claims, "/iat", &iat_s, e);
	if (err != STS_OK)
		return err;
	if (audience.len > 0 && !sts_jwt_claims_audience(claims, audience))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_AUDIENCE, "it is not for \"%s\"",
				sts_shown(audience, SHOWN_BYTES));
	if (*exp_s >= 0 && now_s - *exp_s >= STS_CLOCKS_SAME_S)
		return untimely(e, 'e', now_s - *exp_s, *exp_s);
	if (nbf_s - now_s > STS_CLOCKS_SAME_S)
		return untimely(e, 'n', nbf_s - now_s, nbf_s);
	if (iat_s - now_s > STS_CLOCKS_SAME_S)
		return untimely(e, 'i', iat_s - now_s, iat_s);
	return STS_OK;
}
