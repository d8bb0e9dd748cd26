/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argument lists and environments for tests: ARGV("p", "run") is a NULL-terminated list of strings
 * that nobody writes to.
 */
#ifndef STS_TEST_ARGV_H
#define STS_TEST_ARGV_H

#include <stddef.h>
#include <stdint.h>

#define ARGV(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static inline size_t argv_length(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

#endif
