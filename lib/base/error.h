/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: one code for each thing that can go wrong, and one table that gives each code its name,
 * what it means, what to do next, whether it is worth retrying, and the exit status. Both are made
 * of errors.toml: enum sts_err and enum sts_exit are in the generated error_codes.h. Help texts,
 * the README, docs/errors.md and the log quote this table; nothing else decides an exit status.
 *
 * A message never holds a token. Text from a peer goes into it only through sts_text_add_escaped().
 */
#ifndef STS_BASE_ERROR_H
#define STS_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error_codes.h"

/* What the schedule does after a failure of this kind (docs/schedule.md). */
enum sts_retry {
	STS_RETRY_NEVER, /* our own command line is wrong: nothing changes by itself */
	STS_RETRY_SOON,  /* transient: exponential back-off */
	STS_RETRY_SLOW,  /* somebody must fix a policy, a file or a certificate */
};

#define STS_ERROR_TEXT_MAX_BYTES 192

/* The detail of STS_EUSAGE where a protocol's parameter is wrong: `protocols NAME` tells more than
 * --help. 1 is the exit status of `exchange`. */
#define STS_USAGE_PARAMETER 2

/* One failure: what happened and to what, in one line without a final period. */
struct sts_error {
	enum sts_err code;
	int detail; /* errno, HTTP status, TLS error: as the code says; else 0 */
	char msg[STS_ERROR_TEXT_MAX_BYTES];
};

struct sts_error_info {
	const char *name;    /* stable, for logs and .status: "cert_expired" */
	const char *meaning; /* one clause: "the server's certificate has expired" */
	const char *hint;    /* what to do next, one clause */
	enum sts_retry retry;
	bool fetch_retries; /* `fetch` tries again until its deadline */
	enum sts_exit exit_status;
};

/*
 * Look up the table's row of a code.
 *   code   in   any value; one out of range gives the row of STS_EBUG
 * The texts have static storage.
 */
struct sts_error_info sts_error_info(enum sts_err code);

/* One exit status of the program, and its line in --help. */
struct sts_exit_info {
	enum sts_exit status;
	const char *meaning;
};

/* The exit status of a row, 0 to STS_EXIT__COUNT - 1; they ascend. The text has static storage. */
struct sts_exit_info sts_exit_info(size_t row);

/*
 * Fill *e and return code, so that a failing function can end with `return sts_fail(...)`.
 *   e       out  may be NULL: then only the code is returned
 *   detail  in   see struct sts_error
 *   fmt     in   printf format, ours, never a peer's; the text is cut at the buffer's end
 */
enum sts_err sts_fail(struct sts_error *e, enum sts_err code, int detail, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
