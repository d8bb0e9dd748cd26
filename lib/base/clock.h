/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks. REALTIME may step; certificates and expiries are compared with it. BOOTTIME never
 * steps and counts the time that the machine is suspended; deadlines and lifetimes are measured
 * with it. A time of BOOTTIME is meaningful until the next boot; the boot id tells one boot from
 * another. No other file reads a clock.
 */
#ifndef STS_BASE_CLOCK_H
#define STS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/boot_id.h"

/* Read REALTIME. Returns milliseconds since the epoch. */
int64_t sts_clock_real_ms(void);

/*
 * Read BOOTTIME. Returns milliseconds since the machine started, never negative. Where the kernel
 * refuses CLOCK_BOOTTIME, CLOCK_MONOTONIC takes its place.
 */
int64_t sts_clock_boot_ms(void);

/*
 * The time that is left until a deadline, as a timeout for poll(2).
 *   deadline_boot_ms  in  any value; INT64_MAX means that there is no deadline
 * Returns milliseconds, 0 when the deadline has passed, at most INT32_MAX.
 */
int sts_clock_left_ms(int64_t deadline_boot_ms);

/*
 * Read the boot id from /proc.
 *   out  out  NUL-terminated; "" where the id cannot be read
 * Returns whether the id could be read.
 */
bool sts_clock_boot_id(char out[STS_BOOT_ID_BYTES]);

#endif
