/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker tells the supervisor: one fixed-size struct over a pipe, after a stage byte that
 * says that the request is about to be sent, and of which subject token. The supervisor checks
 * size, magic and every range, and believes nothing else: a worker may have been taken over by the
 * answer that it parsed.
 *
 * `text` is the error's one line. It is bounded, NUL-terminated, and every byte must be printable
 * ASCII; peer text in it was escaped by the worker, and runs of the subject token were masked.
 */
#ifndef STS_WIRE_REPORT_H
#define STS_WIRE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/answer.h"
#include "token/subject.h"

#define STS_REPORT_MAGIC   0x73747352u /* "stsR" */
#define STS_REPORT_VERSION 1
/* What goes down the pipe before the request does: this byte, and the subject token's id. No report
 * begins so. */
#define STS_REPORT_STAGE_SENT       'S'
#define STS_REPORT_STAGE_SENT_BYTES (1 + STS_SUBJECT_ID_BYTES)

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
	STS_REPORT_ADOPTED = 1,    /* nothing was sent: the token on disk is still good */
	STS_REPORT_THUMBPRINT = 2, /* thumbprint is set */
	STS_REPORT_CAPPED = 4,     /* the token's expiry is the subject token's own */
	STS_REPORT_POLL_OFF = 8,   /* poll: there is no such endpoint */
	STS_REPORT_REPLAN = 16,    /* the configuration file is not that of the plan */
	STS_REPORT_FLAGS_ALL = 31,
};

struct sts_report {
	uint32_t magic, version;
	int32_t error; /* enum sts_err */
	int32_t detail;
	int32_t http_status;
	uint32_t stage; /* reached */
	uint32_t flags;
	int32_t retry_after_s; /* -1: none */
	int64_t expires_s;     /* epoch, local clock; 0: none */
	int64_t lifetime_s;
	int64_t subject_exp_s; /* 0: it does not say; -1: none was read */
	int64_t sent_boot_ms;  /* 0: not sent */
	int64_t clock_skew_s;
	uint8_t subject_id[STS_SUBJECT_ID_BYTES];
	uint8_t thumbprint[STS_THUMBPRINT_BYTES];
	uint32_t phase_ms[STS_STAGE__COUNT];
	char sts_error[STS_CODE_MAX_BYTES];
	char text[STS_ERROR_TEXT_MAX_BYTES];
};

/*
 * Is this a report that the supervisor may act on? Every field in range, both texts terminated
 * within their arrays and of the allowed bytes (what follows a NUL is not looked at). On STS_OK
 * expires_s and lifetime_s are both set, or both 0: then no token was exchanged or adopted (a
 * poll), which the caller that asked for one must refuse.
 *   report       in  UNTRUSTED
 *   len          in  bytes that came
 *   now_real_s   in  an expires_s over a hundred years later is refused, one in the past is not
 *   now_boot_ms  in  a request that was sent after this is refused
 * Refused: STS_EUSAGE and STS_ESTOPPED, which are the supervisor's own words and would end it.
 * Allowed: detail 0..65535, http_status 0 or 100..599, retry_after_s -1 or more, subject_exp_s -1
 * or more, phases up to 24 h.
 */
bool sts_report_ok(const struct sts_report *report, uint64_t len, int64_t now_real_s,
		   int64_t now_boot_ms);

#endif
