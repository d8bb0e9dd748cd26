/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc shows of another process, and whether that process is an sts-sidecar. */
#ifndef STS_OTHER_COMMANDS_OTHER_PROCESS_H
#define STS_OTHER_COMMANDS_OTHER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read a file of /proc/PID (proc(5)). Its content is UNTRUSTED.
 *   file  in   its name, such as "cmdline"
 *   buf   out  size bytes; the content, not NUL-terminated
 * Returns the length of the content; 0 if the file cannot be read or has more than size bytes.
 */
size_t sts_process_read(int64_t pid, const char *file, char *buf, size_t size);

/*
 * Get a number of /proc/PID/status (proc_pid_status(5)).
 *   key    in  what the line begins with, such as "Uid:"
 *   index  in  which number of the line, from 0
 * Returns the number; -1 if there is none.
 */
int64_t sts_process_number(int64_t pid, const char *key, int index);

/* Can a file of /proc/PID be read, and has it the same content for the process as for this one? */
bool sts_process_shares(int64_t pid, const char *file);

/* Does the process run a program with the name of this program? Any process that may open a
 * directory may lock it, so the holder of a lock need not be a sidecar. */
bool sts_is_our_kind(int64_t pid);

#endif
