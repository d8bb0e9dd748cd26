/* SPDX-License-Identifier: Apache-2.0 */
/* Notes what the tested code wipes. The test is linked with --wrap=sts_wipe. */
#ifndef STS_TEST_WIPED_H
#define STS_TEST_WIPED_H

#include <stdbool.h>
#include <string.h>

#define WIPES 16

/* The beginnings of what was wiped last, as they were before. */
static struct {
	char data[64];
	size_t len;
} wipes[WIPES];
static unsigned wipe_count;

void __real_sts_wipe(void *data, size_t len);
void __wrap_sts_wipe(void *data, size_t len);

void __wrap_sts_wipe(void *data, size_t len)
{
	unsigned i = wipe_count++ % WIPES;

	wipes[i].len = len < sizeof(wipes[i].data) ? len : sizeof(wipes[i].data);
	memcpy(wipes[i].data, data, wipes[i].len);
	__real_sts_wipe(data, len);
}

/* Has something that begins with this text been wiped since the last call? */
static inline bool was_wiped(const char *text)
{
	size_t len = strlen(text);
	bool found = false;

	for (unsigned i = 0; i < WIPES && i < wipe_count; i++)
		found = found || (wipes[i].len >= len && memcmp(wipes[i].data, text, len) == 0);
	wipe_count = 0;
	return found;
}

#endif
