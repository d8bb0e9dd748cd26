/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject token of a worker: it is read, checked for --subject-audience, and completes the
 * fields of the request that are claims of the token.
 */
#ifndef STS_WORKER_SUBJECT_TOKEN_H
#define STS_WORKER_SUBJECT_TOKEN_H

#include "options/fields.h"
#include "token/subject.h"
#include "wire/job.h"
#include "wire/report.h"

/* Memory for the subject token. */
struct sts_subject_memory {
	char token[STS_SUBJECT_MAX_BYTES + 1], scratch[STS_SUBJECT_MAX_BYTES + 1];
};

/*
 * Read the subject token.
 *   fields, files  in/out  of sts_fields_make(): see sts_fields_claims()
 *   memory         out     kept: the token is in it
 *   subject        out     the token, also after a failure that is about its audience or claims.
 *                          After STS_OK the id stands for the token and the STS together
 *   report         out     subject_identity, subject_exp_s and subject_iat_s
 * Returns STS_OK; what sts_subject_read() and sts_fields_claims() return; STS_ESUBJECT_AUDIENCE; or
 * STS_ESUBJECT_USED for a token that `job` lists as sent, unless the job is a poll.
 */
enum sts_err sts_subject_token_read(const struct sts_options *o, const struct sts_worker_job *job,
				    struct sts_fields *fields, struct sts_fields_files *files,
				    struct sts_subject_memory *memory, struct sts_subject *subject,
				    struct sts_report *report, struct sts_error *e);

#endif
