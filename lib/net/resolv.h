/* SPDX-License-Identifier: Apache-2.0 */
/* What resolv.conf says: the name servers, the search list, and how patiently to ask. */
#ifndef STS_NET_RESOLV_H
#define STS_NET_RESOLV_H

#include "net/address.h"

#define STS_SEARCH_MAX       32
#define STS_SERVERS_MAX      3
#define STS_RESOLV_MAX_BYTES (16 * 1024)

struct sts_resolv {
	int ndots; /* default 1, at most 15 */
	/*
	 * Into the text, no dots at the ends; the last `search` or `domain` line counts. The root
	 * (".") is an empty slice.
	 */
	struct sts_slice search[STS_SEARCH_MAX];
	size_t search_count;
	/* The first three that can be read; 127.0.0.1 when there is none, as for libc. */
	struct sts_address servers[STS_SERVERS_MAX];
	size_t server_count;
	int timeout_s; /* default 5, 1 to 30 */
	int attempts;  /* default 2, 1 to 5 */
};

/*
 * Read resolv.conf's text: nameserver, search, domain, options ndots:N, timeout:N, attempts:N;
 * anything else ignored. Never fails: what is odd is left out. The zone of a name server may be an
 * interface's name (fe80::1%eth0), for which the kernel is asked. Lines may have any length (musl's
 * own reader passes over those above 255 bytes, which a search list easily has).
 *   text  in  UNTRUSTED; must outlive *out
 */
void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out);

#endif
