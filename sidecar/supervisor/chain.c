/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/chain.h"

#include <string.h>

#include "base/packed.h"
#include "supervisor/inputs.h"

/* Does this exchange have a token for the exchanges whose source it is? */
static bool has_token(const struct sts_member *t)
{
	return t->x.expires_s > 0 &&
	       (!sts_members_once() || sts_exchange_exit_status(&t->x) == STS_EXIT_OK);
}

/* Returns the plan of the source of an exchange; NULL if there is no source. */
static const struct sts_plan *source_of(const struct sts_plan *plan)
{
	return plan->depends_on < 0 ? NULL : &sts_members_plans()->plan[plan->depends_on];
}

/* Returns the start of the last ended attempt of the exchange at the start of the chain. */
static int64_t tried_ms(const struct sts_member *source)
{
	return source->x.state == STS_EXCHANGE_CHAINED ? source->x.status.source_tried_ms
						       : source->x.status.tried_ms;
}

/* Bring one exchange up to date. Returns whether the exchange has changed. */
static bool settle(struct sts_member *t, const struct sts_member *source,
		   const struct sts_moment *m)
{
	const char *name = source->x.plan->name;
	int exit_status = sts_exchange_exit_status(&source->x);
	bool logged = t->x.state == STS_EXCHANGE_CHAINED &&
		      strcmp(name, t->x.status.wait_name) == 0;

	if (has_token(source))
		return sts_exchange_input_ready(&t->x, m);
	if (exit_status > 0) {
		if (!sts_exchange_input_lost(&t->x, exit_status, m))
			return false;
		sts_event_log_about(
			STS_LEVEL_ERROR,
			sts_words("not tried: the exchange whose token it sends has failed (see "
				  "its line)"),
			t->x.plan->name);
		return true;
	}
	if (!sts_exchange_wait(&t->x, name, tried_ms(source), m))
		return false;
	if (!logged)
		sts_event_log_waiting(&t->x);
	return true;
}

/* Bring each exchange up to date once. Returns whether an exchange has changed. */
static bool settle_all(const struct sts_moment *m)
{
	bool changed = false;

	for (STS_EACH_MEMBER(t)) {
		const struct sts_plan *plan = source_of(t->x.plan);
		/* With a new configuration, an exchange that waits may have no source any more. */
		if (plan ? settle(t, sts_member_of_plan(plan), m)
			 : sts_exchange_input_ready(&t->x, m))
			changed = true;
	}
	return changed;
}

void sts_chain_settle(void)
{
	struct sts_moment m = sts_now();

	/* A chain has no circles, so each round brings at least one more exchange of a chain to its
	 * final state. */
	for (uint32_t i = 0; i < STS_EXCHANGES_MAX && settle_all(&m); i++)
		;
}

void sts_chain_ask_source(struct sts_member *t)
{
	const struct sts_plan *plan = source_of(t->x.plan);
	struct sts_moment m = sts_now();

	if (!plan || t->x.state != STS_EXCHANGE_SPENT)
		return;
	memcpy(t->x.status.wait_name, plan->name, sizeof(plan->name));
	t->x.status_changed = true;
	sts_exchange_wanted(&sts_member_of_plan(plan)->x, &m);
}

void sts_chain_attempted(const struct sts_member *source)
{
	sts_chain_settle();
	for (STS_EACH_MEMBER(t))
		if (source_of(t->x.plan) == source->x.plan)
			sts_inputs_examine(t);
}
