/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are asked for, of which family, and when the search ends. */
#include "net_fakes.h"

#define POD "search dev.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"

static void the_cluster_comes_before_the_world(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, "127.0.0.1"},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.2"},
		{NULL},
	};

	set_zone(all, POD);
	CHECK_INT(go_name("sts.dev"), STS_OK);
	CHECK_STR(asked, "A sts.dev.dev.svc.cluster.local. A sts.dev.svc.cluster.local. ");

	asked[0] = '\0';
	struct sts_url url = name_url("sts.dev");
	url.absolute_name = true;
	CHECK_INT(go(&url, NULL, DEADLINE_MS), STS_ECONNECT);
	CHECK_STR(asked, "A sts.dev. AAAA sts.dev. ");
	check_message("127.0.0.2");
}

static void a_name_that_exists_ends_the_search(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, "127.0.0.2"},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_NODATA, NULL},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, POD);
	CHECK_INT(go_name("sts.dev"), STS_ECONNECT);
	CHECK(strstr(asked, "A sts.dev. ") == NULL);
	check_message("sts.dev: 127.0.0.2:");
}

static void no_answer_from_the_cluster_ends_the_search(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_SILENT, NULL},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_SILENT, NULL},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, POD);
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev. ") == NULL);
	check_message("sts.dev: name server 127.0.0.1 (/etc/resolv.conf names none): no answer; "
		      "asked for sts.dev.dev.");
	CHECK_STR(asked, "A sts.dev.dev.svc.cluster.local. A sts.dev.svc.cluster.local. ");
}

static void a_search_domain_out_of_order_does_not_end_it(void)
{
	static const struct record all[] = {
		{"sts.example.com.corp.internal.", false, STS_DNS_SILENT, NULL},
		{"sts.example.com.corp.internal.", true, STS_DNS_REFUSED, NULL},
		{"sts.example.com.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};
	static const struct record none[] = {
		{"sts.example.com.corp.internal.", false, STS_DNS_REFUSED, NULL},
		{"sts.example.com.corp.internal.", true, STS_DNS_NODATA, NULL},
		{NULL},
	};

	set_zone(all, "search dev.svc.cluster.local corp.internal\noptions ndots:5\n");
	CHECK_INT(go_name("sts.example.com"), STS_OK);
	/* The server is silent, so that it is asked once: the other family would cost as much
	 * again. */
	CHECK_STR(asked, "A sts.example.com.dev.svc.cluster.local. "
			 "A sts.example.com.corp.internal. A sts.example.com. ");
	/* In this case it is not known that there is no such name. */
	zone = none;
	asked[0] = '\0';
	CHECK_INT(go_name("sts.example.com"), STS_EDNS);
	check_message("sts.example.com: name server 127.0.0.1 (/etc/resolv.conf names none): it "
		      "refused to answer; asked for ");
	/* A refusal costs little time, and may be about one family only. */
	CHECK_STR(asked, "A sts.example.com.dev.svc.cluster.local. "
			 "A sts.example.com.corp.internal. AAAA sts.example.com.corp.internal. "
			 "A sts.example.com. ");
}

/* A Service that points elsewhere (ExternalName) exists even if the name that it points to has no
 * address. */
static void a_name_whose_alias_leads_nowhere_exists(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_NONAME, NULL, .alias = true},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};
	static const struct record ipv6_only[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_NODATA, NULL, .alias = true},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_FOUND, "::1", .alias = true},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, POD);
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev. ") == NULL);
	check_message("sts.dev: an alias (CNAME) that leads to no address; asked for sts.dev.dev.");
	zone = ipv6_only;
	CHECK_INT(go_name("sts.dev"), STS_ECONNECT);
}

/* Each way of not answering ends the search in the cluster's own domain. */
static void every_failure_ends_the_search(void)
{
	static struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, NULL},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_NODATA, NULL},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, POD);
	for (int v = STS_DNS_NONAME + 1; v < STS_DNS_STRANGER; v++) {
		asked[0] = '\0';
		all[0].verdict = (enum sts_dns_verdict)v;
		CHECK_INT(go_name("sts.dev"), STS_EDNS);
		CHECK(strstr(asked, "A sts.dev. ") == NULL);
		check_message("sts.dev: name server 127.0.0.1 (/etc/resolv.conf names none): ");
		/* An address of the other family is as good. */
		if (v == STS_DNS_SILENT)
			continue;
		all[1] = (struct record){all[1].name, true, STS_DNS_FOUND, "::1"};
		CHECK_INT(go_name("sts.dev"), STS_ECONNECT);
		all[1] = (struct record){all[1].name, true, STS_DNS_NONAME, NULL};
		CHECK_INT(go_name("sts.dev"), STS_EDNS);
		all[1].verdict = STS_DNS_NODATA;
	}
	/* An answer that there is no such name does not end it. */
	for (int v = STS_DNS_NODATA; v <= STS_DNS_NONAME; v++) {
		all[0].verdict = (enum sts_dns_verdict)v;
		CHECK_INT(go_name("sts.dev"), STS_OK);
	}
}

