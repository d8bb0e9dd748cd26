/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/print_token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/packed.h"
#include "base/write.h"
#include "wire/job.h"
#include "wire/report.h"

#define CLOSED "its reader has closed it"

static enum sts_err fail_unsent(int err, const char *why, struct sts_error *e)
{
	return sts_fail(e, STS_ESTDOUT, err, "standard output: %s; nothing was sent to the STS",
			sts_words(why));
}

enum sts_err sts_print_token_ready(struct sts_error *e)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
	long flags = syscall(SYS_fcntl, STDOUT_FILENO, F_GETFL);

	/* One that was closed at the start leads to /dev/null since: see sts_harden_process(). */
	if (flags < 0 || !(flags & (O_WRONLY | O_RDWR)))
		return fail_unsent(EBADF, "it is closed, or open for reading only", e);
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)))
		return fail_unsent(EPIPE, CLOSED, e);
	return STS_OK;
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
