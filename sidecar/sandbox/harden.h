/* SPDX-License-Identifier: Apache-2.0 */
/* What each process of the program does to itself before anything else. Nothing here can fail in a
 * way that stops it. */
#ifndef STS_SANDBOX_HARDEN_H
#define STS_SANDBOX_HARDEN_H

#include <stdbool.h>

/*
 * First statement of main(), in every process: no core, no ptrace by the same UID (exec resets
 * this), no new privileges, RELRO (musl does not apply it in a static binary), and descriptors 0 to
 * 2 open.
 */
void sts_harden_process(void);

/*
 * A worker's limits: CPU seconds, descriptors, and the size of a file. Standard error leads nowhere
 * from here on, and so does standard output.
 *   from_stdin in  the subject token may come on standard input, which stays
 *   to_stdout  in  the token goes to standard output, which may be a long file: it stays, and there
 *                  is no limit on sizes
 */
void sts_harden_worker(bool from_stdin, bool to_stdout);

/* The same for the process of --listen: descriptors. */
void sts_harden_listener(void);

#endif
