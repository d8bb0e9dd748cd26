/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: one process accepts, and one child serves each connection, so that a slow or broken
 * connection does not disturb another. Ends at TERM or INT with all its children.
 */
#ifndef MOCK_SERVER_H
#define MOCK_SERVER_H

#include "config.h"

#define MOCK_CHILDREN_MAX 256

/* Bind. With port 0 any port is taken. Returns the descriptor; *port is the port in use. Ends the
 * program on failure. */
int mock_server_bind(const char *address, int64_t *port);

/*
 * Serve until told to stop.
 *   identity    in  NULL: plain HTTP
 *   control_fd  in  a second listener, plain, for /control only and without faults; -1: none
 */
void mock_server_run(const struct mock_config *config, struct mock_state *state,
		     const struct mock_identity *identity, int fd, int control_fd);

#endif
