/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a step of the node's clock means for the token that an exchange holds. The schedule counts
 * in BOOTTIME, which never steps. Others compare the time in the file `expires` with the node's
 * clock. If that clock is set, the two disagree. So the token then ends at the earlier of two
 * times: when it ends in BOOTTIME, and when the node's clock passes `expires`. No function here
 * changes when the next attempt is made.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_CLOCK_H
#define STS_SUPERVISOR_EXCHANGE_CLOCK_H

#include "supervisor/exchange_state.h"

/* The most that `expires` may promise beyond the end of the token in BOOTTIME. */
#define STS_EXCHANGE_PROMISE_MS 60000

/* Has the node's clock moved by five seconds or more against BOOTTIME since it was last followed,
 * or since the start of the last attempt? False while an attempt runs, and without a token. */
bool sts_exchange_clock_moved(const struct sts_exchange *x, int64_t now_boot_ms,
			      int64_t now_real_ms);

/* How far is the node's clock ahead of the STS's? The STS's clock is the last Date, or the node's
 * clock at that time if the two agreed, plus the time in BOOTTIME since then. Returns seconds, from
 * a minute to a day; 0 if the node's clock is not ahead, or if that is not known. */
int64_t sts_exchange_clock_ahead_s(const struct sts_exchange *x, const struct sts_moment *now);

/* Let the token end at the earlier of the two times that has not passed, as the node's clock is
 * now. So retries keep to the end in BOOTTIME after the node's clock has passed `expires`. The
 * exchange must hold a token. */
void sts_exchange_clock_follow(struct sts_exchange *x, const struct sts_moment *now);

/* Is `expires` wrong by the node's clock? It has passed, or it promises over
 * STS_EXCHANGE_PROMISE_MS more than the token lives. An attempt writes it anew. */
bool sts_exchange_clock_belies(const struct sts_exchange *x, const struct sts_moment *now);

/* Is the planned attempt later than the schedule would plan it for the end of the token as it is
 * now? */
bool sts_exchange_clock_outruns(const struct sts_exchange *x, const struct sts_moment *now);

#endif
