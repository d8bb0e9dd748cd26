/* SPDX-License-Identifier: Apache-2.0 */
/* Which known name a mistyped one is nearest to. */
#ifndef STS_BASE_NEAREST_H
#define STS_BASE_NEAREST_H

#include "base/text.h"

/*
 * Nearest known name, for "did you mean": edit distance (a swap of neighbours is one edit) at most
 * 1/3 of the word's length, and one edit is always allowed.
 *   word   in  up to 63 bytes; longer ones have no neighbour
 *   names  in  array of count strings
 * Returns the first of the nearest elements of names, or NULL.
 */
const char *sts_nearest(struct sts_slice word, const char *const *names, size_t count);

#endif
