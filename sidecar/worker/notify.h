/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --notify-pid-file: sends a signal to the application after new files are in place. The PID file
 * is UNTRUSTED, since the application writes it. It must be a regular file with digits only. PID 1,
 * this process and its parent are refused. The signal is sent with a descriptor of the process
 * (pidfd_open(2)). The file is read again after the descriptor was opened, so that the signal does
 * not reach another process that has got the same PID. Between the two functions, the sandbox can
 * be limited to this descriptor.
 */
#ifndef STS_WORKER_NOTIFY_H
#define STS_WORKER_NOTIFY_H

#include "base/error.h"

/*
 * Open the process whose PID is in a file.
 *   pid_file  in   the path of the PID file
 *   pidfd     out  after STS_OK: the descriptor, which the caller owns; after an error: -1
 * Returns STS_OK, or STS_EINPUT with errno in detail: the file cannot be used, or there is no such
 * process (it may be in another PID namespace).
 */
enum sts_err sts_notify_open(const char *pid_file, int *pidfd, struct sts_error *e);

/*
 * Send a signal to an open process. Makes no other system call than pidfd_send_signal(2).
 *   pid_file  in  the path of the PID file, for the message of an error
 *   pidfd     in  from sts_notify_open(); stays open
 *   signal    in  SIGHUP, SIGUSR1 or SIGUSR2
 * Returns STS_OK, or STS_EINPUT with errno in detail: the process has another UID, or has ended.
 */
enum sts_err sts_notify_send(const char *pid_file, int pidfd, int signal, struct sts_error *e);

#endif
