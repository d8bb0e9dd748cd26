/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one exchange and the numbers that go with it, and questions about them. exchange.h
 * has the functions that change them.
 */
#ifndef STS_SUPERVISOR_EXCHANGE_STATE_H
#define STS_SUPERVISOR_EXCHANGE_STATE_H

#include "output/status.h"
#include "schedule/schedule.h"
#include "supervisor/plan.h"
#include "supervisor/transitions.h"
#include "wire/report.h"

/* When something happens. */
struct sts_moment {
	int64_t boot_ms; /* BOOTTIME: what the schedule runs on; never goes back */
	int64_t real_ms; /* REALTIME; may step */
	uint32_t random; /* uniform, another one for each moment */
};

struct sts_exchange {
	const struct sts_plan *plan; /* the caller's; sts_exchange_replanned() replaces it */
	struct sts_schedule_state schedule;
	struct sts_status status;
	/* All times are milliseconds of BOOTTIME. */
	int64_t next_ms;                 /* of the next attempt, in the states that plan one */
	int64_t poll_ms;                 /* of the next poll, in STS_BESIDE_POLL_PLANNED */
	int64_t deadline_ms;             /* of all attempts, if the plan has a deadline */
	int64_t started_ms;              /* when the last attempt was started */
	int64_t ended_ms;                /* when the last attempt has ended */
	int64_t timeout_ms;              /* of the last attempt: new plans do not change it */
	int64_t not_before_ms;           /* the STS asked us to wait until then; 0: it did not */
	int64_t expires_s;               /* of the token that we hold, since the epoch; 0: none */
	int32_t poll_error, poll_detail; /* of the last poll that was logged */
	int16_t exit_status;  /* in STS_EXCHANGE_ENDED: of the program; -1: it was told to stop */
	uint8_t state;        /* enum sts_exchange_state */
	uint8_t beside;       /* enum sts_beside_state */
	uint8_t polls_absent; /* how often in a row the STS had no sig-cert endpoint */
	bool poll_answered;   /* the sig-cert endpoint has answered */
	bool capped;          /* the token that we hold ends with its subject token */
	bool has_thumbprint;
	bool sent;            /* the attempt that runs may have sent its subject token */
	bool single_use;      /* of the last attempt: new plans do not change it */
	bool no_adoption;     /* the files that are there at first are another exchange's */
	bool brought_forward; /* the next attempt has a reason besides its time */
	bool status_changed;  /* for the caller: write the status file, and clear this */
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
};

/* Is an attempt planned? */
bool sts_exchange_is_planned(const struct sts_exchange *x);

/* Is an attempt under way? */
bool sts_exchange_busy(const struct sts_exchange *x);

/* The exit status of an exchange that has ended by itself; -1 for any other. */
int sts_exchange_exit_status(const struct sts_exchange *x);

/* Has the last attempt failed for want of trust? Then another CA file may help. */
bool sts_exchange_distrusts(const struct sts_exchange *x);

/* When the next attempt is due; -1 if none is planned. */
int64_t sts_exchange_attempt_ms(const struct sts_exchange *x);

#endif
