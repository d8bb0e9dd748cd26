/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/chain.h"

#include <string.h>

#include "supervisor/inputs.h"

/* Does this exchange have a token for the exchanges that read its output? */
static bool has_token(const struct sts_member *t)
{
	return t->x.expires_s > 0 && (!sts_members_once() || t->x.exit_status == STS_EXIT_OK);
}

/* The plan of the exchange whose token this one sends; NULL for none. */
static const struct sts_plan *source_of(const struct sts_plan *plan)
{
	return plan->depends_on < 0 ? NULL : &sts_members_plans()->plan[plan->depends_on];
}

/* The name of the exchange whose first token this one waits for; NULL if it does not wait. */
static const char *waits_for(const struct sts_plan *plan)
{
	const struct sts_plan *source = source_of(plan);
	const struct sts_member *t = source ? sts_member_of_plan(source) : NULL;

	return !source || (t && has_token(t)) ? NULL : source->name;
}

void sts_chain_pass_on(void)
{
	struct sts_moment m = sts_now();

	for (STS_EACH_MEMBER(t)) {
		const struct sts_plan *plan = t->x.plan;
		const struct sts_plan *source = source_of(plan);
		const struct sts_member *first = source ? sts_member_of_plan(source) : NULL;

		if (!waits_for(plan))
			sts_exchange_input_ready(&t->x, &m);
		else if (first && first->x.exit_status > 0 &&
			 sts_exchange_input_lost(&t->x, first->x.exit_status))
			sts_event_log_about(
				STS_LEVEL_ERROR,
				"not tried: the exchange whose token it sends has failed (see its "
				"line)",
				plan->name);
		if (first && !sts_members_once())
			sts_inputs_check_subject(t);
	}
}

void sts_chain_make_wait(struct sts_member *t)
{
	const char *name = waits_for(t->x.plan);

	if (!name || sts_exchange_busy(&t->x) ||
	    (t->x.status.wait == STS_WAIT_EXCHANGE && strcmp(name, t->x.status.wait_name) == 0))
		return;
	sts_exchange_wait(&t->x, name);
	sts_event_log_waiting(&t->x);
}
