/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URL's host to a connected TCP socket, within a deadline: hosts file, search list, one address family at a time, every address
 * tried in turn with a share of the deadline. The socket is non-blocking and close-on-exec.
 */
#ifndef STS_NET_H
#define STS_NET_H

#include "names.h"

struct sts_net_files {
	const char *hosts;  /* "/etc/hosts"; tests give their own */
	const char *resolv; /* "/etc/resolv.conf" */
};

/*
 * Resolve and connect.
 *   connect_to  in   --connect ADDR:PORT: go there instead, no resolution; NULL otherwise
 *   deadline    in   BOOTTIME ms. Name resolution itself cannot be interrupted: the worker's SIGALRM and the supervisor's SIGKILL end it.
 *   fd          out  connected; -1 after a failure
 * Returns STS_OK, STS_EHOST (no such name: the message says which candidates were asked), STS_EDNS, STS_ECONNECT (the message names the
 * last address tried and how many), STS_ECONNECT_TIME.
 */
enum sts_err sts_net_connect(const struct sts_url *url, const char *connect_to, const struct sts_net_files *files,
			     int64_t deadline_boot_ms, int *fd, struct sts_error *e);

/* "10.0.0.1:8443", "[::1]:443": an address literal and a port. False when it is neither. */
bool sts_net_parse_endpoint(struct sts_slice text, struct sts_address *address, uint16_t *port);

#endif
