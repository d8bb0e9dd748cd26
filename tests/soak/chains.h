/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the simulation of chains share the script of a run, and what the world knows of each
 * exchange. chains.c says what is simulated.
 */
#ifndef STS_SOAK_CHAINS_H
#define STS_SOAK_CHAINS_H

#include "base/error.h"
#include "world.h"

#define CHAINS_MAX          5  /* exchanges of a script; two more may be added in a run */
#define CHAINS_LETTERS_MAX  16 /* each exchange draws one */
#define CHAINS_TIMEOUT_MS   (10 * SECOND)
#define CHAINS_DEADLINE_MS  (120 * SECOND)
#define CHAINS_START_MS     HOUR
#define CHAINS_EXCHANGES    (CHAINS_MAX + 2)
#define CHAINS_ADDED(count) (count)     /* the number of the exchange that letter a adds */
#define CHAINS_CLASH(count) (count + 1) /* the number of the exchange that letter k adds */

/* One run. Each letter is the result of one exchange's first request, in the order of the requests.
 * chains.c explains the letters. */
struct script {
	bool fetch;
	int count;
	int parent[CHAINS_MAX]; /* the exchange whose output it reads; -1: the kubelet's token */
	int order[CHAINS_MAX];  /* in the configuration file */
	bool single_use[CHAINS_MAX];
	int length, used; /* how many letters there are, and how many were drawn */
	char letters[CHAINS_LETTERS_MAX];
};

extern struct script script;

/* ---- chains_script.c ---- */

/* Letters are drawn from this alphabet. The letter * stands for the next one of the changes. */
void script_begin(const char *alphabet, const char *changes);

/* The next letter of this run. */
char script_draw(void);

/* Go on to the next run, which has another letter in one place. False after the last run. */
bool script_advance(void);

/* Print the script as an argument of --repeat, or read it from there. */
void script_print(void);
bool script_parse(const char *text);

/* ---- chains_world.c ---- */

struct link {
	bool planned; /* the plan in use has it */
	int source;   /* by that plan; -1: none */
	int reads;    /* by that plan: the number of the subject token file */
	uint32_t request;
	/* request and reads when the last attempt was started */
	uint32_t started_request;
	int started_reads;
	bool drawn; /* it has its letter */
	char letter;
	int64_t silent_until_ms; /* its STS does not answer */
	/* what has happened since it is in the plan */
	bool running, has_token;
	bool sent; /* the last attempt has sent its subject token */
	uint64_t attempts;
	int failures;        /* in a row */
	enum sts_err error;  /* of the last attempt that has ended */
	int64_t started_ms;  /* of the last attempt */
	int64_t tried_ms;    /* of the last attempt that has ended; 0: none */
	int64_t ended_ms;    /* when that attempt ended */
	int64_t ready_ms;    /* since then nothing keeps it from an attempt */
	ino_t tried_subject; /* of the last attempt */
	/* when a refresh was asked for, and when its request changed; -1: no attempt is owed */
	int64_t asked_ms, renewed_ms;
	/* when a reader has found that it had sent this exchange's token before; -1: none has */
	int64_t wanted_ms;
	bool waited; /* it has to wait for a new source */
	/* its files, which stay when it is removed */
	int64_t token_from_ms, token_until_ms; /* until 0: there are none */
};

extern struct link links[WORLD_EXCHANGES_MAX];

extern struct chains_run {
	bool stopped; /* the supervisor was told to stop */
	bool closing; /* all is done, and the stop is planned */
	int events;   /* how many are still to come */
	uint64_t runs, attempts, sleeps;
} run;

/* Set up the world for a run of the script. */
void chains_world_init(enum bug bug);

/* Tell the supervisor to stop after a while in which nothing is to happen. */
void chains_close(void);

/* Plan an event. Its kind is a small letter, or a number of chains_changes.c. */
void chains_event(int64_t after_ms, int kind, int exchange);

/* Put another subject token into this file. */
void chains_renew_subject(int file);

/* Returns how many attempts run. */
int chains_running(void);

/* ---- chains_changes.c ---- */

/* Change the configuration file. */
void chains_change(int kind, int exchange);

/* ---- chains_check.c ---- */

void chains_check_fork(int exchange);
void chains_check_sleep(int64_t until_ms);
void chains_check_time(int64_t to_ms);
/* The supervisor has ended with this status. */
void chains_check_end(int status);

#endif
