/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: all that the supervisor needs to know of one exchange. Made from checked options before the first worker starts; the
 * supervisor itself reads no token and no configuration file.
 */
#ifndef STS_SIDECAR_PLAN_H
#define STS_SIDECAR_PLAN_H

#include "../lib/schedule.h"
#include "../lib/url.h"
#include "options.h"

struct sts_plan {
	struct sts_schedule_rules rules;
	int64_t timeout_ms;
	int64_t deadline_ms;                /* of all attempts together; 0: none */
	int64_t poll_ms;                    /* of the sig-cert poll; 0: this protocol has none */
	char proxy[STS_HOST_MAX_BYTES + 8]; /* HOST:PORT, for the log; "": none */
	bool once; /* stop after the first success, or the first failure that `fetch` does not retry */
	bool one_attempt; /* the subject token came on standard input: it cannot be read again */
	bool adopt;       /* a token that is on disk already and not yet due is taken over */
	bool to_stdout;   /* no files */
	bool single_use;  /* the protocol's subject tokens may be sent once */
};

/*
 * Check the options of run, fetch or exchange as far as that is possible without reading a token, and make the plan.
 * Returns STS_OK, STS_EUSAGE, STS_EURL.
 */
enum sts_err sts_plan_make(const struct sts_options *o, struct sts_plan *plan, struct sts_error *e);

/*
 * The same in a short-lived child, so that what it touches is no memory of the supervisor's; in this process where there can be no
 * child. Also STS_EBUG.
 */
enum sts_err sts_plan_in_child(const struct sts_options *o, struct sts_plan *plan,
			       struct sts_error *e);

#endif
