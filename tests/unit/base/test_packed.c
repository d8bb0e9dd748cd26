/* SPDX-License-Identifier: Apache-2.0 */
#include "base/packed.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "test.h"

/* The pairs, each at its code. */
#define PAIR(code) (code)
#include "base/pairs.h"

/* Every byte is a symbol, and what it stands for is printable ASCII of the stated size. */
static void test_symbols(void)
{
	for (int byte = 1; byte <= 0xff; byte++) {
		char out[STS_PACKED_SYMBOL_MAX_BYTES];
		size_t len = sts_unpack_symbol((char)byte, out);
		bool is_code = byte >= 0x7f || (byte < 0x20 && !strchr("\t\n\r", byte));

		CHECK(is_code ? len >= 2 && len <= sizeof(out) : len == 1 && out[0] == (char)byte);
		for (size_t i = 0; is_code && i < len; i++)
			CHECK((out[i] >= ' ' && out[i] <= '~') || out[i] == '\n');
	}
}

/* A code stands for the first symbol of its pair, and then for the second. */
static void test_pairs(void)
{
	for (size_t code = 0; code < sizeof(pairs) / sizeof(pairs[0]); code++) {
		char whole[STS_PACKED_SYMBOL_MAX_BYTES], parts[2 * STS_PACKED_SYMBOL_MAX_BYTES];

		if (!pairs[code][0])
			continue;
		size_t len = sts_unpack_symbol((char)pairs[code][0], parts);
		len += sts_unpack_symbol((char)pairs[code][1], parts + len);
		CHECK_INT(sts_unpack_symbol((char)code, whole), len);
		CHECK(memcmp(whole, parts, len) == 0);
	}
}

static void test_texts(void)
{
	char buf[STS_PACKED_SYMBOL_MAX_BYTES + 8], small[4],
		symbol[STS_PACKED_SYMBOL_MAX_BYTES + 1];
	static const char plain[] = "a plain text\n";
	static const char packed[] = "<\x80>";

	CHECK(sts_unpacked(plain, buf, sizeof(buf)) == plain);
	CHECK(sts_unpacked("", buf, sizeof(buf))[0] == '\0');
	symbol[sts_unpack_symbol('\x80', symbol)] = '\0';
	CHECK(sts_unpacked(packed, buf, sizeof(buf)) == buf);
	CHECK(buf[0] == '<' && buf[strlen(buf) - 1] == '>' && strlen(buf) == strlen(symbol) + 2);
	CHECK(strncmp(buf + 1, symbol, strlen(symbol)) == 0);
	CHECK(sts_words(plain) == plain);
	CHECK_STR(sts_words(packed), buf);
	/* A longer text is cut, and ends. */
	CHECK(strlen(sts_unpacked("\x80\x80\x80\x80", small, sizeof(small))) == sizeof(small) - 1);
}

/* A format may be packed; an argument is never unpacked. */
static void test_formats(void)
{
	char data[STS_PACKED_SYMBOL_MAX_BYTES + 64], symbol[STS_PACKED_SYMBOL_MAX_BYTES + 1];
	struct sts_text text;

	symbol[sts_unpack_symbol('\x81', symbol)] = '\0';
	sts_text_init(&text, data, sizeof(data));
	sts_text_addf(&text, "%s|\x81|%d", "\x81", 7);
	CHECK(strncmp(data, "\x81|", 2) == 0);
	CHECK(strncmp(data + 2, symbol, strlen(symbol)) == 0);
	CHECK_STR(data + 2 + strlen(symbol), "|7");
}

static const struct sts_test tests[] = {
	{"every byte is a symbol", test_symbols},
	{"a code stands for its pair", test_pairs},
	{"texts are unpacked, and plain ones stay", test_texts},
	{"formats are unpacked, and arguments are not", test_formats},
};

STS_TEST_MAIN(tests)
