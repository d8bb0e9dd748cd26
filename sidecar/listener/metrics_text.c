/* SPDX-License-Identifier: Apache-2.0 */
#include "listener/metrics_text.h"

#include "version.h"

enum family { GAUGES, RESULTS = STS_GAUGE__COUNT, DURATIONS, DROPPED, BUILD, FAMILIES };

/* The name, the type and the help of each family, in the order of the enum. */
static const char texts[] = "token_expiry_timestamp_seconds\0gauge\0"
			    "When the token on disk expires.\0"
			    "subject_token_expiry_timestamp_seconds\0gauge\0"
			    "When the subject token that was last read expires.\0"
			    "last_success_timestamp_seconds\0gauge\0"
			    "When an exchange last succeeded.\0"
			    "consecutive_failures\0gauge\0"
			    "Attempts that failed since the last success.\0"
			    "clock_difference_seconds\0gauge\0"
			    "The last Date of an answer minus the node's clock; 0: within 60 s or "
			    "unknown.\0"
			    "exchanges_total\0counter\0"
			    "Attempts by result: success, or the name of the error.\0"
			    "exchange_duration_seconds\0histogram\0"
			    "How long attempts took.\0"
			    "log_lines_dropped_total\0counter\0"
			    "Log lines that nobody took.\0"
			    "build_info\0gauge\0"
			    "What is running.";

/* The number of samples that each family has for one exchange. */
static const uint8_t samples[FAMILIES] = {1,
					  1,
					  1,
					  1,
					  1,
					  [RESULTS] = STS_ERR__COUNT,
					  [DURATIONS] = STS_METRICS_BUCKETS + 2,
					  [DROPPED] = 1,
					  [BUILD] = 1};

static void add_head(struct sts_text *out, const char *name)
{
	const char *type = sts_text_at(name, 1);

	sts_text_addf(out, "# HELP sts_sidecar_%s %s\n# TYPE sts_sidecar_%s %s\n", name,
		      sts_text_at(type, 1), name, type);
}

/* Add the name and the first label: sts_sidecar_NAME{exchange="aws". More labels may follow. */
static void add_name(struct sts_text *out, const char *name, const char *suffix,
		     const struct sts_metrics_exchange *x)
{
	sts_text_addf(out, "sts_sidecar_%s%s{exchange=\"%.*s\"", name, suffix,
		      STS_EXCHANGE_NAME_BYTES - 1, x->name);
}

static void add_result(struct sts_text *out, const char *name, const struct sts_metrics_exchange *x,
		       size_t result)
{
	/* A result that never happened is left out. Success is never left out. */
	if (x->results[result] == 0 && result != STS_OK)
		return;
	add_name(out, name, "", x);
	sts_text_addf(out, ",result=\"%s\"} %u\n",
		      result == STS_OK ? "success" : sts_error_info((enum sts_err)result).name,
		      (unsigned)x->results[result]);
}

static void add_duration(struct sts_text *out, const char *name,
			 const struct sts_metrics_exchange *x, size_t sample)
{
	uint64_t sum_ms = x->duration_ms, count = 0;

	for (size_t i = 0; i <= sample && i < STS_METRICS_BUCKETS; i++)
		count += x->buckets[i];
	if (sample < STS_METRICS_BUCKETS) {
		add_name(out, name, "_bucket", x);
		sts_text_addf(out, ",le=\"%s\"", sts_text_at(sts_metrics_bounds, sample));
	} else {
		add_name(out, name, sample == STS_METRICS_BUCKETS ? "_sum" : "_count", x);
	}
	if (sample == STS_METRICS_BUCKETS)
		sts_text_addf(out, "} %llu.%03u\n", (unsigned long long)(sum_ms / 1000),
			      (unsigned)(sum_ms % 1000));
	else
		sts_text_addf(out, "} %llu\n", (unsigned long long)count);
}

static void add_gauge(struct sts_text *out, const char *name, const struct sts_metrics_exchange *x,
		      size_t gauge)
{
	/* A time that is not known is left out, since zero would mean the year 1970. */
	if (x->gauge[gauge] == 0 && gauge != STS_GAUGE_FAILURES && gauge != STS_GAUGE_CLOCK)
		return;
	add_name(out, name, "", x);
	sts_text_addf(out, "} %lld\n", (long long)x->gauge[gauge]);
}

static void add_sample(const struct sts_metrics *m, size_t family, const char *name, size_t sample,
		       struct sts_text *out)
{
	const struct sts_metrics_exchange *x = &m->exchange[sample / samples[family]];

	sample %= samples[family];
	if (family == BUILD)
		sts_text_addf(out,
			      "sts_sidecar_%s{version=\"" STS_VERSION
			      "\",bearssl=\"" STS_VERSION_BEARSSL "\",libc=\"" STS_VERSION_LIBC
			      "\"} 1\n",
			      name);
	else if (family == DROPPED)
		sts_text_addf(out, "sts_sidecar_%s %u\n", name, (unsigned)m->dropped_lines);
	else if (family == RESULTS)
		add_result(out, name, x, sample);
	else if (family == DURATIONS)
		add_duration(out, name, x, sample);
	else
		add_gauge(out, name, x, family);
}

bool sts_metrics_next_line(const struct sts_metrics *m, struct sts_metrics_cursor *at,
			   struct sts_text *out)
{
	size_t before = out->len;

	while (out->len == before) {
		size_t last = at->family < DROPPED ? m->count * samples[at->family] : 1;
		const char *name;

		if (at->family == FAMILIES)
			return false;
		name = sts_text_at(texts, 3 * at->family);
		if (at->line == 0)
			add_head(out, name);
		else if (at->line <= last)
			add_sample(m, at->family, name, at->line - 1u, out);
		at->line++;
		if (at->line > last) {
			at->family++;
			at->line = 0;
		}
	}
	return true;
}
