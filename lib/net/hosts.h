/* SPDX-License-Identifier: Apache-2.0 */
/* Names that need no name server: the hosts file, read by our own bounded reader, and localhost. */
#ifndef STS_NET_HOSTS_H
#define STS_NET_HOSTS_H

#include "net/address.h"

#define STS_HOSTS_MAX_BYTES (1024 * 1024) /* of a file; the rest is not read */

/*
 * Addresses of a name in a hosts file's text, in the file's order, ASCII case ignored. Lines stand
 * alone, so a file can be given in pieces that end at a line's end.
 *   text  in   UNTRUSTED; lines that make no sense are passed over
 *   name  in   without trailing dot; empty finds nothing
 * Returns how many were stored, at most max.
 */
size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out,
		      size_t max);

/*
 * The same in a file. A line above 8 KiB is passed over. A file that cannot be read counts as an
 * empty one, as it does for libc: many images have none.
 */
size_t sts_hosts_find_in_file(const char *path, struct sts_slice name, struct sts_address *out,
			      size_t max);

/*
 * The addresses of localhost and of the names under it, which no name server is asked for (RFC 6761
 * section 6.3).
 *   out  out  room for two
 * Returns how many were stored: 2, or 0 for another name.
 */
size_t sts_hosts_find_localhost(struct sts_slice name, struct sts_address *out);

#endif