/* "sts.dev.svc" is found in cluster.local, which is a domain of the cluster as well. */
static void the_root_domain_belongs_to_the_cluster(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, POD);
	CHECK_INT(go_name("sts.dev.svc"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev.svc. ") == NULL);
	/* If the list has no domain of Services, cluster.local is a domain like any other. */
	set_zone(all, "search cluster.local\noptions ndots:5\n");
	CHECK_INT(go_name("sts.dev.svc"), STS_OK);
}

/* The case of a name does not matter, and domains are compared by whole labels. */
static void the_clusters_domains_in_any_case(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.Cluster.Local.", false, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.Cluster.Local.", true, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.r.local.", false, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.r.local.", true, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, "search dev.SVC.cluster.LOCAL Cluster.Local\noptions ndots:5\n");
	CHECK_INT(go_name("sts.dev.svc"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev.svc. ") == NULL);
	set_zone(all, "search dev.svc.cluster.local r.local\noptions ndots:5\n");
	CHECK_INT(go_name("sts.dev.svc"), STS_OK);
}

static void silence_until_the_deadline(void)
{
	static const struct record all[] = {
		{"sts.corp.", false, STS_DNS_SILENT, NULL},
		{"sts.lan.", false, STS_DNS_SILENT, NULL},
		{NULL},
	};
	struct sts_url url = name_url("sts");

	set_zone(all, "search corp lan\nnameserver ::1\n");
	silence_ms = 250;
	int64_t from = sts_clock_boot_ms();
	CHECK_INT(go(&url, NULL, 500), STS_EDNS);
	/* The search ends in time to say why, before the supervisor ends the worker. */
	CHECK(sts_clock_boot_ms() - from < 500);
	CHECK_STR(error.msg, "sts: not resolved within the time (name server ::1: no answer); "
			     "asked for sts.corp, sts.lan");
}

/* The whole name of a Service is asked for, and a domain that follows the cluster's is out of
 * order. */
static void whole_names_of_services(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.corp.internal.", false, STS_DNS_SILENT, NULL},
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_zone(all, "search dev.svc.cluster.local svc.cluster.local cluster.local "
		      "corp.internal\noptions ndots:5\n");
	CHECK_INT(go_name("sts.dev.svc.cluster.local"), STS_OK);
}

static void one_family_at_a_time(void)
{
	static const struct record nodata[] = {
		{"sts.", false, STS_DNS_NODATA, NULL},
		{"sts.", true, STS_DNS_NODATA, NULL},
		{"sts.a.", false, STS_DNS_NODATA, NULL},
		{"sts.a.", true, STS_DNS_FOUND, "::1"},
		{NULL},
	};
	static const struct record lost[] = {{"sts.", false, STS_DNS_FOUND, "127.0.0.1"},
					     {"sts.", true, STS_DNS_SILENT, NULL},
					     {NULL}};
	static const struct record system[] = {{"sts.", false, STS_DNS_UNREACHABLE, NULL},
					       {"sts.", true, STS_DNS_NODATA, NULL},
					       {NULL}};

	set_zone(nodata, "search a\noptions ndots:0\n");
	/* The name exists, whether ::1 refuses the connection or has no route. */
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	CHECK_STR(asked, "A sts. AAAA sts. A sts.a. AAAA sts.a. ");

	/* A lost AAAA answer does not spoil a good A answer, because it is not asked for. */
	set_zone(lost, "");
	CHECK_INT(go_name("sts"), STS_OK);
	CHECK_STR(asked, "A sts. ");

	zone = system;
	CHECK_INT(go_name("sts"), STS_EDNS);
	check_message("unreachable");
}

static void the_other_family_when_nothing_connects(void)
{
	static const struct record all[] = {{"sts.", false, STS_DNS_FOUND, "127.0.0.2 127.0.0.3"},
					    {"sts.", true, STS_DNS_FOUND, "::1"},
					    {NULL}};
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	set_zone(all, "");
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	CHECK_STR(asked, "A sts. AAAA sts. ");
	check_message("(the last of 3 addresses tried; the first was 127.0.0.2:");

	int v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sa.sin6_port = htons(port);
	if (v6 < 0 || bind(v6, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(v6, 5) < 0)
		sts_test_skipped = "no IPv6 here";
	else
		CHECK_INT(go_name("sts"), STS_OK);
	if (v6 >= 0)
		close(v6);
}

static void more_addresses_than_there_is_room(void)
{
	static const struct record all[] = {
		{"sts.", false, STS_DNS_FOUND,
		 "127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 127.0.0.9 "
		 "127.0.1.2 127.0.1.3 127.0.1.4 127.0.1.5 127.0.1.6 127.0.1.7 127.0.1.8 127.0.1.9 "
		 "127.0.0.1"},
		{NULL},
	};

	set_zone(all, "");
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	check_message("127.0.1.9:");
	check_message("(the last of 16 addresses tried; the first was 127.0.0.2:");
}

static void unknown_hosts_in_words(void)
{
	char host[STS_HOST_MAX_BYTES];

	set_files(NULL, POD);
	CHECK_INT(go_name("sts"), STS_EHOST);
	CHECK_STR(error.msg,
		  "sts: no such name, or no address; asked for sts.dev.svc.cluster.local, "
		  "sts.svc.cluster.local, sts.cluster.local, sts");
	/* The message is cut at the right place however long the names are. */
	memset(host, 'a', 253);
	for (size_t i = 60; i < 253; i += 61)
		host[i] = '.';
	host[253] = '\0';
	CHECK_INT(go_name(host), STS_EHOST);
	check_message("no such name, or no address; asked for aaa");
	CHECK(strlen(error.msg) < sizeof(error.msg));
	CHECK(strcmp(error.msg + strlen(error.msg) - 3, "...") == 0);
}

static void resolv_conf_that_cannot_be_read(void)
{
	static char text[STS_RESOLV_MAX_BYTES + 2];

	set_files(NULL, NULL);
	CHECK_INT(go_name("sts.dev"), STS_EHOST);
	CHECK_STR(asked, "A sts.dev. ");

	/* Only what is in the file says whether a public name may be asked for. */
	set_files(NULL, NULL);
	CHECK_INT(mkdir(resolv_path, 0700), 0);
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	CHECK_STR(asked, "");
	check_message(resolv_path);

	memset(text, '#', STS_RESOLV_MAX_BYTES + 1);
	set_files(NULL, text);
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	text[STS_RESOLV_MAX_BYTES] = '\0';
	set_files(NULL, text);
	CHECK_INT(go_name("sts.dev"), STS_EHOST);
}

/* Without a descriptor no name server is asked, so no name server must be mended. */
static void no_descriptor_for_a_question(void)
{
	static const struct record unreachable[] = {{"sts.", false, STS_DNS_UNREACHABLE, NULL},
						    {"sts.", true, STS_DNS_UNREACHABLE, NULL},
						    {NULL}};

	set_zone(unreachable, "");
	CHECK_INT(go_name("sts"), STS_EDNS);
	CHECK_INT(error.detail, 0);
	unreachable_errno = EMFILE;
	CHECK_INT(go_name("sts"), STS_EFILES);
	CHECK_INT(error.detail, EMFILE);
	check_message("too many open files");
	unreachable_errno = ENETUNREACH;
}

static const struct sts_test tests[] = {
	{"no descriptor for a question", no_descriptor_for_a_question},
	{"the cluster comes before the world", the_cluster_comes_before_the_world},
	{"a name that exists ends the search", a_name_that_exists_ends_the_search},
	{"no answer from the cluster ends the search", no_answer_from_the_cluster_ends_the_search},
	{"a search domain that is out of order does not end the search",
	 a_search_domain_out_of_order_does_not_end_it},
	{"a name whose alias leads nowhere exists", a_name_whose_alias_leads_nowhere_exists},
	{"every failure ends the search", every_failure_ends_the_search},
	{"the root domain of the cluster belongs to the cluster",
	 the_root_domain_belongs_to_the_cluster},
	{"the cluster's domains in any case", the_clusters_domains_in_any_case},
	{"the search ends before the deadline", silence_until_the_deadline},
	{"whole names of Services", whole_names_of_services},
	{"one family at a time", one_family_at_a_time},
	{"the other family when nothing connects", the_other_family_when_nothing_connects},
	{"more addresses than there is room", more_addresses_than_there_is_room},
	{"an unknown host is told in words", unknown_hosts_in_words},
	{"a resolv.conf that cannot be read", resolv_conf_that_cannot_be_read},
};

int main(void)
{
	return run_with_net(tests, sizeof(tests) / sizeof(tests[0]));
}
