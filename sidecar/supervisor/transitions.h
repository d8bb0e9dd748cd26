/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of an exchange, as two tables. The first table is about the attempts to get a
 * token. The second table is about all else: polls and notifications. Each table has one entry for
 * every pair of a state and an event. The entry says what is done and which state follows. The
 * entry of a pair that cannot happen is STS_DO_BUG. The source of an exchange is the exchange whose
 * token it uses as its subject token, if there is one.
 *
 * This module holds the tables alone. exchange_state.h has the numbers that go with the states
 * (times, counts), and exchange.h has the functions that carry out what the tables say.
 */
#ifndef STS_SUPERVISOR_TRANSITIONS_H
#define STS_SUPERVISOR_TRANSITIONS_H

#include <stdint.h>

/* The states of the first table. An attempt is planned in the states from DUE to SPENT. */
enum sts_exchange_state {
	STS_EXCHANGE_CHAINED, /* the exchange waits for the first token of its source */
	STS_EXCHANGE_DUE,     /* the first attempt is planned, at the start or after CHAINED */
	STS_EXCHANGE_HOLDS,   /* the last attempt brought a token; the refresh is planned */
	STS_EXCHANGE_FAILS,   /* the last attempt failed; the retry is planned */
	STS_EXCHANGE_SPENT,   /* the subject token was sent before; the next look is planned */
	STS_EXCHANGE_TRIES,   /* an attempt runs */
	STS_EXCHANGE_RENEWED, /* an attempt runs; the configuration has changed since its start */
	STS_EXCHANGE_ASKED,   /* an attempt runs; a refresh was asked for since its start */
	STS_EXCHANGE_ENDED,   /* no attempt follows; there may be an exit status */
	STS_EXCHANGE_STATES
};

/* The events of the first table. */
enum sts_exchange_event {
	STS_ON_START,    /* the caller starts an attempt */
	STS_ON_TOKEN,    /* the attempt has brought a token, and refreshes follow */
	STS_ON_SPENT,    /* the same, and the refresh needs another subject token first */
	STS_ON_LAST,     /* the attempt has brought the only token that was asked for */
	STS_ON_FAILURE,  /* the attempt has failed, and is to be repeated */
	STS_ON_GIVE_UP,  /* the attempt has failed, and is not to be repeated */
	STS_ON_USED,     /* the attempt has found a subject token that was sent before */
	STS_ON_REFRESH,  /* a refresh is asked for (HUP) */
	STS_ON_WANTED,   /* the token is the subject token of an exchange that needs another one */
	STS_ON_CLOCK,    /* the clock was set, and by its new time the attempt comes too late */
	STS_ON_SUBJECT,  /* the subject token has changed */
	STS_ON_TRUST,    /* a CA file has changed */
	STS_ON_KEY,      /* the STS signs with another key */
	STS_ON_REQUEST,  /* the configuration of the request, or of the files, has changed */
	STS_ON_TIMES,    /* the configuration has changed, but only its times */
	STS_ON_WAIT,     /* the source has no token */
	STS_ON_INPUT,    /* the source has a token, or there is no source any more */
	STS_ON_LOST,     /* the source has ended without a token */
	STS_ON_DEADLINE, /* the time for all attempts is over, and no attempt runs */
	STS_ON_STOP,     /* the supervisor stops the exchange */
	STS_EXCHANGE_EVENTS
};

/* The states of the second table. An exchange polls the signing certificate of the STS, and
 * notifies the application of new files. */
enum sts_beside_state {
	STS_BESIDE_NOTHING,
	STS_BESIDE_POLL_PLANNED,
	STS_BESIDE_POLLS,
	STS_BESIDE_NOTIFY_DUE, /* the application is notified as soon as a slot is free */
	STS_BESIDE_NOTIFIES,
	STS_BESIDE_STATES
};

/* The events of the second table. */
enum sts_beside_event {
	STS_BESIDE_ON_START,   /* the caller starts a worker for the poll or the notification */
	STS_BESIDE_ON_END,     /* that worker has ended */
	STS_BESIDE_ON_DROP,    /* that worker was killed in favour of an attempt */
	STS_BESIDE_ON_FILES,   /* new files are in place, and the application is to be notified */
	STS_BESIDE_ON_PLAN,    /* polls are wanted: the interval begins now */
	STS_BESIDE_ON_NO_POLL, /* polls are not wanted */
	STS_BESIDE_ON_STOP,
	STS_BESIDE_EVENTS
};

/* The actions. exchange.c carries them out. */
enum sts_action {
	STS_DO_UNWRITTEN, /* the entry is missing; a test makes sure that no entry is */
	STS_DO_BUG,       /* the pair cannot happen */
	STS_DO_NOTHING,
	STS_DO_TRY,          /* note that an attempt has started, and when */
	STS_DO_PLAN_REFRESH, /* plan the attempt by the schedule, after a success */
	STS_DO_PLAN_RENEWAL, /* plan the attempt for when the subject token is renewed */
	STS_DO_PLAN_RETRY,   /* plan the attempt by the schedule, after a failure */
	STS_DO_PLAN_LOOK,  /* plan a look for another subject token: its file may cause no event */
	STS_DO_PLAN_AGAIN, /* plan the attempt by the new times of the configuration */
	STS_DO_AT_ONCE,    /* bring the attempt forward to now; the floors hold */
	/* bring the attempt forward to a random time soon, but not before the end of a Retry-After;
	 * the floors hold */
	STS_DO_SPREAD,
	STS_DO_SPREAD_CAPPED, /* STS_DO_SPREAD, if the subject token limits the token's life */
	/* bring the attempt forward as the node's clock demands: STS_DO_SPREAD if `expires` is
	 * wrong by that clock, else by the schedule, for the earlier end of the token */
	STS_DO_FOLLOW_CLOCK,
	STS_DO_PLAN_NOW,  /* plan the attempt for now; the floors hold */
	STS_DO_PLAN_POLL, /* plan the poll, one interval from now */
	STS_ACTIONS
};

/* One entry of a table: the action that is done first, the action that is done then, and the state
 * that follows. */
struct sts_transition {
	uint8_t first, then; /* enum sts_action */
	uint8_t next;
};

/* Returns the entry for a state and an event. Both must be in range. */
struct sts_transition sts_exchange_transition(enum sts_exchange_state state,
					      enum sts_exchange_event event);
struct sts_transition sts_beside_transition(enum sts_beside_state state,
					    enum sts_beside_event event);

#endif
