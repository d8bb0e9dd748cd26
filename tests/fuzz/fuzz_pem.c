/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle. It has the same objects in whatever pieces it comes. The first byte is the size of a
 * piece. */
#include <stdlib.h>
#include <string.h>

#include "trust/pem.h"

#define OBJECT_BYTES \
	257 /* this is not a multiple of three, so that a group of four digits may not fit */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* A number of all that was read (FNV-1a). */
struct digest {
	uint64_t hash;
	uint32_t objects, skipped;
};

static void mix(struct digest *d, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		d->hash = (d->hash ^ p[i]) * UINT64_C(1099511628211);
}

static void take(struct digest *d, const struct sts_pem *pem, size_t size)
{
	must(pem->len > 0 && pem->len <= size && strlen(pem->label) < sizeof(pem->label));
	d->objects++;
	mix(d, pem->label, strlen(pem->label) + 1);
	mix(d, pem->out, pem->len);
}

static struct digest scan(const char *data, size_t size, size_t piece)
{
	struct digest d = {.hash = UINT64_C(14695981039346656037)};
	uint8_t *object = malloc(OBJECT_BYTES);
	struct sts_pem pem;
	size_t used;

	sts_pem_init(&pem, object, OBJECT_BYTES);
	for (size_t at = 0; at < size; at += used) {
		size_t left = size - at < piece ? size - at : piece;
		enum sts_pem_event event = sts_pem_feed(&pem, data + at, left, &used);

		must(used > 0 && used <= left && (event == STS_PEM_OBJECT || used == left));
		if (event == STS_PEM_OBJECT)
			take(&d, &pem, OBJECT_BYTES);
	}
	if (sts_pem_end(&pem) == STS_PEM_OBJECT)
		take(&d, &pem, OBJECT_BYTES);
	must(sts_pem_end(&pem) == STS_PEM_MORE); /* after the end there are no more objects */
	d.skipped = pem.skipped;
	free(object);
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest whole, pieces;

	if (size == 0)
		return 0;
	whole = scan((const char *)data + 1, size - 1, size);
	pieces = scan((const char *)data + 1, size - 1, 1 + data[0] % 100u);
	must(whole.hash == pieces.hash && whole.objects == pieces.objects &&
	     whole.skipped == pieces.skipped);
	return 0;
}
