/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a socket, within a deadline. */
#ifndef STS_NET_WAIT_H
#define STS_NET_WAIT_H

#include <stdint.h>

/*
 * Wait until a descriptor is ready. A signal does not end the wait.
 *   events  in  POLLIN or POLLOUT; an error or a hang-up of the peer ends the wait too
 *   until   in  BOOTTIME ms
 * Returns 0, ETIMEDOUT at the deadline, or the errno of poll(2).
 */
int sts_wait_ready(int fd, short events, int64_t until_boot_ms);

#endif
