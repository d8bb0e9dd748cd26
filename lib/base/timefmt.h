/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as text: RFC 3339 (section 5.6), HTTP dates (RFC 9110 section 5.6.7), durations of the
 * command line, and durations in words. Pure functions; seconds since the epoch are int64_t, UTC,
 * without leap seconds.
 */
#ifndef STS_BASE_TIMEFMT_H
#define STS_BASE_TIMEFMT_H

#include "base/text.h"

#define STS_RFC3339_BYTES sizeof("2026-01-12T16:11:29Z")
#define STS_EPOCH_MAX_S   253402300799LL /* 9999-12-31T23:59:59Z: no later time is text */

/* Years 1970 to 9999; anything outside is clamped. out is NUL-terminated. */
void sts_rfc3339_format(int64_t epoch_s, char out[STS_RFC3339_BYTES]);

/* "2026-01-12T16:11:29Z", fraction (ignored, rounded down) and offset allowed, `t` and `z` too.
 * UNTRUSTED input. Second 60 is taken as 59. False when malformed or outside of the years 1970 to
 * 9999 (UTC): the result is never negative. */
bool sts_rfc3339_parse(struct sts_slice s, int64_t *epoch_s);

/* IMF-fixdate, RFC 850 (two-digit years 70 to 99 are 19xx) and asctime forms; a weekday that does
 * not fit the date is not minded. UNTRUSTED input. False as for sts_rfc3339_parse(). */
bool sts_httpdate_parse(struct sts_slice s, int64_t *epoch_s);

/* From civil time (proleptic Gregorian, UTC) to the epoch; year 1..9999, month 1..12. Arithmetic
 * only: a day 31 of a short month runs on into the next. Used by the certificate reader too. */
int64_t sts_epoch_from_civil(int year, int month, int day, int hour, int minute, int second);

/* "30s", "5m", "1h", "250ms", "1h30m" (larger units first, each once), or plain seconds. Whole
 * numbers only, at most 365 days in all. False when it is anything else. */
bool sts_duration_parse(struct sts_slice s, int64_t *ms);

/* "13 min 20 s", "2 h 5 min", "45 s", "3 d 4 h": the largest unit of seconds >= 0 and, where it is
 * not zero, the next smaller one. Negative is as 0. */
void sts_duration_words(struct sts_text *t, int64_t seconds);

#endif
