/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of the small programs that make one TLS connection to a server on loopback.
 */
#ifndef STS_TESTS_LOOPBACK_H
#define STS_TESTS_LOOPBACK_H

#include <stddef.h>
#include <stdint.h>

/* Connect to a port. Reads and writes have a time limit. Returns the socket, or -1 with errno. */
int loopback_connect(int port);

/* Send bytes to the socket that context, an int *, points to. Returns how many were sent. As the
 * program does, what cannot be sent any more is dropped: an alert may still be read. */
int loopback_write(void *context, const uint8_t *data, size_t len);

/* Close, and read what is left, so that the server gets everything that was sent. */
void loopback_close(int sock);

#endif
