/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of /metrics: the counters of wire/metrics.h in Prometheus's text format 0.0.4, made line
 * by line, so that no buffer has to hold the whole page.
 */
#ifndef STS_LISTENER_METRICS_TEXT_H
#define STS_LISTENER_METRICS_TEXT_H

#include "base/text.h"
#include "wire/metrics.h"

/* The position of the next line in the page. All zeros are the start of the page. */
struct sts_metrics_cursor {
	uint8_t family;
	uint16_t line; /* within the family; line 0 is the pair of HELP and TYPE lines */
};

/* The longest line, or pair of HELP and TYPE lines, in bytes. */
#define STS_METRICS_LINE_MAX_BYTES 256

/*
 * Add the next line of the page.
 *   out  in/out  has room for STS_METRICS_LINE_MAX_BYTES
 * Returns false, and adds nothing, after the last line.
 */
bool sts_metrics_next_line(const struct sts_metrics *m, struct sts_metrics_cursor *at,
			   struct sts_text *out);

#endif
