/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line on standard error for each event, as JSON or text. A line has at most
 * STS_LOG_LINE_MAX_BYTES, and is written with one write(2) after poll(2) has shown that the
 * descriptor takes bytes. A line that would block is dropped, and the next line has the number of
 * dropped lines: a log pipe that nobody reads must not stop refreshes.
 *
 * No caller passes a token. Every string may be UNTRUSTED: it is escaped and cut. A key is ours,
 * and is written as it is.
 */
#ifndef STS_LOG_LOG_H
#define STS_LOG_LOG_H

#include "base/log_level.h"
#include "base/text.h"

#define STS_LOG_LINE_MAX_BYTES 2048

/* A line that is being built. It is a local variable of the caller; nothing has to be freed. */
struct sts_log {
	enum sts_level level;
	struct sts_text text;
	char buf[STS_LOG_LINE_MAX_BYTES];
};

/* Choose level and format (STS_LOG_FORMAT_*). Without this call they are STS_LEVEL_INFO and
 * STS_LOG_FORMAT_AUTO. */
void sts_log_setup(enum sts_level level, int format);

/* Return the level and the format in use, for another process that writes to the same log. The
 * format is JSON or TEXT, and never AUTO. */
enum sts_level sts_log_level(void);
int sts_log_format(void);

/* Returns the number of lines that were dropped since the start of the process. */
uint32_t sts_log_dropped(void);

/* Start a line, and add fields to it. Each field has a key and a value; a field that does not fit
 * is left out. sts_log_time() writes seconds since the epoch as RFC 3339. */
void sts_log_start(struct sts_log *l, enum sts_level level, const char *msg);
void sts_log_str(struct sts_log *l, const char *key, const char *value);
void sts_log_int(struct sts_log *l, const char *key, int64_t value);
void sts_log_time(struct sts_log *l, const char *key, int64_t epoch_s);

/* Write the line, or drop it. A line whose level is less important than the chosen level is not
 * written. */
void sts_log_end(struct sts_log *l);

#endif
