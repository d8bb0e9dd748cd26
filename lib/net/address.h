/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses as text: dotted for IPv4, RFC 5952 for IPv6. */
#ifndef STS_NET_ADDRESS_H
#define STS_NET_ADDRESS_H

#include "base/text.h"

/* ip: network order; len: 4 or 16, anything else adds "?". */
void sts_address_add(struct sts_text *t, const uint8_t *ip, size_t len);

#endif
