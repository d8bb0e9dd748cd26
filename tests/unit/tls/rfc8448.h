/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the numbers of RFC 8448 from rfc8448.txt. */
#ifndef STS_TEST_RFC8448_H
#define STS_TEST_RFC8448_H

#include <ctype.h>
#include <stdint.h>

#include "base/text.h"
#include "test.h"

static char rfc8448_text[65536];

static const char *const rfc8448_sections[] = {
	"[section 3: Simple 1-RTT Handshake]",
	"[section 5: HelloRetryRequest]",
	"[section 6: Client Authentication]",
	"[section 7: Compatibility Mode]",
};
#define RFC8448_SECTIONS (sizeof(rfc8448_sections) / sizeof(rfc8448_sections[0]))

struct rfc8448_value {
	size_t len; /* 0 when the section has no value of this name */
	uint8_t data[1024];
};

/* Read the file. Without it the program ends, because nothing can be tested. */
static inline void rfc8448_load(void)
{
	char path[4096];
	const char *tests = getenv("STS_TESTS");
	FILE *file;

	snprintf(path, sizeof(path), "%s/unit/tls/rfc8448.txt", tests ? tests : "tests");
	file = fopen(path, "r");
	if (!file || fread(rfc8448_text, 1, sizeof(rfc8448_text) - 1, file) < 20000) {
		printf("Bail out! %s cannot be read\n", path);
		fflush(stdout);
		_exit(1);
	}
	fclose(file);
}

/* Find a value of a section. */
static inline struct rfc8448_value rfc8448(size_t section, const char *name)
{
	static const struct rfc8448_value none;
	const char *at = strstr(rfc8448_text, rfc8448_sections[section]);
	const char *end = at ? strstr(at, "\n[") : NULL;
	struct rfc8448_value value = {0};
	char line[96];

	snprintf(line, sizeof(line), "\n%s =", name);
	at = at ? strstr(at, line) : NULL;
	if (!at || (end && at > end))
		return none;
	for (at += strlen(line); *at;) {
		if (*at == ' ' || (*at == '\n' && at[1] == ' ')) {
			at++;
			continue;
		}
		if (value.len == sizeof(value.data) || !isxdigit((unsigned char)at[0]))
			break;
		if (!sts_hex_decode((struct sts_slice){at, 2}, value.data + value.len, 1))
			break;
		value.len++;
		at += 2;
	}
	return value;
}

#endif
