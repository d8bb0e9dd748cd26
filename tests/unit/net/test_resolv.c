/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resolv.h"

#include "parse_resolv.h"
#include "test.h"

static bool domain_is(const struct sts_resolv *r, size_t i, const char *want)
{
	return i < r->search_count && sts_slice_eq(r->search[i], want);
}

/* The search list, with spaces between its domains. */
static void check_search(const struct sts_resolv *r, const char *want)
{
	char joined[512];
	struct sts_text t;

	sts_text_init(&t, joined, sizeof(joined));
	for (size_t i = 0; i < r->search_count; i++) {
		if (i > 0)
			sts_text_add_char(&t, ' ');
		sts_text_add(&t, r->search[i].data, r->search[i].len);
	}
	CHECK_STR(joined, want);
}

static void resolv_of_a_pod(void)
{
	struct sts_resolv r = parse_resolv(
		"search dev.svc.cluster.local svc.cluster.local cluster.local\n"
		"nameserver 10.96.0.10\n"
		"options ndots:5\n");

	CHECK_INT(r.ndots, 5);
	check_search(&r, "dev.svc.cluster.local svc.cluster.local cluster.local");
}

static void resolv_last_line_counts(void)
{
	struct sts_resolv r = parse_resolv("search a b\ndomain c d\n");

	check_search(&r, "c");
	r = parse_resolv("domain c\nsearch a b\nsearch\nsearch \t\r\n");
	check_search(&r, "a b");
	r = parse_resolv("search a\nsearch !\n");
	CHECK_INT(r.search_count, 0);
}

static void resolv_form_does_not_matter(void)
{
	struct sts_resolv r = parse_resolv(
		"# c\r\n; c\r\n#search x\nsearch\ta.example.\t.b.example\r\n"
		"options\ttimeout:1  ndots:3\trotate\r\nsearchx q\nsearch\n"
		"Search y\n search z\noptions edns0");

	CHECK_INT(r.ndots, 3);
	check_search(&r, "a.example b.example");
	r = parse_resolv("search a # not.this\n");
	check_search(&r, "a");
	r = parse_resolv("search a ;not.this b");
	check_search(&r, "a");
	r = parse_resolv("");
	CHECK_INT(r.search_count, 0);
	CHECK_INT(r.ndots, 1);
	sts_resolv_parse((struct sts_slice){0}, &r);
	CHECK_INT(r.ndots, 1);
}

