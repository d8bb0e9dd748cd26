/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange: its state, and every decision about it. When the next attempt is made, what a
 * worker's report means, what brings an attempt forward, when to stop. No function here makes a
 * system call, reads a clock or draws a random number: all of that comes in as a struct sts_moment,
 * so that a year can be simulated in a second. The supervisor asks what is due, starts workers, and
 * passes on what happened; files, processes and the log are its business.
 *
 *     sts_exchange_init -> { sts_exchange_wake_ms -> sts_exchange_due -> sts_exchange_started ->
 *     sts_exchange_finished }*
 *
 * At most one worker of an exchange runs at a time. What is no attempt (a poll, a signal to the
 * application) gives way to one: the caller drops its worker, says sts_exchange_dropped(), and
 * starts the attempt.
 *
 * An exchange whose subject token is another one's output waits for the first token of that one.
 * One whose subject token may be sent once (a property of the protocol) waits for another subject
 * token after it was sent, whatever came of it: its workers are told the last that was sent, and
 * report STS_ESUBJECT_USED when it is still there.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_H
#define STS_SUPERVISOR_EXCHANGE_H

#include "output/status.h"
#include "schedule/schedule.h"
#include "supervisor/plan.h"
#include "wire/job.h"
#include "wire/report.h"

/* After a swap of the subject token, or a step of the clock that makes the token look dead:
 * attempts of a fleet spread over this. */
#define STS_EXCHANGE_SPREAD_MS 10000

/* When something happens. */
struct sts_moment {
	int64_t boot_ms; /* BOOTTIME: what the schedule runs on; never goes back */
	int64_t real_ms; /* REALTIME; may step */
	uint32_t random; /* uniform, another one for each moment */
};

/* What a finished worker means, for the log. */
enum sts_outcome {
	STS_OUTCOME_NOTHING,      /* not worth a line */
	STS_OUTCOME_SUCCESS,      /* a token was exchanged, or adopted */
	STS_OUTCOME_FAILURE,      /* an attempt failed */
	STS_OUTCOME_WAITS,        /* the subject token was sent before: told once for each */
	STS_OUTCOME_POLL_OFF,     /* the STS has no sig-cert endpoint: no more polls in this run */
	STS_OUTCOME_POLL_FAILED,  /* not as the last time */
	STS_OUTCOME_POLL_CHANGED, /* another signing certificate: an attempt was brought forward */
	STS_OUTCOME_NOTIFY_FAILED,
};

struct sts_exchange {
	const struct sts_plan
		*plan; /* the caller's; may be pointed at a new one that fits the state */
	struct sts_schedule_state schedule;
	struct sts_status status;
	int64_t next_ms;                 /* of the next attempt; -1: none */
	int64_t next_poll_ms;            /* -1: off */
	int64_t deadline_ms;             /* of all attempts; -1: none */
	int64_t ended_ms;                /* when the last attempt did */
	int64_t not_before_ms;           /* the STS asked us to wait until then */
	int64_t expires_s;               /* of the token that we hold; 0: none */
	int32_t poll_error, poll_detail; /* what was told last */
	int16_t exit_status;             /* done, with this status of the program; -1: go on */
	int8_t running;                  /* enum sts_worker_mode; -1: none */
	bool capped;                     /* by the subject token's own expiry */
	bool poll_off;                   /* for the run: there is no such endpoint */
	bool has_thumbprint;
	bool distrusts;   /* the last attempt failed for want of trust: another CA file may help */
	bool sent;        /* the subject token of the attempt that runs may have been */
	bool used;        /* used_id was sent, and may be sent once */
	bool again;       /* the options changed under an attempt */
	bool no_adoption; /* what lies in the directory at first is another exchange's */
	bool notify;      /* the application is to be told of new files */
	bool status_changed; /* for the caller: write the status file, and clear this */
	uint8_t used_id[STS_SUBJECT_ID_BYTES];
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
};

/* Set up: the first attempt is due at once. */
void sts_exchange_init(struct sts_exchange *x, const struct sts_plan *plan,
		       const struct sts_moment *now);

/* It waits for the first token of that exchange: none is due until sts_exchange_input_ready(). */
void sts_exchange_wait(struct sts_exchange *x, const char *name);

/* Is an attempt under way? */
bool sts_exchange_busy(const struct sts_exchange *x);

/* When the next attempt is due; -1: nobody knows (it runs, it waits for another exchange, it is
 * done). */
int64_t sts_exchange_attempt_ms(const struct sts_exchange *x);

/* When sts_exchange_due() is worth asking again if nothing happens until then; -1: never. Workers
 * that run, and their time-outs, are the caller's to watch. */
int64_t sts_exchange_wake_ms(const struct sts_exchange *x);

/*
 * Is a worker to be started now?
 *   mode  out  which
 * True for an attempt while a poll runs too: drop that one first. False while an attempt runs.
 */
bool sts_exchange_due(const struct sts_exchange *x, int64_t now_boot_ms,
		      enum sts_worker_mode *mode);

/*
 * A worker starts (or could not be started: then sts_exchange_finished() follows with STS_EFORK).
 * Returns how long it may take, in ms: --timeout, or less where the deadline is near; 1 or more.
 */
int64_t sts_exchange_started(struct sts_exchange *x, enum sts_worker_mode mode,
			     int64_t now_boot_ms);

/* A worker said that it sends this subject token now. Before sts_exchange_finished(). */
void sts_exchange_sent(struct sts_exchange *x, const uint8_t id[STS_SUBJECT_ID_BYTES]);

/* The caller killed a worker whose report nobody waits for. */
void sts_exchange_dropped(struct sts_exchange *x);

/*
 * The worker ended.
 *   report  in/out  checked by sts_report_ok(), or made up from how the worker ended. A success
 *                   without a token becomes STS_EWORKER here
 */
enum sts_outcome sts_exchange_finished(struct sts_exchange *x, struct sts_report *report,
				       const struct sts_moment *now);

/* Somebody asks for a refresh now (HUP): neither back-off nor Retry-After holds, the floors do. */
void sts_exchange_refresh(struct sts_exchange *x, const struct sts_moment *now);

/* The clock was set: a token that looks dead now is replaced, spread over
 * STS_EXCHANGE_SPREAD_MS. */
void sts_exchange_clock_stepped(struct sts_exchange *x, const struct sts_moment *now);

/*
 * The subject token is another one. Acts only where that can help: the token that we hold was
 * capped by the old subject's expiry, or the last attempt failed. Spread over
 * STS_EXCHANGE_SPREAD_MS, and not before the end of a Retry-After.
 */
void sts_exchange_subject_changed(struct sts_exchange *x, const struct sts_moment *now);

/* A CA file is another one. Acts only after a failure of trust; spread as above. */
void sts_exchange_trust_changed(struct sts_exchange *x, const struct sts_moment *now);

/* The exchange that it waits for has a token. */
void sts_exchange_input_ready(struct sts_exchange *x, const struct sts_moment *now);

/* The exchange that it waits for has ended without one: so does this one, with the same status.
 * True when it did wait. */
bool sts_exchange_input_lost(struct sts_exchange *x, int exit_status);

/* There is a new plan. `changed`: its options are others; the next attempt comes soon, spread as
 * above. */
void sts_exchange_replanned(struct sts_exchange *x, const struct sts_plan *plan, bool changed,
			    const struct sts_moment *now);

/* Told to stop: the status for its file. */
void sts_exchange_stopped(struct sts_exchange *x);

#endif
