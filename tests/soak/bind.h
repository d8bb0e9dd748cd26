/* SPDX-License-Identifier: Apache-2.0 */
/* The world in place of the modules that the supervisor calls. */
#ifndef STS_SOAK_BIND_H
#define STS_SOAK_BIND_H

#include "world.h"

/* Make the plan of the world's exchanges. */
void bind_plan(void);

int bind_nothing(void);
int bind_yes(void);

#endif
