/* SPDX-License-Identifier: Apache-2.0 */
/* The known name that is nearest to a mistyped one. */
#ifndef STS_BASE_NEAREST_H
#define STS_BASE_NEAREST_H

#include "base/text.h"

/*
 * Find the nearest known name, for "did you mean". The distance is the number of edits: a byte
 * inserted, deleted or replaced, or two neighbours swapped. A name counts as near when its distance
 * is at most 1, or at most a third of the word's length.
 *   word   in  any bytes; a word of more than 63 bytes has no nearest name
 *   names  in  count NUL-terminated strings; those of more than 63 bytes are left out
 * Returns the nearest element of names, the first of several with the same distance; NULL when no
 * name is near.
 */
const char *sts_nearest(struct sts_slice word, const char *const *names, size_t count);

#endif
