/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exchange_state.h"

bool sts_exchange_is_planned(const struct sts_exchange *x)
{
	return x->state >= STS_EXCHANGE_DUE && x->state <= STS_EXCHANGE_SPENT;
}

bool sts_exchange_busy(const struct sts_exchange *x)
{
	return x->state >= STS_EXCHANGE_TRIES && x->state <= STS_EXCHANGE_ASKED;
}

int sts_exchange_exit_status(const struct sts_exchange *x)
{
	return x->state == STS_EXCHANGE_ENDED ? x->exit_status : -1;
}

bool sts_exchange_distrusts(const struct sts_exchange *x)
{
	return x->status.error >= STS_ERR_TRUST__FIRST && x->status.error <= STS_ERR_TRUST__LAST;
}

int64_t sts_exchange_attempt_ms(const struct sts_exchange *x)
{
	return sts_exchange_is_planned(x) ? x->next_ms : -1;
}

bool sts_exchange_sends_once(const struct sts_exchange *x)
{
	uint8_t use = x->plan->subject_use;

	return use == STS_USE_ONCE ||
	       (use == STS_USE_UNKNOWN &&
		x->status.once_for == sts_exchange_once_for(x->plan->request_id));
}

uint64_t sts_exchange_once_for(uint64_t request_id)
{
	return request_id >> 1 | 1;
}
