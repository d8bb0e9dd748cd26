/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/findings.h"

#include <string.h>

#include "base/sizes.h"
#include "base/timefmt.h"

#define MS_MAX     (24 * 60 * 60 * 1000)
#define COUNT_MAX  (1 << 20)
#define DETAIL_MAX 65535 /* as in a report */

static bool within(int64_t value, int64_t min, int64_t max)
{
	return value >= min && value <= max;
}

static bool is_flag(int32_t value)
{
	return value == 0 || value == 1;
}

static bool claims_ok(const struct sts_found_claims *c)
{
	return is_flag(c->is_jwt) && within(c->iat_s, 0, STS_EPOCH_MAX_S) &&
	       within(c->nbf_s, 0, STS_EPOCH_MAX_S) && within(c->exp_s, 0, STS_EPOCH_MAX_S) &&
	       sts_report_text_ok(c->iss, sizeof(c->iss)) &&
	       sts_report_text_ok(c->sub, sizeof(c->sub)) &&
	       sts_report_text_ok(c->aud, sizeof(c->aud));
}

static bool numbers_ok(const struct sts_findings *f)
{
	return (f->passed >> STS_GATE__COUNT) == 0 &&
	       within(f->earlier_error, 0, STS_ERR__COUNT - 1) &&
	       within(f->earlier_detail, 0, DETAIL_MAX) && within(f->subject_bytes, 0, COUNT_MAX) &&
	       within(f->subject_changed_s, 0, STS_EPOCH_MAX_S) && is_flag(f->has_date) &&
	       within(f->clock_ms, -STS_EPOCH_MAX_S * 1000, STS_EPOCH_MAX_S * 1000) &&
	       within(f->found_by, 0, STS_FOUND_BY__COUNT - 1) && within(f->asked, 0, COUNT_MAX) &&
	       within(f->name_ms, -1, MS_MAX) && within(f->addresses, 0, COUNT_MAX) &&
	       within(f->connect_ms, -1, MS_MAX) && within(f->tls_version, 0, UINT16_MAX) &&
	       within(f->tls_ms, -1, MS_MAX) && within(f->certificates, 0, COUNT_MAX) &&
	       within(f->cert_ends_s, 0, STS_EPOCH_MAX_S) &&
	       within(f->first_end_s, 0, STS_EPOCH_MAX_S) && within(f->answer_ms, -1, MS_MAX) &&
	       within(f->answer_bytes, 0, COUNT_MAX) && within(f->use, 0, STS_USE__COUNT - 1);
}

#define TEXT_OK(text) sts_report_text_ok((text), sizeof(text))

static bool texts_ok(const struct sts_findings *f)
{
	return TEXT_OK(f->earlier_text) && TEXT_OK(f->subject_path) && TEXT_OK(f->protocol) &&
	       TEXT_OK(f->url) && TEXT_OK(f->name) && TEXT_OK(f->name_server) &&
	       TEXT_OK(f->proxy) && TEXT_OK(f->address) && TEXT_OK(f->cert_name) &&
	       TEXT_OK(f->cert_issuer) && TEXT_OK(f->cert_hosts) && TEXT_OK(f->first_end_name) &&
	       TEXT_OK(f->anchor_name) && TEXT_OK(f->anchor_file);
}

void sts_findings_init(struct sts_findings *f)
{
	memset(f, 0, sizeof(*f));
	f->magic = STS_FINDINGS_MAGIC;
	f->version = STS_FINDINGS_VERSION;
	f->name_ms = f->connect_ms = f->tls_ms = f->answer_ms = -1;
}

bool sts_findings_ok(const struct sts_findings *f, uint64_t len)
{
	return len == sizeof(*f) && f->magic == STS_FINDINGS_MAGIC &&
	       f->version == STS_FINDINGS_VERSION && numbers_ok(f) && texts_ok(f) &&
	       claims_ok(&f->subject) && claims_ok(&f->token);
}
