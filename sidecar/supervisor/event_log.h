/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor says: the log line of each thing that can happen to an exchange, and the
 * status file. Each failure has one line, with what to do about it.
 */
#ifndef STS_SUPERVISOR_EVENT_LOG_H
#define STS_SUPERVISOR_EVENT_LOG_H

#include "output/store.h"
#include "process/log.h"
#include "supervisor/exchange.h"

/* What of an exchange was told already and is not told twice. */
struct sts_logged {
	/* with which mode files are written, and through which proxy the STS is reached */
	bool once;
	bool skew;
};

/*
 * The line of a worker that ended.
 *   store        in  dir_fd is -1 where no files are written
 *   proxy        in  through which the STS is reached, or ""
 *   duration_ms  in  of the worker
 */
void sts_event_log_outcome(const struct sts_exchange *x, struct sts_logged *told,
			   const struct sts_store *store, const char *proxy,
			   enum sts_outcome outcome, const struct sts_report *report,
			   int64_t duration_ms, const struct sts_moment *now);

/* Why the program cannot start. Returns its exit status. */
int sts_event_log_cannot_start(const struct sts_error *e);

/* Why a new configuration file is not gone by. */
void sts_event_log_refused(const struct sts_error *e);

/* For whose first token it waits. */
void sts_event_log_waiting(const struct sts_exchange *x);

void sts_event_log_about(enum sts_level level, const char *msg, const char *exchange);

/* A line without an exchange. */
void sts_event_log_plain(enum sts_level level, const char *msg);

#endif
