/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter is compared with printf() of the C library. */
#include "base/format.h"

#include <stdint.h>

#include "test.h"

static char got[256], want[256];
static size_t got_len;
static int want_len;

static void __attribute__((format(printf, 2, 0))) format(size_t size, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	memset(got, 'x', sizeof(got));
	got_len = sts_format(got, size, fmt, args);
	want_len = vsnprintf(want, size, fmt, again);
	va_end(again);
}

static void __attribute__((format(printf, 2, 3))) same(size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(size, fmt, args);
	va_end(args);
	CHECK_INT(got_len, want_len);
	CHECK_STR(got, want);
}

static void test_numbers(void)
{
	static const long long values[] = {0,      1,         -1,        7,         10,       255,
					   -32768, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		same(64, "%d|%5d|%-5d|%05d", (int)values[i], (int)values[i], (int)values[i],
		     (int)values[i]);
		same(200, "%lld %20lld %-20lld. %020lld", values[i], values[i], values[i],
		     values[i]);
		same(200, "%u %x %o", (unsigned)values[i], (unsigned)values[i],
		     (unsigned)values[i]);
		same(200, "%llu %llx %lu %zu", (unsigned long long)values[i],
		     (unsigned long long)values[i], (unsigned long)values[i], (size_t)values[i]);
		same(200, "%ld %03d %02x %04o", (long)values[i], (int)(values[i] % 100),
		     (unsigned)(values[i] & 0xff), (unsigned)(values[i] & 07777));
		same(200, "%0*llu", 9, (unsigned long long)values[i]);
	}
}

static void test_strings(void)
{
	same(64, "%s and %s", "one", "");
	same(64, "%.3s|%.0s|%.9s", "abcdef", "abc", "abc");
	same(64, "%.*s|%.*s", 2, "abc", 0, "abc");
	same(64, "%-8s|%8s|%2s", "abc", "abc", "abc");
	same(64, "%c%c 100%%", 'x', '\n');
	same(64, "plain");
	same(64, "%s", "");
}

static void test_cut(void)
{
	for (size_t size = 1; size < 24; size++)
		same(size, "%s-%d-%5s", "abcdef", 12345, "xyz");
}

static void __attribute__((format(printf, 1, 0))) ours(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	got_len = sts_format(got, sizeof(got), fmt, args);
	va_end(args);
}

static void test_not_understood(void)
{
	const char *volatile unknown = "a%qb", *volatile cut = "a%", *volatile real = "%f";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	ours(unknown);
	CHECK_STR(got, "a%!");
	ours(cut);
	CHECK_STR(got, "a%!");
	ours(real);
	CHECK_STR(got, "%!");
#pragma GCC diagnostic pop
}

static const struct sts_test tests[] = {
	{"numbers", test_numbers},
	{"strings", test_strings},
	{"the text is cut at the end of the buffer", test_cut},
	{"a conversion that is not known ends the text", test_not_understood},
};

STS_TEST_MAIN(tests)
