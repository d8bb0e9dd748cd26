/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time at which certificates are verified: the time of the node's clock. Test builds (Meson's
 * option test_time, which a release does not set) take it from the variable STS_TEST_TIME, in
 * seconds since the epoch, so that a test can choose a time at the boundary of validity.
 */
#ifndef STS_WORKER_TEST_TIME_H
#define STS_WORKER_TEST_TIME_H

#include "base/clock.h"

#ifdef STS_WITH_TEST_TIME
#include <stdlib.h>

static inline int64_t sts_verification_time_s(void)
{
	const char *fixed = getenv("STS_TEST_TIME");

	return fixed ? strtoll(fixed, NULL, 10) : sts_clock_real_ms() / 1000;
}
#else
static inline int64_t sts_verification_time_s(void)
{
	return sts_clock_real_ms() / 1000;
}
#endif

#endif
