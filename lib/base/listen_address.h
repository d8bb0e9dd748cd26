/* SPDX-License-Identifier: Apache-2.0 */
/* The address and port on which a server listens, as a user writes them. */
#ifndef STS_BASE_LISTEN_ADDRESS_H
#define STS_BASE_LISTEN_ADDRESS_H

#include "base/address.h"

/*
 * Parse "127.0.0.1:8080", "[::1]:8080", "[::]:8080" or ":8080". The last two mean the same: every
 * address of the machine, IPv4 included.
 *   text     in   NUL-terminated
 *   address  out  undefined after a failure
 *   port     out  1 to 65535; unchanged after a failure
 * Returns false for anything else.
 */
bool sts_listen_address_parse(const char *text, struct sts_address *address, uint16_t *port);

#endif
