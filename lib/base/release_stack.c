/* SPDX-License-Identifier: Apache-2.0 */
#include "base/release_stack.h"

#include <stdint.h>
#include <sys/mman.h>

/* How much of the stack may have been used. */
#define USED_BYTES 65536
/* How much of the stack madvise(2) and the red zone may need below this function's frame. */
#define KEPT_BYTES 512

/* Not inlined: its frame is below all that any caller keeps. */
__attribute__((noinline)) void sts_release_stack(void)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - KEPT_BYTES) & ~(uintptr_t)4095;

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the stack */
	(void)end;
}
