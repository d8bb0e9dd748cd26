/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox: what a process may ask of the kernel. Each stage of a process allows less than the
 * stage before. Children inherit filters and domains, and nothing removes them again. So the filter
 * and the domain of the supervisor allow all that any of its children needs. A layer that the
 * kernel does not support is left out (gVisor has no Landlock). With --require-sandbox, a missing
 * layer is an error. docs/sandbox.md says which process may do what, and what the sandbox does not
 * cover.
 */
#ifndef STS_SANDBOX_SANDBOX_H
#define STS_SANDBOX_SANDBOX_H

#include "base/error.h"
#include "log/log.h"
#include "sandbox/layers.h"

/*
 * Confine the supervisor before its loop begins. From then on, the supervisor and its children may
 * read anywhere; write, create and remove files only beneath the output directories; execute only
 * this program; and make only the system calls that one of these processes needs. Logs one line
 * that names the layers that hold.
 *   dirs     in  descriptors of the output directories; -1 is skipped
 *   require  in  --require-sandbox
 *   level    in  the level of the log line
 * Returns STS_OK. With `require`, returns STS_ESANDBOX if a layer does not hold.
 */
enum sts_err sts_sandbox_supervisor(const int *dirs, size_t count, bool require,
				    enum sts_level level, struct sts_error *e);

/* Does the sandbox of the supervisor allow writing in this directory? A plan that was made after
 * sts_sandbox_supervisor() may name another directory. Returns true if something other than the
 * sandbox is in the way, such as a directory that does not exist. */
bool sts_sandbox_may_write(const char *dir);

/*
 * Limit a worker or the listener to the system calls of a stage.
 *   target  in  for the stages of the worker that notifies; NULL for other stages
 * Returns STS_OK. With `require`, returns STS_ESANDBOX if the layer does not hold.
 */
enum sts_err sts_sandbox_enter(enum sts_sandbox_stage stage,
			       const struct sts_sandbox_target *target, bool require,
			       struct sts_error *e);

/*
 * Limit a process to the files and ports that were allowed in *l since sts_landlock_init().
 * Returns STS_OK. With `require`, returns STS_ESANDBOX if the layer does not hold.
 */
enum sts_err sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e);

#endif
