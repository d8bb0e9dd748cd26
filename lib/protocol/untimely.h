/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals that time can explain: the STS has refused a subject token that is not valid yet, or
 * that has expired, by the STS's clock. The times of the subject token are compared with the
 * answer's Date. Without a Date they are compared with the node's clock. The functions are pure.
 *
 * A Date need not come from the STS's own clock, since a gateway may write it. So the STS's error
 * code and words count as well.
 */
#ifndef STS_PROTOCOL_UNTIMELY_H
#define STS_PROTOCOL_UNTIMELY_H

#include <stdint.h>

#include "base/text.h"

/* The explanation of a refusal, with a space before it and in parentheses, with the NUL. The rest
 * of an error's message (STS_ERROR_TEXT_MAX_BYTES) has the status, the code and the words. */
#define STS_UNTIMELY_TEXT_MAX_BYTES 144

struct sts_untimely_input {
	int64_t nbf_s, iat_s, exp_s;  /* of the subject token; -1: it has none */
	int64_t date_s;               /* the answer's Date; -1: none that is believed */
	int64_t now_s;                /* the node's clock when the answer arrived */
	int64_t clock_skew_s;         /* of sts_expiry_skew() */
	struct sts_slice code, words; /* of the answer, UNTRUSTED */
};

/* What time says about a refusal. */
enum sts_untimely_kind {
	STS_UNTIMELY_NO,    /* nothing */
	STS_UNTIMELY_EARLY, /* the subject token is not valid yet: waiting mends it */
	STS_UNTIMELY_LATE,  /* the subject token has expired: another one mends it */
};

struct sts_untimely {
	enum sts_untimely_kind kind;
	/* STS_UNTIMELY_EARLY: until the subject token is valid, from 1 to STS_RETRY_AFTER_MAX_S; 0
	 * where the clocks do not say how long that is */
	int wait_s;
	char text[STS_UNTIMELY_TEXT_MAX_BYTES]; /* "" where the clocks have nothing to say */
};

/*
 * Explain a refusal of the subject token.
 *   STS_UNTIMELY_EARLY  the time is before nbf or iat; or the answer says that the token is not
 *                       valid yet; or the answer only hints at that (it names nbf or iat, or
 *                       says "token is not active" or AADSTS700024, which stand for both ends),
 *                       nbf and iat are less than five minutes ago, and exp has not passed
 *   STS_UNTIMELY_LATE   exp has passed, or the answer says that the token has expired
 * A sentence that lists the causes that a refusal may have ("is invalid, expired, revoked, ...") is
 * only a hint: it counts while the token is young, or within a minute of its exp by either clock.
 */
struct sts_untimely sts_untimely_explain(const struct sts_untimely_input *in);

#endif
