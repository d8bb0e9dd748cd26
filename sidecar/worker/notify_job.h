/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of the worker that notifies: the steps of notify.h, and what the worker gives up before
 * each of them.
 */
#ifndef STS_WORKER_NOTIFY_JOB_H
#define STS_WORKER_NOTIFY_JOB_H

#include "options/options.h"

/*
 * Send the signal of --notify-signal to the process of --notify-pid-file. Afterwards, this process
 * can only write to descriptors that are open, and end.
 *   o  in  with notify_pid_file
 * Returns STS_OK; STS_EINPUT as notify.h says; STS_ESANDBOX if a layer of the sandbox is required
 * and does not hold.
 */
enum sts_err sts_notify_job(const struct sts_options *o, struct sts_error *e);

#endif
