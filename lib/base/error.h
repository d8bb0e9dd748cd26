/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. There is one code for each thing that can go wrong, and one table that gives each code
 * its name, its meaning, what to do next, when to try again, the exit status, and the result as
 * which /metrics counts it. errors.toml is the source of the table and of the generated
 * error_codes.h, which has its enumerations. Help texts, docs/errors.md and the log take their
 * words from this table, and nothing else decides an exit status.
 *
 * A message never holds a token. Text from a peer gets into a message only by
 * sts_text_add_escaped().
 */
#ifndef STS_BASE_ERROR_H
#define STS_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alone.h"
#include "base/error_codes.h"

/* What the schedule does after a failure (docs/schedule.md). */
enum sts_retry {
	STS_RETRY_NEVER, /* only a new start helps, for example with another command line: an error
			    at the start ends the program, and a running sidecar waits as for
			    STS_RETRY_SLOW */
	STS_RETRY_SOON,  /* the failure may pass by itself: exponential back-off */
	STS_RETRY_SLOW,  /* somebody must mend a policy, a file or a certificate: longer waits */
};

#define STS_ERROR_TEXT_MAX_BYTES 320 /* of a message, with the NUL */

/*
 * The detail of STS_EUSAGE when a parameter of a protocol is wrong. The user is then referred to
 * `protocols NAME`, which lists the parameters, in place of --help. The value is not 1, since the
 * detail 1 is in use: it is the exit status of `exchange` for wrong arguments.
 */
#define STS_USAGE_PARAMETER 2

/* The detail of STS_EUSAGE when the configuration file cannot be opened. */
#define STS_USAGE_FILE 3

/* The detail of STS_ETIMEOUT when the time was spent in this program and on its files, and not on
 * waiting for the STS. */
#define STS_TIMEOUT_HERE 1

/* The detail of STS_EHTTP when the answer is compressed. */
#define STS_HTTP_COMPRESSED 1

/* The detail of STS_EDNS when a name server answered, but gave neither an address nor a no. */
#define STS_DNS_ANSWERED 210

/* The detail of STS_EHTTP and STS_ETRUNCATED when the port of an http URL speaks TLS, or may. */
#define STS_HTTP_TLS_PORT 2

/* The detail of STS_EANSWER when the answer is a discovery document in place of a token. */
#define STS_ANSWER_DISCOVERY 1

/* The detail of STS_ETIMEOUT when the server has not sent a byte of the TLS handshake. */
#define STS_TIMEOUT_SILENT 2

/*
 * Details of STS_EOUTPUT beside the errnos of the system, which end at 133 (EHWPOISON): the system
 * has one errno where a user must do different things. sts_errno_words() has words for them.
 */
#define STS_ENOINODES  200 /* ENOSPC of a file system that has room, but no inode left */
#define STS_ENOTMEMBER 201 /* EPERM of a process that is not in the group that a file shall get */
#define STS_EHELD      202 /* EPERM where only this file, and not the directory, may not change */

/* One failure. */
struct sts_error {
	enum sts_err code;
	/* An errno, an HTTP status or a TLS alert, as the code says; else 0. Where one code has
	 * several causes, sts_error_hint_for() tells them apart by it and by the message. */
	int detail;
	char msg[STS_ERROR_TEXT_MAX_BYTES]; /* what happened and to what: one line, no period */
};

/* A row of the table. The name has static storage. */
struct sts_error_info {
	const char *name; /* for logs, metrics and .status; never changes: "cert_expired" */
	enum sts_retry retry;
	bool fetch_retries; /* `fetch` tries again until its deadline */
	enum sts_exit exit_status;
	enum sts_result result;
	enum sts_gate gate; /* the step on the way to a token that the error ends; of STS_ETIMEOUT
			       and STS_EHANGS the usual one: see sts_report_gate() */
};

/*
 * Look up the row of a code.
 *   code  in  any value; one that is out of range gives the row of STS_EBUG
 */
struct sts_error_info sts_error_info(enum sts_err code);

/*
 * Returns what an error means, in one clause: "the server's certificate has expired". The text is
 * valid until the next call.
 *   code  in  as for sts_error_info()
 */
const char *sts_error_meaning(enum sts_err code);

/* Set the command whose --help a hint names, in place of COMMAND. `name` is kept. */
void sts_error_set_command(const char *name);

/*
 * Returns what to do next about an error, in one clause. The text is valid until the next call.
 *   code    in  as for sts_error_info()
 *   detail  in  as in struct sts_error; a value that the table does not have gives the usual hint
 */
const char *sts_error_hint(enum sts_err code, int detail);

/*
 * The same for an error with a message, whose words may tell causes apart that have one detail: a
 * refusal for the scope, and one for the keys of the issuer.
 *   msg  in  as in struct sts_error; it may have words of a peer, UNTRUSTED, which can only choose
 *            another of our hints
 */
const char *sts_error_hint_for(enum sts_err code, int detail, const char *msg);

/* Returns the name of a result, for the label of metrics: "network". It has static storage.
 *   result  in  less than STS_RESULT__COUNT */
const char *sts_result_name(enum sts_result result);

/* Returns the name of a gate, for logs and `doctor`: "connect". It has static storage.
 *   gate  in  less than STS_GATE__COUNT */
const char *sts_gate_name(enum sts_gate gate);

/* An exit status of the program, and its line in --help. */
struct sts_exit_info {
	enum sts_exit status;
	const char *meaning;
};

/*
 * Look up an exit status by its place in the table, in which they ascend. The text is valid until
 * the next call.
 *   row  in  0 to STS_EXIT__COUNT - 1
 */
struct sts_exit_info sts_exit_info(size_t row);

/*
 * Fill *e and return code, so that a failing function can end with `return sts_fail(...)`.
 *   e       out  may be NULL: then the code is only returned
 *   detail  in   as in struct sts_error
 *   fmt     in   a format of our own, never text from a peer; the message is cut to its buffer, and
 *                a byte in it that is not printable ASCII becomes a question mark. What looks
 *                like a JWT becomes "(a token)": somebody may give a token where the path of its
 *                file is wanted
 * Most messages have neither a detail nor arguments: sts_fail_text() is the shorter call.
 */
#define sts_fail(e, code, detail, ...) \
	(STS_IS_ALONE(__VA_ARGS__) && __builtin_constant_p(detail) && (detail) == 0 \
		 ? sts_fail_text(e, code, STS_FIRST(__VA_ARGS__)) \
		 : sts_fail_format(e, code, detail, __VA_ARGS__))
enum sts_err sts_fail_format(struct sts_error *e, enum sts_err code, int detail, const char *fmt,
			     ...) __attribute__((format(printf, 4, 5)));
enum sts_err sts_fail_text(struct sts_error *e, enum sts_err code, const char *fmt)
	__attribute__((format(printf, 3, 0)));

/*
 * Replace what looks like a JWT, or like the beginning of one, by "(a token)". It is in a message
 * if somebody gave a token where the path of its file is wanted. sts_fail() does this; a message
 * that has a path and is made otherwise needs it.
 *   msg  in/out  a message, which gets no longer
 */
void sts_hide_tokens(char *msg);

#endif
