/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchanges of this process: for each its state, its output directory, what its input files were when last looked at. Who waits for whom,
 * what a new plan changes, which files are watched. The supervisor's own; it starts the workers (supervisor.c).
 *
 * Files are looked at, never into: stat(2), and watches where the kernel gives them.
 */
#ifndef STS_SUPERVISOR_RUNNING_SET_H
#define STS_SUPERVISOR_RUNNING_SET_H

#include "output/store.h"
#include "supervisor/event_log.h"
#include "supervisor/events.h"
#include "supervisor/exchange.h"

struct sts_seat {
	struct sts_exchange x; /* x.plan is NULL: nobody sits here */
	struct sts_store store;
	struct sts_child *worker; /* NULL: none */
	uint64_t subject, trust;  /* the files' identities */
	bool watches_cas;
	struct sts_told told;
};

/* The seats that are taken, one after the other: for (struct sts_seat *t = NULL; (t = sts_seat_next(t));) */
struct sts_seat *sts_seat_next(struct sts_seat *t);

/* The seat of the plan's exchange number i, in the order of the configuration file. */
struct sts_seat *sts_seat_of(uint32_t i);

/* The plans that are in use; NULL before the first. */
const struct sts_plans *sts_seats_plans(void);

/* A text of the plans in use. */
const char *sts_seats_text(uint16_t at);

/* Which file a path leads to: another number for another file, or other content. 0: none that can be seen. */
uint64_t sts_file_identity(const char *path);

/*
 * Go over to new plans, which are kept. Whose name, directory and mode are the same goes on, with its state; whom nobody follows stops first,
 * since another one may get its directory.
 */
void sts_seats_take_over(struct sts_plans *plans);

/*
 * Open the output directory, own it, and show that it can be written; nothing where that was done, or where there is none.
 * Returns STS_OK, STS_EOUTPUT, STS_ELOCKED.
 */
enum sts_err sts_seat_own(struct sts_seat *t, struct sts_error *e);

/* An attempt starts: what are its inputs? */
void sts_seat_look(struct sts_seat *t);

/* An attempt ended: did its inputs change under it? Wakes who waits for it, and ends who waits in vain. */
void sts_seat_attempted(struct sts_seat *t);

/* Something changed in a directory that is watched. */
void sts_seats_files_changed(void);

/* Watch what matters now, where that has changed since the last time. CA files only while they are the problem. */
void sts_seats_watch(struct sts_events *ev, const char *config);

/* Write the status files of those that changed. */
void sts_seats_write_status(void);

/* For good: the worker is killed, the lock let go; the files stay. */
void sts_seat_stand_up(struct sts_seat *t);

/* Now, with a random number. */
struct sts_moment sts_now(void);

#endif
