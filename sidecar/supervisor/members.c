/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/members.h"

#include <sys/random.h>

#include "base/clock.h"
#include "base/resident.h"

static struct {
	struct sts_plans *plans;
	struct sts_member members[STS_EXCHANGES_MAX];
} all STS_RESIDENT_LAST;

_Static_assert(sizeof(struct sts_member) + sizeof(struct sts_plan) + 256 < 1536,
	       "an exchange, its plan and its paths cost less than 1.5 KiB");

struct sts_moment sts_now(void)
{
	struct sts_moment m = {.boot_ms = sts_clock_boot_ms(), .real_ms = sts_clock_real_ms()};

	/* An entropy pool that is not ready yet must not stop the schedule. Without it, the number
	 * is made from the time, and is not random. */
	if (getrandom(&m.random, sizeof(m.random), GRND_NONBLOCK) != (ssize_t)sizeof(m.random))
		m.random = (uint32_t)m.boot_ms * 2654435761u;
	return m;
}

const char *sts_members_text(uint16_t at)
{
	return sts_plans_text(all.plans, at);
}

struct sts_member *sts_member_next(struct sts_member *t)
{
	for (t = t ? t + 1 : all.members; t < all.members + STS_EXCHANGES_MAX; t++)
		if (t->x.plan)
			return t;
	return NULL;
}

struct sts_plans *sts_members_plans(void)
{
	return all.plans;
}

struct sts_member *sts_member_of_plan(const struct sts_plan *plan)
{
	for (STS_EACH_MEMBER(t))
		if (t->x.plan == plan)
			return t;
	return NULL;
}

struct sts_member *sts_member_of(uint32_t i)
{
	return sts_member_of_plan(&all.plans->plan[i]);
}

bool sts_members_once(void)
{
	return all.plans->plan[0].once;
}

void sts_members_use(struct sts_plans *plans)
{
	all.plans = plans;
}

uint8_t sts_member_place(const struct sts_member *t)
{
	return (uint8_t)(t - all.members);
}

struct sts_member *sts_member_free(void)
{
	struct sts_member *t = all.members;

	while (t->x.plan)
		t++;
	return t;
}
