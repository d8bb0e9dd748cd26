/* SPDX-License-Identifier: Apache-2.0 */
#include "net/search.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "test.h"

/* --- hosts --- */

static const char hosts_text[] = "# Kubernetes-managed hosts file.\n"
				 "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost\n"
				 "10.1.2.3 pod-1\n"
				 "\n"
				 "   \t \n"
				 "10.9.9.9  STS.Example.com\tsts other # sts.commented\r\n"
				 "  10.9.9.8 indented sts\n"
				 "fe80::1%2 sts\n"
				 "fe80::1%eth0 sts\n"
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
	CHECK_INT(find(hosts_text, "sts", a, 8), 3);
	CHECK_STR(shown(&a[0]), "10.9.9.9");
	CHECK_STR(shown(&a[1]), "10.9.9.8");
	CHECK_STR(shown(&a[2]), "fe80::1");
	CHECK_INT(a[2].scope, 2);
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

/* --- resolv.conf --- */

static struct sts_resolv parse(const char *text)
{
	struct sts_resolv r;

	sts_resolv_parse(sts_slice_of(text), &r);
	return r;
}

static bool domain_is(const struct sts_resolv *r, size_t i, const char *want)
{
	return i < r->search_count && sts_slice_eq(r->search[i], want);
}

static void resolv_of_a_pod(void)
{
	struct sts_resolv r = parse("search dev.svc.cluster.local svc.cluster.local cluster.local\n"
				    "nameserver 10.96.0.10\n"
				    "options ndots:5\n");

	CHECK_INT(r.ndots, 5);
	CHECK_INT(r.search_count, 3);
	CHECK(domain_is(&r, 0, "dev.svc.cluster.local"));
	CHECK(domain_is(&r, 1, "svc.cluster.local"));
	CHECK(domain_is(&r, 2, "cluster.local"));
}

static void resolv_last_line_counts(void)
{
	struct sts_resolv r = parse("search a b\ndomain c d\n");

	CHECK_INT(r.search_count, 1);
	CHECK(domain_is(&r, 0, "c"));
	r = parse("domain c\nsearch a b\nsearch\nsearch \t\r\n");
	CHECK_INT(r.search_count, 2);
	CHECK(domain_is(&r, 1, "b"));
	r = parse("search a\nsearch !\n");
	CHECK_INT(r.search_count, 0);
}

static void resolv_form_does_not_matter(void)
{
	struct sts_resolv r = parse("# c\r\n; c\r\n#search x\nsearch\ta.example.\t.b.example\r\n"
				    "options\ttimeout:1  ndots:3\trotate\r\nsearchx q\nsearch\n"
				    "Search y\n search z\noptions edns0");

	CHECK_INT(r.ndots, 3);
	CHECK_INT(r.search_count, 2);
	CHECK(domain_is(&r, 0, "a.example"));
	CHECK(domain_is(&r, 1, "b.example"));
	r = parse("search a # not.this\n");
	CHECK_INT(r.search_count, 1);
	r = parse("search a ;not.this b");
	CHECK_INT(r.search_count, 1);
	r = parse("");
	CHECK_INT(r.search_count, 0);
	CHECK_INT(r.ndots, 1);
	sts_resolv_parse((struct sts_slice){0}, &r);
	CHECK_INT(r.ndots, 1);
}

static void resolv_odd_domains_are_left_out(void)
{
	struct sts_resolv r = parse(
		"search a..b a/b .. ... \x80x a\x01z . good -ok_ "
		"l23456789012345678901234567890123456789012345678901234567890123"
		" x"
		"l23456789012345678901234567890123456789012345678901234567890123\n");

	CHECK_INT(r.search_count, 4);
	CHECK(domain_is(&r, 0, ""));
	CHECK(domain_is(&r, 1, "good"));
	CHECK(domain_is(&r, 2, "-ok_"));
	CHECK_INT(r.search_count > 3 ? r.search[3].len : 0, 63);
}

