/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange: its numbers, and every decision about it. When the next attempt is made, what a
 * worker's report means, what brings an attempt forward, when to stop. transitions.h has the states
 * and events; here are the functions by which events come in, and the times and counts that go with
 * the states.
 *
 * No function here makes a system call, reads a clock or draws a random number: all of that comes
 * in as a struct sts_moment, so that a year can be simulated in a second. The supervisor asks what
 * is due, starts workers, and passes on what happened. Files, processes and the log are its
 * business.
 *
 *     sts_exchange_init -> { sts_exchange_wake_ms -> sts_exchange_due -> sts_exchange_started ->
 *     sts_exchange_finished }*
 *
 * At most one worker of an exchange runs at a time. A worker that makes no attempt (it polls, or it
 * signals the application) is killed when an attempt is due: the caller kills it, calls
 * sts_exchange_dropped(), and starts the attempt.
 *
 * If an exchange reads the output of another one as its subject token, it waits until that one has
 * its first token. If its subject token may be sent once (a property of the protocol), it waits for
 * another subject token after it was sent, whatever the result was: sent_tokens.h remembers what
 * was sent, and a worker that finds such a token reports STS_ESUBJECT_USED.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_H
#define STS_SUPERVISOR_EXCHANGE_H

#include "supervisor/exchange_state.h"
#include "wire/job.h"

/* After a swap of the subject token, or a step of the clock that makes the token look dead:
 * attempts of a fleet spread over this. */
#define STS_EXCHANGE_SPREAD_MS 10000

/* What a finished worker means, for the log. */
enum sts_outcome {
	STS_OUTCOME_NOTHING,   /* not worth a line */
	STS_OUTCOME_SUCCESS,   /* a token was exchanged, or adopted */
	STS_OUTCOME_FAILURE,   /* an attempt failed */
	STS_OUTCOME_WAITS,     /* the subject token was sent before; once for each of them */
	STS_OUTCOME_POLL_OFF,  /* the STS has no sig-cert endpoint; once until there is one */
	STS_OUTCOME_POLL_GONE, /* the sig-cert endpoint has answered before, and is not there now */
	STS_OUTCOME_POLL_FAILED,  /* the poll failed, and with another error than the poll before */
	STS_OUTCOME_POLL_CHANGED, /* another signing certificate: an attempt was brought forward */
	STS_OUTCOME_NOTIFY_FAILED,
};

/* Set up: the first attempt is due at once. */
void sts_exchange_init(struct sts_exchange *x, const struct sts_plan *plan,
		       const struct sts_moment *now);

/* When sts_exchange_due() and sts_exchange_deadline() are worth asking again if nothing happens
 * until then; -1: never. Workers that run, and their time-outs, are the caller's to watch. */
int64_t sts_exchange_wake_ms(const struct sts_exchange *x);

/*
 * Is a worker to be started now?
 *   mode  out  which
 * May be true for an attempt while a poll runs: kill that worker before you start the attempt.
 * False while an attempt runs.
 */
bool sts_exchange_due(const struct sts_exchange *x, int64_t now_boot_ms,
		      enum sts_worker_mode *mode);

/*
 * A worker starts (or could not be started: then sts_exchange_finished() follows with STS_EFORK).
 * Returns how long it may take, in ms: --timeout, or less where the deadline is near; 1 or more.
 */
int64_t sts_exchange_started(struct sts_exchange *x, enum sts_worker_mode mode,
			     const struct sts_moment *now);

/* The worker of an attempt said that it sends its subject token now. Before
 * sts_exchange_finished(). */
void sts_exchange_sent(struct sts_exchange *x);

/* The caller has killed a worker that makes no attempt. */
void sts_exchange_dropped(struct sts_exchange *x);

/*
 * The worker ended.
 *   report  in/out  checked by sts_report_ok(), or made up from how the worker ended. A success
 *                   without a token becomes STS_EWORKER here
 */
enum sts_outcome sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
				       const struct sts_moment *now);

/* Somebody asks for a refresh now (HUP). Neither back-off nor Retry-After holds, the floors do. If
 * an attempt runs, another one follows: its request may have been sent before somebody asked. */
void sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now);

/* The clock was set: a token that looks dead now is replaced, spread over
 * STS_EXCHANGE_SPREAD_MS. */
void sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now);

/*
 * The subject token is another one. Does nothing unless that can help: the last attempt failed, or
 * the token that we hold ends with the old subject token. Spread over STS_EXCHANGE_SPREAD_MS, and
 * not before the end of a Retry-After. Not to be called while an attempt runs.
 */
void sts_exchange_subject_changed(struct sts_exchange *x, const struct sts_moment *now);

/* A CA file is another one. Does nothing unless trust is what failed; spread as above. Not to be
 * called while an attempt runs. */
void sts_exchange_trust_changed(struct sts_exchange *x, const struct sts_moment *now);

/*
 * The exchange that it reads from has no token: it waits for the first one.
 *   name      in  of that exchange
 *   tried_ms  in  when the last ended attempt was started of the exchange that it waits for in the
 *                 end; 0: none has ended
 * Returns true if any of that is new. Does nothing while an attempt runs: that attempt sees what
 * there is.
 */
bool sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
		       const struct sts_moment *now);

/* The exchange that it reads from has a token. Returns true if it did wait for that. */
bool sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now);

/* The exchange that it reads from has ended without a token: so does this one, with the same
 * status.
 * Returns true if it did wait for that. */
bool sts_exchange_input_lost(struct sts_exchange *x, int exit_status, const struct sts_moment *now);

/* If the time for all attempts is over and no attempt runs: it ends. Returns true if it ends
 * now. */
bool sts_exchange_deadline(struct sts_exchange *x, const struct sts_moment *now);

/* What has changed in the configuration of an exchange. */
enum sts_plan_change {
	STS_PLAN_SAME,    /* nothing that matters here */
	STS_PLAN_TIMES,   /* when a request is made */
	STS_PLAN_REQUEST, /* a request, or the files that are written */
};

/* There is a new plan. If a request or its files will be others, the next attempt comes soon,
 * spread as above. If only its times are others, the next attempt is planned again. */
void sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
			    enum sts_plan_change change, const struct sts_moment *now);

/* It is told to stop: the status file will say so. */
void sts_exchange_stopped(struct sts_exchange *x, const struct sts_moment *now);

#endif
