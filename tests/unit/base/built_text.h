/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STS_TEST_BUILT_TEXT_H
#define STS_TEST_BUILT_TEXT_H

#include <string.h>

#include "base/text.h"

static char buf[512];
static struct sts_text t;

/* Begin a text that has room for `size` bytes. What is not written to stays '#'. */
static inline void start(size_t size)
{
	memset(buf, '#', sizeof(buf));
	sts_text_init(&t, buf, size);
}

#endif
