/* SPDX-License-Identifier: Apache-2.0 */
/* Names that need no name server: those in the hosts file, and localhost. */
#ifndef STS_NET_HOSTS_H
#define STS_NET_HOSTS_H

#include "base/address.h"

#define STS_HOSTS_MAX_BYTES     (1024 * 1024) /* the rest of a larger file is not read */
#define STS_LOCALHOST_ADDRESSES 2

/*
 * Find the addresses of a name in the text of a hosts file, in the order of the file. The case of
 * ASCII letters makes no difference. No line depends on another line, so a file can be given in
 * pieces that end where a line ends.
 *   text  in   UNTRUSTED; malformed lines are passed over
 *   name  in   without a trailing dot; an empty name finds nothing
 *   out   out  room for max addresses
 * Returns how many addresses were stored.
 */
size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out,
		      size_t max);

/*
 * Find the addresses of a name in a hosts file, as sts_hosts_find() does. A line above 8 KiB is
 * passed over. A file that cannot be read counts as an empty file, as it does in libc: many images
 * have no hosts file.
 */
size_t sts_hosts_find_in_file(const char *path, struct sts_slice name, struct sts_address *out,
			      size_t max);

/* Is the name localhost, or a name under it (RFC 6761 section 6.3)? No name server is asked for
 * these. The case of ASCII letters makes no difference. */
bool sts_hosts_is_localhost(struct sts_slice name);

/* Store the addresses of localhost, 127.0.0.1 and ::1. Returns how many there are. */
size_t sts_hosts_localhost(struct sts_address out[STS_LOCALHOST_ADDRESSES]);

#endif
