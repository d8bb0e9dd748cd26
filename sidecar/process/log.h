/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line on standard error per event, JSON or text, at most 2048 bytes, written with one
 * write(2) after poll(POLLOUT, 0). A line that would block is dropped and counted in the next one:
 * a stuck log pipe must not stop refreshes.
 *
 * Nothing here ever gets a token. Strings are escaped whatever they hold.
 */
#ifndef STS_PROCESS_LOG_H
#define STS_PROCESS_LOG_H

#include "base/text.h"

enum sts_level { STS_LEVEL_ERROR, STS_LEVEL_WARN, STS_LEVEL_INFO, STS_LEVEL_DEBUG };

/* The choices of --log-format, in this order. AUTO is text if standard error is a terminal, else
 * JSON. */
enum { STS_LOG_FORMAT_AUTO, STS_LOG_FORMAT_JSON, STS_LOG_FORMAT_TEXT };

#define STS_LOG_LINE_MAX_BYTES 2048

/* A line being built; lives on the caller's stack. */
struct sts_log {
	enum sts_level level;
	struct sts_text text;
	char buf[STS_LOG_LINE_MAX_BYTES];
};

/* Choose level and format (STS_LOG_FORMAT_*; AUTO: text when standard error is a terminal). Before
 * that: info, AUTO. */
void sts_log_setup(enum sts_level level, int format);

/* What was chosen, STS_LOG_FORMAT_AUTO resolved: for another process that writes to the same
 * place. */
enum sts_level sts_log_level(void);
int sts_log_format(void);

/* Lines dropped since the start. */
uint32_t sts_log_dropped(void);

/* Start a line. msg is any text; it is escaped. */
void sts_log_start(struct sts_log *l, enum sts_level level, const char *msg);
void sts_log_str(struct sts_log *l, const char *key, const char *value);
void sts_log_int(struct sts_log *l, const char *key, int64_t value);
void sts_log_time(struct sts_log *l, const char *key, int64_t epoch_s); /* RFC 3339 */
/* Write it, or drop it. */
void sts_log_end(struct sts_log *l);

#endif
