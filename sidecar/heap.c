/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of the release binary. Nothing of ours allocates; the C library's resolver does, a few small blocks for each look-up, in a
 * worker that lives for one connection. So a block is taken from a fixed arena and never given back: no metadata that an overflow could
 * forge, and 6 kB less than the C library's allocator. Sanitizer builds use theirs.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (256 * 1024)
#define ALIGNMENT 16

static _Alignas(ALIGNMENT) unsigned char arena[ARENA_BYTES];
static size_t used;

/* The size stands before the block, for realloc(). */
void *malloc(size_t size)
{
	size_t room = ARENA_BYTES - used;
	unsigned char *block = arena + used + ALIGNMENT;

	if (room < 2 * ALIGNMENT || size > room - 2 * ALIGNMENT) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(block - ALIGNMENT, &size, sizeof(size));
	used += ALIGNMENT + (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return block;
}

/* The arena begins as zeros, and no block is used twice. */
void *calloc(size_t count, size_t size)
{
	if (size > 0 && count > ARENA_BYTES / size) {
		errno = ENOMEM;
		return NULL;
	}
	return malloc(count * size);
}

void *realloc(void *old, size_t size)
{
	unsigned char *block = malloc(size);
	size_t old_size;

	if (old && block) {
		memcpy(&old_size, (unsigned char *)old - ALIGNMENT, sizeof(old_size));
		memcpy(block, old, old_size < size ? old_size : size);
	}
	return block;
}

void free(void *block)
{
	(void)block;
}
