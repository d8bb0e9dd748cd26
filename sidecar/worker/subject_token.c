/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/subject_token.h"

#include <string.h>

#include "base/clock.h"
#include "base/identity.h"
#include "options/endpoint.h"
#include "token/jwt.h"
#include "worker/reads.h"
#include "worker/shown.h"

#define PATH_SHOWN_BYTES 80

/* Refuse a token that is not for --subject-audience. */
static enum sts_err check_audience(const struct sts_options *o, const char *path,
				   const struct sts_subject *subject,
				   struct sts_subject_memory *memory, int64_t now_s,
				   struct sts_error *e)
{
	bool has = false;
	enum sts_err err = sts_jwt_has_audience(subject->token, sts_slice_of(o->subject_audience),
						memory->scratch, sizeof(memory->scratch), &has, e);
	struct sts_text text;

	if (err == STS_OK && has)
		return STS_OK;
	err = sts_fail(e, STS_ESUBJECT_AUDIENCE, 0,
		       "the subject token %s is not for audience \"%.100s\": it was not sent",
		       sts_shown_str(path, PATH_SHOWN_BYTES), o->subject_audience);
	size_t len = strlen(e->msg);

	sts_text_init(&text, e->msg + len, sizeof(e->msg) - len);
	sts_shown_add_subject(&text, subject, memory->scratch, sizeof(memory->scratch), now_s);
	return err;
}

/* Refuse a token that may be sent once and was sent. A poll of the signing certificate gets no
 * token from the STS, so it does not count. */
static enum sts_err check_unsent(const struct sts_worker_job *job,
				 const struct sts_subject *subject, struct sts_error *e)
{
	if (job->mode == STS_WORKER_POLL || !sts_job_has_used(job, subject->id))
		return STS_OK;
	return sts_fail(e, STS_ESUBJECT_USED, 0,
			job->mode == STS_WORKER_REVOKE
				? "the subject token, which authenticates the client, was sent "
				  "already and may be sent once"
				: "waiting for another subject token: this one was sent already");
}

enum sts_err sts_subject_token_read(const struct sts_options *o, const struct sts_worker_job *job,
				    struct sts_fields *fields, struct sts_fields_files *files,
				    struct sts_subject_memory *memory, struct sts_subject *subject,
				    struct sts_report *report, struct sts_error *e)
{
	int64_t now_s = sts_clock_real_ms() / 1000 - job->ahead_s;
	enum sts_err err;

	sts_worker_reads(STS_READS_SUBJECT);
	report->subject_identity = sts_file_identity(fields->token_file);
	err = sts_subject_read(fields->token_file, now_s, memory->token, sizeof(memory->token),
			       memory->scratch, sizeof(memory->scratch), subject, e);
	report->subject_exp_s = err == STS_OK && subject->exp_s < 0 ? 0 : subject->exp_s;
	report->subject_iat_s = subject->iat_s < 0 ? 0 : subject->iat_s;
	if (err == STS_OK && o->subject_audience)
		err = check_audience(o, fields->token_file, subject, memory, now_s, e);
	if (err == STS_OK)
		err = sts_fields_claims(o, fields, files, subject->token, memory->scratch,
					sizeof(memory->scratch), e);
	if (err != STS_OK)
		return err;
	sts_subject_identify(subject, sts_endpoint_sts_id(&fields->url));
	return check_unsent(job, subject, e);
}
