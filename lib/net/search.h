/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The candidates for a host name, in the order in which they are asked. The option ndots of
 * resolv.conf decides whether the search list or the absolute name comes first. This order matters
 * for security: `https://sts.dev/` means Service `sts` in namespace `dev`, so the public name must
 * not be asked for before it. The functions are pure.
 */
#ifndef STS_NET_SEARCH_H
#define STS_NET_SEARCH_H

#include "net/resolv.h"
#include "net/url.h"

/*
 * Make the n-th candidate: an absolute name with its trailing dot, "sts.dev.svc.cluster.local.". A
 * name with at least ndots dots is asked for as it is before the search list, any other name after
 * it, as in glibc.
 *   name      in   without a trailing dot
 *   absolute  in   the host in the URL had a trailing dot: the name itself is the only candidate
 *   n         in   from 0
 *   out       out  NUL-terminated; undefined when *skip is set
 *   skip      out  the caller must leave this candidate out: it has more than 253 bytes, or was a
 *                  candidate before (the search list contains the root)
 * Returns false when there are no more candidates.
 */
bool sts_search_candidate(const struct sts_resolv *resolv, struct sts_slice name, bool absolute,
			  size_t n, char out[STS_HOST_MAX_BYTES + 1], bool *skip);

/*
 * Is a candidate in one of the cluster's domains? The cluster's domains are the search domains with
 * a label `svc` ("dev.svc.cluster.local"), and the domains above these ("cluster.local", in which
 * the Service `sts.dev.svc` is found).
 *   name       in  the name that the candidate was made from
 *   candidate  in  of sts_search_candidate(), not one to skip
 */
bool sts_search_is_of_cluster(const struct sts_resolv *resolv, struct sts_slice name,
			      const char *candidate);

#endif
