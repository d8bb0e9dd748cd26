/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses: as text (dotted for IPv4, RFC 5952 for IPv6), as bytes, and for the kernel. */
#ifndef STS_NET_ADDRESS_H
#define STS_NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

#define STS_ADDRESSES_MAX 16 /* of one name; more are left out */

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

/* "10.0.0.1:8443", "[::1]:443": an address literal and a port. False when it is anything
 * else. */
bool sts_address_parse_endpoint(struct sts_slice text, struct sts_address *address, uint16_t *port);

/* The same for the kernel. Returns the length that it wants. */
socklen_t sts_address_to_sockaddr(const struct sts_address *address, uint16_t port,
				  union sts_sockaddr *out);

/*
 * Add an address as text.
 *   ip   in  network order
 *   len  in  4 or 16; anything else adds "?"
 */
void sts_address_add(struct sts_text *t, const uint8_t *ip, size_t len);

#endif
