/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/report_answer.h"

#include <string.h>

void sts_report_tls(struct sts_report *report, const struct sts_stream *stream)
{
	const struct sts_tls_facts *facts = &stream->tls.facts;

	if (stream->verifier)
		report->tls = (struct sts_report_tls){
			.suite = facts->suite,
			.scheme = facts->scheme,
			.group = (uint8_t)facts->group,
			.certificates = (uint8_t)stream->verifier->cert_count,
		};
}

void sts_report_answer(struct sts_report *report, const struct sts_answer *answer)
{
	report->http_status = answer->http_status;
	report->retry_after_s = answer->retry_after_s;
	report->clock_skew_s = answer->clock_skew_s;
	report->flags |= answer->has_date ? STS_REPORT_DATED : 0;
	memcpy(report->sts_error, answer->sts_error, sizeof(report->sts_error));
}

void sts_report_token(struct sts_report *report, const struct sts_answer *answer,
		      int64_t subject_exp_s)
{
	report->flags &= STS_REPORT_REPLAN | STS_REPORT_UNDUMPABLE | STS_REPORT_DATED;
	report->expires_s = answer->expires_s;
	report->lifetime_s = answer->lifetime_s;
	report->not_before_s = answer->not_before_s;
	report->flags |= answer->is_assumed ? STS_REPORT_ASSUMED : 0;
	/* If both tokens expire at the same time, the STS has limited the life of the token to that
	 * of the subject token. One second of difference is allowed, for rounding. */
	if (subject_exp_s > 0 && answer->expires_s >= subject_exp_s - 1 &&
	    answer->expires_s <= subject_exp_s + 1)
		report->flags |= STS_REPORT_CAPPED;
	if (answer->has_thumbprint) {
		report->flags |= STS_REPORT_THUMBPRINT;
		memcpy(report->thumbprint, answer->thumbprint, sizeof(report->thumbprint));
	}
}
