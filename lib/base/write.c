/* SPDX-License-Identifier: Apache-2.0 */
#include "base/write.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

int sts_write_until(int fd, const void *data, size_t len, int64_t until_boot_ms, size_t *written)
{
	const char *at = data;

	for (*written = 0; *written < len;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		size_t left = len - *written;
		int left_ms = sts_clock_left_ms(until_boot_ms);

		if (left_ms == 0)
			return ETIMEDOUT;
		int ready = poll(&p, 1, left_ms);
		if (ready < 0 && errno != EINTR)
			return errno;
		if (ready <= 0)
			continue;
		ssize_t n = write(fd, at + *written, left < PIPE_BUF ? left : PIPE_BUF);
		if (n == 0)
			return EIO;
		if (n > 0)
			*written += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return errno;
	}
	return 0;
}
