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

/* What the listener finds out about an exchange for the page. */
struct sts_metrics_seen {
	bool ready;           /* as /readyz says */
	enum sts_err error;   /* of the last attempt */
	int64_t next_s;       /* when the next attempt is planned, since the epoch; 0: none is */
	int64_t clock_skew_s; /* the Date of the last answer minus the node's clock; 0: within 60
				 s, or unknown */
};

/* The longest line, or pair of HELP and TYPE lines, in bytes. */
#define STS_METRICS_LINE_MAX_BYTES 256

/*
 * Add the next line of the page.
 *   seen  in      one for each exchange
 *   out   in/out  has room for STS_METRICS_LINE_MAX_BYTES
 * Returns false, and adds nothing, after the last line.
 */
bool sts_metrics_next_line(const struct sts_metrics *m, const struct sts_metrics_seen *seen,
			   struct sts_metrics_cursor *at, struct sts_text *out);

#endif
