/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/untimely.h"

#include "base/sizes.h"
#include "base/timefmt.h"
#include "protocol/reason.h"

/* A hint at a token that is not valid yet is believed only while the token is this young. An older
 * token is refused for another reason: waiting does not mend it. */
#define YOUNG_S 300

/* A sentence that lists all causes of a refusal, "invalid, expired, revoked ..." (RFC 6749 section
 * 5.2), is believed only while the subject token has this long to live, or less. */
#define NEAR_ITS_END_S 60

/* Entra answers with this number when the token is outside of its time, at either end. */
#define ENTRA_NOT_IN_ITS_TIME "AADSTS700024"

/* What STSs and the libraries of JWTs say, one text after the other; an empty text ends them. "used
 * before" alone is not among them, since it may be said of a token that was sent twice. */
static const char says_early[] =
	"not valid yet\0not yet valid\0used before issued\0be used before\0"
	"before use time\0issued in the future\0cannot be used yet\0must not be accepted before\0";
/* Keycloak calls a token "not active" at either end of its time. */
static const char hints_early[] =
	"nbf\0iat\0token is not active\0jwt not active\0" ENTRA_NOT_IN_ITS_TIME "\0";
static const char says_late[] =
	"expired\0ExpiredToken\0ExpiredTokenException\0" ENTRA_NOT_IN_ITS_TIME "\0";

/* The sentence lists causes, of which the end of the token is only one. */
static const char lists_causes[] =
	"revoked\0or expired\0or has expired\0or is expired\0expired or\0"
	"or not yet valid\0or is not yet valid\0or not valid yet\0";

/* Does the answer have one of the phrases? */
static bool says(const struct sts_untimely_input *in, const char *phrases)
{
	struct sts_slice words = in->words;

	/* "certificate has expired or is not yet valid" is said of a server that the STS asks. */
	if (sts_reason_says(words, "certificate\0"))
		words.len = 0;
	return sts_reason_says(in->code, phrases) || sts_reason_says(words, phrases);
}

static void add_distance(struct sts_text *t, int64_t from_s, int64_t to_s)
{
	sts_text_add_str(t, ", ");
	sts_duration_words(t, to_s > from_s ? to_s - from_s : from_s - to_s);
	sts_text_addf(t, to_s > from_s ? " after " : " before ");
}

/* Say how a time of the subject token and the clocks go together: "valid from T, 5 s after the
 * STS's Date; the node's clock is 2 min ahead of it". */
static void add_clocks(struct sts_text *t, const struct sts_untimely_input *in, const char *what,
		       int64_t time_s)
{
	int64_t at_s = in->date_s >= 0 ? in->date_s : in->now_s;

	sts_text_addf(t, " (the subject token %s %s", what, sts_rfc3339(time_s));
	add_distance(t, at_s, time_s);
	sts_text_addf(t, in->date_s >= 0 ? "the STS's Date" : "the node's time");
	if (in->date_s >= 0 && in->clock_skew_s != 0) {
		sts_text_addf(t, "; the node's clock is ");
		sts_duration_words(t, in->clock_skew_s < 0 ? -in->clock_skew_s : in->clock_skew_s);
		sts_text_addf(t, in->clock_skew_s < 0 ? " ahead of it" : " behind it");
	}
	sts_text_add_char(t, ')');
}

struct sts_untimely sts_untimely_explain(const struct sts_untimely_input *in)
{
	int64_t at_s = in->date_s >= 0 ? in->date_s : in->now_s;
	int64_t from_s = in->nbf_s > in->iat_s ? in->nbf_s : in->iat_s;
	bool is_before = from_s >= 0 && at_s < from_s,
	     is_past = in->exp_s >= 0 && at_s >= in->exp_s;
	bool is_young = from_s >= 0 && (at_s - from_s < YOUNG_S || in->now_s - from_s < YOUNG_S);
	int64_t latest_s = at_s > in->now_s ? at_s : in->now_s;
	bool is_near = in->exp_s >= 0 && in->exp_s - latest_s <= NEAR_ITS_END_S;
	bool is_list = says(in, lists_causes);
	struct sts_untimely out = {.kind = STS_UNTIMELY_NO};
	struct sts_text text;

	sts_text_init(&text, out.text, sizeof(out.text));
	if (is_before || (!is_list && says(in, says_early)) ||
	    (is_young && !is_past && (says(in, hints_early) || says(in, says_early))))
		out.kind = STS_UNTIMELY_EARLY;
	else if (is_past || ((!is_list || is_near) && says(in, says_late)))
		out.kind = STS_UNTIMELY_LATE;
	if (is_before) {
		int64_t wait_s = from_s - at_s + 1;

		out.wait_s = (int)(wait_s < STS_RETRY_AFTER_MAX_S ? wait_s : STS_RETRY_AFTER_MAX_S);
	}
	if (out.kind == STS_UNTIMELY_EARLY && from_s >= 0)
		add_clocks(&text, in, is_before ? "is valid from" : "is valid since", from_s);
	if (out.kind == STS_UNTIMELY_LATE && in->exp_s >= 0)
		add_clocks(&text, in, is_past ? "expired at" : "expires at", in->exp_s);
	return out;
}
