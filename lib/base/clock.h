/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks: REALTIME (what certificates and expiries are measured against; may step) and
 * BOOTTIME (what deadlines and lifetimes are measured against; never steps, counts suspend). Only
 * this file reads a clock.
 */
#ifndef STS_BASE_CLOCK_H
#define STS_BASE_CLOCK_H

#include <stdint.h>

int64_t sts_clock_real_ms(void); /* milliseconds since the epoch */
int64_t sts_clock_boot_ms(void); /* CLOCK_BOOTTIME; CLOCK_MONOTONIC where the kernel refuses it */

/* Milliseconds until a deadline in BOOTTIME, for poll(): 0 when it has passed, at most
 * INT32_MAX. */
int sts_clock_left_ms(int64_t deadline_boot_ms);

#endif
