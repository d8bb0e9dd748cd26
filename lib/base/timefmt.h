/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as text: RFC 3339 (section 5.6), HTTP dates (RFC 9110 section 5.6.7), durations of the
 * command line, and durations in words. The functions are pure. Times are seconds since the epoch
 * in UTC, without leap seconds.
 */
#ifndef STS_BASE_TIMEFMT_H
#define STS_BASE_TIMEFMT_H

#include "base/text.h"

#define STS_RFC3339_BYTES sizeof("2026-01-12T16:11:29Z") /* with the NUL */
#define STS_EPOCH_MAX_S   253402300799LL /* 9999-12-31T23:59:59Z, the last time with a text */

/*
 * Write a time in the form "2026-01-12T16:11:29Z".
 *   epoch_s  in   clamped to the years 1970 to 9999
 *   out      out  NUL-terminated
 */
void sts_rfc3339_format(int64_t epoch_s, char out[STS_RFC3339_BYTES]);

/* Returns the same text, which is valid until the next call. */
const char *sts_rfc3339(int64_t epoch_s);

/*
 * Parse a time: "2026-01-12T16:11:29Z", also with a fraction of a second, which is dropped, with an
 * offset, and with `t` and `z` in lower case. Second 60 is read as 59.
 *   s        in   UNTRUSTED
 *   epoch_s  out  0 to STS_EPOCH_MAX_S; unchanged after a failure
 * Returns false when the time is malformed or outside of the years 1970 to 9999 (UTC).
 */
bool sts_rfc3339_parse(struct sts_slice s, int64_t *epoch_s);

/*
 * Parse an HTTP date: IMF-fixdate, or one of the obsolete forms of RFC 850 and asctime(). The years
 * 70 to 99 of RFC 850 are 1970 to 1999, the years 00 to 69 are 2000 to 2069. A weekday that does
 * not fit the date is not an error.
 *   s, epoch_s  as for sts_rfc3339_parse(), and so is the result
 */
bool sts_httpdate_parse(struct sts_slice s, int64_t *epoch_s);

/*
 * Convert a date and time of day (proleptic Gregorian, UTC) to seconds since the epoch.
 *   year   in  0 to 9999
 *   month  in  1 to 12
 *   day    in  not checked: day 31 of a month with 30 days is the first day of the next month
 */
int64_t sts_epoch_from_civil(int year, int month, int day, int hour, int minute, int second);

/*
 * Parse a duration: "30s", "5m", "1h", "250ms", "1h30m", or plain seconds. Numbers are whole. A
 * larger unit stands before a smaller one, and each unit stands once.
 *   ms  out  milliseconds, 0 to 365 days; unchanged after a failure
 * Returns false for anything else.
 */
bool sts_duration_parse(struct sts_slice s, int64_t *ms);

/*
 * Add a duration in words: "13 min 20 s", "2 h 5 min", "45 s", "3 d 4 h". It is rounded down to the
 * largest unit that is not zero and the next smaller one; the smaller one is left out when it is
 * zero.
 *   seconds  in  a negative value counts as 0
 */
void sts_duration_words(struct sts_text *t, int64_t seconds);

#endif
