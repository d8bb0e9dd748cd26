/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are asked, and in which order: the ndots of resolv.conf decides whether the search
 * list or the absolute name comes first. A matter of security: `https://sts.dev/` means Service
 * `sts` in namespace `dev`, and the public name must not be asked before it. Pure functions.
 */
#ifndef STS_NET_SEARCH_H
#define STS_NET_SEARCH_H

#include "net/resolv.h"
#include "net/url.h"

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

/*
 * Does a candidate end with one of the cluster's search domains: one under `svc`
 * ("dev.svc.cluster.local"), or what one of those ends with ("cluster.local", in which the Service
 * `sts.dev.svc` is found)?
 *   name       in  the name that the candidate was made of
 *   candidate  in  of sts_search_candidate(), not skipped
 */
bool sts_search_is_of_cluster(const struct sts_resolv *resolv, struct sts_slice name,
			      const char *candidate);

#endif
