/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address and port on which a server listens, as a user writes them.
 */
#ifndef STS_NET_LISTEN_ADDRESS_H
#define STS_NET_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

/*
 * Read "127.0.0.1:8080", "[::1]:8080", "[::]:8080" or ":8080". The last two mean the same: every
 * address, IPv4 included.
 *   text     in   NUL-terminated
 *   address  out
 *   port     out  1 to 65535
 * Returns false for anything else.
 */
bool sts_listen_address_parse(const char *text, struct sts_address *address, uint16_t *port);

#endif
