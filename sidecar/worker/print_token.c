/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/print_token.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/write.h"
#include "wire/job.h"
#include "wire/report.h"

#define CLOSED "its reader has closed it"

enum sts_err sts_print_token_ready(struct sts_error *e)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLERR | POLLHUP)))
		return STS_OK;
	return sts_fail(e, STS_ESTDOUT, EPIPE,
			"standard output: " CLOSED "; nothing was sent to the STS");
}

enum sts_err sts_print_token(struct sts_slice text, int64_t until_boot_ms, struct sts_error *e)
{
	static const char stage = STS_REPORT_STAGE_PRINT;
	int64_t start_boot_ms = sts_clock_boot_ms(), took_ms;
	size_t taken;
	int err;

	if (write(STS_INHERITED_FD, &stage, 1) != 1)
		return sts_fail(e, STS_EBUG, errno, "the supervisor does not listen");
	err = sts_write_until(STDOUT_FILENO, text.data, text.len, until_boot_ms, &taken);
	if (err == 0)
		return STS_OK;
	if (err != ETIMEDOUT)
		return sts_fail(e, STS_ESTDOUT, err, "standard output took %u of %u bytes: %s",
				(unsigned)taken, (unsigned)text.len,
				err == EPIPE ? CLOSED : sts_errno_words(err));
	took_ms = sts_clock_boot_ms() - start_boot_ms;
	return sts_fail(e, STS_ESTDOUT, err,
			"standard output took %u of %u bytes in %lld %s: its reader is too slow",
			(unsigned)taken, (unsigned)text.len,
			(long long)(took_ms < 1000 ? took_ms : took_ms / 1000),
			took_ms < 1000 ? "ms" : "s");
}
