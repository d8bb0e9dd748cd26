/* SPDX-License-Identifier: Apache-2.0 */
#include "net/hosts.h"

#include <arpa/inet.h>

#include "test.h"

static const char hosts_text[] = "# Kubernetes-managed hosts file.\n"
				 "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost\n"
				 "10.1.2.3 pod-1\n"
				 "\n"
				 "   \t \n"
				 "10.9.9.9  STS.Example.com\tsts other # sts.commented\r\n"
				 "  10.9.9.8 indented sts\n"
				 "fe80::1%2 sts\n"
				 "fe80::1%no-such-if sts\n"
				 "fe80::1% sts\n"
				 "fe80::1%0123456789abcdef sts\n" /* too long for an interface */
				 "fe80::2%lo sts\n"
				 "10.9.9.300 sts\n"
				 "sts sts\n"
				 "10.0.0.5 sticky#sts.behind\n"
				 "#10.0.0.6 sts.off\n"
				 "10.0.0.7\n"
				 "10.0.0.8 last";

static size_t find(const char *text, const char *name, struct sts_address *out, size_t max)
{
	return sts_hosts_find(sts_slice_of(text), sts_slice_of(name), out, max);
}

static const char *shown(const struct sts_address *a)
{
	static char z[INET6_ADDRSTRLEN];

	inet_ntop(a->ipv6 ? AF_INET6 : AF_INET, a->ip, z, sizeof(z));
	return z;
}

static void hosts_are_found_in_order(void)
{
	struct sts_address a[8];

	CHECK_INT(find(hosts_text, "localhost", a, 8), 2);
	CHECK_STR(shown(&a[0]), "127.0.0.1");
	CHECK_STR(shown(&a[1]), "::1");
	CHECK_INT(find(hosts_text, "sts", a, 8), 4);
	CHECK_STR(shown(&a[0]), "10.9.9.9");
	CHECK_STR(shown(&a[1]), "10.9.9.8");
	CHECK_STR(shown(&a[2]), "fe80::1");
	CHECK_INT(a[2].scope, 2);
	CHECK_STR(shown(&a[3]), "fe80::2");
	CHECK_INT(a[3].scope, 1); /* the loopback interface has this number */
	CHECK_INT(a[1].scope, 0);
	CHECK_INT(find(hosts_text, "sts", a, 2), 2);
	CHECK_INT(find(hosts_text, "sts", a, 0), 0);
}

static void hosts_names_are_whole_and_without_case(void)
{
	struct sts_address a[8];

	CHECK_INT(find(hosts_text, "sts.example.com", a, 8), 1);
	CHECK_INT(find(hosts_text, "STS.EXAMPLE.COM", a, 8), 1);
	CHECK_INT(find(hosts_text, "sts.example.co", a, 8), 0);
	CHECK_INT(find(hosts_text, "sts.example.com.", a, 8), 0);
	CHECK_INT(find(hosts_text, "last", a, 8), 1);
	CHECK_INT(find(hosts_text, "sticky", a, 8), 1);
	CHECK_INT(find(hosts_text, "sts.behind", a, 8), 0);
	CHECK_INT(find(hosts_text, "sticky#sts.behind", a, 8), 0);
	CHECK_INT(find(hosts_text, "sts.commented", a, 8), 0);
	CHECK_INT(find(hosts_text, "sts.off", a, 8), 0);
	CHECK_INT(find(hosts_text, "10.0.0.7", a, 8), 0);
	CHECK_INT(find(hosts_text, "", a, 8), 0);
	CHECK_INT(find("", "sts", a, 8), 0);
	CHECK_INT(sts_hosts_find((struct sts_slice){0}, STS_SLICE("sts"), a, 8), 0);
}

static void localhost_is_known(void)
{
	static const struct {
		const char *name;
		bool yes;
	} rows[] = {
		{"localhost", true},     {"LocalHost", true},
		{"sts.localhost", true}, {"a.b.LOCALHOST", true},
		{"notlocalhost", false}, {"localhost.example", false},
		{"ocalhost", false},     {"", false},
	};
	struct sts_address a[STS_LOCALHOST_ADDRESSES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(sts_hosts_is_localhost(sts_slice_of(rows[i].name)), rows[i].yes);
	CHECK_INT(sts_hosts_localhost(a), 2);
	CHECK(!a[0].ipv6 && a[0].ip[0] == 127 && a[0].ip[3] == 1);
	CHECK(a[1].ipv6 && a[1].ip[0] == 0 && a[1].ip[15] == 1);
}

static const struct sts_test tests[] = {
	{"localhost needs no file", localhost_is_known},
	{"hosts: found in the file's order", hosts_are_found_in_order},
	{"hosts: names are whole and without case", hosts_names_are_whole_and_without_case},
};

STS_TEST_MAIN(tests)
