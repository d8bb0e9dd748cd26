/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/renewal.h"

#define DAY_S              (24 * 3600LL)
#define EXPIRATION_LEAST_S 600 /* expirationSeconds cannot be less */

/* The issued token must live this much longer than the subject token stays: the kubelet's sync and
 * our own spread. */
#define ROOM_S (STS_RENEWAL_SYNC_S + STS_EXCHANGE_SPREAD_MS / 1000)

/* A look follows the one before after half of this time to all of it. */
#define LOOK_MS         60000
#define LOOK_NOW_MS     STS_EXCHANGE_SPREAD_MS /* while the kubelet is about to renew the token */
#define LOOK_NOW_FOR_MS 120000

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Returns how old a subject token is when the kubelet renews it. */
static int64_t renewed_after_s(int64_t life_s)
{
	return least(life_s / 5 * 4, DAY_S);
}

void sts_renewal_note(struct sts_exchange *x, const struct sts_report *report,
		      const struct sts_moment *now)
{
	int64_t life_s = report->subject_exp_s - report->subject_iat_s, renews_ms;

	if (report->subject_exp_s < 0)
		return;
	x->status.renews_ms = x->subject_life_s = 0;
	if (!sts_exchange_sends_once(x) || x->plan->depends_on >= 0 || report->subject_iat_s == 0 ||
	    life_s <= 0)
		return;
	/* By a clock that is behind, the token is not issued yet. */
	renews_ms = least(report->subject_iat_s * 1000 - now->real_ms, 0) + now->boot_ms +
		    renewed_after_s(life_s) * 1000;
	x->subject_life_s = life_s;
	x->status.renews_ms = renews_ms > 0 ? renews_ms : 1; /* 0 means unknown */
}

bool sts_renewal_waits(const struct sts_exchange *x, const struct sts_moment *now)
{
	return x->status.renews_ms >
	       sts_schedule_after_success(&x->plan->rules, &x->schedule, now->boot_ms, now->random);
}

int64_t sts_renewal_next_ms(const struct sts_exchange *x, bool looked, const struct sts_moment *now)
{
	int64_t since_ms = now->boot_ms - x->status.renews_ms;
	int64_t span_ms = since_ms >= 0 && since_ms < LOOK_NOW_FOR_MS ? LOOK_NOW_MS : LOOK_MS;
	int64_t at_ms = x->status.renews_ms +
			sts_schedule_jitter(STS_EXCHANGE_SPREAD_MS, now->random);
	int64_t wait_ms = span_ms / 2 + sts_schedule_jitter(span_ms / 2, now->random);

	if (looked)
		return now->boot_ms +
		       (since_ms < 0 ? least(at_ms - now->boot_ms, wait_ms) : wait_ms);
	/* When the token ends, the looks begin, which do not rely on the clocks. */
	wait_ms = least(least(at_ms, x->schedule.token_until_ms) - now->boot_ms,
			STS_SCHEDULE_MAX_MS);
	return now->boot_ms + (wait_ms > STS_SCHEDULE_FLOOR_MS ? wait_ms : STS_SCHEDULE_FLOOR_MS);
}

bool sts_renewal_gap(const struct sts_exchange *x, struct sts_renewal_gap *gap)
{
	int64_t life_s = (x->until_ms - x->schedule.token_from_ms) / 1000;
	int64_t room_s = life_s - ROOM_S, gap_ms;

	if (x->expires_s == 0 || x->status.renews_ms == 0 ||
	    room_s >= renewed_after_s(x->subject_life_s))
		return false;
	gap_ms = x->status.renews_ms + STS_EXCHANGE_SPREAD_MS / 2 - x->until_ms;
	gap->gap_s = gap_ms > 0 ? gap_ms / 1000 : 0;
	gap->needs_both = room_s < renewed_after_s(EXPIRATION_LEAST_S);
	gap->expiration_s = least(x->subject_life_s,
				  gap->needs_both ? EXPIRATION_LEAST_S : room_s * 5 / 4);
	gap->lifetime_s = ROOM_S +
			  renewed_after_s(gap->needs_both ? gap->expiration_s : x->subject_life_s);
	return true;
}

void sts_exchange_learn(struct sts_exchange *x, const struct sts_report *report,
			uint64_t request_id)
{
	uint64_t taken = report->subject_identity ^ request_id;

	if (report->error == STS_OK && report->sent_boot_ms != 0) {
		if (taken == x->taken)
			x->status.again_for = sts_exchange_once_for(request_id);
		x->taken = taken;
	}
	if (report->error != STS_ESUBJECT_USED || report->http_status == 0)
		return;
	x->single_use = true;
	if (x->plan->subject_use == STS_USE_UNKNOWN)
		x->status.once_for = sts_exchange_once_for(request_id);
}
