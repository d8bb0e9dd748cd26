/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exchange's state means to people. This is the only place that turns a state into the
 * fields of struct sts_status. The status file, `check`, /readyz and the log go by those fields.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_STATUS_H
#define STS_SUPERVISOR_EXCHANGE_STATUS_H

#include "supervisor/exchange_state.h"

/* An attempt has ended: note what came of it. x->ended_ms and the count of failures are set.
 *   report  in  checked */
void sts_exchange_note(struct sts_exchange *x, const struct sts_report *report,
		       const struct sts_moment *now);

/* The state, or a time that goes with it, may have changed. */
void sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now);

#endif
