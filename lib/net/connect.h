/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URL's host to a connected TCP socket, within a deadline: hosts file, search list, one
 * address family at a time, every address tried in turn with a share of the deadline. The socket is
 * non-blocking, close-on-exec, and has TCP_NODELAY.
 *
 * Once a name has an address no other candidate is asked, whether or not anything connects. A "no"
 * (NXDOMAIN, or no data) goes on to the next candidate. So does a failure (SERVFAIL, silence), with
 * one exception: while one of the cluster's domains (a search domain under `svc`, or what it ends
 * with) cannot say whether a Service exists, the search stops with STS_EDNS. A public name of the
 * same spelling must not stand in for the Service and be handed its token.
 */
#ifndef STS_NET_CONNECT_H
#define STS_NET_CONNECT_H

#include "net/url.h"

struct sts_connect_files {
	const char *hosts;  /* "/etc/hosts"; tests give their own */
	const char *resolv; /* "/etc/resolv.conf" */
};

/*
 * Resolve and connect. Lines of the hosts file above 8 KiB are passed over, and so is what stands
 * behind its first MiB; one that cannot be read is an empty one. `localhost` and names under it
 * need no entry (RFC 6761). A resolv.conf that is there and cannot be read, or has more than
 * STS_RESOLV_MAX_BYTES, is STS_EDNS: without its search list the wrong name might be asked.
 *   url         in   parsed: its IP literal or its host, and its port
 *   connect_to  in   --connect ADDR:PORT: go there instead, no resolution; NULL otherwise
 *   deadline    in   BOOTTIME ms
 *   fd          out  connected; -1 after a failure
 * Returns STS_OK; STS_EHOST (no such name: the message says which candidates were asked), STS_EDNS;
 * STS_ECONNECT (the message names the last address tried and how many), STS_ECONNECT_TIME;
 * STS_EUSAGE (connect_to is no endpoint).
 */
enum sts_err sts_connect(const struct sts_url *url, const char *connect_to,
			 const struct sts_connect_files *files, int64_t deadline_boot_ms, int *fd,
			 struct sts_error *e);

#endif