static void resolv_ndots_is_bounded(void)
{
	CHECK_INT(parse("options ndots:0\n").ndots, 0);
	CHECK_INT(parse("options ndots:15\n").ndots, 15);
	CHECK_INT(parse("options ndots:16\n").ndots, 15);
	CHECK_INT(parse("options ndots:18446744073709551615\n").ndots, 15);
	CHECK_INT(parse("options ndots:\n").ndots, 1);
	CHECK_INT(parse("options ndots:-1\n").ndots, 1);
	CHECK_INT(parse("options ndots:5x\n").ndots, 1);
	CHECK_INT(parse("options ndots:5\noptions ndots:2\n").ndots, 2);
}

static bool server_is(const struct sts_resolv *r, size_t i, const char *want)
{
	struct sts_address a;

	return i < r->server_count && sts_address_parse(sts_slice_of(want), &a) &&
	       memcmp(&a, &r->servers[i], sizeof(a)) == 0;
}

static void resolv_name_servers(void)
{
	struct sts_resolv r = parse("nameserver 10.96.0.10\n");

	CHECK_INT(r.server_count, 1);
	CHECK(server_is(&r, 0, "10.96.0.10"));
	/* Three, of those that can be read. */
	r = parse("nameserver\nnameserver 10.0.0\nnameserver fd00::10\t# ours\r\n"
		  "nameserver fe80::1%2 10.0.0.9\n nameserver 10.0.0.8\nnameserver sts.test\n"
		  "nameserver ::1%no-such-interface\nnameserver 10.0.0.1%lo\nnameserver %lo\n"
		  "nameserver 10.0.0.1\nnameserver 10.0.0.2\n");
	CHECK_INT(r.server_count, 3);
	CHECK(server_is(&r, 0, "fd00::10"));
	CHECK(server_is(&r, 1, "fe80::1%2"));
	CHECK(server_is(&r, 2, "10.0.0.1"));
	/* The loopback interface is the first. */
	r = parse("nameserver fe80::1%lo\n");
	CHECK(server_is(&r, 0, "fe80::1%1"));
	/* As for libc. */
	r = parse("");
	CHECK_INT(r.server_count, 1);
	CHECK(server_is(&r, 0, "127.0.0.1"));
}

static void resolv_times(void)
{
	struct sts_resolv r = parse("");

	CHECK_INT(r.timeout_s, 5);
	CHECK_INT(r.attempts, 2);
	r = parse("options timeout:1 attempts:4\noptions use-vc trust-ad timeout: attempts:x\n");
	CHECK_INT(r.timeout_s, 1);
	CHECK_INT(r.attempts, 4);
	r = parse("options timeout:0 attempts:0\n");
	CHECK_INT(r.timeout_s, 1);
	CHECK_INT(r.attempts, 1);
	r = parse("options timeout:18446744073709551615 attempts:4294967296\n");
	CHECK_INT(r.timeout_s, 30);
	CHECK_INT(r.attempts, 5);
}

static void resolv_long_lines(void)
{
	/* What musl's own reader passes over: a search line above 255 bytes. */
	char text[4096];
	struct sts_text t;
	struct sts_resolv r;

	sts_text_init(&t, text, sizeof(text));
	sts_text_add_str(&t, "search");
	for (int i = 0; i < 40; i++)
		sts_text_addf(&t, " domain-number-%d.with.a.rather.long.name.example.com", i);
	sts_text_add_str(&t, "\noptions ndots:5");
	CHECK(!t.overflow && t.len > 2000);
	sts_resolv_parse((struct sts_slice){text, t.len}, &r);
	CHECK_INT(r.search_count, STS_SEARCH_MAX);
	CHECK(domain_is(&r, 31, "domain-number-31.with.a.rather.long.name.example.com"));
	CHECK_INT(r.ndots, 5);
}

/* --- candidates --- */

/* All candidates, joined; skipped ones as "-". */
static const char *candidates(const char *resolv, const char *name, bool absolute)
{
	static char joined[8192];
	char out[STS_HOST_MAX_BYTES + 1];
	struct sts_resolv r = parse(resolv);
	struct sts_text t;
	bool skip;

	sts_text_init(&t, joined, sizeof(joined));
	for (size_t n = 0; sts_search_candidate(&r, sts_slice_of(name), absolute, n, out, &skip);
	     n++) {
		if (t.len > 0)
			sts_text_add_char(&t, ' ');
		sts_text_add_str(&t, skip ? "-" : out);
	}
	return joined;
}

