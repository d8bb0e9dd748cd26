/* SPDX-License-Identifier: Apache-2.0 */
/* For a fuzz target that runs what lives in a sandbox: the sandbox does nothing, since the process
 * could not leave it. */
#include <stdlib.h>

#include "fuzz/tls_messages.h"
#include "sandbox/harden.h"
#include "sandbox/sandbox.h"
#include "worker/notify_job.h"

void sts_harden_worker(bool from_stdin, bool to_stdout)
{
	require(!from_stdin && !to_stdout);
}

bool sts_harden_undumpable_from_start(void)
{
	return false;
}

enum sts_err sts_sandbox_enter(enum sts_sandbox_stage stage,
			       const struct sts_sandbox_target *target, bool require_it,
			       struct sts_error *e)
{
	(void)stage;
	(void)target;
	(void)require_it;
	(void)e;
	return STS_OK;
}

enum sts_err sts_sandbox_confine(struct sts_landlock *l, bool require_it, struct sts_error *e)
{
	(void)l;
	(void)require_it;
	(void)e;
	return STS_OK;
}

void sts_landlock_init(struct sts_landlock *l, bool alone)
{
	(void)alone;
	*l = (struct sts_landlock){-1, 0};
}

void sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access)
{
	(void)l;
	(void)fd;
	(void)access;
}

bool sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
			     enum sts_landlock_access access)
{
	(void)l;
	(void)dir_fd;
	(void)path;
	(void)access;
	return false;
}

void sts_landlock_allow_links(struct sts_landlock *l, int dir_fd)
{
	(void)l;
	(void)dir_fd;
}

void sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind)
{
	(void)l;
	(void)port;
	(void)bind;
}

enum sts_err sts_notify_job(const struct sts_options *o, struct sts_error *e)
{
	(void)o;
	(void)e;
	abort();
}
