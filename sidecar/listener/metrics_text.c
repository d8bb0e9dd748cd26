/* SPDX-License-Identifier: Apache-2.0 */
#include "listener/metrics_text.h"

#include "base/packed.h"
#include "version.h"

/* The families of which each exchange has samples, and then those of the whole process. */
enum family {
	GAUGES,
	READY = STS_GAUGE__COUNT,
	NEXT,
	CLOCK,
	LAST_ERROR,
	RESULTS,
	DURATIONS,
	RELOADED,
	RELOADED_AT,
	DROPPED,
	BUILD,
	STARTED,
	FAMILIES
};

/* The name and the type of each family, in the order of the enum. The names begin with
 * sts_sidecar_, except the last one, which Prometheus's own libraries have too. */
static const char texts[] = "token_expiration_timestamp_seconds\0gauge\0"
			    "token_lifetime_seconds\0gauge\0"
			    "subject_token_expiration_timestamp_seconds\0gauge\0"
			    "last_success_timestamp_seconds\0gauge\0"
			    "consecutive_failures\0gauge\0"
			    "ready\0gauge\0"
			    "next_attempt_timestamp_seconds\0gauge\0"
			    "clock_skew_seconds\0gauge\0"
			    "last_error_info\0gauge\0"
			    "exchanges_total\0counter\0"
			    "exchange_duration_seconds\0histogram\0"
			    "config_last_reload_successful\0gauge\0"
			    "config_last_reload_success_timestamp_seconds\0gauge\0"
			    "log_lines_dropped_total\0counter\0"
			    "build_info\0gauge\0"
			    "process_start_time_seconds\0gauge";

/* The help of each family, packed. */
static const char helps[] = STS_PACKED(
	"When the token on disk expires; 0: there is none.\0"
	"How long the token on disk lived when it was new; 0: there is none.\0"
	"When the subject token that was last read expires; 0: unknown.\0"
	"When an exchange last succeeded; 0: never.\0"
	"Attempts that failed since the last success.\0"
	"1: the token on disk is valid now, as /readyz says.\0"
	"When the next attempt is planned; 0: none is.\0"
	"The last Date of an answer minus the node's clock; 0: within 60 s or unknown.\0"
	"The name of the error, while the last attempt failed.\0"
	"Attempts by result.\0"
	"How long attempts took.\0"
	"1: the last reading of the options and the configuration file succeeded.\0"
	"When the options and the configuration file were last read with success.\0"
	"Log lines that nobody took.\0"
	"What is running.\0"
	"When the sidecar was started, by the node's clock at that time.");

/* The samples of the histogram for one result: the buckets, the sum and the count. */
#define DURATION_SAMPLES (STS_METRICS_BUCKETS + 2)

/* Returns the number of samples that a family has for one exchange. */
static size_t samples_of(size_t family)
{
	return family == RESULTS     ? STS_RESULT__COUNT
	       : family == DURATIONS ? 2 * DURATION_SAMPLES
				     : 1;
}

static const char *prefix_of(size_t family)
{
	return family == STARTED ? "" : "sts_sidecar_";
}

static void add_head(struct sts_text *out, size_t family, const char *name)
{
	const char *type = sts_text_at(name, 1), *prefix = prefix_of(family);

	sts_text_addf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name,
		      sts_words_at(helps, family), prefix, name, type);
}

/* Add the name and the first label: sts_sidecar_NAME{exchange="aws". More labels may follow. */
static void add_name(struct sts_text *out, const char *name, const char *suffix,
		     const struct sts_metrics_exchange *x)
{
	sts_text_addf(out, "sts_sidecar_%s%s{exchange=\"%.*s\"", name, suffix,
		      STS_EXCHANGE_NAME_BYTES - 1, x->name);
}

static void add_number(struct sts_text *out, const char *name, const struct sts_metrics_exchange *x,
		       int64_t number)
{
	add_name(out, name, "", x);
	sts_text_addf(out, "} %lld\n", (long long)number);
}

