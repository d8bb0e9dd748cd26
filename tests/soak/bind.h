/* SPDX-License-Identifier: Apache-2.0 */
/* The world in place of the modules that the supervisor calls. */
#ifndef STS_SOAK_BIND_H
#define STS_SOAK_BIND_H

#include "output/status.h"
#include "world.h"

/* The configuration file. */
#define BIND_CONFIG "config"

/* The descriptor of directory "0"; that of "1" is the next one. */
#define BIND_DIR_FD 100

/* A supervisor starts: no directory is locked, and nothing is written. */
void bind_start(void);

/* What the status file of an exchange says, as others read it. */
struct sts_status bind_status(int exchange);

/* The same, without the formatting and the parsing. */
const struct sts_status *bind_written(int exchange);

int bind_nothing(void);
int bind_yes(void);

/* What the status file of an exchange tells the next supervisor: that a refusal has taught that its
 * subject tokens may be sent once, and that it has sent this subject token last. */
bool bind_has_learnt(int exchange);
bool bind_has_sent(int exchange, ino_t subject);

#endif
