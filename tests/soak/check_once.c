/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of subject tokens that an STS takes once: check.h. */
#include "bind.h"
#include "check.h"

/* The time without a valid token may differ by this from what the warning says. */
#define GAP_MS (10 * SECOND)

static struct once {
	/* the gap after this token: how long it will be by the warning (-1: none), the end of the
	 * token, and when the subject token was to be renewed */
	int64_t gap_ms, gap_from_ms, renewal_ms;
	/* the request for which a refusal has said that a subject token may be sent once; 0: none
	 * has said it */
	int64_t refused;
} once[WORLD_EXCHANGES_MAX];

static int64_t request_of(int exchange)
{
	const struct place *p = &world.place[exchange];

	return p->request * WORLD_EXCHANGES_MAX + p->reads + 1;
}

void check_once_begins(int exchange)
{
	once[exchange] = (struct once){.gap_ms = -1};
	if (bind_has_learnt(exchange))
		once[exchange].refused = request_of(exchange);
}

bool check_knows(int exchange)
{
	return once[exchange].refused == request_of(exchange);
}

void check_refused(int exchange)
{
	if (check_knows(exchange))
		check_fail(exchange, "it has learnt that a subject token may be sent once, and has "
				     "sent one twice");
	once[exchange].refused = request_of(exchange);
}

/* The next token comes when the warning said, but for the kubelet's delay, which it does not
 * know. */
static void check_gap(int exchange)
{
	const struct place *p = &world.place[exchange];
	const struct once *r = &once[exchange];
	int64_t late_ms = world.place[p->reads].subject.renewed_ms - r->renewal_ms;
	int64_t gap_ms = p->token_from_ms - r->gap_from_ms - late_ms;

	if (r->gap_ms < 0 || !world.calm)
		return;
	/* After its return, an exchange may send a subject token that is renewed before its token
	 * ends. */
	gap_ms = gap_ms > 0 ? gap_ms : 0;
	world.count.gaps++;
	if (gap_ms < r->gap_ms - GAP_MS || gap_ms > r->gap_ms + GAP_MS)
		check_fail(exchange, "no token was valid for %lld ms, and it had said %lld ms",
			   (long long)gap_ms, (long long)r->gap_ms);
}

void check_predicted(int exchange, int64_t gap_s)
{
	const struct place *p = &world.place[exchange];
	const struct subject *subject = &world.place[p->reads].subject;
	struct once *r = &once[exchange];

	check_gap(exchange);
	r->gap_ms = gap_s < 0 ? -1 : gap_s * SECOND;
	r->gap_from_ms = p->token_until_ms;
	r->renewal_ms = subject->renewed_ms + (subject->until_ms - subject->renewed_ms) * 8 / 10;
}
