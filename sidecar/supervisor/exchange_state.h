/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one exchange, the numbers that go with the state, and questions about both.
 * exchange.h has the functions that change them.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_STATE_H
#define STS_SUPERVISOR_EXCHANGE_STATE_H

#include "output/status.h"
#include "schedule/schedule.h"
#include "supervisor/plan.h"
#include "supervisor/transitions.h"
#include "wire/report.h"

/* If many Pods have the same reason for an attempt at the same moment (a new subject token, a step
 * of the clock), their attempts are spread over this time. */
#define STS_EXCHANGE_SPREAD_MS 10000

/* The moment at which something happens. */
struct sts_moment {
	int64_t boot_ms; /* BOOTTIME, the clock of the schedule; never goes back */
	int64_t real_ms; /* REALTIME; may step */
	uint32_t random; /* a uniform random number, a new one for each moment */
};

/* What the signing certificate has to do with the next attempt, or with the last success. */
enum sts_exchange_key {
	STS_KEY_SAME,        /* nothing */
	STS_KEY_CHANGED,     /* a poll found another certificate, so an attempt is due or runs */
	STS_KEY_RENEWED,     /* that attempt gave the token that we hold */
	STS_KEY_OUT_OF_STEP, /* the same, but the token came with the certificate of before */
};

struct sts_exchange {
	const struct sts_plan *plan;     /* owned by the caller; see sts_exchange_replanned() */
	int32_t poll_error, poll_detail; /* of the last poll: a repeated error is not logged */
	int16_t exit_status;  /* for the program, in STS_EXCHANGE_ENDED; -1: it was stopped */
	uint8_t state;        /* enum sts_exchange_state */
	uint8_t beside;       /* enum sts_beside_state */
	uint8_t polls_absent; /* how many polls in a row found no sig-cert endpoint */
	bool poll_answered;   /* the sig-cert endpoint has answered */
	bool token_capped;    /* the subject token limits the life of the token that we hold */
	bool has_thumbprint;
	bool poll_at_once;    /* the token was adopted: its signing certificate may be an old one */
	uint8_t key;          /* enum sts_exchange_key */
	bool subject_sent;    /* the last attempt may have sent its subject token */
	bool single_use;      /* the last attempt sent its subject token once; new plans do not
				 change it */
	bool no_adoption;     /* another exchange has written the files: do not adopt them */
	bool brought_forward; /* the next attempt is earlier than the schedule has planned it */
	bool status_changed;  /* for the caller: write the status file, and clear this */
	/* Times in milliseconds are those of BOOTTIME. */
	int64_t next_ms;        /* when the next attempt is planned, in the states that plan one */
	int64_t poll_ms;        /* when the next poll is planned, in STS_BESIDE_POLL_PLANNED */
	int64_t deadline_ms;    /* the end of all attempts, if the plan has a deadline */
	int64_t started_ms;     /* when the last attempt was started */
	int64_t ended_ms;       /* when the last attempt has ended */
	int64_t timeout_ms;     /* the timeout of the last attempt; new plans do not change it */
	int64_t not_before_ms;  /* the STS asked us to wait until then; 0: it did not */
	int64_t subject_life_s; /* of the subject token that was read last; 0: unknown */
	int64_t expires_s;      /* of the token that we hold, since the epoch; 0: no token */
	/* when that token ends; schedule.token_until_ms is earlier where the node's clock was set
	 * since, so that `expires` passes earlier */
	int64_t until_ms;
	int64_t clock_ms; /* REALTIME minus BOOTTIME when the last attempt was started, or when a
			     step of the clock was followed */
	/* the STS's clock minus BOOTTIME, as the last Date tells; the node's clock at the first
	 * answer, if that had no Date; 0: no answer yet */
	int64_t sts_clock_ms;
	uint64_t taken; /* stands for the subject token that the STS accepted last, and for
				 the requests; 0: none */
	struct sts_schedule_state schedule;
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	struct sts_status status;
};

/* Is an attempt planned? */
bool sts_exchange_is_planned(const struct sts_exchange *x);

/* Does an attempt run? */
bool sts_exchange_busy(const struct sts_exchange *x);

/* May a subject token be sent only once? The plan says so, or a refusal has said so. */
bool sts_exchange_sends_once(const struct sts_exchange *x);

/* Returns the number that stands for the requests of a plan in the status file; never 0. */
uint64_t sts_exchange_once_for(uint64_t request_id);

/* Returns the exit status for the program if the exchange has ended by itself, else -1. */
int sts_exchange_exit_status(const struct sts_exchange *x);

/* Has the last attempt failed because the STS's certificate is not trusted? Then a change of a CA
 * file may help. */
bool sts_exchange_distrusts(const struct sts_exchange *x);

/* Returns the time of the next attempt, or -1 if no attempt is planned. */
int64_t sts_exchange_attempt_ms(const struct sts_exchange *x);

#endif
