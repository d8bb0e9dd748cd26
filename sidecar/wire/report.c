/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include <stddef.h>
#include <string.h>

#include "base/ascii.h"
#include "base/identity.h"
#include "base/sizes.h"
#include "base/timefmt.h"

#define DETAIL_MAX 65535 /* an errno, an HTTP status, a TLS alert or error: all are far smaller */

static bool within(int64_t value, int64_t min, int64_t max)
{
	return value >= min && value <= max;
}

static bool is_code(char c)
{
	return sts_is_letter(c) || sts_is_digit(c) || c == '_' || c == '.' || c == '-';
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Is the text terminated within its array, and is every byte of it allowed? The bytes after the NUL
 * are not checked. */
static bool text_ok(const char *text, size_t size, bool (*allowed)(char c))
{
	size_t len = 0;

	while (len < size && text[len] != '\0')
		if (!allowed(text[len++]))
			return false;
	return len < size;
}

static bool identities_ok(const struct sts_report *r)
{
	return sts_identity_is_possible(r->subject_identity) &&
	       sts_identity_is_possible(r->cas_identity);
}

static bool result_ok(const struct sts_report *r)
{
	return within(r->error, 0, STS_ERR__COUNT - 1) && r->error != STS_EAGAIN &&
	       r->error != STS_EUSAGE && r->error != STS_ESTOPPED &&
	       within(r->detail, 0, DETAIL_MAX) &&
	       (r->http_status == 0 || within(r->http_status, 100, 599)) &&
	       r->stage < STS_STAGE__COUNT && (r->flags & ~(uint32_t)STS_REPORT_FLAGS_ALL) == 0 &&
	       r->retry_after_s >= -1;
}

/*
 * Are the times possible? Possible values of lifetime_s and sent_boot_ms may still be wrong: the
 * schedule limits what they can do. An expiry in the past is possible, since the node's clock may
 * have been set in between.
 */
static bool times_ok(const struct sts_report *r, int64_t now_real_s, int64_t now_boot_ms)
{
	return within(r->expires_s, 0, STS_EPOCH_MAX_S) &&
	       within(r->expires_s, 0, now_real_s + STS_EXPIRY_MAX_S) &&
	       within(r->lifetime_s, 0, STS_EXPIRY_MAX_S) &&
	       (r->error != STS_OK || (r->expires_s == 0) == (r->lifetime_s == 0)) &&
	       within(r->subject_exp_s, -1, STS_EPOCH_MAX_S) &&
	       within(r->subject_iat_s, 0, STS_EPOCH_MAX_S) &&
	       within(r->sent_boot_ms, 0, now_boot_ms) &&
	       within(r->clock_skew_s, -STS_EXPIRY_MAX_S, STS_EXPIRY_MAX_S) &&
	       within(r->not_before_s, 0, STS_EPOCH_MAX_S);
}

bool sts_report_ok(const struct sts_report *report, uint64_t len, int64_t now_real_s,
		   int64_t now_boot_ms)
{
	return len == sizeof(*report) && report->magic == STS_REPORT_MAGIC &&
	       report->version == STS_REPORT_VERSION && result_ok(report) &&
	       times_ok(report, now_real_s, now_boot_ms) && identities_ok(report) &&
	       text_ok(report->sts_error, sizeof(report->sts_error), is_code) &&
	       sts_report_text_ok(report->text, sizeof(report->text));
}

bool sts_report_text_ok(const char *text, size_t size)
{
	return text_ok(text, size, is_printable);
}

void sts_report_failure(struct sts_report *report, const struct sts_error *e)
{
	*report = (struct sts_report){.magic = STS_REPORT_MAGIC,
				      .version = STS_REPORT_VERSION,
				      .error = (int32_t)e->code,
				      .detail = e->detail,
				      .retry_after_s = -1,
				      .subject_exp_s = -1};
	memcpy(report->text, e->msg, sizeof(e->msg));
}

enum sts_gate sts_report_gate(const struct sts_report *report)
{
	static const uint8_t of_stage[STS_STAGE__COUNT] = {
		[STS_STAGE_START] = STS_GATE_SIDECAR,   [STS_STAGE_INPUTS] = STS_GATE_SUBJECT,
		[STS_STAGE_CONNECT] = STS_GATE_CONNECT, [STS_STAGE_TLS] = STS_GATE_TLS,
		[STS_STAGE_REQUEST] = STS_GATE_ANSWER,  [STS_STAGE_ANSWER] = STS_GATE_ANSWER,
		[STS_STAGE_CHECK] = STS_GATE_ANSWER,    [STS_STAGE_WRITE] = STS_GATE_OUTPUT,
		[STS_STAGE_DONE] = STS_GATE_SIDECAR,
	};
	enum sts_err err = (enum sts_err)report->error;

	return err == STS_ETIMEOUT || err == STS_EHANGS ? (enum sts_gate)of_stage[report->stage]
							: sts_error_info(err).gate;
}
