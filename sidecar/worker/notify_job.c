/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/notify_job.h"

#include <fcntl.h>
#include <signal.h>

#include "sandbox/sandbox.h"
#include "wire/report.h"
#include "worker/notify.h"
#include "worker/reads.h"

enum sts_err sts_notify_job(const struct sts_options *o, struct sts_error *e)
{
	static const uint8_t signals[] = {[STS_NOTIFY_CHOICE_HUP] = SIGHUP,
					  [STS_NOTIFY_CHOICE_USR1] = SIGUSR1,
					  [STS_NOTIFY_CHOICE_USR2] = SIGUSR2};
	struct sts_sandbox_target target = {.signal = signals[o->notify_signal], .pidfd = -1};
	struct sts_landlock l;
	enum sts_err err;

	sts_worker_reads(STS_READS_OTHER);
	/* This worker sends a signal to a process outside the domain, so the domain must allow
	 * signals. It forbids writing and executing. The seccomp filter forbids the network. */
	sts_landlock_init(&l, false);
	sts_landlock_allow_path(&l, AT_FDCWD, "/", STS_LANDLOCK_READ);
	err = sts_sandbox_confine(&l, o->require_sandbox, e);
	if (err == STS_OK)
		err = sts_sandbox_enter(STS_SANDBOX_NOTIFY, &target, o->require_sandbox, e);
	if (err == STS_OK)
		err = sts_notify_open(o->notify_pid_file, &target.pidfd, e);
	/* From now on, the worker reads nothing that another process has written. */
	if (err == STS_OK)
		err = sts_sandbox_enter(STS_SANDBOX_SIGNAL, &target, o->require_sandbox, e);
	if (err == STS_OK)
		err = sts_notify_send(o->notify_pid_file, target.pidfd, target.signal, e);
	return err;
}
