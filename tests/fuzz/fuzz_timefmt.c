/* SPDX-License-Identifier: Apache-2.0 */
/* Times from a peer or from the command line. A time that is taken is in range, and is read back
 * the same after it was written again. */
#include <stdlib.h>

#include "base/timefmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_epoch(int64_t epoch_s)
{
	char out[STS_RFC3339_BYTES];
	int64_t again_s;

	require(epoch_s >= 0 && epoch_s <= STS_EPOCH_MAX_S);
	sts_rfc3339_format(epoch_s, out);
	require(sts_rfc3339_parse(sts_slice_of(out), &again_s) && again_s == epoch_s);
}

static void check_duration(int64_t ms)
{
	char buf[64];
	struct sts_text t;
	int64_t again_ms;

	require(ms >= 0 && ms <= INT64_C(365) * 86400 * 1000);
	sts_text_init(&t, buf, sizeof(buf));
	sts_text_addf(&t, "%lldms", (long long)ms);
	require(sts_duration_parse(sts_slice_of(buf), &again_ms) && again_ms == ms);
	sts_text_init(&t, buf, sizeof(buf));
	sts_duration_words(&t, ms / 1000);
	require(!t.overflow && t.len >= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice s = {(const char *)data, size};
	int64_t value;
	int taken = 0;

	if (sts_rfc3339_parse(s, &value)) {
		check_epoch(value);
		taken++;
	}
	if (sts_httpdate_parse(s, &value)) {
		check_epoch(value);
		taken++;
	}
	if (sts_duration_parse(s, &value)) {
		check_duration(value);
		taken++;
	}
	require(taken <= 1);
	return 0;
}
