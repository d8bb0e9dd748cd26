/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output directory holds, and what is wrong with it, in the words of `check` and /readyz.
 * Nothing in the directory is trusted.
 */
#ifndef STS_OUTPUT_VERDICT_H
#define STS_OUTPUT_VERDICT_H

#include "output/status.h"

struct sts_verdict {
	bool ok;
	bool has_status;
	int64_t expires_s; /* -1: unknown */
	struct sts_status status;
	char problem[256]; /* "no token in /tokens"; "" when ok */
};

/*
 * Look once.
 *   read_token  in  the earlier of `expires` and the token's own exp counts; else no token is
 *                   opened, and it is `expires` alone
 *   min_ttl_ms  in  for how long it must be valid still
 */
void sts_verdict_look(struct sts_verdict *f, const char *dir, bool read_token, int64_t min_ttl_ms,
		      int64_t now_s);

/* Add the line that says why not. 800 bytes hold the longest. */
void sts_verdict_explain(const struct sts_verdict *f, struct sts_text *out, int64_t now_s);

#endif
