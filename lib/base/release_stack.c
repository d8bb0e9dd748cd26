/* SPDX-License-Identifier: Apache-2.0 */
#include "base/release_stack.h"

#include <stdint.h>
#include <sys/mman.h>

/* How much of the stack may have been used. */
#define USED_BYTES 65536
/* How much of it the rest of the caller's frame, this function and madvise(2) may need. */
#define KEPT_BYTES 512

void sts_release_stack(const void *here)
{
	uintptr_t end = ((uintptr_t)here - KEPT_BYTES) & ~(uintptr_t)4095;

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the stack */
	madvise((void *)(end - USED_BYTES), USED_BYTES, MADV_DONTNEED);
}
