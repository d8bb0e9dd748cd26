/* SPDX-License-Identifier: Apache-2.0 */
#include "token/life.h"

#include "base/packed.h"
#include "base/timefmt.h"

bool sts_life_is_stated(const struct sts_expiry_input *in)
{
	return in->absolute_s >= 0 || in->token_exp_s >= 0 || in->lifetime_s != INT64_MIN;
}

/* Add "5 min ago by the node's clock". */
static void add_ago(struct sts_text *t, int64_t ago_s, const char *whose)
{
	sts_duration_words(t, ago_s);
	sts_text_addf(t, " ago by ");
	sts_text_add_str(t, whose);
}

/* Fail for a token that has ended by its absolute time. */
static enum sts_err has_ended(const struct sts_expiry_input *in, const struct sts_expiry *expiry,
			      struct sts_error *e)
{
	char clocks[160];
	struct sts_text text;

	sts_text_init(&text, clocks, sizeof(clocks));
	add_ago(&text, expiry->ago_local_s, "the node's clock");
	if (expiry->has_date) {
		sts_text_add_str(&text, " and ");
		add_ago(&text, expiry->ago_date_s, "the answer's Date");
	} else if (in->date_s >= 0) {
		sts_text_addf(&text, " (the answer's Date is over a day away from it)");
	}
	return sts_fail(e, STS_ELIFETIME, 0,
			"the returned token has no life left: it ended at %s, %s",
			sts_rfc3339(expiry->end_s), clocks);
}

static enum sts_err no_life(const struct sts_expiry_input *in, const struct sts_expiry *expiry,
			    struct sts_error *e)
{
	if (expiry->verdict == STS_EXPIRY_ENDED)
		return has_ended(in, expiry, e);
	return sts_fail(e, STS_ELIFETIME, 0, "the returned token's lifetime is %lld s%s",
			(long long)expiry->lifetime_s,
			expiry->verdict == STS_EXPIRY_TOO_LATE
				? sts_words(", which was over before the answer had arrived")
				: "");
}

/* A token whose lifetime is not stated anywhere may live for ever, so it fails. --default-ttl is
 * the user's assumption, and does not count as a statement. */
static enum sts_err judge_max(int64_t life_s, int64_t max_s, struct sts_error *e)
{
	if (life_s <= 0)
		return sts_fail(e, STS_EEXPECT, 0,
				"nothing tells how long the returned token lives, so its lifetime "
				"cannot be checked");
	if (life_s > max_s)
		return sts_fail(e, STS_EEXPECT, 0,
				"the returned token lives %lld s, and at most %lld s are allowed "
				"(--max-lifetime)",
				(long long)life_s, (long long)max_s);
	return STS_OK;
}

enum sts_err sts_life_judge(const struct sts_expiry_input *in, int64_t documented_s, int64_t max_s,
			    struct sts_expiry *out, struct sts_error *e)
{
	if (!sts_expiry_combine(in, out))
		return no_life(in, out, e);
	if (max_s <= 0)
		return STS_OK;
	return judge_max(sts_life_is_stated(in) ? out->usable_s : documented_s, max_s, e);
}
