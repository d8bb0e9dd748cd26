/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status file `.status`: what the supervisor did last and will do next. `check` and `refresh`
 * read it. It has lines of the form "key value" with fixed keys. Text from a peer is in it in two
 * places only: an error code of a known set, and the message of the last error, in which it is
 * escaped and bounded. It lies in a directory in which others may write, so the reader trusts
 * nothing: it bounds the file, checks the range of every field, and ignores unknown keys. The last
 * line is a sum of the lines before it. It shows a reader whether the file was just being
 * overwritten (sts_store_overwrite()), so a text without it counts as no status.
 */
#ifndef STS_OUTPUT_STATUS_H
#define STS_OUTPUT_STATUS_H

#include "base/boot_id.h"
#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "protocol/table.h"

#define STS_STATUS_MAX_BYTES      1536
#define STS_STATUS_NAME_MAX_BYTES 32 /* of an exchange's name, with the NUL */

/* The state of an exchange. */
enum sts_state {
	STS_STATE_STARTING,
	STS_STATE_OK,
	STS_STATE_FAILING,
	STS_STATE_STOPPED,
	STS_STATE__COUNT
};

/* What the next attempt waits for, besides its time. */
enum sts_wait {
	STS_WAIT_NONE,
	STS_WAIT_EXCHANGE, /* the first token of another exchange, which is its subject token */
	STS_WAIT_SUBJECT,  /* a new subject token: the present one was sent, and may be sent once */
	STS_WAIT_LOST,     /* nothing, since there will be no attempt: this exchange sends the token
			      of another exchange, which has ended without a token */
	STS_WAIT__COUNT
};

struct sts_status {
	enum sts_state state;
	enum sts_err error;                     /* of the last attempt; STS_OK when it succeeded */
	int detail;                             /* of struct sts_error */
	int http_status;                        /* 0: none */
	uint32_t tries;                         /* failed attempts in a row */
	uint64_t attempts;                      /* finished attempts since start */
	int64_t last_attempt_s, next_attempt_s; /* epoch; 0: none */
	int64_t last_success_s;
	/* The STS accepts a subject token once, as a refusal has said: the number of the requests
	 * for which that holds; 0: no refusal has. The supervisor reads it at its next start. A
	 * file of a former version does not have it. */
	uint64_t once_for;
	/* The STS has accepted one subject token twice: the number of the requests for which that
	 * holds; 0: it has not been seen. */
	uint64_t again_for;
	/* The id of the last subject token that may not be sent again, as a number; 0: none. */
	uint64_t sent;
	/* The last Date of an answer minus the node's clock: positive where the node's clock is
	 * behind; 0 within 60 s or unknown. */
	int64_t clock_skew_s;
	/* When the token on disk becomes valid, by the node's clock; 0: it is valid, or unknown. */
	int64_t not_before_s;
	enum sts_wait wait;
	/* Times in milliseconds are those of BOOTTIME; 0: none. A file of a former version has
	 * neither them nor the boot that they belong to. */
	int64_t trying_ms; /* when the attempt that runs now was started */
	int64_t tried_ms;  /* when the last attempt that has ended was started */
	int64_t ended_ms;  /* when the last attempt that has ended did so */
	int64_t next_ms;   /* when the next attempt is planned */
	int64_t latest_ms; /* until when a living supervisor writes a new status, slack included */
	/* For STS_WAIT_EXCHANGE: tried_ms of the exchange for which this exchange waits, or, where
	 * that exchange waits too, of the exchange at the end of the chain. */
	int64_t source_tried_ms;
	/* For STS_WAIT_SUBJECT: when the kubelet renews the subject token; 0: unknown. */
	int64_t renews_ms;
	/* An error code for which sts_status_code_known() is true, or "". */
	char sts_error[STS_KNOWN_CODE_MAX_BYTES];
	/* The message of the last attempt's error, printable ASCII, as the log has it: what
	 * happened, and to which file, address or certificate. "" after a success, and in a file of
	 * a former version. */
	char text[STS_STATUS_TEXT_MAX_BYTES];
	/* For STS_WAIT_EXCHANGE and STS_WAIT_LOST, and for STS_WAIT_SUBJECT if the subject token is
	 * the token of that exchange; [a-z0-9-] only. */
	char wait_name[STS_STATUS_NAME_MAX_BYTES];
	/* The boot that the times in milliseconds belong to; "": unknown. */
	char boot_id[STS_BOOT_ID_BYTES];
};