static void add_milliseconds(struct sts_text *out, uint64_t ms)
{
	sts_text_addf(out, " %llu.%03u\n", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

static void add_result(struct sts_text *out, const char *name, const struct sts_metrics_exchange *x,
		       size_t result)
{
	add_name(out, name, "", x);
	sts_text_addf(out, ",result=\"%s\"} %u\n", sts_result_name((enum sts_result)result),
		      (unsigned)x->results[result]);
}

static void add_error(struct sts_text *out, const char *name, const struct sts_metrics_exchange *x,
		      enum sts_err error)
{
	if (error == STS_OK)
		return;
	add_name(out, name, "", x);
	sts_text_addf(out, ",error=\"%s\"} 1\n", sts_error_info(error).name);
}

static void add_duration(struct sts_text *out, const char *name,
			 const struct sts_metrics_exchange *x, size_t sample)
{
	bool failed = sample >= DURATION_SAMPLES;
	const struct sts_metrics_durations *durations = &x->durations[failed];
	uint64_t count = 0;

	sample %= DURATION_SAMPLES;
	for (size_t i = 0; i <= sample && i < STS_METRICS_BUCKETS; i++)
		count += durations->buckets[i];
	add_name(out, name,
		 sample < STS_METRICS_BUCKETS    ? "_bucket"
		 : sample == STS_METRICS_BUCKETS ? "_sum"
						 : "_count",
		 x);
	sts_text_addf(out, ",result=\"%s\"", failed ? "failure" : "success");
	if (sample < STS_METRICS_BUCKETS)
		sts_text_addf(out, ",le=\"%s\"", sts_text_at(sts_metrics_bounds, sample));
	sts_text_add_char(out, '}');
	if (sample == STS_METRICS_BUCKETS)
		add_milliseconds(out, durations->sum_ms);
	else
		sts_text_addf(out, " %llu\n", (unsigned long long)count);
}

static void add_of_exchange(const struct sts_metrics_exchange *x,
			    const struct sts_metrics_seen *seen, size_t family, const char *name,
			    size_t sample, struct sts_text *out)
{
	if (family < READY)
		add_number(out, name, x, x->gauge[family]);
	else if (family == READY)
		add_number(out, name, x, seen->ready);
	else if (family == NEXT)
		add_number(out, name, x, seen->next_s);
	else if (family == CLOCK)
		add_number(out, name, x, seen->clock_skew_s);
	else if (family == LAST_ERROR)
		add_error(out, name, x, seen->error);
	else if (family == RESULTS)
		add_result(out, name, x, sample);
	else
		add_duration(out, name, x, sample);
}

static void add_of_process(const struct sts_metrics *m, size_t family, const char *name,
			   struct sts_text *out)
{
	sts_text_addf(out, "%s%s", prefix_of(family), name);
	if (family == BUILD)
		sts_text_add_str(out, "{version=\"" STS_VERSION "\",bearssl=\"" STS_VERSION_BEARSSL
				      "\",libc=\"" STS_VERSION_LIBC "\"} 1\n");
	else if (family == STARTED)
		add_milliseconds(out, (uint64_t)m->started_ms);
	else
		sts_text_addf(out, " %lld\n",
			      (long long)(family == RELOADED      ? m->reloaded
					  : family == RELOADED_AT ? m->reloaded_s
								  : m->dropped_lines));
}

bool sts_metrics_next_line(const struct sts_metrics *m, const struct sts_metrics_seen *seen,
			   struct sts_metrics_cursor *at, struct sts_text *out)
{
	size_t before = out->len;

	while (out->len == before) {
		size_t each = samples_of(at->family), i = (at->line - 1u) / each;
		size_t last = at->family < RELOADED ? m->count * each : 1;
		const char *name;

		if (at->family == FAMILIES)
			return false;
		name = sts_text_at(texts, 2 * at->family);
		if (at->family == DURATIONS && m->no_histogram)
			last = 0;
		else if (at->line == 0)
			add_head(out, at->family, name);
		else if (at->family >= RELOADED)
			add_of_process(m, at->family, name, out);
		else if (at->line <= last)
			add_of_exchange(&m->exchange[i], &seen[i], at->family, name,
					(at->line - 1u) % each, out);
		at->line++;
		if (at->line > last) {
			at->family++;
			at->line = 0;
		}
	}
	return true;
}
