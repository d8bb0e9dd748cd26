/* SPDX-License-Identifier: Apache-2.0 */
/* sts_decimal() is compared with strtod() of the C library. */
#include "base/decimal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "test.h"

static void near(const char *z)
{
	char *end, *want_end;
	double got = sts_decimal(z, &end), want = strtod(z, &want_end);
	double error = fabs(got - want), allowed = fabs(want) * 1e-15 * 4;

	if (!(got == want || error <= allowed || (fabs(want) < 1e-300 && error < 1e-310)) ||
	    end != want_end) {
		sts_test_failures++;
		printf("# %s: %.17g, not %.17g\n", z, got, want);
	}
}

static void test_whole_numbers_are_exact(void)
{
	char z[32];

	for (uint64_t n = 1; n <= 1ULL << 53; n = n * 3 + 1) {
		snprintf(z, sizeof(z), "%llu", (unsigned long long)n);
		CHECK(sts_decimal(z, NULL) == (double)n);
		snprintf(z, sizeof(z), "-%llu", (unsigned long long)n);
		CHECK(sts_decimal(z, NULL) == -(double)n);
	}
	CHECK(sts_decimal("9007199254740992", NULL) == 9007199254740992.0);
}

static void test_forms(void)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"0.0",
		"1.5",
		"-2.25",
		"1768233157.5416179",
		"1.768233157E9",
		"3599.0",
		"1e3",
		"1E+3",
		"25e-1",
		"0.1",
		"123456789012345678901234567890",
		"0.000000000000000000000000000012345",
		"1e22",
		"1e23",
		"1e-22",
		"1.79769313486e308",
		"2.2250738585072014e-308",
		"5e-324",
		"1e308",
		"9.99e-310",
		"1e",
		"1e+",
		"1.e2",
		"12abc",
		"",
		"-",
		"abc",
		"1..2",
		"00012.5",
		"0000000000000000000000000001",
		"100000000000000000000e-20",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		near(texts[i]);
}

static void test_past_the_range(void)
{
	CHECK(isinf(sts_decimal("1e400", NULL)));
	CHECK(isinf(sts_decimal("1e99999999999", NULL)));
	CHECK(sts_decimal("1e-400", NULL) == 0);
	CHECK(sts_decimal("1e-99999999999", NULL) == 0);
	CHECK(sts_decimal("0e400", NULL) == 0);
}

/* As many zeros as make up for the exponent. */
static void test_many_digits(void)
{
	static const struct {
		const char *before, *behind;
	} rows[] = {
		{"0.", "1e1500"},   {"0.", "1e1501"},  {"0.", "1e1800"},   {"0.", "1e1192"},
		{"1", "e-1500"},    {"-1", "e-1501"},  {"1", ".5e-1400"},  {"123", "e-1808"},
		{"0", "1.5"},       {"0.", "12345"},   {"1", ""},          {"1", "e-99999999999"},
		{"0.", "1e999999"}, {"7", "e-999999"}, {"0.5", "e999999"}, {"0.", "1e99999999999"},
	};
	static char z[2000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(z, sizeof(z), "%s%01500d%s", rows[i].before, 0, rows[i].behind);
		near(z);
	}
}

static void test_random_numbers(void)
{
	uint64_t seed = 88172645463325252ULL;
	char z[64];

	for (int i = 0; i < 20000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		snprintf(z, sizeof(z), "%llu.%llue%d", (unsigned long long)(seed >> 32),
			 (unsigned long long)(seed & 0xffffff), (int)(seed >> 24 & 0xff) - 128);
		near(z);
	}
}

/* So many digits that they just fit, or just do not fit, into 64 bits. */
static void test_digits_that_fill_64_bits(void)
{
	static const char *const texts[] = {
		"9999999999999999999",   "18446744073709551615",   "18446744073709551616",
		"19999999999999999999",  "99999999999999999999",   "1.9999999999999999999",
		"9.9999999999999999999", "0.19999999999999999999", "0.99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		near(texts[i]);
}

static const struct sts_test tests[] = {
	{"digits that fill 64 bits", test_digits_that_fill_64_bits},
	{"whole numbers are exact", test_whole_numbers_are_exact},
	{"which forms a number may have", test_forms},
	{"numbers that are out of range", test_past_the_range},
	{"numbers with many digits", test_many_digits},
	{"random numbers read as strtod() reads them", test_random_numbers},
};

STS_TEST_MAIN(tests)
