/* SPDX-License-Identifier: Apache-2.0 */
#include "net/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

int sts_wait_ready(int fd, short events, int64_t until_boot_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, sts_clock_left_ms(until_boot_ms));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	return n == 0 ? ETIMEDOUT : 0;
}
