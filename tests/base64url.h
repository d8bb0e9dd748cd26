/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding, for tests that make JWTs. The program itself only decodes it. */
#ifndef STS_TEST_BASE64URL_H
#define STS_TEST_BASE64URL_H

#include "base/base64.h"

static inline void base64url_encode(struct sts_text *t, const void *data, size_t len)
{
	size_t start = t->len;

	sts_base64_encode(t, data, len);
	while (t->len > start && t->data[t->len - 1] == '=')
		t->data[--t->len] = '\0';
	for (char *c = t->data + start; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

#endif
