/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request log: one JSON object a line, written in one piece. Of tokens and secrets only the
 * first 8 bytes of the SHA-256 are in it.
 */
#ifndef MOCK_REQLOG_H
#define MOCK_REQLOG_H

#include "config.h"

/* fd -1: no log. */
void mock_log_request(int fd, const struct mock_ctx *ctx);
/* A connection that never carried a request: what ended it. */
void mock_log_connection(int fd, const struct mock_ctx *ctx, const char *what);

#endif
