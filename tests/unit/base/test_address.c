/* SPDX-License-Identifier: Apache-2.0 */
/* The text is compared with inet_ntop() of the C library where that follows RFC 5952. */
#include "base/address.h"

#include <arpa/inet.h>

#include "test.h"

static void check(const char *text)
{
	uint8_t ip[16];
	char got[64];
	struct sts_text t;
	size_t len = inet_pton(AF_INET, text, ip) == 1 ? 4 : 16;

	CHECK(len == 4 || inet_pton(AF_INET6, text, ip) == 1);
	sts_text_init(&t, got, sizeof(got));
	sts_address_add(&t, ip, len);
	CHECK_STR(got, text);
}

static void test_addresses(void)
{
	static const char *const texts[] = {
		"0.0.0.0",
		"127.0.0.1",
		"255.255.255.255",
		"10.96.0.10",
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8:0:1:1:1:1:1",
		"fe80::1:0:0:1",
		"2001:0:0:1::1",
		"1:2:3:4:5:6:7:8",
		"::ffff:10.0.0.1",
		"64:ff9b::a00:1",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(texts[i]);
}

static void test_single_zero_group_is_written(void)
{
	const uint8_t ip[16] = {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0};
	char got[64];
	struct sts_text t;

	sts_text_init(&t, got, sizeof(got));
	sts_address_add(&t, ip, sizeof(ip));
	CHECK_STR(got, "1:2:3:4:5:6:7:0");
}

static void test_other_lengths(void)
{
	char got[8];
	struct sts_text t;

	sts_text_init(&t, got, sizeof(got));
	sts_address_add(&t, (const uint8_t *)"abc", 3);
	CHECK_STR(got, "?");
}

static void addresses_are_parsed_strictly(void)
{
	static const char *const bad[] = {
		"",
		"10.0.0",
		"10.0.0.1.2",
		"010.0.0.1",
		"10.0.0.256",
		"0x7f.0.0.1",
		"10.0.0.1%1",
		"::1%",
		"::1%-1",
		"::1%4294967296",
		"::1%lo",
		"1::2::3",
		"12345::",
		":",
		"%1",
		"::1 ",
		"[::1]",
		"sts",
		"10.0.0.1:443",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};
	struct sts_address a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sts_address_parse(sts_slice_of(bad[i]), &a))
			CHECK_STR(bad[i], "(refused)");
	CHECK(!sts_address_parse(STS_SLICE("10.0.0.1\0"), &a));
	CHECK(!sts_address_parse(STS_SLICE("\0"), &a));
	CHECK(sts_address_parse(STS_SLICE("255.255.255.255"), &a) && !a.ipv6 && a.ip[3] == 255);
	CHECK(sts_address_parse(STS_SLICE("::ffff:10.0.0.1"), &a) && a.ipv6 && a.ip[15] == 1);
	CHECK(sts_address_parse(STS_SLICE("fe80::1%4294967295"), &a) && a.scope == UINT32_MAX);
}

static void endpoints(void)
{
	static const char *const bad[] = {
		"",
		"10.0.0.1",
		"10.0.0.1:",
		"10.0.0.1:0",
		"10.0.0.1:65536",
		":443",
		"[]:443",
		"::1:443",
		"[::1]",
		"[::1]:",
		"[10.0.0.1]:1",
		"sts.test:443",
		"10.0.0.1:+1",
		"10.0.0.1:1 ",
		"[::1:443",
		"::1]:443",
	};
	struct sts_address a;
	uint16_t p = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sts_address_parse_endpoint(sts_slice_of(bad[i]), &a, &p))
			CHECK_STR(bad[i], "(refused)");
	CHECK(sts_address_parse_endpoint(STS_SLICE("10.0.0.1:8443"), &a, &p));
	CHECK(!a.ipv6 && a.ip[0] == 10 && a.ip[3] == 1 && p == 8443);
	CHECK(sts_address_parse_endpoint(STS_SLICE("[2001:db8::1]:65535"), &a, &p));
	CHECK(a.ipv6 && a.ip[0] == 0x20 && a.ip[15] == 1 && p == 65535);
	CHECK(!sts_address_parse_endpoint((struct sts_slice){0}, &a, &p));
}

static const struct sts_test tests[] = {
	{"an address is written and read back", test_addresses},
	{"a single zero group is written", test_single_zero_group_is_written},
	{"addresses of another length", test_other_lengths},
	{"addresses are parsed strictly", addresses_are_parsed_strictly},
	{"an address with a port", endpoints},
};

STS_TEST_MAIN(tests)
