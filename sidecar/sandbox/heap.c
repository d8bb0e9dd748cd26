/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The release binary has no heap. Neither our code nor a function that it calls allocates memory.
 * cJSON refers to these three functions as its default hooks, and lib/json_xml/json.c replaces the
 * hooks before the first use. A call is therefore a bug. Sanitizer builds use the functions of the
 * C library.
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