#define POD "search dev.svc.cluster.local svc.cluster.local\noptions ndots:5\n"

static void few_dots_search_first(void)
{
	CHECK_STR(candidates(POD, "sts", false),
		  "sts.dev.svc.cluster.local. sts.svc.cluster.local. sts.");
	/* A Service of another namespace comes before the public name of the same spelling. */
	CHECK_STR(candidates(POD, "sts.dev", false),
		  "sts.dev.dev.svc.cluster.local. sts.dev.svc.cluster.local. sts.dev.");
	CHECK_STR(candidates(POD, "a.b.c.d.e", false),
		  "a.b.c.d.e.dev.svc.cluster.local. a.b.c.d.e.svc.cluster.local. a.b.c.d.e.");
}

static void many_dots_absolute_first(void)
{
	CHECK_STR(candidates(POD, "a.b.c.d.e.f", false),
		  "a.b.c.d.e.f. a.b.c.d.e.f.dev.svc.cluster.local. a.b.c.d.e.f.svc.cluster.local.");
	CHECK_STR(candidates("search x", "a.b", false), "a.b. a.b.x.");
	CHECK_STR(candidates("search x\noptions ndots:0", "a", false), "a. a.x.");
}

static void absolute_is_only_itself(void)
{
	CHECK_STR(candidates(POD, "sts.dev", true), "sts.dev.");
	CHECK_STR(candidates(POD, "sts", true), "sts.");
	CHECK_STR(candidates("", "sts", false), "sts.");
}

static void the_root_in_the_list_is_asked_once(void)
{
	CHECK_STR(candidates("search x . y", "a", false), "a.x. a. a.y. -");
	CHECK_STR(candidates("search x . y", "a.b", false), "a.b. a.b.x. - a.b.y.");
}

static void too_long_candidates_are_skipped(void)
{
	char name[254], resolv[512];

	memset(name, 'a', 253);
	for (size_t i = 50; i < 253; i += 51)
		name[i] = '.';
	name[253] = '\0';
	char out[STS_HOST_MAX_BYTES + 1];
	struct sts_resolv r = parse("search x\noptions ndots:9\n");
	bool skip;
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 0, out, &skip) && skip);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 1, out, &skip) && !skip);
	CHECK_INT(strlen(out), 254);
	CHECK(out[253] == '.');
	CHECK(!sts_search_candidate(&r, sts_slice_of(name), false, 2, out, &skip));

	/* Exactly 253 bytes with the domain fits, one more does not. */
	name[249] = '\0';
	snprintf(resolv, sizeof(resolv), "search abc abcd\noptions ndots:9\n");
	r = parse(resolv);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 0, out, &skip) && !skip);
	CHECK_INT(strlen(out), 254);
	CHECK(sts_search_candidate(&r, sts_slice_of(name), false, 1, out, &skip) && skip);
}

static const struct sts_test tests[] = {
	{"hosts: found in the file's order", hosts_are_found_in_order},
	{"hosts: names are whole and without case", hosts_names_are_whole_and_without_case},
	{"addresses are parsed strictly", addresses_are_parsed_strictly},
	{"resolv.conf of a Pod", resolv_of_a_pod},
	{"resolv.conf: the last line counts", resolv_last_line_counts},
	{"resolv.conf: CRLF, tabs, comments, no final newline", resolv_form_does_not_matter},
	{"resolv.conf: odd domains are left out", resolv_odd_domains_are_left_out},
	{"resolv.conf: ndots is bounded", resolv_ndots_is_bounded},
	{"resolv.conf: lines of any length", resolv_long_lines},
	{"name servers", resolv_name_servers},
	{"times", resolv_times},
	{"candidates: few dots, search list first", few_dots_search_first},
	{"candidates: many dots, absolute first", many_dots_absolute_first},
	{"candidates: absolute is only itself", absolute_is_only_itself},
	{"candidates: the root in the list is asked once", the_root_in_the_list_is_asked_once},
	{"candidates: too long ones are skipped", too_long_candidates_are_skipped},
};

STS_TEST_MAIN(tests)
