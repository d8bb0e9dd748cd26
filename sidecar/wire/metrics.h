/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters that the supervisor writes and the process of --listen reads: one shared page of memory
 * without a name. The supervisor maps it writable and seals it: whoever gets the descriptor can
 * neither write to it nor change its size. Each field is atomic by itself; one scrape may see an
 * attempt in one field and not yet in another.
 */
#ifndef STS_WIRE_METRICS_H
#define STS_WIRE_METRICS_H

#include "wire/limits.h"
#include "wire/report.h"

#define STS_METRICS_BUCKETS 11 /* of durations; the last one has no upper bound */

enum sts_gauge {
	STS_GAUGE_EXPIRY,         /* of the token on disk; seconds since the epoch, 0: none */
	STS_GAUGE_SUBJECT_EXPIRY, /* of the subject token that was last read; 0: none */
	STS_GAUGE_SUCCESS,        /* of the last exchange; 0: none */
	STS_GAUGE_FAILURES,       /* attempts in a row */
	STS_GAUGE__COUNT
};

struct sts_metrics_exchange {
	char name[STS_EXCHANGE_NAME_BYTES]; /* [a-z0-9-] */
	_Atomic int64_t gauge[STS_GAUGE__COUNT];
	_Atomic uint64_t duration_ms; /* of all attempts together */
	_Atomic uint32_t buckets[STS_METRICS_BUCKETS];
	_Atomic uint32_t results[STS_ERR__COUNT]; /* STS_OK: successes */
};

struct sts_metrics {
	_Atomic uint32_t count; /* of exchanges */
	_Atomic uint32_t dropped_lines;
	struct sts_metrics_exchange exchange[STS_EXCHANGES_MAX];
};

/*
 * Make the memory, all zeros.
 *   m   out  mapped, writable; NULL after a failure
 *   fd  out  its descriptor, close-on-exec; -1 after a failure
 * Returns STS_OK, or STS_EFORK with errno in detail.
 */
enum sts_err sts_metrics_make(struct sts_metrics **m, int *fd, struct sts_error *e);

/* Map what came with a descriptor, for reading. NULL when it is anything else. */
const struct sts_metrics *sts_metrics_map(int fd);

/*
 * There are these exchanges now: one that was there before keeps its numbers. Only while nobody
 * reads.
 *   names  in  count of them, distinct
 */
void sts_metrics_name(struct sts_metrics *m, const char *const *names, size_t count);

/*
 * An attempt has ended.
 *   report    in  checked; one that took over the token on disk counts as no exchange
 *   failures  in  in a row, this one included
 *   expires   in  epoch seconds, of the token on disk; 0: none
 */
void sts_metrics_note(struct sts_metrics_exchange *x, const struct sts_report *report,
		      int64_t duration_ms, uint32_t failures, int64_t expires_s, int64_t now_s);

/* The buckets' upper bounds in seconds as text, one after the other. */
extern const char sts_metrics_bounds[];

#endif
