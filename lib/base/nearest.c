/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#define WORD_MAX_BYTES 63

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The optimal string alignment distance: to insert, delete or replace a byte, or to swap two
 * neighbours ("fecth"), costs 1 each. Both words have at most WORD_MAX_BYTES bytes.
 */
static size_t edit_distance(struct sts_slice a, struct sts_slice b)
{
	size_t rows[3][WORD_MAX_BYTES + 1];
	size_t *before = rows[0], *above = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t replace = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			now[j] = least_of(replace, least_of(above[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				now[j] = least_of(now[j], before[j - 2] + 1);
		}
		size_t *oldest = before;

		before = above;
		above = now;
		now = oldest;
	}
	return above[b.len];
}

const char *sts_nearest(struct sts_slice word, const char *const *names, size_t count)
{
	size_t limit = word.len < 3 ? 1 : word.len / 3;
	const char *nearest = NULL;

	if (word.len == 0 || word.len > WORD_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct sts_slice name = sts_slice_of(names[i]);

		if (name.len > WORD_MAX_BYTES)
			continue;
		size_t distance = edit_distance(word, name);

		if (distance < limit || (distance == limit && !nearest)) {
			limit = distance;
			nearest = names[i];
		}
	}
	return nearest;
}
