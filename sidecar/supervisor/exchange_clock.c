/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange_clock.h"

#include "base/sizes.h"

/* A smaller move of the clock makes no difference. */
#define MOVE_MS 5000

/* While the last attempt has failed, the next one comes within a quarter of what is left of the
 * token, or within this time if that is more. */
#define RETRY_ROOM_MS 10000

bool sts_exchange_clock_moved(const struct sts_exchange *x, int64_t now_boot_ms,
			      int64_t now_real_ms)
{
	int64_t move_ms = now_real_ms - now_boot_ms - x->clock_ms;

	return x->expires_s > 0 && !sts_exchange_busy(x) &&
	       (move_ms >= MOVE_MS || move_ms <= -MOVE_MS);
}

int64_t sts_exchange_clock_ahead_s(const struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t ahead_s = (now->real_ms - now->boot_ms - x->sts_clock_ms) / 1000;

	return x->sts_clock_ms != 0 && ahead_s >= STS_CLOCKS_SAME_S &&
			       ahead_s <= STS_CLOCKS_BELIEVED_S
		       ? ahead_s
		       : 0;
}

/* How long it takes until the node's clock passes `expires`. */
static int64_t real_left_ms(const struct sts_exchange *x, const struct sts_moment *now)
{
	return x->expires_s * 1000 - now->real_ms;
}

void sts_exchange_clock_follow(struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t until_ms = now->boot_ms + real_left_ms(x, now);

	x->clock_ms = now->real_ms - now->boot_ms;
	x->schedule.token_until_ms = until_ms > now->boot_ms && until_ms < x->until_ms
					     ? until_ms
					     : x->until_ms;
}

bool sts_exchange_clock_belies(const struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t left_ms = real_left_ms(x, now);

	return left_ms <= 0 || left_ms > x->until_ms - now->boot_ms + STS_EXCHANGE_PROMISE_MS;
}

bool sts_exchange_clock_outruns(const struct sts_exchange *x, const struct sts_moment *now)
{
	int64_t left_ms = x->schedule.token_until_ms - now->boot_ms;

	if (x->state == STS_EXCHANGE_HOLDS)
		return x->next_ms > sts_schedule_after_success(&x->plan->rules, &x->schedule,
							       now->boot_ms, UINT32_MAX);
	return x->next_ms >
	       now->boot_ms + (left_ms / 4 > RETRY_ROOM_MS ? left_ms / 4 : RETRY_ROOM_MS);
}
