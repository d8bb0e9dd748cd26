/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to one exchange. Each function here receives something that has happened, and turns
 * it into an event. The tables of transitions.h decide what the event does in each state, and this
 * module does it: it sets the times and counts that go with the states (exchange_state.h). It also
 * decides what a worker's report means, and when the exchange gives up.
 *
 * No function here makes a system call, reads a clock or draws a random number. Times and random
 * numbers come in a struct sts_moment, so that a year can be simulated in a second. The supervisor
 * asks what is due, starts workers, and reports what has happened. It also takes care of files,
 * processes and the log.
 *
 *     sts_exchange_init -> { sts_exchange_wake_ms -> sts_exchange_due -> sts_exchange_started ->
 *     sts_exchange_finished }*
 *
 * At most one worker of an exchange runs at a time. A worker that makes no attempt (it polls, or it
 * signals the application) is killed when an attempt is due: the caller kills it, calls
 * sts_exchange_dropped(), and starts the attempt.
 *
 * An exchange may use the token of another exchange, its source, as its subject token. It then
 * waits until the source has its first token. Some STSs accept a subject token only once: the
 * protocol or the user says so, or a refusal has. The exchange then waits for a new subject token
 * after each attempt that has sent one, whatever the result was. sent_tokens.h remembers the tokens
 * that were sent. A worker that finds one of them reports STS_ESUBJECT_USED. renewal.h knows when
 * the next one comes.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_H
#define STS_SUPERVISOR_EXCHANGE_H

#include "supervisor/exchange_state.h"
#include "wire/job.h"

/* A token that is younger than this is not replaced because another exchange has used it as its
 * subject token. */
#define STS_EXCHANGE_WANTED_MS 30000

/* The outcome of a worker, for the log. */
enum sts_outcome {
	STS_OUTCOME_NOTHING,     /* nothing is logged */
	STS_OUTCOME_SUCCESS,     /* a token was exchanged, or adopted */
	STS_OUTCOME_FAILURE,     /* an attempt failed */
	STS_OUTCOME_WAITS,       /* the subject token was sent before; logged once for each token */
	STS_OUTCOME_POLL_OFF,    /* the STS has no sig-cert endpoint; logged once */
	STS_OUTCOME_POLL_GONE,   /* the sig-cert endpoint has answered before, and is gone now */
	STS_OUTCOME_POLL_FAILED, /* the poll failed, with another error than the poll before */
	STS_OUTCOME_NOTIFY_FAILED,
};

/* Set up: the first attempt is due at once. */
void sts_exchange_init(struct sts_exchange *x, const struct sts_plan *plan,
		       const struct sts_moment *now);

/* Returns the time at which to call sts_exchange_due() and sts_exchange_deadline() next if nothing
 * happens until then, or -1 for no time. The caller itself watches workers and their timeouts. */
int64_t sts_exchange_wake_ms(const struct sts_exchange *x);

/*
 * Is a worker to be started now?
 *   mode  out  the mode of the worker
 * Returns false while an attempt runs. May return true for an attempt while another worker of the
 * exchange runs (a poll, a signal to the application). Kill that worker before you start the
 * attempt.
 */
bool sts_exchange_due(const struct sts_exchange *x, int64_t now_boot_ms,
		      enum sts_worker_mode *mode);

/*
 * A worker is being started. If it cannot be started, call sts_exchange_finished() with STS_EFORK.
 * Returns the time that the worker may take, in ms: --timeout, or less if the deadline is near, but
 * at least 1.
 */
int64_t sts_exchange_started(struct sts_exchange *x, enum sts_worker_mode mode,
			     const struct sts_moment *now);

/* The worker of an attempt has reported that it is about to send its subject token. Call this
 * before sts_exchange_finished(). */
void sts_exchange_sent(struct sts_exchange *x);

/* The caller has killed a worker that makes no attempt. */
void sts_exchange_dropped(struct sts_exchange *x);

/*
 * The worker has ended.
 *   report  in/out  checked by sts_report_ok(), or made by sts_child_finish(). A success without a
 *                   token becomes STS_EWORKER here
 */
enum sts_outcome sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
				       const struct sts_moment *now);

/* A refresh is asked for (HUP). It waits neither for the back-off nor for a Retry-After, but the
 * floors hold. If an attempt runs, another attempt follows, since the running attempt may have sent
 * its request before the refresh was asked for. */
void sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now);

/* Another exchange has used the token of this exchange as its subject token, and needs another one.
 * An attempt is made at once if the exchange holds a token and does not wait itself. */
void sts_exchange_wanted(struct sts_exchange *x, const struct sts_moment *now);

/* The clock was set, or sts_exchange_clock_moved() says so. If the planned attempt comes too late
 * by the new time (exchange_clock.h), an attempt is brought forward. It is spread over
 * STS_EXCHANGE_SPREAD_MS if `expires` is wrong by the new time. */
void sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now);

/*
 * The subject token has changed. An attempt is brought forward if the new subject token can help:
 * after a failed attempt, or if the old subject token limits the life of the token that we hold.
 * The attempt is spread over STS_EXCHANGE_SPREAD_MS, and is not made before the end of a
 * Retry-After. Must not be called while an attempt runs.
 */
void sts_exchange_subject_changed(struct sts_exchange *x, const struct sts_moment *now);

/* A CA file has changed. If the last attempt failed because of trust, an attempt is brought
 * forward, spread as above. Must not be called while an attempt runs. */
void sts_exchange_trust_changed(struct sts_exchange *x, const struct sts_moment *now);

/*
 * The source has no token: the exchange waits for the first one.
 *   name      in  the name of the source
 *   tried_ms  in  the start of the last ended attempt of the exchange at the start of the chain; 0:
 *                 no attempt has ended
 * Returns true if the exchange did not wait before, or if the name or tried_ms has changed. Does
 * nothing while an attempt runs, since that attempt finds out by itself.
 */
bool sts_exchange_wait(struct sts_exchange *x, const char *name, int64_t tried_ms,
		       const struct sts_moment *now);

/* The source has a token, or there is no source any more. Returns true if the exchange waited. */
bool sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now);

/* The source has ended without a token: the exchange ends with the same exit status. Returns true
 * if the exchange has ended now, and false if it had ended before. */
bool sts_exchange_input_lost(struct sts_exchange *x, int exit_status, const struct sts_moment *now);

/* End the exchange if the time for all attempts is over and no attempt runs. Returns true if the
 * exchange has ended now. */
bool sts_exchange_deadline(struct sts_exchange *x, const struct sts_moment *now);

/* What has changed in the configuration of an exchange, the greatest change last. */
enum sts_plan_change {
	STS_PLAN_SAME,    /* nothing that matters for an exchange */
	STS_PLAN_TIMES,   /* the times at which requests are made */
	STS_PLAN_REQUEST, /* the request, or the files that are written */
};

/* There is a new plan. If the request or the files have changed, an attempt is brought forward,
 * spread as above. If only the times have changed, the next attempt is planned again. */
void sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan,
			    enum sts_plan_change change, const struct sts_moment *now);

/* The supervisor stops the exchange. The status file will show that. */
void sts_exchange_stopped(struct sts_exchange *x, const struct sts_moment *now);

#endif
