/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/chain.h"

#include <string.h>

#include "supervisor/inputs.h"

/* Does this exchange have a token for the exchanges that read its output? */
static bool has_token(const struct sts_member *t)
{
	return t->x.expires_s > 0 &&
	       (!sts_members_once() || sts_exchange_exit_status(&t->x) == STS_EXIT_OK);
}

/* The plan of the exchange whose token this one sends; NULL for none. */
static const struct sts_plan *source_of(const struct sts_plan *plan)
{
	return plan->depends_on < 0 ? NULL : &sts_members_plans()->plan[plan->depends_on];
}

/* When the last ended attempt was started of the exchange that this one waits for in the end. */
static int64_t tried_ms(const struct sts_member *source)
{
	return source->x.state == STS_EXCHANGE_CHAINED ? source->x.status.source_tried_ms
						       : source->x.status.tried_ms;
}

/* Returns whether the exchange has changed. */
static bool settle(struct sts_member *t, const struct sts_member *source,
		   const struct sts_moment *m)
{
	const char *name = source->x.plan->name;
	int exit_status = sts_exchange_exit_status(&source->x);
	bool told = t->x.state == STS_EXCHANGE_CHAINED && strcmp(name, t->x.status.wait_name) == 0;

	if (has_token(source))
		return sts_exchange_input_ready(&t->x, m);
	if (exit_status > 0) {
		if (!sts_exchange_input_lost(&t->x, exit_status, m))
			return false;
		sts_event_log_about(STS_LEVEL_ERROR,
				    "not tried: the exchange whose token it sends has failed (see "
				    "its line)",
				    t->x.plan->name);
		return true;
	}
	if (!sts_exchange_wait(&t->x, name, tried_ms(source), m))
		return false;
	if (!told)
		sts_event_log_waiting(&t->x);
	return true;
}

/* One round. Returns whether an exchange has changed. */
static bool settle_all(const struct sts_moment *m)
{
	bool changed = false;

	for (STS_EACH_MEMBER(t)) {
		const struct sts_plan *plan = source_of(t->x.plan);
		/* A new configuration may let it read something else than another exchange. */
		if (plan ? settle(t, sts_member_of_plan(plan), m)
			 : sts_exchange_input_ready(&t->x, m))
			changed = true;
	}
	return changed;
}

void sts_chain_settle(void)
{
	struct sts_moment m = sts_now();

	/* A chain has no circles: each round settles one exchange more of it for good. */
	for (uint32_t i = 0; i < STS_EXCHANGES_MAX && settle_all(&m); i++)
		;
	for (STS_EACH_MEMBER(t))
		if (source_of(t->x.plan) && !sts_members_once())
			sts_inputs_check_subject(t);
}
