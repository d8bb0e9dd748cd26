/* SPDX-License-Identifier: Apache-2.0 */
#include "base/packed.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "packed_texts.h"
#include "test.h"

/* The build makes these texts, in both forms: tools/tables/packing.py. */
#define COUNT (sizeof(plain_texts) / sizeof(plain_texts[0]))

static void test_texts(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		char buf[512];

		CHECK_STR(sts_unpacked(packed_texts[i], buf, sizeof(buf)), plain_texts[i]);
		CHECK(sts_unpacked(plain_texts[i], buf, sizeof(buf)) == plain_texts[i]);
	}
	CHECK(sts_unpacked("", (char[1]){0}, 1)[0] == '\0');
}

/* A longer text is cut, and ends. */
static void test_cut(void)
{
	char small[4];

	for (size_t i = 0; i < COUNT; i++) {
		const char *text = sts_unpacked(packed_texts[i], small, sizeof(small));

		if (text == packed_texts[i]) /* it is not packed */
			continue;
		CHECK_INT(strlen(text), strnlen(plain_texts[i], sizeof(small) - 1));
		CHECK(strncmp(text, plain_texts[i], strlen(text)) == 0);
	}
}

/* The end stays the end. */
static void test_reading(void)
{
	struct sts_unpacker u;

	for (size_t i = 0; i < COUNT; i++) {
		size_t len = 0;

		for (sts_unpacker_init(&u, packed_texts[i]); u.c; sts_unpacker_next(&u))
			CHECK(u.c == plain_texts[i][len++]);
		CHECK_INT(len, strlen(plain_texts[i]));
		sts_unpacker_next(&u);
		sts_unpacker_next(&u);
		CHECK(u.c == '\0');
	}
}

/* Packed texts with NULs inside, plain ones and empty ones lie one behind the other. */
static void test_lists(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		CHECK_STR(sts_words_at(packed_list, i), plain_texts[i]);
		CHECK_STR(sts_words_at(plain_list, i), plain_texts[i]);
		CHECK(sts_packed_at(packed_list, i) != packed_list || i == 0);
	}
}

/* A format may be packed; an argument is never unpacked. */
static void test_formats(void)
{
	char data[512], wanted[512];
	struct sts_text text;

	for (size_t i = 0; i < sizeof(packed_formats) / sizeof(packed_formats[0]); i++) {
		sts_text_init(&text, data, sizeof(data));
		sts_text_addf(&text, packed_formats[i], packed_texts[0], 7);
		sts_text_init(&text, wanted, sizeof(wanted));
		sts_text_addf(&text, plain_formats[i], packed_texts[0], 7);
		CHECK_STR(data, wanted);
		CHECK(strstr(data, packed_texts[0]) != NULL);
	}
}

static const struct sts_test tests[] = {
	{"texts are unpacked, and plain ones stay", test_texts},
	{"a text is cut to its buffer", test_cut},
	{"the end stays the end", test_reading},
	{"texts of a list are found", test_lists},
	{"formats are unpacked, and arguments are not", test_formats},
};

STS_TEST_MAIN(tests)
