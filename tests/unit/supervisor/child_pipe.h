/* SPDX-License-Identifier: Apache-2.0 */
/* A child whose pipe the test writes to, and the report of a worker that was refused. */
#ifndef STS_TEST_CHILD_PIPE_H
#define STS_TEST_CHILD_PIPE_H

#include <fcntl.h>
#include <unistd.h>

#include "supervisor/child.h"
#include "test.h"

static struct sts_child c;
static struct sts_report got;
static int in; /* the worker's end of the pipe */

/* It is static, so that the bytes between the members of a copy have values, too. */
static const struct sts_report refused = {.magic = STS_REPORT_MAGIC,
					  .version = STS_REPORT_VERSION,
					  .error = STS_EDENIED,
					  .detail = 403,
					  .http_status = 403,
					  .retry_after_s = -1,
					  .subject_exp_s = -1,
					  .text = "S: the report of the STS"};

static void set_up_pipe(void)
{
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	sts_child_init(&c);
	c.fd = fds[0];
	in = fds[1];
}

static void put(const void *data, size_t len)
{
	CHECK_INT(write(in, data, len), (ssize_t)len);
}

#endif
