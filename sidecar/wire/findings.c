/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/findings.h"

#include <stddef.h>
#include <string.h>

#include "base/timefmt.h"

#define MS_MAX    (24 * 60 * 60 * 1000)
#define COUNT_MAX (1 << 20)

/* What a number may be. Those before EPOCH have 32 bits, the others have 64. */
enum range { FLAG, COUNT, DETAIL, ERROR, FOUND_BY, USE, MS, EPOCH, CLOCK };
static const struct {
	int32_t min;
	int32_t max;
} ranges[] = {
	[FLAG] = {0, 1},
	[COUNT] = {0, COUNT_MAX},
	[DETAIL] = {0, UINT16_MAX}, /* as in a report */
	[ERROR] = {0, STS_ERR__COUNT - 1},
	[FOUND_BY] = {0, STS_FOUND_BY__COUNT - 1},
	[USE] = {0, STS_USE__COUNT - 1},
	[MS] = {-1, MS_MAX},
};

#define NUMBER(member, range) \
	{ \
		offsetof(struct sts_findings, member), range \
	}
static const struct {
	uint16_t offset;
	uint8_t range;
} numbers[] = {
	NUMBER(earlier_error, ERROR),
	NUMBER(earlier_detail, DETAIL),
	NUMBER(subject_bytes, COUNT),
	NUMBER(subject_changed_s, EPOCH),
	NUMBER(subject.is_jwt, FLAG),
	NUMBER(subject.iat_s, EPOCH),
	NUMBER(subject.nbf_s, EPOCH),
	NUMBER(subject.exp_s, EPOCH),
	NUMBER(has_date, FLAG),
	NUMBER(clock_ms, CLOCK),
	NUMBER(found_by, FOUND_BY),
	NUMBER(asked, COUNT),
	NUMBER(name_ms, MS),
	NUMBER(addresses, COUNT),
	NUMBER(connect_ms, MS),
	NUMBER(tls_version, DETAIL),
	NUMBER(tls_ms, MS),
	NUMBER(certificates, COUNT),
	NUMBER(cert_ends_s, EPOCH),
	NUMBER(first_end_s, EPOCH),
	NUMBER(answer_ms, MS),
	NUMBER(answer_bytes, COUNT),
	NUMBER(use, USE),
	NUMBER(token.is_jwt, FLAG),
	NUMBER(token.iat_s, EPOCH),
	NUMBER(token.nbf_s, EPOCH),
	NUMBER(token.exp_s, EPOCH),
};

#define TEXT(member) \
	{ \
		offsetof(struct sts_findings, member), sizeof(((struct sts_findings *)0)->member) \
	}
static const struct {
	uint16_t offset, size;
} texts[] = {
	TEXT(earlier_text), TEXT(subject_path), TEXT(subject.iss),
	TEXT(subject.sub),  TEXT(subject.aud),  TEXT(protocol),
	TEXT(url),          TEXT(name),         TEXT(name_server),
	TEXT(proxy),        TEXT(address),      TEXT(cert_name),
	TEXT(cert_issuer),  TEXT(cert_hosts),   TEXT(first_end_name),
	TEXT(anchor_name),  TEXT(anchor_file),  TEXT(token.iss),
	TEXT(token.sub),    TEXT(token.aud),
};

static bool number_ok(const char *at, uint8_t range)
{
	int64_t wide, max;
	int32_t narrow;

	if (range < EPOCH) {
		memcpy(&narrow, at, sizeof(narrow));
		return narrow >= ranges[range].min && narrow <= ranges[range].max;
	}
	memcpy(&wide, at, sizeof(wide));
	max = range == EPOCH ? STS_EPOCH_MAX_S : STS_EPOCH_MAX_S * 1000;
	return wide <= max && wide >= (range == EPOCH ? 0 : -max);
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
	const char *at = (const char *)f;
	bool ok = len == sizeof(*f) && f->magic == STS_FINDINGS_MAGIC &&
		  f->version == STS_FINDINGS_VERSION && (f->passed >> STS_GATE__COUNT) == 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && ok; i++)
		ok = number_ok(at + numbers[i].offset, numbers[i].range);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && ok; i++)
		ok = sts_report_text_ok(at + texts[i].offset, texts[i].size);
	return ok;
}
