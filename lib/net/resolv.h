/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in resolv.conf: the name servers, the search list, and the times to wait. */
#ifndef STS_NET_RESOLV_H
#define STS_NET_RESOLV_H

#include "base/address.h"

#define STS_SEARCH_MAX       32
#define STS_SERVERS_MAX      3
#define STS_RESOLV_MAX_BYTES (16 * 1024) /* a larger file is an error */

struct sts_resolv {
	int ndots; /* 0 to 15, by default 1 */
	size_t search_count;
	size_t server_count;
	bool is_default; /* no line names a name server */
	int timeout_s;   /* 1 to 30, by default 5 */
	int attempts;    /* 1 to 5, by default 2 */
	/* The domains of the last `search` or `domain` line: slices of the text, without a dot at
	 * either end. The root (".") is an empty slice. */
	struct sts_slice search[STS_SEARCH_MAX];
	/* The first three name servers that can be used. Where no line names one, this is
	 * 127.0.0.1 (resolv.conf(5)). Where lines do, and none of them can be used, there are
	 * none. */
	struct sts_address servers[STS_SERVERS_MAX];
	/* The first line whose name server cannot be used, as a slice of the text, and why, in
	 * words; NULL: there is no such line. */
	struct sts_slice refused;
	const char *refused_why;
};

/*
 * Parse the text of resolv.conf: the lines nameserver, search and domain, and the options ndots:N,
 * timeout:N and attempts:N. Everything else is ignored, malformed lines included, so this never
 * fails; of the lines with a name server that cannot be used, the first one is kept in `refused`.
 * The zone of a name server may be the name of an interface (net/scoped.h). Lines may have any
 * length. (The parser of musl ignores lines above 255 bytes, which a search list can easily have.)
 *   text  in   UNTRUSTED; must outlive *out
 *   out   out  all members
 */
void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out);

#endif
