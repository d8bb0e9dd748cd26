/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log lines of the supervisor: one line for each thing that can happen to an exchange. The line
 * of a failure says what to do about it. Lines go to log/log.h, which escapes and cuts every
 * value.
 */
#ifndef STS_SUPERVISOR_EVENT_LOG_H
#define STS_SUPERVISOR_EVENT_LOG_H

#include "log/log.h"
#include "output/store.h"
#include "supervisor/exchange.h"

/* What was logged about an exchange, so that it is not logged again. */
struct sts_logged {
	bool once; /* the mode of the files, the proxy and the URL were logged */
	/* which clock is ahead, as it was logged: 1 the STS's clock, -1 the node's clock, 0 none */
	int8_t ahead;
	bool not_before; /* the last token was not valid at once */
	bool assumed;    /* nothing says how long the last token lives */
	bool gap;        /* the last token ends before the next subject token comes */
	/* enum sts_gate of the last failure, and how many there were at this gate in a row, 3 at
	 * most */
	uint8_t gate, failures;
};

/*
 * Log the end of a worker. Logs nothing for STS_OUTCOME_NOTHING. Before the line of an attempt, a
 * line at debug says what was agreed on in its TLS handshake. After the line of an attempt,
 * warnings may follow, each one once when it begins: about clocks that differ (and once when that
 * is over), about a token that is not valid at once, about a lifetime that nothing states, about a
 * time without a valid token, since a subject token may be sent once, and (in `run`) about the gate
 * at which three attempts in a row have failed, with the gates that the last of them has passed.
 *   logged       in/out
 *   report       in      checked
 *   store        in      dir_fd is -1 if no files are written
 *   route        in      three texts, see struct sts_plan
 *   duration_ms  in      how long the worker ran
 */
void sts_event_log_outcome(const struct sts_exchange *x, struct sts_logged *logged,
			   const struct sts_store *store, const char *route,
			   enum sts_outcome outcome, const struct sts_report *report,
			   int64_t duration_ms, const struct sts_moment *now);

/* Log why the program cannot start. Returns its exit status. */
int sts_event_log_cannot_start(const struct sts_error *e);

/* Log why a new configuration file is not used. */
void sts_event_log_refused(const struct sts_error *e);

/*
 * Log that the file system of an input file does not answer.
 *   exchange  in  NULL if the file is the configuration file
 */
void sts_event_log_hang(const struct sts_error *e, const char *exchange);

/*
 * Log that changes of files cause no events.
 *   err  in  the errno of inotify_init1(2) or inotify_add_watch(2)
 */
void sts_event_log_unwatched(int err);

/* Log that a token was revoked, or why not. `reason` is NULL after success. */
void sts_event_log_revoked(const struct sts_exchange *x, const char *reason);

/* Log that an exchange waits for the first token of another exchange (x->status.wait_name). */
void sts_event_log_waiting(const struct sts_exchange *x);

/* Log one of our own messages about an exchange, with its name. */
void sts_event_log_about(enum sts_level level, const char *msg, const char *exchange);

/* Log one of our own messages that is not about an exchange. */
void sts_event_log_plain(enum sts_level level, const char *msg);

/* Show on a terminal what an exchange of `fetch` does now, and how much time is left. Returns
 * false without a terminal, or if the log is JSON. */
bool sts_event_log_progress(const struct sts_exchange *x, int64_t now_ms);

/* Log that `fetch` was told to stop, and what an exchange was doing then.
 *   x  in  NULL: there is no exchange yet */
void sts_event_log_stopped(const struct sts_exchange *x, int64_t now_ms);

#endif
