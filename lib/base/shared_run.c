/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shared_run.h"

#include <string.h>

#include "base/ascii.h"

#define KEY_BYTES    8 /* of the end of a window, in its key */
#define FILTER_BITS  4096
#define FILTER_SHIFT (64 - 12) /* the first 12 bits of a product choose one of the bits */

/* A window is `run` bytes in a row. Its key holds its last bytes, KEY_BYTES at most. */
struct windows {
	size_t run;
	uint64_t mask; /* the bits of a key that count */
	size_t count;
	uint64_t key[STS_SHARED_RUN_TEXT_MAX_BYTES];   /* of the windows of the text, sorted */
	const char *at[STS_SHARED_RUN_TEXT_MAX_BYTES]; /* where these windows begin */
	uint64_t filter[FILTER_BITS / 64];             /* a bit for each key */
};

/* Returns the key of the window that is one byte further. */
static uint64_t roll(const struct windows *w, uint64_t key, char next)
{
	return (key << 8 | (uint8_t)sts_lower(next)) & w->mask;
}

static unsigned filter_bit(uint64_t key)
{
	return (unsigned)(key * 0x9e3779b97f4a7c15u >> FILTER_SHIFT);
}

/* Add a window of the text, in the order of the keys. */
static void insert(struct windows *w, uint64_t key, const char *at)
{
	size_t i = w->count++;

	for (; i > 0 && w->key[i - 1] > key; i--) {
		w->key[i] = w->key[i - 1];
		w->at[i] = w->at[i - 1];
	}
	w->key[i] = key;
	w->at[i] = at;
	w->filter[filter_bit(key) / 64] |= 1ull << filter_bit(key) % 64;
}

/* Returns the index of the first window whose key is not less. */
static size_t lower_bound(const struct windows *w, uint64_t key)
{
	size_t low = 0, high = w->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->key[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is a window of the secret among the windows of the text? Where the window is longer than a key,
 * its other bytes are compared. At most text.len / KEY_BYTES different windows of a text have the
 * same key, so this takes a bounded time. */
static bool holds(const struct windows *w, uint64_t key, const char *at)
{
	struct sts_slice window = {at, w->run};

	if (!(w->filter[filter_bit(key) / 64] >> filter_bit(key) % 64 & 1))
		return false;
	for (size_t i = lower_bound(w, key); i < w->count && w->key[i] == key; i++) {
		struct sts_slice found = {w->at[i], w->run};

		if (w->run <= KEY_BYTES || sts_slice_same_nocase(found, window))
			return true;
	}
	return false;
}

/* Fill in the windows of a text that has at least one. */
static void collect(struct windows *w, struct sts_slice text)
{
	uint64_t key = 0;

	for (size_t i = 0; i < text.len; i++) {
		key = roll(w, key, text.data[i]);
		if (i + 1 >= w->run)
			insert(w, key, text.data + i + 1 - w->run);
	}
}

bool sts_shares_run(struct sts_slice text, struct sts_slice secret, size_t run)
{
	struct windows w = {.run = run,
			    .mask = run < KEY_BYTES ? ((uint64_t)1 << 8 * run) - 1 : UINT64_MAX};
	uint64_t key = 0;

	if (run == 0 || text.len < run || secret.len < run)
		return false;
	if (text.len > STS_SHARED_RUN_TEXT_MAX_BYTES)
		return true;
	collect(&w, text);
	for (size_t i = 0; i < secret.len; i++) {
		key = roll(&w, key, secret.data[i]);
		if (i + 1 >= run && holds(&w, key, secret.data + i + 1 - run))
			return true;
	}
	return false;
}
