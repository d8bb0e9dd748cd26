/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shared_run.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static void cases(void)
{
	static const struct {
		const char *text, *secret;
		size_t run;
		bool shared;
	} rows[] = {
		{"xx defg xx", "abcdefghij", 4, true},
		{"xx defg xx", "abcdefghij", 5, false},
		{"xx dEFg xx", "abcdefghij", 4, true},
		{"abcd", "abcdefghij", 4, true},
		{"xghij", "abcdefghij", 4, true},
		{"abcdefghij", "abcdefghij", 10, true},
		{"ABCDEFGHIJ", "abcdefghij", 10, true},
		{"abcdefghij", "abcdefghij", 11, false},
		{"ghijabc", "abcdefghij", 5, false},
		{"j", "abcdefghij", 1, true},
		{"k", "abcdefghij", 1, false},
		{"", "abcdefghij", 1, false},
		{"abcdefghij", "", 1, false},
		{"abcdefghij", "abcdefghij", 0, false},
		/* windows that have the same last eight bytes */
		{"0000abcdefgh1111abcdefgh", "2222abcdefgh3333abcdefgh", 12, false},
		{"0000abcdefgh1111abcdefgh", "2222abcdefgh1111abcdefgh", 12, true},
		{"0000abcdefghAAAAabcdefgh", "2222abcdefghaaaaABCDEFGH", 12, true},
		/* letters of no alphabet, and bytes that differ in bit 5 alone */
		{"\x80\xe0@[{`", "\x80\xe0@[{`", 6, true},
		{"@@@@", "````", 4, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_slice text = sts_slice_of(rows[i].text),
				 secret = sts_slice_of(rows[i].secret);

		CHECK_INT(sts_shares_run(text, secret, rows[i].run), rows[i].shared);
	}
}

static bool naive(struct sts_slice text, struct sts_slice secret, size_t run)
{
	for (size_t i = 0; run > 0 && i + run <= text.len; i++)
		for (size_t j = 0; j + run <= secret.len; j++) {
			struct sts_slice a = {text.data + i, run}, b = {secret.data + j, run};

			if (sts_slice_same_nocase(a, b))
				return true;
		}
	return false;
}

/* Texts and secrets of few different bytes share runs of all lengths. */
static void random_texts(void)
{
	char text[40], secret[60];
	unsigned found = 0;

	srandom(1);
	for (unsigned turn = 0; turn < 20000; turn++) {
		struct sts_slice t = {text, (size_t)random() % sizeof(text)},
				 s = {secret, (size_t)random() % sizeof(secret)};
		size_t run = (size_t)random() % 13;

		for (size_t i = 0; i < t.len; i++)
			text[i] = "abAB"[random() % 4];
		for (size_t i = 0; i < s.len; i++)
			secret[i] = "abAB"[random() % 4];
		bool expected = naive(t, s, run);

		found += expected;
		CHECK_INT(sts_shares_run(t, s, run), expected);
	}
	CHECK(found > 1000 && found < 19000);
}

static void bounds(void)
{
	static char secret[64 * 1024];
	char text[STS_SHARED_RUN_TEXT_MAX_BYTES + 1];

	memset(secret, 'a', sizeof(secret));
	memset(text, 'b', sizeof(text));
	CHECK(sts_shares_run((struct sts_slice){text, sizeof(text)},
			     (struct sts_slice){secret, sizeof(secret)}, 8));
	CHECK(!sts_shares_run((struct sts_slice){text, sizeof(text) - 1},
			      (struct sts_slice){secret, sizeof(secret)}, 8));
	memset(secret + sizeof(secret) - 8, 'b', 8);
	CHECK(sts_shares_run((struct sts_slice){text, sizeof(text) - 1},
			     (struct sts_slice){secret, sizeof(secret)}, 8));
}

static const struct sts_test tests[] = {
	{"runs that are shared or not", cases},
	{"as a search without any cleverness finds", random_texts},
	{"the longest texts and secrets", bounds},
};

STS_TEST_MAIN(tests)
