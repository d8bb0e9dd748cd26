/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 addresses with the interface over which they are reached, as resolv.conf and the hosts file
 * have them: "fe80::1%eth0". A link-local address means another host on each interface, so it needs
 * one (RFC 4007).
 */
#ifndef STS_NET_SCOPED_H
#define STS_NET_SCOPED_H

#include "base/address.h"

/*
 * Parse an address literal, whose zone may be a number or the name of an interface. The kernel is
 * asked for the number of a name, on a socket of its own.
 *   text  in   UNTRUSTED
 *   out   out  undefined after a failure
 * Returns NULL, or why the text is not an address, in words.
 */
const char *sts_scoped_parse(struct sts_slice text, struct sts_address *out);

/* Is the address link-local (fe80::/10) and without a zone? Nothing can be sent to it. */
bool sts_scoped_lacks_zone(const struct sts_address *address);

/* What is missing from an address that lacks its zone, for messages. */
#define STS_SCOPED_LACKS_ZONE "a link-local address needs its interface, as in fe80::1%eth0"

/* Add an address as text, with its zone as a number. */
void sts_scoped_add(struct sts_text *t, const struct sts_address *address);

#endif
