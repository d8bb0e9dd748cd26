/* SPDX-License-Identifier: Apache-2.0 */
/* Reads back the log lines that the tested code writes to standard error. */
#ifndef STS_TEST_LOG_LINES_H
#define STS_TEST_LOG_LINES_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

static int log_lines_fds[2]; /* a pipe; the second descriptor stands for standard error too */

/* Make standard error a pipe of this process. */
static inline bool log_lines_capture(void)
{
	return pipe2(log_lines_fds, O_CLOEXEC) == 0 && dup2(log_lines_fds[1], STDERR_FILENO) >= 0;
}

/* Read what has been written since the last call. */
static inline char *log_lines_read(void)
{
	static char text[2 * STS_LOG_LINE_MAX_BYTES];
	struct pollfd ready = {.fd = log_lines_fds[0], .events = POLLIN};
	ssize_t got = 0;

	if (poll(&ready, 1, 0) == 1)
		got = read(log_lines_fds[0], text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

/* Read what has been written since the last call, without the level and the time of its first
 * line. */
static inline const char *log_lines_message(void)
{
	char *text = log_lines_read(), *msg = strstr(text, "\"msg\"");

	return msg ? msg : text;
}

#endif
