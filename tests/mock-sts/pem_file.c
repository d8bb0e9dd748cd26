/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "key.h"

#define PEM_OBJECT_BYTES (16 * 1024)

struct collected {
	uint8_t der[PEM_OBJECT_BYTES];
	size_t len;
	bool too_big;
};

static void collect(void *ctx, const void *data, size_t len)
{
	struct collected *c = ctx;

	if (len > sizeof(c->der) - c->len) {
		c->too_big = true;
		return;
	}
	memcpy(c->der + c->len, data, len);
	c->len += len;
}

int mock_pem_each(const char *pem, size_t len,
		  void (*object)(void *ctx, const char *label, const uint8_t *der, size_t der_len),
		  void *ctx)
{
	static struct collected c;
	br_pem_decoder_context decoder;
	char label[64] = "";
	bool nudged = false;
	int count = 0;

	br_pem_decoder_init(&decoder);
	while (len > 0 || !nudged) {
		/* The last line may have no newline: one is added. */
		const char *piece = len > 0 ? pem : "\n";
		size_t used = br_pem_decoder_push(&decoder, piece, len > 0 ? len : 1);

		if (len > 0) {
			pem += used;
			len -= used;
		} else {
			nudged = used > 0;
		}
		switch (br_pem_decoder_event(&decoder)) {
		case BR_PEM_BEGIN_OBJ:
			c.len = 0;
			c.too_big = false;
			strncpy(label, br_pem_decoder_name(&decoder), sizeof(label) - 1);
			br_pem_decoder_setdest(&decoder, collect, &c);
			break;
		case BR_PEM_END_OBJ:
			if (c.too_big)
				return -1;
			object(ctx, label, c.der, c.len);
			count++;
			break;
		case BR_PEM_ERROR:
			return -1;
		}
	}
	return count;
}

void mock_pem_add(struct sts_text *t, const char *label, const void *der, size_t len)
{
	size_t size = br_pem_encode(NULL, NULL, len, label, BR_PEM_LINE64);
	char *pem = malloc(size + 1);

	if (!pem)
		mock_die("out of memory");
	br_pem_encode(pem, der, len, label, BR_PEM_LINE64);
	sts_text_add(t, pem, size);
	free(pem);
}
