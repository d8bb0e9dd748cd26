/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is no heap in the release binary: nothing of ours allocates, and neither does anything that
 * it calls. cJSON names these three as its default hooks, which lib/data/json.c replaces before the
 * first use; a call is a bug. Sanitizer builds have the C library's.
 */
#include <stddef.h>
#include <stdlib.h>

void *malloc(size_t size)
{
	(void)size;
	__builtin_trap();
}

void *realloc(void *old, size_t size)
{
	(void)old;
	(void)size;
	__builtin_trap();
}

void free(void *block)
{
	(void)block;
	__builtin_trap();
}
