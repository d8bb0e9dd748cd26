/* SPDX-License-Identifier: Apache-2.0 */
/* What the report of a worker says of connection and answer. It has no byte of a token. */
#ifndef STS_WORKER_REPORT_ANSWER_H
#define STS_WORKER_REPORT_ANSWER_H

#include "protocol/answer.h"
#include "tls/stream.h"
#include "wire/report.h"

/* Note what was agreed on in a TLS handshake, whether it succeeded or not. Notes nothing of a plain
 * stream, or of one that is all zeros since there was no handshake. */
void sts_report_tls(struct sts_report *report, const struct sts_stream *stream);

/*
 * Note what every answer has, also one that is refused: its status, its error code, and what its
 * Date says of the clocks.
 *   answer  in  of sts_answer_read()
 */
void sts_report_answer(struct sts_report *report, const struct sts_answer *answer);

/*
 * Note when the token of an answer that is not refused is valid, and the key that it is signed
 * with. What was reported of a token on disk does not count any more.
 *   subject_exp_s  in  when the subject token expires, since the epoch; 0 or less: not known
 */
void sts_report_token(struct sts_report *report, const struct sts_answer *answer,
		      int64_t subject_exp_s);

#endif
