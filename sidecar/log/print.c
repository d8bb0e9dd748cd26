/* SPDX-License-Identifier: Apache-2.0 */
#include "log/print.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/write.h"

/* The time for the complaint on standard error that standard output has not taken the result. */
#define COMPLAIN_MS 1000

/* The errno of a failed write to standard output; 0 if all was written. */
static int output_errno;

static int64_t print_until_boot_ms = INT64_MAX;

void sts_print_until(int64_t until_boot_ms)
{
	print_until_boot_ms = until_boot_ms;
}

void sts_print(int fd, struct sts_slice text)
{
	size_t written;
	int err = sts_write_until(fd, text.data, text.len, print_until_boot_ms, &written);

	if (err != 0 && fd == STDOUT_FILENO)
		output_errno = err;
}

int sts_printed(int status)
{
	if (output_errno == 0 || status != STS_EXIT_OK)
		return status;
	if (output_errno == ETIMEDOUT)
		sts_print_until(sts_clock_boot_ms() + COMPLAIN_MS);
	sts_print(STDERR_FILENO, STS_SLICE("sts-sidecar: cannot write to standard output: "));
	sts_print(STDERR_FILENO, sts_slice_of(sts_errno_words(output_errno)));
	sts_print(STDERR_FILENO, STS_SLICE("; look at where it goes\n"));
	return STS_EXIT_OUTPUT;
}

int sts_complain_with(const struct sts_error *e, const char *hint)
{
	char line[512];
	struct sts_text text;

	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, "sts-sidecar: %s; %s\n", e->msg, hint);
	sts_print(STDERR_FILENO, (struct sts_slice){line, text.len});
	return sts_error_info(e->code).exit_status;
}

int sts_complain(const struct sts_error *e)
{
	return sts_complain_with(e, sts_error_hint_for(e->code, e->detail, e->msg));
}
