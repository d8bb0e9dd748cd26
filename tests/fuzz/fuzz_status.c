/* SPDX-License-Identifier: Apache-2.0 */
/* A status file. If it is taken, its values are in range and have words, and it is read back the
 * same after it was written again. The input is parsed as it is, and again as lines after which the
 * right sum stands, since a fuzzer does not find one. */
#include "output/status.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool epoch_ok(int64_t epoch_s)
{
	return epoch_s >= 0 && epoch_s <= 253402300799;
}

static void in_range(const struct sts_status *s)
{
	require((unsigned)s->state < STS_STATE__COUNT && (unsigned)s->error < STS_ERR__COUNT);
	require(s->detail >= 0 && s->http_status >= 0 && s->http_status <= 599);
	require(memchr(s->sts_error, '\0', sizeof(s->sts_error)) != NULL);
	require(s->sts_error[0] == '\0' || sts_status_code_known(s->sts_error));
	require(memchr(s->boot_id, '\0', sizeof(s->boot_id)) != NULL);
	require(s->boot_id[0] == '\0' || sts_boot_id_ok(s->boot_id, strlen(s->boot_id)));
	require(s->trying_ms >= 0 && s->tried_ms >= 0 && s->next_ms >= 0 && s->latest_ms >= 0 &&
		s->source_tried_ms >= 0);
	require(epoch_ok(s->last_attempt_s) && epoch_ok(s->next_attempt_s) &&
		epoch_ok(s->last_success_s));
}

static void explained(const struct sts_status *status, const char *boot_id)
{
	struct sts_status_now now = {.real_s = 1768233157, .boot_ms = 1000000};
	char buf[STS_STATUS_MAX_BYTES + 1];
	struct sts_text text;

	strcpy(now.boot_id, boot_id);
	sts_text_init(&text, buf, sizeof(buf));
	sts_status_explain(&text, "x", status, &now);
	require(!text.overflow && text.len < 600);
	for (size_t i = 0; i < text.len; i++)
		require(buf[i] >= ' ' && buf[i] <= '~');
}

static void parse(const char *data, size_t size)
{
	struct sts_status status, again;
	char buf[STS_STATUS_MAX_BYTES + 1];
	struct sts_text text;

	if (!sts_status_parse((struct sts_slice){data, size}, &status))
		return;
	require(size <= STS_STATUS_MAX_BYTES);
	in_range(&status);

	explained(&status, "");
	explained(&status, "4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b");

	sts_text_init(&text, buf, sizeof(buf));
	sts_status_format(&status, &text);
	require(!text.overflow && text.len < STS_STATUS_MAX_BYTES);
	require(sts_status_parse((struct sts_slice){buf, text.len}, &again));
	/* The parser clears the struct that it fills, with its padding. */
	require(memcmp(&status, &again, sizeof(status)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char with_sum[STS_STATUS_MAX_BYTES + 32];
	struct sts_text text;

	parse((const char *)data, size);
	if (size > STS_STATUS_MAX_BYTES)
		return 0;
	sts_text_init(&text, with_sum, sizeof(with_sum));
	sts_text_add_slice(&text, (struct sts_slice){(const char *)data, size});
	sts_text_addf(&text, "\nsum %u", (unsigned)sts_hash(STS_HASH_START, data, size));
	parse(with_sum, text.len);
	return 0;
}
