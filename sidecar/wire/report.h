/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report that a worker writes to the supervisor over a pipe. Just before the worker sends the
 * request, it writes a stage byte and the id of the subject token. At its end, the worker writes
 * one struct of fixed size. The report is UNTRUSTED, since a hostile answer may have taken over the
 * worker: the supervisor checks size, magic number, version and the range of every field.
 *
 * `text` is the message of the error, and what the error is about, such as the server, or what the
 * STS was shown (worker/shown.h). It is one line of printable ASCII with a NUL at its end. The
 * worker has escaped the peer's words in the message. If the message would repeat the subject
 * token, the worker has replaced the whole message.
 */
#ifndef STS_WIRE_REPORT_H
#define STS_WIRE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sizes.h"

#define STS_REPORT_MAGIC   0x73747352u /* "stsR" */
#define STS_REPORT_VERSION 1

/* The worker writes this byte and the id of the subject token before it sends the request. A report
 * does not begin with this byte. */
#define STS_REPORT_STAGE_SENT       'S'
#define STS_REPORT_STAGE_SENT_BYTES (1 + STS_SUBJECT_ID_BYTES)
/* With --stdout, the worker writes this byte after those, before it prints the first byte of the
 * token. A report does not begin with this byte either. */
#define STS_REPORT_STAGE_PRINT 'P'

/* Before the worker looks at a file whose file system may not answer, it writes one byte that says
 * which file that is. If the worker then never ends, the supervisor can name the file. These bytes
 * come before the stage byte, and a report does not begin with one of them. */
enum sts_reads {
	STS_READS_NOTHING,
	STS_READS_CONFIG, /* the configuration file */
	STS_READS_OUTPUT, /* the output directory */
	STS_READS_OTHER,  /* another file that an option names */
	STS_READS_SUBJECT,
	STS_READS_CA, /* the first path of --cacert-path; the next numbers are the next paths */
	STS_READS_LAST = 31,
};

/* The worker's stages, in order. */
enum sts_stage {
	STS_STAGE_START,
	STS_STAGE_INPUTS,
	STS_STAGE_CONNECT,
	STS_STAGE_TLS,
	STS_STAGE_REQUEST,
	STS_STAGE_ANSWER,
	STS_STAGE_CHECK,
	STS_STAGE_WRITE,
	STS_STAGE_DONE,
	STS_STAGE__COUNT
};

enum sts_report_flag {
	/* With STS_OK, the token on disk was adopted. With an error, that token is still valid. */
	STS_REPORT_ADOPTED = 1,
	STS_REPORT_THUMBPRINT = 2, /* thumbprint is set */
	STS_REPORT_CAPPED = 4,     /* the token expires at the same time as the subject token */
	STS_REPORT_POLL_OFF = 8,   /* the STS has no sig-cert endpoint */
	STS_REPORT_REPLAN = 16,    /* the configuration file has changed since the plan was made */
	STS_REPORT_ASSUMED = 32, /* nothing states how long the token lives: --default-ttl counts */
	STS_REPORT_UNDUMPABLE = 64, /* execve(2) has made the worker not dumpable */
	STS_REPORT_DATED = 128,     /* clock_skew_s is known */
	STS_REPORT_FLAGS_ALL = 255,
};

/* What was agreed on in the last TLS handshake, by the numbers of IANA's registries; 0: unknown.
 * Any number is accepted: it is only looked up for the log. */
struct sts_report_tls {
	uint16_t suite, scheme;
	uint8_t group;        /* the groups that are offered are below 256 */
	uint8_t certificates; /* in the server's chain: at most STS_CHAIN_MAX_CERTS */
};

struct sts_report {
	uint32_t magic, version;
	int32_t error; /* enum sts_err */
	int32_t detail;
	int32_t http_status;
	uint32_t stage;        /* enum sts_stage: the last stage that was reached */
	uint32_t flags;        /* bits of enum sts_report_flag */
	int32_t retry_after_s; /* from Retry-After; -1: the answer had none */
	int64_t expires_s;     /* seconds since the epoch by the node's clock; 0: none */
	int64_t lifetime_s;
	int64_t subject_exp_s; /* since the epoch; 0: no expiry; -1: no token was read */
	int64_t subject_iat_s; /* since the epoch; 0: none, or no token was read */
	int64_t sent_boot_ms;  /* BOOTTIME; 0: the request was not sent, or the server refused the
				  client's certificate after that, and so has not taken it */
	int64_t clock_skew_s;  /* the STS's clock minus the node's; 0 within 60 s or unknown */
	int64_t not_before_s;  /* since the epoch by the node's clock: the returned token is not
				  valid earlier; 0: it is valid now, or unknown */
	/* base/identity.h: the subject token and the CA files, just before the worker read them */
	uint64_t subject_identity, cas_identity;
	struct sts_report_tls tls;
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	char sts_error[STS_CODE_MAX_BYTES];
	char text[STS_STATUS_TEXT_MAX_BYTES];
};

/*
 * Is this a report that the supervisor may act on? Every field must be in range, and both texts
 * must end within their arrays and have only allowed bytes. With STS_OK, expires_s and lifetime_s
 * are both set or both 0. Both are 0 if no token was exchanged or adopted, as after a poll. A
 * caller that asked for a token must refuse a report in which both are 0.
 *   report       in  UNTRUSTED
 *   len          in  the number of bytes that were read from the pipe
 *   now_real_s   in  an expires_s more than a hundred years later is refused; one in the past is
 *                    accepted
 *   now_boot_ms  in  a later sent_boot_ms is refused
 * Returns false for three errors as well. STS_EUSAGE and STS_ESTOPPED would end the supervisor, and
 * only the supervisor itself may report them. STS_EAGAIN is not the end of an attempt. Allowed
 * ranges: detail 0..65535, http_status 0 or 100..599, retry_after_s -1 or more, subject_exp_s -1 or
 * more.
 */
bool sts_report_ok(const struct sts_report *report, uint64_t len, int64_t now_real_s,
		   int64_t now_boot_ms);

/* Make the report of an attempt that has failed, where no worker has reported it. */
void sts_report_failure(struct sts_report *report, const struct sts_error *e);

/* Returns the gate at which the attempt failed. A time that ran out is of the stage in which it did
 * so.
 *   report  in  of a failure, checked by sts_report_ok() */
enum sts_gate sts_report_gate(const struct sts_report *report);

/* Returns whether a text has a NUL within `size` bytes, and only printable ASCII before it. */
bool sts_report_text_ok(const char *text, size_t size);

#endif
