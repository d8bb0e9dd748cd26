/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange without a process: the time and the reports of its workers are the test's. For the
 * tests of exchange.c and exchange_clock.c.
 */
#ifndef STS_TEST_ONE_EXCHANGE_H
#define STS_TEST_ONE_EXCHANGE_H

#include "supervisor/exchange.h"
#include "test.h"

#define S    1000LL
#define BOOT (5000 * S)
#define REAL (1768233157 * S)

static const struct sts_plan usual = {.timeout_ms = 30 * S, .adopt = true, .depends_on = -1};

static struct sts_exchange x;
static struct sts_moment m;

static inline void set_up(const struct sts_plan *plan)
{
	m = (struct sts_moment){BOOT, REAL, 1u << 31};
	sts_exchange_init(&x, plan, &m);
}

static inline void later(int64_t ms)
{
	m.boot_ms += ms;
	m.real_ms += ms;
}

static inline enum sts_worker_mode due(void)
{
	enum sts_worker_mode mode = STS_WORKER__COUNT;

	return sts_exchange_due(&x, m.boot_ms, &mode) ? mode : STS_WORKER__COUNT;
}

/* Go to the next time at which a worker is due. It starts, and ends with this report. */
static inline enum sts_outcome go(struct sts_report report)
{
	enum sts_worker_mode mode;

	if (sts_exchange_wake_ms(&x) > m.boot_ms)
		later(sts_exchange_wake_ms(&x) - m.boot_ms);
	if (!sts_exchange_due(&x, m.boot_ms, &mode))
		return STS_OUTCOME_NOTHING;
	sts_exchange_started(&x, mode, &m);
	return sts_exchange_finished(&x, &report, &m);
}

static inline struct sts_report token(int64_t lifetime_s, uint32_t flags)
{
	int64_t at_ms = sts_exchange_wake_ms(&x);

	at_ms = at_ms > m.boot_ms ? at_ms : m.boot_ms;
	return (struct sts_report){.flags = flags,
				   .retry_after_s = -1,
				   .lifetime_s = lifetime_s,
				   .expires_s = (m.real_ms + at_ms - m.boot_ms) / 1000 + lifetime_s,
				   .sent_boot_ms = at_ms};
}

static inline struct sts_report failure(enum sts_err error)
{
	return (struct sts_report){.error = error, .retry_after_s = -1};
}

#endif
