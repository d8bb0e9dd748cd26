/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --notify-pid-file: sends a signal to the application after new files are in place. The PID file
 * is UNTRUSTED, since the application writes it. It must be a regular file with digits only. PID 1,
 * this process and its parent are refused. The signal is sent with a descriptor of the process
 * (pidfd_open(2)). The file is read again after the descriptor was opened, so that the signal does
 * not reach another process that has got the same PID.
 */
#ifndef STS_WORKER_NOTIFY_H
#define STS_WORKER_NOTIFY_H

#include "base/error.h"

/*
 * Send a signal to the process whose PID is in a file.
 *   pid_file  in  the path of the PID file
 *   signal    in  SIGHUP, SIGUSR1 or SIGUSR2
 * Returns STS_OK, or STS_EINPUT with errno in detail: the file cannot be used, there is no such
 * process (it may be in another PID namespace), or the process has another UID.
 */
enum sts_err sts_notify(const char *pid_file, int signal, struct sts_error *e);

#endif
