/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with a descriptor, which is passed on to a child and can be sealed against changes. */
#ifndef STS_WIRE_SEALED_MEMORY_H
#define STS_WIRE_SEALED_MEMORY_H

#include <stdbool.h>

/* Make some. Returns a descriptor, close-on-exec and not executable where the kernel can; -1 with
 * errno. */
int sts_sealed_memory_make(const char *name);

/* Add seals of fcntl(2), for good. False where the kernel does not know one of them. */
bool sts_sealed_memory_seal(int fd, unsigned seals);

#endif
