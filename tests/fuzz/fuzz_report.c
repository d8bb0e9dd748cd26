/* SPDX-License-Identifier: Apache-2.0 */
/* A report. If it passes the check, its indices, times and texts can be used as they are. */
#include "wire/report.h"

#include <stdlib.h>
#include <string.h>

#include "schedule/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S   1768233157
#define BOOT_MS 5000000

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The supervisor then waits for 0 to 24 hours. */
static void schedule(const struct sts_report *r)
{
	const struct sts_schedule_rules rules = {.fraction_permille = 667};
	struct sts_schedule_state state = {.token_from_ms = r->sent_boot_ms,
					   .token_until_ms = r->sent_boot_ms + r->lifetime_s * 1000,
					   .failing_since_ms = -1};
	uint32_t random = (uint32_t)r->clock_skew_s;
	int64_t next_ms = sts_schedule_after_success(&rules, &state, BOOT_MS, random);

	require(next_ms >= BOOT_MS && next_ms <= BOOT_MS + STS_SCHEDULE_MAX_MS);
	state.failures = 1;
	state.failing_since_ms = BOOT_MS;
	next_ms = sts_schedule_after_failure(&rules, &state,
					     sts_error_info((enum sts_err)r->error).retry,
					     r->retry_after_s, BOOT_MS, random);
	require(next_ms >= BOOT_MS && next_ms <= BOOT_MS + STS_SCHEDULE_MAX_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_report r = {.magic = STS_REPORT_MAGIC, .version = STS_REPORT_VERSION};
	const size_t skip = offsetof(struct sts_report, error);

	/* The input lies behind magic and version. After a short input the rest is 0. */
	if (size > sizeof(r) - skip)
		size = sizeof(r) - skip;
	if (size > 0)
		memcpy((char *)&r + skip, data, size);
	if (!sts_report_ok(&r, sizeof(r), NOW_S, BOOT_MS))
		return 0;

	require((unsigned)r.error < STS_ERR__COUNT && r.stage < STS_STAGE__COUNT);
	require((r.flags & ~(uint32_t)STS_REPORT_FLAGS_ALL) == 0);
	require(r.sent_boot_ms <= BOOT_MS && r.sent_boot_ms >= 0);
	for (const char *c = r.text; *c; c++)
		require(c < r.text + sizeof(r.text) - 1 && *c >= ' ' && *c <= '~');
	for (const char *c = r.sts_error; *c; c++)
		require(c < r.sts_error + sizeof(r.sts_error) - 1 && *c != '"' && *c != ' ');
	schedule(&r);
	return 0;
}
