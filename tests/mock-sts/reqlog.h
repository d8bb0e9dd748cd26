/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request log: one JSON object on each line, written in one piece. It has only the first 8
 * bytes of the SHA-256 of tokens and secrets.
 */
#ifndef MOCK_REQLOG_H
#define MOCK_REQLOG_H

#include "config.h"

/* fd -1: no log. */
void mock_log_request(int fd, const struct mock_ctx *ctx);
/* Log what ended a connection that had no request. */
void mock_log_connection(int fd, const struct mock_ctx *ctx, const char *what);

#endif
