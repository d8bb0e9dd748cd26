/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world in simulated time in which the real supervisor lives: clocks, an STS for each exchange,
 * subject tokens that are rotated, a disk, processes, and all that may happen to them in a year,
 * drawn from one seed. The world does not know how the supervisor works. It sees that the
 * supervisor sleeps, starts workers and reaps them, and what lies on disk. check.h says what must
 * hold.
 */
#ifndef STS_SOAK_WORLD_H
#define STS_SOAK_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervisor/child.h"
#include "wire/report.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define WORLD_EPOCH_MS      (1700000000 * SECOND) /* when BOOTTIME was 0 */
#define WORLD_EXCHANGES_MAX 16
#define WORLD_TAKEN_MAX     64
#define WORLD_POLL_MS       (30 * SECOND)
#define WORLD_WORKERS_MAX   64 /* of the process table; the supervisor may have four */

/* What world_sleep() returns, as bits. */
enum world_event {
	WORLD_STOP = 1,    /* end, and start again unless world.over */
	WORLD_REFRESH = 2, /* HUP */
	WORLD_CHILD = 4,
	WORLD_CLOCK = 8,
	WORLD_FILES = 16, /* something in a watched directory */
	WORLD_TIMER = 32,
};

/* What an STS does with a request. */
enum mood {
	MOOD_WILLING,
	MOOD_REFUSES,    /* connections, at once */
	MOOD_SILENT,     /* no answer: the worker's own time-out */
	MOOD_BUSY,       /* 503 */
	MOOD_BUSY_ASKS,  /* 503 with Retry-After */
	MOOD_DENIES,     /* 403 */
	MOOD_NONSENSE,   /* an answer that does not parse */
	MOOD_DISTRUSTED, /* a certificate of another CA */
	MOOD__COUNT
};

/* Bugs around the supervisor that look like its own. They show that the checks find such bugs. */
enum bug {
	BUG_NONE,
	/* after a step of the clock the timer does not fire until something else happens */
	BUG_TIMER,
	BUG_LAZY,       /* the refresh is planned for after the end of the token */
	BUG_EAGER,      /* a failure is retried at once */
	BUG_ASLEEP,     /* after a success it sleeps for two days */
	BUG_PATIENT,    /* after a failure it waits six minutes */
	BUG_STORM,      /* retries keep their floor, and know no back-off */
	BUG_TWICE,      /* workers are not told which subject token was sent */
	BUG_TWINS,      /* a worker that still runs is believed dead */
	BUG_CROWD,      /* five workers at a time */
	BUG_FILES,      /* descriptors leak */
	BUG_MEMORY,     /* mappings leak */
	BUG_SPIN,       /* sleeping takes no time */
	BUG_ONE_PASS,   /* the chain is settled in one pass only */
	BUG_SWALLOWED,  /* a refresh that is asked for during an attempt is not made */
	BUG_UNANSWERED, /* the status does not say when the source was tried */
	BUG_UNTOLD,     /* the status of a lost exchange stays as it was */
	BUG_OWN_MEMORY, /* an exchange knows only the tokens that it has sent itself */
	BUG_FORGETS,    /* with an exchange, the tokens that it has sent are forgotten */
	BUG_RESTLESS,   /* any change of the configuration makes a new attempt */
	BUG_OVERDUE,    /* the status promises a life sign within 120 s, whatever --timeout is */
	BUG_LOCK,       /* two exchanges may have one directory */
	BUG_POLL_OFF,   /* one 404 ends the polls */
	BUG_RIGID,      /* a step of the clock changes nothing */
	BUG_CARELESS,   /* after a step, only an end that has passed already counts */
	BUG_DEAF,       /* a step that the kernel does not tell of is not noticed */
	BUG_UNASKED,    /* the source is not asked for another token */
	BUG_BLIND,      /* when the kubelet renews a token, it looks once a minute */
	BUG_IGNORANT,   /* a refusal teaches nothing */
	BUG_UNREAD,     /* a status file that is not there at once is not read later */
	BUG__COUNT
};

struct worker {
	pid_t pid; /* 0: free */
	int exchange, mode;
	int64_t started_ms, ends_ms; /* INT64_MAX: it hangs until it is killed */
	bool ended, reaped;
	bool asks; /* connects to the STS */
	bool sent; /* its subject token, of which this is the inode */
	ino_t subject;
	bool writes; /* a token, at its end */
	bool adopts; /* what lies there */
	bool has_report;
	int status;             /* of waitpid() */
	int64_t token_until_ms; /* what it writes */
	bool capped;            /* by the subject token */
	struct sts_report report;
};

struct subject {
	ino_t inode;
	int64_t until_ms;               /* its exp, on the clock that never steps */
	int64_t rotates_ms, renewed_ms; /* the second is its nbf and iat, on the same clock */
};

