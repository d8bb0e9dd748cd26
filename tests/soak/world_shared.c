/* SPDX-License-Identifier: Apache-2.0 */
#include "world_shared.h"

bool world_is_configured(int exchange)
{
	for (int i = 0; i < world.configured; i++)
		if (world.order[i] == exchange)
			return true;
	return false;
}

void world_reverse_order(void)
{
	for (int i = 0, j = world.configured - 1; i < j; i++, j--) {
		int exchange = world.order[i];

		world.order[i] = world.order[j];
		world.order[j] = exchange;
	}
}

void world_report(struct worker *w, enum sts_err err, int64_t took_ms)
{
	w->report = (struct sts_report){.magic = STS_REPORT_MAGIC,
					.version = STS_REPORT_VERSION,
					.error = (int32_t)err,
					.retry_after_s = -1,
					.subject_exp_s = -1};
	w->has_report = true;
	w->ends_ms = w->started_ms + took_ms;
}
