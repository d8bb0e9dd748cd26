/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status file `.status`: what the supervisor did last and will do next, for `check` and
 * `refresh`. Lines "key value", fixed keys, no text from a peer but an error code from the known
 * set. It lies in a directory that others may write, so the reader trusts nothing: bounded, every
 * field in range, unknown keys ignored.
 */
#ifndef STS_OUTPUT_STATUS_H
#define STS_OUTPUT_STATUS_H

#include "base/error.h"
#include "base/text.h"

#define STS_STATUS_MAX_BYTES      1024
#define STS_STATUS_NAME_MAX_BYTES 32 /* of an exchange, with the NUL */

enum sts_state {
	STS_STATE_STARTING,
	STS_STATE_OK,
	STS_STATE_FAILING,
	STS_STATE_STOPPED,
	STS_STATE__COUNT
};

/* What the next attempt waits for besides its time. */
enum sts_wait {
	STS_WAIT_NONE,
	STS_WAIT_EXCHANGE, /* the first token of another exchange, which is its subject token */
	STS_WAIT_SUBJECT,  /* another subject token: this one was sent, and may be sent once */
	STS_WAIT__COUNT
};

struct sts_status {
	enum sts_state state;
	enum sts_err error; /* of the last attempt; STS_OK */
	int detail;         /* as in struct sts_error, numbers only */
	int http_status;    /* 0: none */
	char sts_error[32]; /* OAuth or STS error code from the known set (sts_status_code_known()),
			       else "" */
	uint32_t tries;     /* failed attempts in a row */
	uint64_t attempts;  /* finished attempts since start: `refresh` waits for it to grow */
	int64_t last_attempt_s, next_attempt_s; /* epoch; 0: none */
	int64_t last_success_s;
	enum sts_wait wait;
	char wait_name[STS_STATUS_NAME_MAX_BYTES]; /* [a-z0-9-], of STS_WAIT_EXCHANGE */
};

/*
 * Is this an error code that may stand in the status file (RFC 6749, RFC 8693, RFC 6750, and the
 * protocols' own)?
 */
bool sts_status_code_known(const char *code);

/*
 * Format; under STS_STATUS_MAX_BYTES, no trailing newline. What is out of range is written as 0, a
 * code that is not known is left out: nothing that the worker passed on from a peer gets through
 * here.
 */
void sts_status_format(const struct sts_status *status, struct sts_text *out);

/*
 * Parse. UNTRUSTED. Unknown keys and an unknown sts_error are ignored (a later version's); of a key
 * that comes twice the last counts. False when it is not ours: over STS_STATUS_MAX_BYTES, no first
 * line of ours, no state, or a known key with a value out of range. On true every field is in
 * range; sts_error is "" or known.
 */
bool sts_status_parse(struct sts_slice text, struct sts_status *status);

/* Read and parse the status file of an output directory. False when there is none that is ours. */
bool sts_status_read(int dir_fd, struct sts_status *status);

/*
 * Add the line that `check` prints: "no token in /tokens: try 4 failed 12 s ago: 403 access_denied
 * (the STS refused this ServiceAccount: check its authorization rules); next in 18 s". Also says
 * when nothing has been written here yet, when the sidecar is starting or has stopped, and when its
 * next try is so long overdue that it must be dead.
 *   out      in/out  500 bytes hold the longest line, besides problem
 *   problem  in      what is wrong with the files: "no token in /tokens"
 *   status   in      of sts_status_parse(); NULL when there is none
 */
void sts_status_explain(struct sts_text *out, const char *problem, const struct sts_status *status,
			int64_t now_s);

#endif
