/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/configuration.h"

#include <errno.h>

#include "wire/report.h"
#include "wire/snapshot.h"
#include "worker/reads.h"

/* Read the file itself, which must be the one that the plan was made from. */
static enum sts_err read_file(struct sts_config *c, const char *path,
			      const struct sts_worker_job *job, bool *changed, struct sts_error *e)
{
	enum sts_err err;

	sts_worker_reads(STS_READS_CONFIG);
	err = sts_config_read(c, path, e);
	*changed = err != STS_OK || !sts_job_has_digest(job, c->digest);
	return *changed ? sts_fail(e, STS_EINPUT, EAGAIN,
				   "the configuration file has changed since it was read")
			: STS_OK;
}

enum sts_err sts_worker_configure(const struct sts_options *given, const struct sts_worker_job *job,
				  struct sts_config *c, struct sts_options *options, char *buf,
				  size_t size, bool *changed, struct sts_error *e)
{
	extern char **environ;
	char warning[256];
	size_t len;
	int index;
	enum sts_err err;

	*changed = false;
	c->path = given->config;
	if (sts_snapshot_read(STS_INHERITED_SNAPSHOT_FD, buf, size, &len))
		err = sts_config_parse(c, (struct sts_slice){buf, len}, e);
	else
		err = read_file(c, given->config, job, changed, e);
	if (err != STS_OK)
		return err;
	index = sts_config_find(c, job->name);
	if (index < 0)
		return sts_fail(e, STS_EBUG, 0, "the configuration of the plan is lost");
	return sts_options_read(options, given->command, job->argv, environ, c, index, warning,
				sizeof(warning), e);
}
