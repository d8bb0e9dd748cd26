/* SPDX-License-Identifier: Apache-2.0 */
/* Whether another process is an sts-sidecar. */
#ifndef STS_OTHER_COMMANDS_OUR_KIND_H
#define STS_OTHER_COMMANDS_OUR_KIND_H

#include <stdbool.h>
#include <sys/types.h>

/* Does the process run a program with the name of this program? Any process that may open a
 * directory may lock it, so the holder of a lock need not be a sidecar. */
bool sts_is_our_kind(pid_t pid);

#endif
