/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox: what a process may still ask of the kernel, less and less as its stages pass.
 * Filters and domains are inherited by children and never given back, so the supervisor's are the
 * union of all needs. Best effort: a layer that the kernel lacks (gVisor has no Landlock) is left
 * out, unless --require-sandbox asks for all. docs/sandbox.md says who may do what, and what this
 * does not cover.
 */
#ifndef STS_SANDBOX_SANDBOX_H
#define STS_SANDBOX_SANDBOX_H

#include "base/error.h"
#include "process/log.h"
#include "sandbox/layers.h"

/*
 * Confine the supervisor, before its loop: it and its children read anywhere; write, create and
 * remove only beneath the output directories; execute only this very program; make only the system
 * calls that one of them needs. Logs one line that says which layers hold.
 *   dirs     in  open output directories; -1 is passed over
 *   require  in  --require-sandbox
 *   level    in  of the line
 * Returns STS_OK, or with `require` STS_ESANDBOX when a layer does not hold.
 */
enum sts_err sts_sandbox_supervisor(const int *dirs, size_t count, bool require,
				    enum sts_level level, struct sts_error *e);

/* After that: may files be written in this directory? A plan that is made later may name another
 * one, or one that is not there. */
bool sts_sandbox_may_write(const char *dir);

/*
 * The system calls of a worker, of the process of --listen, or of a later stage of either: see enum
 * sts_sandbox_stage.
 * Returns STS_OK, or with `require` STS_ESANDBOX.
 */
enum sts_err sts_sandbox_enter(enum sts_sandbox_stage stage, bool require, struct sts_error *e);

/*
 * The files and ports of a process, which are none but those that were allowed to *l since
 * sts_landlock_init().
 * Returns STS_OK, or with `require` STS_ESANDBOX.
 */
enum sts_err sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e);

#endif
