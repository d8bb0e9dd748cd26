/* SPDX-License-Identifier: Apache-2.0 */
/* Hardening: what each process does to itself before anything else. Every step is best effort: a
 * step that fails is skipped, and nothing is reported. */
#ifndef STS_SANDBOX_HARDEN_H
#define STS_SANDBOX_HARDEN_H

#include <stdbool.h>

/*
 * Harden any process; this is the first statement of main(). No core dump, no ptrace(2) by
 * processes of the same UID (execve(2) resets this), no new privileges, memory that is read-only
 * after relocation (musl does not do that in a static binary), open descriptors 0 to 2, and
 * SIGXFSZ ignored.
 */
void sts_harden_process(void);

/*
 * Was this process not dumpable before sts_harden_process(), so from its first instruction on? The
 * kernel makes a process so if the UID that calls execve(2) may execute the program's file but not
 * read it. Otherwise, other processes of this UID can read the memory, the environment, the
 * descriptors and the root of this process between execve(2) and sts_harden_process()
 * (docs/sandbox.md).
 */
bool sts_harden_undumpable_from_start(void);

/*
 * Harden a worker: limit its CPU time, its descriptors and the size of its files, and connect
 * standard input, output and error to /dev/null.
 *   from_stdin  in  keep standard input, since the subject token may come from there
 *   to_stdout   in  keep standard output, since the token goes there. Do not limit the size of
 *                   files, since standard output may be a large file
 */
void sts_harden_worker(bool from_stdin, bool to_stdout);

/* Harden the listener (listener/listener.h): limit its descriptors. */
void sts_harden_listener(void);

#endif
