/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the simulation of chains share: the script of a run, and what the world knows
 * of each exchange. chains.c says what is simulated.
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

/* One run. Its letters say what becomes of the first request of each exchange, in the order in
 * which they make it; chains.c has the list. */
struct script {
	bool fetch;
	int count;
	int parent[CHAINS_MAX]; /* the exchange whose output it reads; -1: the kubelet's token */
	int order[CHAINS_MAX];  /* in the configuration file */
	bool single_use[CHAINS_MAX];
	int length, used; /* letters; those that were drawn */
	char letters[CHAINS_LETTERS_MAX];
};

extern struct script script;

/* ---- chains_script.c ---- */

/* What is drawn from; the letter * stands for the next change of the configuration. */
void script_begin(const char *alphabet, const char *changes);

/* The next letter of this run. */
char script_draw(void);

/* Go on to the next run, in which one of the letters that were drawn is another one. False if
 * there is none. */
bool script_advance(void);

/* The script as an argument of --repeat, and back. */
void script_print(void);
bool script_parse(const char *text);

/* ---- chains_world.c ---- */

struct link {
	bool planned; /* the plan in use has it */
	int source;   /* by that plan; -1: none */
	int reads;    /* by that plan: the number of the subject token file */
	uint32_t request;
	/* what was so when the last attempt was started */
	uint32_t started_request;
	int started_reads;
	bool drawn; /* its letter */
	char letter;
	int64_t silent_until_ms; /* its STS does not answer */
	/* since it is in the plan */
	bool running, has_token;
	bool sent; /* the last attempt has sent its subject token */
	uint64_t attempts;
	int failures;        /* in a row */
	enum sts_err error;  /* of the last attempt that has ended */
	int64_t started_ms;  /* of the last attempt */
	int64_t tried_ms;    /* of the last attempt that has ended; 0: none */
	int64_t ended_ms;    /* when that ended */
	int64_t ready_ms;    /* nothing has kept it from an attempt since */
	ino_t tried_subject; /* of the last attempt */
	/* why there may, or must, be an attempt; -1: not */
	int64_t asked_ms, renewed_ms;
	bool waited; /* it has to wait for a new source */
	/* its files, which stay when it is removed */
	int64_t token_from_ms, token_until_ms; /* until 0: there are none */
};

extern struct link links[WORLD_EXCHANGES_MAX];

extern struct chains_run {
	bool stopped; /* it was told to stop */
	bool closing; /* all is done, and a stop will come */
	int events;   /* that are still to come */
	uint64_t runs, attempts, sleeps;
} run;

/* Set up the world for a run of the script. */
void chains_world_init(enum bug bug);

/* Tell the supervisor to stop after a while in which nothing is to happen. */
void chains_close(void);

/* Something happens after a while: a small letter, or a number of chains_changes.c. */
void chains_event(int64_t after_ms, int kind, int exchange);

/* There is another subject token in this file. */
void chains_renew_subject(int file);

/* How many attempts run. */
int chains_running(void);

/* ---- chains_changes.c ---- */

/* The configuration file is another one. */
void chains_change(int kind, int exchange);

/* ---- chains_check.c ---- */

void chains_check_fork(int exchange);
void chains_check_sleep(int64_t until_ms);
void chains_check_time(int64_t to_ms);
/* The supervisor has ended with this status. */
void chains_check_end(int status);

#endif
