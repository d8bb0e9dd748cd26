/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/checks.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct sts_tls_check_info info(unsigned number)
{
	return sts_tls_check_info((enum sts_tls_check)number);
}

static void test_row(void)
{
	struct sts_tls_check_info row = sts_tls_check_info(STS_TLS_RECORD_TYPE);

	CHECK_INT(STS_TLS_RECORD_TYPE, 1);
	CHECK_INT(row.alert, 10);
	CHECK_INT(row.error, STS_ETLS);
	CHECK_STR(row.words, "sent a record of an unknown type");
	CHECK_STR(sts_tls_check_name(STS_TLS_RECORD_TYPE), "record_type");
}

/* Every number gives a text and an error. */
static void test_all(void)
{
	for (unsigned number = 0; number <= STS_TLS_CHECK__LAST; number++) {
		CHECK(info(number).words[0] >= 'a' && info(number).words[0] <= 'z');
		CHECK(info(number).error > STS_OK && info(number).error < STS_ERR__COUNT);
	}
}

static void test_no_check(void)
{
	static const unsigned numbers[] = {0, STS_TLS_CHECK__LAST + 1, 255, 65536 + 1, ~0U};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		CHECK_INT(info(numbers[i]).error, STS_EBUG);
		CHECK_INT(info(numbers[i]).alert, 80);
		CHECK_STR(info(numbers[i]).words, "broke the TLS protocol");
		CHECK(!sts_tls_check_name((enum sts_tls_check)numbers[i]));
	}
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"a row", test_row},
		{"every number", test_all},
		{"a number that no check has", test_no_check},
	};

	return sts_test_main(tests, COUNT(tests));
}
