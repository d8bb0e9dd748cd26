/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next subject token comes. The kubelet renews a projected token at 80 % of its life, or
 * after a day if that is sooner, when it next looks at the Pod's volumes (kubernetes: its token
 * manager). If a subject token may be sent once, an exchange that has sent it waits for the next
 * one. This module says until when, and whether its own token lives so long. It knows the times of
 * the subject token as workers report them. Like exchange.c, it reads no clock.
 */
#ifndef STS_SUPERVISOR_RENEWAL_H
#define STS_SUPERVISOR_RENEWAL_H

#include "supervisor/exchange_state.h"

/* The kubelet looks at the volumes of a Pod every 60 to 90 s. */
#define STS_RENEWAL_SYNC_S 90

/* An attempt has ended: note when the subject token that its worker has read is renewed, if it may
 * be sent once and comes from the kubelet. If the worker has read none, what is known stays. */
void sts_renewal_note(struct sts_exchange *x, const struct sts_report *report,
		      const struct sts_moment *now);

/* The exchange has just got a token. Does its refresh have to wait for the renewal of the subject
 * token? No, if a new subject token comes before the time of the refresh, or if it is unknown when
 * one comes, as in a chain. */
bool sts_renewal_waits(const struct sts_exchange *x, const struct sts_moment *now);

/*
 * Returns when to make the attempt that waits for the renewal, or, if the token ends before that,
 * when to begin to look.
 *   looked  in  an attempt has found the subject token that was sent before. A new file may cause
 *               no event, so the next look comes within a minute. False: the exchange has a token
 */
int64_t sts_renewal_next_ms(const struct sts_exchange *x, bool looked,
			    const struct sts_moment *now);

/* What is wrong with the lives of the two tokens. */
struct sts_renewal_gap {
	int64_t gap_s; /* from the end of the token to the next one, besides the kubelet's sync */
	/* Either of these mends it; both together, if needs_both. */
	int64_t expiration_s; /* expirationSeconds of the projected token, at most */
	int64_t lifetime_s;   /* of the tokens that the STS issues, at least */
	bool needs_both;
};

/* Does the issued token end before the next subject token comes, or may it? If so, fills *gap. */
bool sts_renewal_gap(const struct sts_exchange *x, struct sts_renewal_gap *gap);

/*
 * Learn from the end of an attempt how often the STS accepts a subject token: once, if it has
 * refused this one because it was sent before, or again, if it has accepted it twice. Call this
 * before sts_exchange_sent() and sts_exchange_finished().
 *   request_id  in  of the plan with which the attempt was started
 */
void sts_exchange_learn(struct sts_exchange *x, const struct sts_report *report,
			uint64_t request_id);

#endif
