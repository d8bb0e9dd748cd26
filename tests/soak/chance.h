/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers, all drawn from the one seed of the world. */
#ifndef STS_SOAK_CHANCE_H
#define STS_SOAK_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* A number from low to high, both included. */
int64_t chance_between(int64_t low, int64_t high);

/* True in this many of a hundred cases. */
bool chance_percent(int percent);

/* A time on the clock that never steps, after mean_ms from now on average. */
int64_t chance_about(int64_t mean_ms);

/* How long a trouble lasts: most are short, and some are long. */
int64_t chance_trouble_ms(void);

#endif
