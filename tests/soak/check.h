/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold at each step of the simulated time, whatever happens. The first time that it does
 * not hold, the program says what, where and when, and ends with 1.
 */
#ifndef STS_SOAK_CHECK_H
#define STS_SOAK_CHECK_H

#include "world.h"

void check_init(void);
void check_restart(void); /* another supervisor starts */

/* Until then this exchange has a reason to fail. */
void check_unwilling(int exchange, int64_t until_ms);

/* Time is about to reach this. */
void check_time(int64_t to_ms);

/* That is because the machine sleeps. */
void check_suspended(int64_t until_ms);

/* The supervisor sleeps until then: no status may have promised another one before. */
void check_promises(int64_t to_ms);

/* The supervisor is about to sleep. */
void check_sleep(int64_t until_ms);

void check_fork(int exchange, int mode, int64_t timeout_ms);
void check_not_forked(int exchange, int mode);
void check_started(const struct worker *w);
/* A subject token is about to be sent. */
void check_sent(int exchange);
void check_ended(const struct worker *w);
/* The supervisor is told of what is in an exchange's files. */
void check_token_known(int exchange);
void check_key_changed(int exchange); /* of its STS */
void check_configured(void);          /* the configuration file was changed */
/* The plan has this exchange no more; it has it again. */
void check_left(int exchange);
void check_joined(int exchange);
void check_refreshed(void); /* a refresh of all exchanges was asked for */

/* Figures that are printed at the end. */
extern struct check_figures {
	uint64_t attempts, tokens; /* at the STS; written */
	uint64_t without;          /* tokens that ended before there was another one */
	int64_t without_ms;
	uint32_t worst_hour;
	int most_running, descriptors;
	long pages;
} check_figures;

/* Nothing has grown since the first call. */
void check_end(void);

_Noreturn void check_fail(int exchange, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- check_once.c ---- */

/* A supervisor begins with this exchange, and knows nothing of it. */
void check_once_begins(int exchange);

/* The STS has refused a subject token that was sent before. */
void check_refused(int exchange);

/* Has a refusal said that its STS takes a subject token once? */
bool check_knows(int exchange);

/* The exchange has a new token.
 *   gap_s  in  how long no token will be valid, as its warning would say; -1: there is none */
void check_predicted(int exchange, int64_t gap_s);

#endif
