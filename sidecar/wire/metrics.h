/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics, which the supervisor writes and the listener reads. They are in shared memory that
 * has a descriptor and no name (memfd_create(2)). The supervisor maps the memory writable and then
 * seals it, so that a process that inherits the descriptor can neither write to the memory nor
 * change its size. Each field is atomic by itself. A reader may see an attempt in one field and not
 * yet in another field. What /readyz needs is written and read as a whole.
 */
#ifndef STS_WIRE_METRICS_H
#define STS_WIRE_METRICS_H

#include "base/limits.h"
#include "output/status.h"
#include "wire/report.h"

/* Buckets in the histogram of durations. The last bucket has no upper bound. */
#define STS_METRICS_BUCKETS 11

/* Times are in seconds since the epoch. */
enum sts_gauge {
	STS_GAUGE_EXPIRATION, /* when the token on disk expires; 0: none is known */
	STS_GAUGE_LIFETIME,   /* how long that token lived when it was new, in seconds; 0: none */
	STS_GAUGE_SUBJECT_EXPIRATION, /* when the subject token that was last read expires; 0: it
					 does not say, or none was read */
	STS_GAUGE_SUCCESS,            /* when an exchange last succeeded; 0: never */
	STS_GAUGE_FAILURES,           /* the number of failed attempts since the last success */
	STS_GAUGE__COUNT
};

/* What the supervisor knows of an exchange. */
struct sts_metrics_known {
	int64_t expires_s; /* when the token on disk expires, since the epoch; 0: none is known */
	struct sts_status status; /* what the status file says, without the boot id */
};

#define STS_METRICS_KNOWN_WORDS ((sizeof(struct sts_metrics_known) + 7) / 8)

/* How long attempts took. */
struct sts_metrics_durations {
	_Atomic uint64_t sum_ms;
	_Atomic uint32_t buckets[STS_METRICS_BUCKETS];
};

struct sts_metrics_exchange {
	char name[STS_EXCHANGE_NAME_BYTES]; /* [a-z0-9-] */
	_Atomic int64_t gauge[STS_GAUGE__COUNT];
	struct sts_metrics_durations durations[2];   /* of successes, and of failures */
	_Atomic uint32_t results[STS_RESULT__COUNT]; /* the number of attempts with this result */
	_Atomic uint32_t sequence;                   /* counts up; odd while `known` is written */
	_Atomic uint64_t known[STS_METRICS_KNOWN_WORDS]; /* a struct sts_metrics_known */
};

struct sts_metrics {
	_Atomic uint32_t count; /* the number of exchanges */
	_Atomic uint32_t dropped_lines;
	_Atomic uint32_t no_histogram; /* 1: --no-histogram */
	_Atomic uint32_t reloaded;     /* 1: the options were last read with success */
	_Atomic int64_t reloaded_s;    /* when they were last read with success, since the epoch */
	_Atomic int64_t started_ms;    /* when the supervisor was started, since the epoch */
	struct sts_metrics_exchange exchange[STS_EXCHANGES_MAX];
};

/*
 * Make the memory of the metrics, all zeros. A process has one place for it: what was mapped there
 * before is gone.
 *   m   out  mapped, writable; NULL after a failure
 *   fd  out  its descriptor, close-on-exec; -1 after a failure
 * Returns STS_OK, or STS_EFORK or STS_EFILES with errno in detail.
 */
enum sts_err sts_metrics_make(struct sts_metrics **m, int *fd, struct sts_error *e);

/* Map the memory of a descriptor for reading, in the place of what was mapped before. The
 * descriptor may be closed afterwards. Returns NULL if the descriptor is not one of
 * sts_metrics_make(). */
const struct sts_metrics *sts_metrics_map(int fd);

/*
 * Set the number of exchanges and their names, in the order of the plans. An exchange whose name
 * was among the names before keeps its numbers. The numbers of all other exchanges start at zero.
 * Call this only while the listener does not run.
 *   names  in  `count` names, all different; copied
 */
void sts_metrics_set_names(struct sts_metrics *m, const char *const *names, size_t count);

/*
 * Count an attempt that has ended.
 *   report    in  checked. If the worker adopted the token on disk, the attempt was not an
 *                 exchange: only the gauges of the two tokens and of failures change
 *   failures  in  the number of failed attempts since the last success, with this attempt
 */
void sts_metrics_note(struct sts_metrics_exchange *x, const struct sts_report *report,
		      int64_t duration_ms, uint32_t failures, int64_t now_s);

/* Note that the options and the configuration file were read, and whether they can be used. */
void sts_metrics_note_reload(struct sts_metrics *m, bool ok, int64_t now_s);

/*
 * Publish what the supervisor knows of an exchange, for the listener, and set the gauges that
 * follow from it. Only one process may call this.
 *   status     in  the status that is in the status file, or will be
 *   expires_s  in  when the token on disk expires, in seconds since the epoch; 0: none is known
 */
void sts_metrics_publish(struct sts_metrics_exchange *x, const struct sts_status *status,
			 int64_t expires_s);

/*
 * Read what was published last, as a whole. If it is being written, try again for some
 * milliseconds.
 *   known  out  all zeros if nothing was published yet; unchanged after false
 * Returns false if the writer did not finish.
 */
bool sts_metrics_known(const struct sts_metrics_exchange *x, struct sts_metrics_known *known);

/* The upper bounds of the buckets in seconds, as texts for sts_text_at(). The last one is
 * "+Inf". */
extern const char sts_metrics_bounds[];

#endif
