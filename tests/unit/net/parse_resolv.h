/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STS_TEST_PARSE_RESOLV_H
#define STS_TEST_PARSE_RESOLV_H

#include "net/resolv.h"

/* Read a text as resolv.conf. */
static inline struct sts_resolv parse_resolv(const char *text)
{
	struct sts_resolv r;

	sts_resolv_parse(sts_slice_of(text), &r);
	return r;
}

#endif
