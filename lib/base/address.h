/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses in three forms: as text (RFC 5952 for IPv6), as bytes, and as the kernel wants them.
 */
#ifndef STS_BASE_ADDRESS_H
#define STS_BASE_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

#define STS_ADDRESSES_MAX 16 /* addresses of one name; further ones are left out */

struct sts_address {
	bool ipv6;
	uint8_t ip[16]; /* network order; the first 4 bytes for IPv4 */
	uint32_t scope; /* the zone of an IPv6 address, by the number of the interface; else 0 */
};

/* Room for a socket address of either family. */
union sts_sockaddr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * Parse an address literal: "10.0.0.1", "2001:db8::1", "fe80::1%2". A zone must be a number, since
 * the name of an interface would need the kernel.
 *   text  in   UNTRUSTED
 *   out   out  undefined after a failure
 * Returns false for anything else.
 */
bool sts_address_parse(struct sts_slice text, struct sts_address *out);

/* What to add to the message of an option whose address has a zone that is not a number. */
#define STS_ADDRESS_ZONE_HINT "; a zone is the number of an interface: [fe80::1%2]:8443"

/*
 * Parse an address literal with a port: "10.0.0.1:8443", "[::1]:443".
 *   text     in   UNTRUSTED
 *   address  out  undefined after a failure
 *   port     out  1 to 65535; unchanged after a failure
 * Returns false for anything else.
 */
bool sts_address_parse_endpoint(struct sts_slice text, struct sts_address *address, uint16_t *port);

/*
 * Convert an address for connect(2) or bind(2).
 *   port  in   host order
 *   out   out  filled
 * Returns the length that the kernel wants beside it.
 */
socklen_t sts_address_to_sockaddr(const struct sts_address *address, uint16_t port,
				  union sts_sockaddr *out);

/*
 * Add an address as text, without its zone.
 *   ip   in  network order
 *   len  in  4 or 16; any other length adds "?"
 */
void sts_address_add(struct sts_text *t, const uint8_t *ip, size_t len);

#endif
