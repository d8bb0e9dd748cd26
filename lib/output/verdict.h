/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an output directory holds a usable token, and if not, what is wrong, in the words of
 * `check` and /readyz. Nothing in the directory is trusted.
 */
#ifndef STS_OUTPUT_VERDICT_H
#define STS_OUTPUT_VERDICT_H

#include "output/status.h"

#define STS_VERDICT_LINE_MAX_BYTES 1100

struct sts_verdict {
	bool ok;
	bool has_status;   /* status is meaningful */
	int64_t expires_s; /* -1: unknown */
	struct sts_status status;
	char problem[256]; /* "no token in /tokens"; "" when ok */
	char full[128]; /* how full the file system is, when nothing more can be written to it; else
			   "" */
};

/*
 * Look at a directory once.
 *   dir         in   its path
 *   read_token  in   true: where `expires` cannot be read, the exp of the token counts. False: a
 *                    token is not opened
 *   min_ttl_ms  in   how long the token must still be valid
 *   now_s       in   the local clock, seconds since the epoch
 */
void sts_verdict_look(struct sts_verdict *v, const char *dir, bool read_token, int64_t min_ttl_ms,
		      int64_t now_s);

/* Add the line that says why the verdict is not ok. STS_VERDICT_LINE_MAX_BYTES hold the longest
 * line. */
void sts_verdict_explain(const struct sts_verdict *v, struct sts_text *out,
			 const struct sts_status_now *now);

#endif