static void resolv_odd_domains_are_left_out(void)
{
	struct sts_resolv r = parse_resolv(
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
	CHECK_INT(parse_resolv("options ndots:0\n").ndots, 0);
	CHECK_INT(parse_resolv("options ndots:15\n").ndots, 15);
	CHECK_INT(parse_resolv("options ndots:16\n").ndots, 15);
	CHECK_INT(parse_resolv("options ndots:18446744073709551615\n").ndots, 15);
	CHECK_INT(parse_resolv("options ndots:\n").ndots, 1);
	CHECK_INT(parse_resolv("options ndots:-1\n").ndots, 1);
	CHECK_INT(parse_resolv("options ndots:5x\n").ndots, 1);
	CHECK_INT(parse_resolv("options ndots:5\noptions ndots:2\n").ndots, 2);
}

static bool server_is(const struct sts_resolv *r, size_t i, const char *want)
{
	struct sts_address a;

	return i < r->server_count && sts_address_parse(sts_slice_of(want), &a) &&
	       memcmp(&a, &r->servers[i], sizeof(a)) == 0;
}

static void resolv_name_servers(void)
{
	struct sts_resolv r = parse_resolv("nameserver 10.96.0.10\n");

	CHECK_INT(r.server_count, 1);
	CHECK(server_is(&r, 0, "10.96.0.10"));
	/* Three servers are taken, of those that can be read. */
	r = parse_resolv(
		"nameserver\nnameserver 10.0.0\nnameserver fd00::10\t# ours\r\n"
		"nameserver fe80::1%2 10.0.0.9\n nameserver 10.0.0.8\nnameserver sts.test\n"
		"nameserver ::1%no-such-interface\nnameserver 10.0.0.1%lo\nnameserver %lo\n"
		"nameserver 10.0.0.1\nnameserver 10.0.0.2\n");
	CHECK_INT(r.server_count, 3);
	CHECK(server_is(&r, 0, "fd00::10"));
	CHECK(server_is(&r, 1, "fe80::1%2"));
	CHECK(server_is(&r, 2, "10.0.0.1"));
	/* The loopback interface has number 1. */
	r = parse_resolv("nameserver fe80::1%lo\n");
	CHECK(server_is(&r, 0, "fe80::1%1"));
	r = parse_resolv("nameserver FE80::00AB%lo\nnameserver fe80::1%7\nnameserver ::1%lo\n");
	CHECK_INT(r.server_count, 3);
	CHECK(server_is(&r, 0, "fe80::ab%1"));
	CHECK(server_is(&r, 1, "fe80::1%7"));
	CHECK(server_is(&r, 2, "::1%1"));
	CHECK(!r.refused_why && !r.is_default);
}

/* Without a line about a name server, it is the loopback address, as in the C library. */
static void resolv_default_server(void)
{
	static const char *const texts[] = {"", "search a\n", "#nameserver 10.0.0.1\n",
					    " nameserver 10.0.0.1\n", "nameservers 10.0.0.1\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sts_resolv r = parse_resolv(texts[i]);

		CHECK_INT(r.server_count, 1);
		CHECK(server_is(&r, 0, "127.0.0.1"));
		CHECK(r.is_default && !r.refused_why);
	}
}

/* If no line has a name server that can be used, there is none, and the first line says why. */
static void resolv_refused_servers(void)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{"nameserver", "it names none"},
		{"nameserver # none", "it names none"},
		{"nameserver 10.0.0", "not an IP address"},
		{"nameserver\t10.0.0.1:53", "not an IP address"},
		{"nameserver dns.example # ours", "not an IP address"},
		{"nameserver %lo", "not an IP address"},
		{"nameserver 10.0.0.1%lo", "an IPv4 address has no interface"},
		{"nameserver fe80::1%", "there is no such interface"},
		{"nameserver fe80::1%no-such-if", "there is no such interface"},
		{"nameserver fe80::1%LO", "there is no such interface"},
		{"nameserver fe80::1%a-name-of-16-byt", "there is no such interface"},
		{"nameserver fe80::1%4294967296", "there is no such interface"},
		{"nameserver fe80::1", "a link-local address needs its interface, as in "
				       "fe80::1%eth0"},
		{"nameserver febf::1%0", "a link-local address needs its interface, as in "
					 "fe80::1%eth0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "search a\n%s\nnameserver\n", rows[i].line);
		struct sts_resolv r = parse_resolv(text);
		CHECK_INT(r.server_count, 0);
		CHECK(!r.is_default && sts_slice_eq(r.refused, rows[i].line));
		CHECK_STR(r.refused_why ? r.refused_why : "", rows[i].why);
		/* Another line may have one. */
		snprintf(text, sizeof(text), "%s\nnameserver 10.0.0.9\n", rows[i].line);
		r = parse_resolv(text);
		CHECK_INT(r.server_count, 1);
		CHECK(server_is(&r, 0, "10.0.0.9"));
	}
}

static void resolv_times(void)
{
	struct sts_resolv r = parse_resolv("");

	CHECK_INT(r.timeout_s, 5);
	CHECK_INT(r.attempts, 2);
	r = parse_resolv(
		"options timeout:1 attempts:4\noptions use-vc trust-ad timeout: attempts:x\n");
	CHECK_INT(r.timeout_s, 1);
	CHECK_INT(r.attempts, 4);
	r = parse_resolv("options timeout:0 attempts:0\n");
	CHECK_INT(r.timeout_s, 1);
	CHECK_INT(r.attempts, 1);
	r = parse_resolv("options timeout:18446744073709551615 attempts:4294967296\n");
	CHECK_INT(r.timeout_s, 30);
	CHECK_INT(r.attempts, 5);
}

static void resolv_long_lines(void)
{
	/* musl's own reader would pass over a search line of more than 255 bytes. */
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

static const struct sts_test tests[] = {
	{"resolv.conf of a Pod", resolv_of_a_pod},
	{"resolv.conf: the last line counts", resolv_last_line_counts},
	{"resolv.conf: CRLF, tabs, comments, no final newline", resolv_form_does_not_matter},
	{"resolv.conf: odd domains are left out", resolv_odd_domains_are_left_out},
	{"resolv.conf: ndots is bounded", resolv_ndots_is_bounded},
	{"resolv.conf: lines of any length", resolv_long_lines},
	{"resolv.conf: name servers", resolv_name_servers},
	{"resolv.conf: the default name server", resolv_default_server},
	{"resolv.conf: name servers that cannot be used", resolv_refused_servers},
	{"resolv.conf: timeout and attempts", resolv_times},
};

STS_TEST_MAIN(tests)