/* An exchange as the world sees it, and the subject token file of the same number. */
struct place {
	int chained_to; /* the exchange whose output the subject token is; -1: the kubelet's */
	struct subject subject;
	/* the plan */
	int reads;        /* the number of the subject token file */
	int dir;          /* the number of its output directory */
	uint32_t request; /* another number is another request */
	int64_t timeout_ms;
	uint32_t fraction_permille;
	bool was_removed; /* from the configuration */
	bool poll_off;    /* its STS has answered a poll with 404 */
	bool single_use;  /* its STS takes a subject token once */
	bool learns;      /* it is single_use, and the options do not say so */
	int64_t life_ms;  /* of the tokens that its STS issues */
	bool polls;       /* its STS tells the signing certificate */
	uint8_t key;      /* which that is */
	int64_t next_key_ms, next_absent_ms, absent_until_ms; /* it answers a poll with 404 */
	enum mood mood;
	int64_t mood_ends_ms, next_mood_ms;
	/* How far the clock of its STS is from the right time, and how far the Date is, which a
	 * gateway may write. */
	int64_t sts_offset_ms, date_offset_ms, next_clock_ms, clock_ends_ms;
	int64_t disk_full_until_ms, next_full_ms;
	int64_t bad_until_ms, next_bad_ms; /* workers crash, hang, and cannot be forked */
	/* the output directory cannot be opened until then, and could not be opened once; there is
	 * a status file in it */
	int64_t no_dir_until_ms;
	bool was_late, has_status;
	/* what the files say, and how wrong the clock was when they were written */
	bool has_files;
	int64_t written_real_ms, expires_s, offset_ms;
	/* what is in them */
	int64_t token_from_ms, token_until_ms;
	bool capped;
};

struct world {
	int64_t boot_ms, end_ms;
	int64_t offset_ms; /* how wrong REALTIME is, without its drift */
	/* REALTIME drifts by this part of a thousand since then */
	int64_t drift_permille, drift_from_ms, next_drift_ms;
	int64_t step_ms, told_ms; /* the last step, and when the supervisor woke first after it */
	uint64_t random;
	int exchanges;
	bool calm; /* nothing happens but rotations, and events that are lost */
	enum bug bug;
	/* the configuration: what is in the file, in its order */
	int configured, order[WORLD_EXCHANGES_MAX];
	ino_t config; /* of the file */
	int log_level;
	int absent; /* removed from it until return_ms */
	int64_t next_change_ms, return_ms;
	/* the subject tokens that may be sent once and were sent to this supervisor's STS */
	ino_t taken[WORLD_TAKEN_MAX];
	int taken_by[WORLD_TAKEN_MAX], taken_next;
	bool once;           /* `fetch` */
	int64_t deadline_ms; /* of it */
	bool cannot_start;   /* there is a reason */
	unsigned pending;    /* events */
	bool over, stepped;  /* the time is over; the last event was a step */
	struct place place[WORLD_EXCHANGES_MAX];
	struct worker worker[WORLD_WORKERS_MAX];
	pid_t next_pid;
	ino_t next_inode;
	int64_t next_step_ms, step_back_at_ms, next_suspend_ms, next_refresh_ms, next_stop_ms,
		next_noise_ms;
	int refreshes_in_a_row;
	struct {
		uint64_t steps, drifts, wrong_clocks, earlies, suspends, refreshes, stops,
			rotations, outages, crashes, hangs, no_forks, lost_events, full_disks, keys,
			absences, changes, refusals, gaps;
	} count;
};

extern struct world world;

void world_init(uint64_t seed, int64_t duration_ms, int exchanges, bool calm, enum bug bug);

/* The supervisor has ended: another one may start. False when the time is over. */
bool world_restart(void);

/* Sleep until this time (-1: without an end), or until something happens. Returns bits of enum
 * world_event. */
unsigned world_sleep(int64_t until_ms);

/*
 * Start a worker.
 *   used  in  used_count subject tokens that must not be sent again
 * Returns its PID; -1 where the kernel has no process left.
 */
pid_t world_fork(int exchange, int mode, int64_t timeout_ms, const ino_t *used, size_t used_count);
/* The next worker that has ended and was not told yet; 0: none. */
pid_t world_reap(int *status);
struct worker *world_worker(pid_t pid);
void world_kill(pid_t pid);

/* The supervisor goes over to the configuration as it is now. */
void world_planned(void);

/* The exchange that has sent this subject token, and may send it once; -1: none. */
int world_sent_by(ino_t subject);

/* The exchange whose output this one reads; -1: none. */
static inline int world_source(int exchange)
{
	return world.place[world.place[exchange].reads].chained_to;
}

int64_t world_real_ms(void);
/* REALTIME at a time of BOOTTIME if no step comes before, and how wrong it is then. */
int64_t world_real_at_ms(int64_t boot_ms);
int64_t world_offset_at_ms(int64_t boot_ms);
uint32_t world_random32(void);

#endif
