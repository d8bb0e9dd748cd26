/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status of an exchange, for people. This module turns the state of an exchange, its times and
 * the result of an attempt into the fields of struct sts_status. exchange.c itself sets the fields
 * that do not follow from the state: the name of the source, and why the exchange has ended. The
 * status file, `check`, /readyz and the log use the fields.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_STATUS_H
#define STS_SUPERVISOR_EXCHANGE_STATUS_H

#include "supervisor/exchange_state.h"

/* An attempt has ended: put its result into the status. The caller has set x->ended_ms and the
 * count of failures, and has checked the report. */
void sts_exchange_note(struct sts_exchange *x, const struct sts_report *report,
		       const struct sts_moment *now);

/* The state of the exchange, or one of its times, may have changed: bring the status up to date. */
void sts_exchange_describe(struct sts_exchange *x, const struct sts_moment *now);

#endif
