/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/probe.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "supervisor/child.h"
#include "supervisor/spawn.h"

/* Read what the worker writes, until its end or the deadline. Returns its status of waitpid(2).
 *   is_stuck  out  it was killed, and does not end */
static int read_all(struct sts_child *child, bool *is_stuck)
{
	struct pollfd poller = {child->fd, POLLIN, 0};
	int left_ms, status = 0;

	while (child->fd >= 0 && (left_ms = sts_clock_left_ms(child->kill_boot_ms)) > 0) {
		poll(&poller, 1, left_ms);
		sts_child_read(child);
	}
	child->killed = child->fd >= 0;
	*is_stuck = child->killed && !sts_spawn_end(child->pid);
	if (!child->killed)
		waitpid(child->pid, &status, 0);
	return status;
}

void sts_probe_run(struct sts_case *c, const struct sts_job *job, char *const *argv)
{
	struct sts_child child;
	struct sts_error e;

	c->is_stuck = false;
	sts_findings_init(&c->findings);
	if (sts_child_start(&child, job, argv, -1, &e) != STS_OK) {
		sts_report_failure(&c->report, &e);
		return;
	}
	child.findings = (char *)&c->findings;
	child.findings_bytes = sizeof(c->findings);
	sts_child_finish(&child, read_all(&child, &c->is_stuck), &c->report);
	c->started_boot_ms = child.started_boot_ms;
	c->reads = child.reads;
	if (!sts_findings_ok(&c->findings, child.findings_len))
		sts_findings_init(&c->findings);
}
