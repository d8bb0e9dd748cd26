/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --notify-pid-file: a signal for the application once new files are in place. The file is the
 * application's, so it is not trusted: never a link, a FIFO or a device, digits only, never PID 1,
 * ourselves or our parent; the signal goes through a descriptor of the process, and the file is
 * read again once that is open, so that a PID that has been given to somebody else meanwhile is not
 * hit.
 */
#ifndef STS_WORKER_NOTIFY_H
#define STS_WORKER_NOTIFY_H

#include "base/error.h"

/*
 * Send a signal to the process whose PID is in a file.
 *   pid_file  in  path
 *   signal    in  SIGHUP, SIGUSR1 or SIGUSR2
 * Returns STS_OK; else STS_EINPUT with a message (errno in detail): the file cannot be used, there
 * is no such process (another Pod namespace), or it is not ours to signal (another UID).
 */
enum sts_err sts_notify(const char *pid_file, int signal, struct sts_error *e);

#endif
