/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#define PRIME 1099511628211u

uint64_t sts_hash(uint64_t before, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		before = (before ^ bytes[i]) * PRIME;
	return before;
}
