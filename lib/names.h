/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are asked, and in which order (tls.md, "Names"): /etc/hosts first, with the bare name, by our own bounded reader; then
 * resolv.conf's ndots decides whether the search list or the absolute name comes first. A matter of security: `https://sts.dev/` means
 * Service `sts` in namespace `dev`, and the public name must not be asked before it. Pure functions on text, UNTRUSTED.
 */
#ifndef STS_NAMES_H
#define STS_NAMES_H

#include "error.h"
#include "text.h"
#include "url.h"

#define STS_ADDRESSES_MAX 16
#define STS_SEARCH_MAX 32
#define STS_RESOLV_MAX_BYTES (16 * 1024)
#define STS_HOSTS_MAX_BYTES (1024 * 1024)

struct sts_address {
	bool ipv6;
	uint8_t ip[16]; /* network order */
	uint32_t scope; /* IPv6 zone from a hosts file; else 0 */
};

/*
 * Addresses of a name in a hosts file's text, in the file's order, ASCII case ignored.
 * Returns how many were stored, at most max.
 */
size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out, size_t max);

struct sts_resolv {
	int ndots;				 /* default 1, at most 15 */
	struct sts_slice search[STS_SEARCH_MAX]; /* into the text; the last `search` or `domain` line counts */
	size_t search_count;
};

/* Read resolv.conf's text: search, domain, options ndots:N; anything else ignored. Never fails: what is odd is left out. */
void sts_resolv_parse(struct sts_slice text, struct sts_resolv *out);

/*
 * The n-th candidate, absolute, with a trailing dot: "sts.dev.svc.cluster.local.".
 *   name      in   without trailing dot
 *   absolute  in   the URL's host had a trailing dot: only the name itself
 * False when there are no more. A candidate over 253 bytes is skipped (the index counts on).
 */
bool sts_names_candidate(const struct sts_resolv *resolv, struct sts_slice name, bool absolute, size_t n,
			 char out[STS_HOST_MAX_BYTES + 1], bool *skip);

#endif
