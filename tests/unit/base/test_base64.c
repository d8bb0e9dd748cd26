/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base64url.h"
#include "built_text.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_encodings(void)
{
	static const struct {
		const char *plain, *url, *base64;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg", "Zg=="},
		{"fo", "Zm8", "Zm8="},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg", "Zm9vYg=="},
		{"fooba", "Zm9vYmE", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xbe", "-_--", "+/++"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t out[16];
		size_t len, plain_len = strlen(rows[i].plain);

		start(sizeof(buf));
		base64url_encode(&t, rows[i].plain, plain_len);
		CHECK_STR(buf, rows[i].url);
		start(sizeof(buf));
		sts_base64_encode(&t, rows[i].plain, plain_len);
		CHECK_STR(buf, rows[i].base64);
		CHECK(sts_base64url_decode(sts_slice_of(rows[i].url), out, plain_len, &len));
		CHECK(len == plain_len && memcmp(out, rows[i].plain, len) == 0);
		CHECK(plain_len == 0 ||
		      !sts_base64url_decode(sts_slice_of(rows[i].url), out, plain_len - 1, &len));
	}
}

static void test_base64url_refused(void)
{
	static const char *const bad[] = {"A",    "AAAAA", "Zg==", "Zm8=",   "Zh",
					  "Zm9",  "Zm+v",  "Zm/v", "Zm9v\n", " Zm9",
					  "Zm 9", "Z",     "====", "Zg=",    "\xc3\xa9"};
	uint8_t out[16];
	size_t len;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!sts_base64url_decode(sts_slice_of(bad[i]), out, sizeof(out), &len));
	CHECK(!sts_base64url_decode(STS_SLICE("Zm9\0"), out, sizeof(out), &len));
	CHECK(sts_base64url_decode((struct sts_slice){0}, NULL, 0, &len) && len == 0);
}

/* Each value of two bytes is encoded and decoded again. */
static void test_base64url_round_trip(void)
{
	for (unsigned i = 0; i < 65536; i++) {
		uint8_t in[2] = {(uint8_t)(i >> 8), (uint8_t)i}, out[2];
		size_t len;

		start(8);
		base64url_encode(&t, in, 2);
		if (!sts_base64url_decode((struct sts_slice){buf, t.len}, out, 2, &len) ||
		    len != 2 || memcmp(in, out, 2) != 0) {
			CHECK_INT(i, -1);
			return;
		}
	}
}

static const struct sts_test tests[] = {
	{"base64: what it decodes, and what it refuses", test_encodings},
	{"base64url: what is refused", test_base64url_refused},
	{"base64url: every value of two bytes comes back", test_base64url_round_trip},
};

STS_TEST_MAIN(tests)
