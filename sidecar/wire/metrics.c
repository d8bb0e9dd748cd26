/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/resident.h"
#include "wire/sealed_memory.h"

/* This seal exists since Linux 5.1. The headers of the C library may be older. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

#define SIZE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* How often sts_metrics_known() tries, and how long it waits in between. Writing takes less than a
 * microsecond, but the writer may lose the CPU meanwhile. */
#define READS_MAX     3
#define READ_AGAIN_NS 1000000

/* Pages have 4, 16 or 64 KiB. */
#define PAGE_MAX_BYTES 65536

/* The memory is mapped in this array, near the other variables, so that it needs no page table of
 * its own. The place is at the first multiple of the largest page. */
static char room[2 * PAGE_MAX_BYTES] STS_RESIDENT_PAGES;

_Static_assert(sizeof(struct sts_metrics) <= PAGE_MAX_BYTES,
	       "it must fit behind the first multiple");

/* Map the memory, in place of what was mapped before. Returns NULL with errno after a failure. */
static struct sts_metrics *map(int fd, int protection)
{
	char *place = room + (-(uintptr_t)room & (PAGE_MAX_BYTES - 1));
	void *at = mmap(place, sizeof(struct sts_metrics), protection, MAP_SHARED | MAP_FIXED, fd,
			0);

	return at == MAP_FAILED ? NULL : at;
}

enum sts_err sts_metrics_make(struct sts_metrics **m, int *fd, struct sts_error *e)
{
	int err;

	*m = NULL;
	*fd = sts_sealed_memory_make("metrics");
	if (*fd >= 0 && ftruncate(*fd, sizeof(**m)) == 0)
		*m = map(*fd, PROT_READ | PROT_WRITE);
	if (!*m) {
		err = errno;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return sts_fail(e, sts_errno_code(err, STS_EFORK), err,
				"no memory for the metrics: %s", sts_errno_words(err));
	}
	/* A kernel before 5.1 has no seal that leaves our own mapping writable, so the listener
	 * could write to the memory. It could only falsify the metrics, since the supervisor makes
	 * no decision from them. */
	if (!sts_sealed_memory_seal(*fd, SIZE_SEALS | F_SEAL_FUTURE_WRITE))
		sts_sealed_memory_seal(*fd, SIZE_SEALS);
	return STS_OK;
}

const struct sts_metrics *sts_metrics_map(int fd)
{
	const struct sts_metrics *m;
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size != sizeof(*m))
		return NULL;
	m = map(fd, PROT_READ);
	return m && m->count > STS_EXCHANGES_MAX ? NULL : m;
}

void sts_metrics_set_names(struct sts_metrics *m, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sts_metrics_exchange *x = &m->exchange[i], kept = *x;
		size_t from = i;

		while (from < m->count && strcmp(m->exchange[from].name, names[i]) != 0)
			from++;
		if (from < m->count) {
			*x = m->exchange[from];
			m->exchange[from] = kept;
			continue;
		}
		/* This name is new. The entry that was here moves to the end. A later name may find
		 * it there. */
		if (m->count > i && m->count < STS_EXCHANGES_MAX)
			m->exchange[m->count++] = kept;
		memset(x, 0, sizeof(*x));
		memcpy(x->name, names[i], strnlen(names[i], sizeof(x->name) - 1));
		if (m->count <= i)
			m->count = (uint32_t)i + 1;
	}
	m->count = (uint32_t)count;
}

/* The upper bounds of the buckets: in milliseconds as numbers, and in seconds as texts. */
static const uint16_t bounds_ms[STS_METRICS_BUCKETS - 1] = {50,   100,  250,   500,   1000,
							    2500, 5000, 10000, 30000, 60000};
const char sts_metrics_bounds[] = "0.05\0"
				  "0.1\0"
				  "0.25\0"
				  "0.5\0"
				  "1\0"
				  "2.5\0"
				  "5\0"
				  "10\0"
				  "30\0"
				  "60\0"
				  "+Inf";

void sts_metrics_note(struct sts_metrics_exchange *x, const struct sts_report *report,
		      int64_t duration_ms, uint32_t failures, int64_t now_s)
{
	bool failed = report->error != STS_OK;
	struct sts_metrics_durations *durations = &x->durations[failed];
	size_t bucket = 0;

	x->gauge[STS_GAUGE_FAILURES] = failures;
	if (report->subject_exp_s >= 0)
		x->gauge[STS_GAUGE_SUBJECT_EXPIRATION] = report->subject_exp_s;
	if (!failed)
		x->gauge[STS_GAUGE_LIFETIME] = report->lifetime_s;
	if (!failed && (report->flags & STS_REPORT_ADOPTED))
		return;
	while (bucket < STS_METRICS_BUCKETS - 1 && duration_ms > bounds_ms[bucket])
		bucket++;
	durations->buckets[bucket]++;
	durations->sum_ms += (uint64_t)duration_ms;
	x->results[sts_error_info((enum sts_err)report->error).result]++;
	if (!failed)
		x->gauge[STS_GAUGE_SUCCESS] = now_s;
}

void sts_metrics_note_reload(struct sts_metrics *m, bool ok, int64_t now_s)
{
	m->reloaded = ok;
	if (ok)
		m->reloaded_s = now_s;
}

void sts_metrics_publish(struct sts_metrics_exchange *x, const struct sts_status *status,
			 int64_t expires_s)
{
	struct sts_metrics_known known;
	uint64_t words[STS_METRICS_KNOWN_WORDS] = {0};
	uint32_t sequence = atomic_load_explicit(&x->sequence, memory_order_relaxed);

	memset(&known, 0, sizeof(known));
	known.expires_s = expires_s;
	known.status = *status;
	memset(known.status.boot_id, 0, sizeof(known.status.boot_id));
	memcpy(words, &known, sizeof(known));
	x->gauge[STS_GAUGE_EXPIRATION] = expires_s;
	if (expires_s == 0)
		x->gauge[STS_GAUGE_LIFETIME] = 0;
	atomic_store_explicit(&x->sequence, sequence + 1, memory_order_relaxed);
	/* No word is seen before the odd number. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < STS_METRICS_KNOWN_WORDS; i++)
		atomic_store_explicit(&x->known[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&x->sequence, sequence + 2, memory_order_release);
}

/* Read once. Returns false if a word may have been written meanwhile. */
static bool read_known(const struct sts_metrics_exchange *x,
		       uint64_t words[STS_METRICS_KNOWN_WORDS])
{
	uint32_t sequence = atomic_load_explicit(&x->sequence, memory_order_acquire);

	for (size_t i = 0; i < STS_METRICS_KNOWN_WORDS; i++)
		words[i] = atomic_load_explicit(&x->known[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return (sequence & 1) == 0 &&
	       atomic_load_explicit(&x->sequence, memory_order_relaxed) == sequence;
}

bool sts_metrics_known(const struct sts_metrics_exchange *x, struct sts_metrics_known *known)
{
	uint64_t words[STS_METRICS_KNOWN_WORDS];

	for (int i = 0; i < READS_MAX; i++) {
		if (read_known(x, words)) {
			memcpy(known, words, sizeof(*known));
			return true;
		}
		nanosleep(&(struct timespec){0, READ_AGAIN_NS}, NULL);
	}
	return false;
}
