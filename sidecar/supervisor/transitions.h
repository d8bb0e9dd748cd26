/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of an exchange, as two tables: what it does about its token, and what it does
 * beside that. Each table has one entry for every pair of a state and an event, and says what is
 * done and which state follows. A pair that cannot happen is an entry as well: STS_DO_BUG.
 *
 * This module holds the tables alone. exchange.h has the numbers (times, counts) and the functions
 * that carry out what the tables say.
 */
#ifndef STS_SUPERVISOR_TRANSITIONS_H
#define STS_SUPERVISOR_TRANSITIONS_H

#include <stdint.h>

/* What an exchange does about its token. */
enum sts_exchange_state {
	STS_EXCHANGE_CHAINED, /* it waits for the first token of another exchange */
	STS_EXCHANGE_DUE,     /* it has what it needs, and its next attempt is planned */
	STS_EXCHANGE_HOLDS,   /* the last attempt brought a token; the refresh is planned */
	STS_EXCHANGE_FAILS,   /* the last attempt failed; the retry is planned */
	STS_EXCHANGE_SPENT,   /* its subject token was sent before; a look at the file is planned */
	STS_EXCHANGE_TRIES,   /* an attempt runs */
	STS_EXCHANGE_RENEWED, /* an attempt runs, and its configuration has changed since */
	STS_EXCHANGE_ASKED,   /* an attempt runs, and a refresh was asked for since */
	STS_EXCHANGE_ENDED,   /* nothing follows; it may have an exit status */
	STS_EXCHANGE_STATES
};

/* What happens to an exchange. */
enum sts_exchange_event {
	STS_ON_START,    /* the caller starts an attempt */
	STS_ON_TOKEN,    /* the attempt has brought a token, and refreshes follow */
	STS_ON_LAST,     /* the attempt has brought the only token that was asked for */
	STS_ON_FAILURE,  /* the attempt has failed, and is to be repeated */
	STS_ON_GIVE_UP,  /* the attempt has failed, and is not to be repeated */
	STS_ON_USED,     /* the attempt has found a subject token that was sent before */
	STS_ON_REFRESH,  /* somebody asks for a refresh now */
	STS_ON_CLOCK,    /* the clock was set, and the token looks dead */
	STS_ON_SUBJECT,  /* the subject token is another one */
	STS_ON_TRUST,    /* a CA file is another one */
	STS_ON_KEY,      /* the STS signs with another key */
	STS_ON_REQUEST,  /* the configuration has changed: a request or its files will be others */
	STS_ON_TIMES,    /* the configuration has changed: only its times are others */
	STS_ON_WAIT,     /* the exchange that it reads from has no token */
	STS_ON_INPUT,    /* the exchange that it reads from has a token */
	STS_ON_LOST,     /* the exchange that it reads from has ended without a token */
	STS_ON_DEADLINE, /* the time for all attempts is over, and no attempt runs */
	STS_ON_STOP,     /* the exchange is told to stop */
	STS_EXCHANGE_EVENTS
};

/* What an exchange does beside its attempts: it polls the STS's signing certificate, and it tells
 * the application that there are new files. */
enum sts_beside_state {
	STS_BESIDE_NOTHING,
	STS_BESIDE_POLL_PLANNED,
	STS_BESIDE_POLLS,
	STS_BESIDE_TELL_DUE, /* the application is to be told as soon as a worker can be had */
	STS_BESIDE_TELLS,
	STS_BESIDE_STATES
};

enum sts_beside_event {
	STS_BESIDE_ON_START,   /* the caller starts a worker for what is planned */
	STS_BESIDE_ON_END,     /* that worker has ended */
	STS_BESIDE_ON_DROP,    /* that worker was killed in favour of an attempt */
	STS_BESIDE_ON_TELL,    /* new files are in place, and the application wants to know */
	STS_BESIDE_ON_PLAN,    /* a poll is wanted, counted from now */
	STS_BESIDE_ON_NO_POLL, /* no poll is wanted */
	STS_BESIDE_ON_STOP,
	STS_BESIDE_EVENTS
};

/* What is done in a transition. exchange.c carries it out. */
enum sts_action {
	STS_DO_UNWRITTEN, /* the entry is missing, which a test looks for */
	STS_DO_BUG,       /* the pair cannot happen */
	STS_DO_NOTHING,
	STS_DO_TRY,          /* note when the attempt has started */
	STS_DO_PLAN_REFRESH, /* by the schedule, after a success */
	STS_DO_PLAN_RETRY,   /* by the schedule, after a failure */
	STS_DO_PLAN_LOOK,    /* within a minute, since no event may tell of another file */
	STS_DO_PLAN_AGAIN,   /* by the schedule, from the token's own times, with new rules */
	STS_DO_AT_ONCE,      /* bring the attempt forward to now; the floors hold */
	STS_DO_SPREAD, /* bring the attempt forward; spread, and not before a Retry-After ends */
	STS_DO_SPREAD_CAPPED, /* the same, if the token ends with the old subject token */
	STS_DO_PLAN_NOW,      /* plan the attempt for now */
	STS_DO_UNPLAN,        /* nothing is planned */
	STS_DO_PLAN_POLL,     /* plan the poll, one interval from now */
	STS_ACTIONS
};

/* One entry: do this, then that, and go to the next state. */
struct sts_transition {
	uint8_t first, then; /* enum sts_action */
	uint8_t next;
};

/* The entry for a state and an event. Both must be in range. */
struct sts_transition sts_exchange_transition(enum sts_exchange_state state,
					      enum sts_exchange_event event);
struct sts_transition sts_beside_transition(enum sts_beside_state state,
					    enum sts_beside_event event);

#endif
