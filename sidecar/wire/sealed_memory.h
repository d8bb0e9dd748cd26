/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that has a descriptor (memfd_create(2)): a child process can inherit it, and it can be
 * sealed against changes. */
#ifndef STS_WIRE_SEALED_MEMORY_H
#define STS_WIRE_SEALED_MEMORY_H

#include <stdbool.h>

/* Make an empty memory file. `name` is seen in /proc only. Returns a descriptor, which is
 * close-on-exec and which the caller closes, or -1 with errno. The memory cannot be executed if the
 * kernel supports that (Linux 6.3). */
int sts_sealed_memory_make(const char *name);

/* Add seals (F_SEAL_* of fcntl(2)), and forbid further changes of the seals. Returns false if the
 * kernel does not know one of the seals. No seal is added then. */
bool sts_sealed_memory_seal(int fd, unsigned seals);

#endif
