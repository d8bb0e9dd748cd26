/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are asked, and in which order (tls.md, "Names"): /etc/hosts first, with the bare
 * name, by our own bounded reader; then resolv.conf's ndots decides whether the search list or the
 * absolute name comes first. A matter of security: `https://sts.dev/` means Service `sts` in
 * namespace `dev`, and the public name must not be asked before it. Pure functions on text,
 * UNTRUSTED.
 */
#ifndef STS_NET_SEARCH_H
#define STS_NET_SEARCH_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/text.h"
#include "net/url.h"

#define STS_ADDRESSES_MAX    16
#define STS_SEARCH_MAX       32
#define STS_SERVERS_MAX      3
#define STS_RESOLV_MAX_BYTES (16 * 1024)
#define STS_HOSTS_MAX_BYTES  (1024 * 1024)

struct sts_address {
	bool ipv6;
	uint8_t ip[16]; /* network order */
	uint32_t scope; /* IPv6 zone from a hosts file or resolv.conf; else 0 */
};

union sts_sockaddr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * Parse an address literal: "10.0.0.1", "2001:db8::1", "fe80::1%2" (a zone is a number: names of
 * interfaces would need the kernel).
 *   text  in   UNTRUSTED
 * False when it is anything else; *out is then undefined.
 */
bool sts_address_parse(struct sts_slice text, struct sts_address *out);

/* The same for the kernel. Returns the length that it wants. */
socklen_t sts_address_to_sockaddr(const struct sts_address *address, uint16_t port,
				  union sts_sockaddr *out);

/*
 * Addresses of a name in a hosts file's text, in the file's order, ASCII case ignored. Lines stand
 * alone, so a file can be given in pieces that end at a line's end.
 *   text  in   UNTRUSTED; lines that make no sense are passed over
 *   name  in   without trailing dot; empty finds nothing
 * Returns how many were stored, at most max.
 */
size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out,
		      size_t max);

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
 * own reader passes over those above 255 bytes, which a search list easily has). text  in
 * UNTRUSTED; must outlive *out
 */
void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out);

/*
 * The n-th candidate, absolute, with a trailing dot: "sts.dev.svc.cluster.local.". A name with
 * ndots dots or more is asked as it is before the search list, any other after it (as glibc).
 *   name      in   without trailing dot
 *   absolute  in   the URL's host had a trailing dot: only the name itself
 *   n         in   from 0
 *   out       out  undefined when skipped
 *   skip      out  pass over this one: over 253 bytes, or asked before (the list holds the root)
 * False when there are no more.
 */
bool sts_search_candidate(const struct sts_resolv *resolv, struct sts_slice name, bool absolute,
			  size_t n, char out[STS_HOST_MAX_BYTES + 1], bool *skip);

#endif