/* The moment at which a status is read, and the boot. */
struct sts_status_now {
	int64_t real_s;                  /* seconds since the epoch */
	int64_t boot_ms;                 /* BOOTTIME */
	char boot_id[STS_BOOT_ID_BYTES]; /* "": unknown */
};

/* Fill *now from the clocks and /proc. */
void sts_status_now(struct sts_status_now *now);

/* May this error code stand in the status file? The codes of protocols.toml may: those of RFC 6749,
 * RFC 6750, RFC 8693 and of the services. */
bool sts_status_code_known(const char *code);

/*
 * Write a status as text, without a newline at its end. A number that is out of range is written as
 * 0, and an error code that is not known is left out, so no other text from a peer gets into the
 * file.
 *   out  in/out  set up by sts_text_init(); STS_STATUS_MAX_BYTES hold any status
 */
void sts_status_format(const struct sts_status *status, struct sts_text *out);

/*
 * Read a status from text. An unknown key and an unknown sts_error are ignored, since a later
 * version may have written them. Of a key that appears twice the last counts.
 *   text    in   UNTRUSTED
 *   status  out  meaningful only when true is returned; then every field is in range, and sts_error
 *                is "" or known
 * Returns false when the text is not a whole status: it has over STS_STATUS_MAX_BYTES, its first
 * line or the sum is missing, a known key has a value out of range, or the sum is wrong. What
 * follows the sum is not read.
 */
bool sts_status_parse(struct sts_slice text, struct sts_status *status);

/* Read the status file of an output directory, a few times if it is just being overwritten. False
 * when there is none, or sts_status_parse() returns false. */
bool sts_status_read(int dir_fd, struct sts_status *status);

/* Returns by how many seconds the node's clock was set ahead (negative: back) since the last
 * attempt ended; 0 when that is less than a minute, or unknown. */
int64_t sts_status_step(const struct sts_status *status, const struct sts_status_now *now);

/* Returns clock_skew_s as it is now: a step of the node's clock since the last attempt counts. 0
 * when it is less than 60 s, when nothing is known, or when the status is of another boot. */
int64_t sts_status_skew(const struct sts_status *status, const struct sts_status_now *now);

/* Add "waiting for the kubelet's next token (in 8 min)" for STS_WAIT_SUBJECT.
 *   boot_ms  in  the present BOOTTIME; 0: renews_ms is of another boot, or that is unknown */
void sts_status_add_subject_wait(struct sts_text *out, const struct sts_status *status,
				 int64_t boot_ms);

/* Add "the node's clock is 11 min ahead of the STS's clock: check the node's time
 * synchronisation".
 *   skew_s  in  of sts_status_skew(), not 0 */
void sts_status_add_skew(struct sts_text *out, int64_t skew_s);

/*
 * Add the line that `check` prints: "no token in /tokens: try 4 failed 12 s ago: 403: access_denied
 * (MEANING: HINT); next in 18 s", where MEANING and HINT are those of the error. The line also says
 * when no sidecar has written a status yet, when the sidecar is starting or has stopped, when it
 * must be dead since it should have written again, and when the node was restarted since.
 *
 * Where both boot ids are known and the status has latest_ms, the times are compared with BOOTTIME,
 * so that it makes no difference when the clock is set. Elsewhere they are compared with REALTIME,
 * and a sidecar whose next attempt is two minutes late must be dead. Where the node's clock and the
 * STS's Date differ by more than 60 s, the line ends with that.
 *   out      in/out  1300 bytes hold the longest line, besides problem
 *   problem  in      what is wrong with the files: "no token in /tokens"
 *   status   in      from sts_status_parse(); NULL when there is none
 *   now      in      from sts_status_now()
 */
void sts_status_explain(struct sts_text *out, const char *problem, const struct sts_status *status,
			const struct sts_status_now *now);

#endif
