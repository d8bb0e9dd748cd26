/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to listeners of our own on loopback. The name server is a table: sts_dns_ask() is
 * defined here, in lib/dns.c's stead, and notes what it is asked.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "dns.h"
#include "test.h"

#define DEADLINE_MS 3000

/* --- the name server --- */

struct record {
	const char *name; /* as asked, with the dot */
	bool ipv6;
	enum sts_dns_verdict verdict;
	const char *addresses; /* separated by spaces */
	bool alias;
};

static const struct record *zone; /* ends with a NULL name; what is not in it does not exist */
static char asked[2048];          /* "A name. AAAA name. " */
static int64_t silence_ms;        /* what a silent server costs */

static void take_addresses(const char *text, struct sts_dns_answer *out)
{
	while (*text && out->count < STS_ADDRESSES_MAX) {
		size_t len = strcspn(text, " ");
		if (!sts_address_parse((struct sts_slice){text, len}, &out->list[out->count++]))
			abort();
		text += len + (text[len] == ' ');
	}
}

static void wait_until(int64_t boot_ms)
{
	while (sts_clock_left_ms(boot_ms) > 0)
		usleep(1000);
}

enum sts_dns_verdict sts_dns_ask(struct sts_dns *dns, const char *name, bool ipv6,
				 int64_t deadline_boot_ms, struct sts_dns_answer *out)
{
	size_t len = strlen(asked);

	CHECK_INT(dns->port, 53);
	CHECK(dns->resolv->server_count > 0);
	CHECK(name[strlen(name) - 1] == '.');
	snprintf(asked + len, sizeof(asked) - len, "%s %s ", ipv6 ? "AAAA" : "A", name);
	*out = (struct sts_dns_answer){.verdict = STS_DNS_NONAME,
				       .server = dns->resolv->servers[0]};
	for (const struct record *r = zone; r && r->name; r++) {
		if (strcmp(r->name, name) != 0 || r->ipv6 != ipv6)
			continue;
		out->verdict = r->verdict;
		out->alias = r->alias;
		out->err = ENETUNREACH;
		if (r->verdict == STS_DNS_FOUND)
			take_addresses(r->addresses, out);
		if (r->verdict == STS_DNS_SILENT) {
			int64_t until = sts_clock_boot_ms() + silence_ms;
			wait_until(until < deadline_boot_ms ? until : deadline_boot_ms);
		}
	}
	return out->verdict;
}

/* --- files and listeners --- */

static char dir[] = "/tmp/sts-net.XXXXXX";
static char hosts_path[64], resolv_path[64];
static const struct sts_net_files files = {hosts_path, resolv_path};
static int listener = -1;
static uint16_t port;

static void write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void set_files(const char *hosts, const char *resolv)
{
	unlink(hosts_path);
	rmdir(resolv_path);
	unlink(resolv_path);
	if (hosts)
		write_file(hosts_path, hosts, strlen(hosts));
	if (resolv)
		write_file(resolv_path, resolv, strlen(resolv));
	asked[0] = '\0';
	zone = NULL;
	silence_ms = 0;
}

static int listen_on(const char *address, uint16_t at, int backlog, uint16_t *got)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(at)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &sa.sin_addr);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		abort();
	*got = ntohs(sa.sin_port);
	return fd;
}

/* --- one call --- */

static struct sts_error error;
static int fd = -1;

static struct sts_url name_url(const char *host)
{
	struct sts_url url = {.https = true, .host_kind = STS_HOST_NAME, .port = port};

	snprintf(url.host, sizeof(url.host), "%s", host);
	return url;
}

static enum sts_err go(const struct sts_url *url, const char *connect_to, int64_t ms)
{
	error = (struct sts_error){.code = STS_OK};
	fd = -2;
	enum sts_err err = sts_net_connect(url, connect_to, &files, sts_clock_boot_ms() + ms, &fd,
					   &error);
	CHECK((err == STS_OK) == (fd >= 0));
	CHECK(err == STS_OK || fd == -1);
	CHECK(err == STS_OK || error.code == err);
	if (fd >= 0)
		close(fd);
	return err;
}

static enum sts_err go_name(const char *host)
{
	struct sts_url url = name_url(host);

	return go(&url, NULL, DEADLINE_MS);
}

static void check_message(const char *want)
{
	if (!strstr(error.msg, want))
		CHECK_STR(error.msg, want);
}

/* --- addresses --- */

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
		if (sts_net_parse_endpoint(sts_slice_of(bad[i]), &a, &p))
			CHECK_STR(bad[i], "(refused)");
	CHECK(sts_net_parse_endpoint(STS_SLICE("10.0.0.1:8443"), &a, &p));
	CHECK(!a.ipv6 && a.ip[0] == 10 && a.ip[3] == 1 && p == 8443);
	CHECK(sts_net_parse_endpoint(STS_SLICE("[2001:db8::1]:65535"), &a, &p));
	CHECK(a.ipv6 && a.ip[0] == 0x20 && a.ip[15] == 1 && p == 65535);
	CHECK(!sts_net_parse_endpoint((struct sts_slice){0}, &a, &p));
}

static void the_socket_is_as_promised(void)
{
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 1}, .port = port};
	int on = 0;
	socklen_t len = sizeof(on);

	CHECK_INT(sts_net_connect(&url, NULL, &files, sts_clock_boot_ms() + DEADLINE_MS, &fd, NULL),
		  STS_OK);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on);
	CHECK(write(fd, "x", 1) == 1);
	close(fd);
	CHECK_STR(asked, "");
}

static void refused_in_words(void)
{
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 2}, .port = port};
	char want[64];

	CHECK_INT(go(&url, NULL, DEADLINE_MS), STS_ECONNECT);
	snprintf(want, sizeof(want), "127.0.0.2:%u: connection refused", port);
	CHECK_STR(error.msg, want);
	CHECK_INT(error.detail, ECONNREFUSED);

	url = (struct sts_url){.host_kind = STS_HOST_IPV6, .ip = {[15] = 1}, .port = port};
	CHECK_INT(go(&url, NULL, DEADLINE_MS), STS_ECONNECT);
	snprintf(want, sizeof(want), "[::1]:%u: ", port);
	check_message(want);
}

static void connect_to_goes_elsewhere(void)
{
	struct sts_url url = name_url("sts.test");
	char there[32];

	set_files("127.0.0.2 sts.test\n", "");
	snprintf(there, sizeof(there), "127.0.0.1:%u", port);
	CHECK_INT(go(&url, there, DEADLINE_MS), STS_OK);
	snprintf(there, sizeof(there), "127.0.0.2:%u", port);
	CHECK_INT(go(&url, there, DEADLINE_MS), STS_ECONNECT);
	CHECK(strncmp(error.msg, "sts.test: 127.0.0.2:", 20) == 0);
	CHECK_INT(go(&url, "127.0.0.1", DEADLINE_MS), STS_EUSAGE);
	CHECK_INT(go(&url, "sts.test:443", DEADLINE_MS), STS_EUSAGE);
	CHECK_STR(asked, "");
}

/* --- the hosts file --- */

static void hosts_come_first(void)
{
	static const struct record all[] = {{"sts.test.", false, STS_DNS_FOUND, "127.0.0.2"},
					    {NULL}};

	set_files("127.0.0.1 STS.test\n", "search a\noptions ndots:5\n");
	zone = all;
	CHECK_INT(go_name("sts.test"), STS_OK);
	struct sts_url url = name_url("sts.test");
	url.absolute_name = true;
	CHECK_INT(go(&url, NULL, DEADLINE_MS), STS_OK);
	CHECK_STR(asked, "");
	CHECK_INT(go_name("other.test"), STS_EHOST);
	CHECK_STR(asked, "A other.test.a. A other.test. ");
}

static void every_address_is_tried(void)
{
	char want[128];

	set_files("127.0.0.2 sts\n127.0.0.3 sts\n127.0.0.1 sts\n", "");
	CHECK_INT(go_name("sts"), STS_OK);
	set_files("127.0.0.2 sts\n127.0.0.3 sts\n", "");
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	snprintf(want, sizeof(want),
		 "sts: 127.0.0.3:%u: connection refused (the last of 2 addresses tried)", port);
	CHECK_STR(error.msg, want);
	CHECK_STR(asked, "");
}

static void localhost_needs_no_entry(void)
{
	set_files(NULL, "");
	CHECK_INT(go_name("localhost"), STS_OK);
	CHECK_INT(go_name("sts.localhost"), STS_OK);
	CHECK_STR(asked, "");
	CHECK_INT(go_name("notlocalhost"), STS_EHOST);
	CHECK_STR(asked, "A notlocalhost. ");
	set_files("127.0.0.2 localhost\n", "");
	CHECK_INT(go_name("localhost"), STS_ECONNECT);
	check_message("127.0.0.2");
}

/* The entry at every offset around the end of a piece, behind lines of many lengths. */
static void hosts_are_read_in_pieces(void)
{
	static char text[40000];

	for (size_t at = 8192 - 40; at <= 8192 + 40; at++) {
		memset(text, '#', at);
		for (size_t i = 60; i < at; i += 61)
			text[i] = '\n';
		text[at - 1] = '\n';
		strcpy(text + at, "127.0.0.1 first sts.example.com");
		set_files(text, "");
		CHECK_INT(go_name("sts.example.com"), STS_OK);
		CHECK_STR(asked, "");
		CHECK_INT(go_name("sts.example"), STS_EHOST);
	}
}

static void hosts_with_endless_lines(void)
{
	static char text[100000];
	static const char tail[] = "\n127.0.0.1 sts\n";

	/* "127.0.0.2 x sts x sts ...": passed over as a whole, no piece of it is a line. */
	strcpy(text, "127.0.0.2");
	for (size_t at = 9; at < 90000; at += 6)
		memcpy(text + at, " x sts", 6);
	strcpy(text + 90003, tail);
	set_files(text, "");
	CHECK_INT(go_name("sts"), STS_OK);
	text[90003] = '\0';
	set_files(text, "");
	CHECK_INT(go_name("sts"), STS_EHOST);
}

static void hosts_end_at_a_mebibyte(void)
{
	static char text[STS_HOSTS_MAX_BYTES + 64];
	static const char entry[] = "127.0.0.1 sts.example.com\n";

	/* The bound cuts the name down to another one. */
	memset(text, '\n', STS_HOSTS_MAX_BYTES);
	strcpy(text + STS_HOSTS_MAX_BYTES - strlen("127.0.0.1 sts.example"), entry);
	set_files(text, "");
	CHECK_INT(go_name("sts.example"), STS_EHOST);
	CHECK_INT(go_name("sts.example.com"), STS_EHOST);
	strcpy(text + STS_HOSTS_MAX_BYTES - strlen(entry), entry);
	set_files(text, "");
	CHECK_INT(go_name("sts.example.com"), STS_OK);
}

static void hosts_that_are_no_file(void)
{
	set_files(NULL, "");
	CHECK_INT(mkfifo(hosts_path, 0600), 0);
	CHECK_INT(go_name("localhost"), STS_OK);
	CHECK_INT(go_name("sts"), STS_EHOST);
}

/* --- the search --- */

#define POD "search dev.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"

static void the_cluster_comes_before_the_world(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, "127.0.0.1"},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.2"},
		{NULL},
	};

	set_files(NULL, POD);
	zone = all;
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

	set_files(NULL, POD);
	zone = all;
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

	set_files(NULL, POD);
	zone = all;
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev. ") == NULL);
	check_message("sts.dev: name server 127.0.0.1: no answer; asked for sts.dev.dev.");
	CHECK_STR(asked, "A sts.dev.dev.svc.cluster.local. A sts.dev.svc.cluster.local. ");
}

static void a_search_domain_out_of_order_does_not(void)
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

	set_files(NULL, "search dev.svc.cluster.local corp.internal\noptions ndots:5\n");
	zone = all;
	CHECK_INT(go_name("sts.example.com"), STS_OK);
	/* It is silent, so it is asked once: the other family would cost as much again. */
	CHECK_STR(asked, "A sts.example.com.dev.svc.cluster.local. "
			 "A sts.example.com.corp.internal. A sts.example.com. ");
	/* But then it is not known that there is no such name. */
	zone = none;
	asked[0] = '\0';
	CHECK_INT(go_name("sts.example.com"), STS_EDNS);
	check_message("sts.example.com: name server 127.0.0.1: it refused to answer; asked for ");
	/* A refusal is cheap, and may be about one family only. */
	CHECK_STR(asked, "A sts.example.com.dev.svc.cluster.local. "
			 "A sts.example.com.corp.internal. AAAA sts.example.com.corp.internal. "
			 "A sts.example.com. ");
}

/* A Service that points elsewhere (ExternalName) exists, even while nobody knows where. */
static void an_alias_that_leads_nowhere_is_no_no(void)
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

	set_files(NULL, POD);
	zone = all;
	CHECK_INT(go_name("sts.dev"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev. ") == NULL);
	check_message("sts.dev: an alias (CNAME) that leads to no address; asked for sts.dev.dev.");
	zone = ipv6_only;
	CHECK_INT(go_name("sts.dev"), STS_ECONNECT);
}

/* Every way of not answering ends the search in the cluster's own domain. */
static void every_failure_ends_the_search(void)
{
	static struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, NULL},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_NODATA, NULL},
		{"sts.dev.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_files(NULL, POD);
	zone = all;
	for (int v = STS_DNS_NONAME + 1; v < STS_DNS_STRANGER; v++) {
		asked[0] = '\0';
		all[0].verdict = (enum sts_dns_verdict)v;
		CHECK_INT(go_name("sts.dev"), STS_EDNS);
		CHECK(strstr(asked, "A sts.dev. ") == NULL);
		check_message("sts.dev: name server 127.0.0.1: ");
		/* The other family's address is as good. */
		if (v == STS_DNS_SILENT)
			continue;
		all[1] = (struct record){all[1].name, true, STS_DNS_FOUND, "::1"};
		CHECK_INT(go_name("sts.dev"), STS_ECONNECT);
		all[1] = (struct record){all[1].name, true, STS_DNS_NONAME, NULL};
		CHECK_INT(go_name("sts.dev"), STS_EDNS);
		all[1].verdict = STS_DNS_NODATA;
	}
	/* And a "no" does not. */
	for (int v = STS_DNS_NODATA; v <= STS_DNS_NONAME; v++) {
		all[0].verdict = (enum sts_dns_verdict)v;
		CHECK_INT(go_name("sts.dev"), STS_OK);
	}
}

/* "sts.dev.svc" is found by way of cluster.local, which is the cluster's as well. */
static void the_clusters_own_root_is_the_clusters(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.", false, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.cluster.local.", true, STS_DNS_SERVFAIL, NULL},
		{"sts.dev.svc.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_files(NULL, POD);
	zone = all;
	CHECK_INT(go_name("sts.dev.svc"), STS_EDNS);
	CHECK(strstr(asked, "A sts.dev.svc. ") == NULL);
	/* Without Services in the list it is a domain as any other. */
	set_files(NULL, "search cluster.local\noptions ndots:5\n");
	zone = all;
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

	set_files(NULL, "search corp lan\nnameserver ::1\n");
	zone = all;
	silence_ms = 250;
	int64_t from = sts_clock_boot_ms();
	CHECK_INT(go(&url, NULL, 500), STS_EDNS);
	/* In time to say why, before somebody else ends it. */
	CHECK(sts_clock_boot_ms() - from < 500);
	CHECK_STR(error.msg, "sts: not resolved within the time (name server ::1: no answer); "
			     "asked for sts.corp, sts.lan");
}

/* The whole name of a Service, with a domain behind the cluster's that is out of order. */
static void whole_names_of_services(void)
{
	static const struct record all[] = {
		{"sts.dev.svc.cluster.local.corp.internal.", false, STS_DNS_SILENT, NULL},
		{"sts.dev.svc.cluster.local.", false, STS_DNS_FOUND, "127.0.0.1"},
		{NULL},
	};

	set_files(NULL, "search dev.svc.cluster.local svc.cluster.local cluster.local "
			"corp.internal\noptions ndots:5\n");
	zone = all;
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

	set_files(NULL, "search a\noptions ndots:0\n");
	zone = nodata;
	/* Whether ::1 refuses or has no route: the name exists. */
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	CHECK_STR(asked, "A sts. AAAA sts. A sts.a. AAAA sts.a. ");

	/* A lost AAAA answer does not spoil a good A answer: it is not even asked for. */
	set_files(NULL, "");
	zone = lost;
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

	set_files(NULL, "");
	zone = all;
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	CHECK_STR(asked, "A sts. AAAA sts. ");
	check_message("(the last of 3 addresses tried)");

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

	set_files(NULL, "");
	zone = all;
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	check_message("127.0.1.9:");
	check_message("(the last of 16 addresses tried)");
}

static void unknown_hosts_in_words(void)
{
	char host[STS_HOST_MAX_BYTES];

	set_files(NULL, POD);
	CHECK_INT(go_name("sts"), STS_EHOST);
	CHECK_STR(error.msg,
		  "sts: no such name, or no address; asked for sts.dev.svc.cluster.local, "
		  "sts.svc.cluster.local, sts.cluster.local, sts");
	/* Names of any length: the message stays whole. */
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

	/* What might be in it decides whether a public name may be asked. */
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

/* --- time --- */

/* A listener whose queue is full: connection attempts are not answered. */
static int deaf_listener(const char *address, int fillers[], int count)
{
	uint16_t same;
	int deaf = listen_on(address, port, 0, &same);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, address, &sa.sin_addr);
	for (int i = 0; i < count; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(fillers[i], (struct sockaddr *)&sa, sizeof(sa));
	}
	return deaf;
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void nobody_takes_all_the_time(void)
{
	enum { FILLERS = 4 };
	int fillers[FILLERS];
	int deaf = deaf_listener("127.0.0.9", fillers, FILLERS);
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 9}, .port = port};
	struct itimerval every = {{0, 20000}, {0, 20000}}, never = {{0}};
	struct sigaction action = {.sa_handler = on_alarm};
	struct sts_url named = name_url("sts");

	/* Signals do not shorten or lengthen the wait. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	int64_t from = sts_clock_boot_ms();
	CHECK_INT(go(&url, NULL, 400), STS_ECONNECT_TIME);
	int64_t took = sts_clock_boot_ms() - from;
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(took >= 390 && took < 2000);
	check_message("no answer to the connection attempt");

	/* A share each: the second address is reached. */
	set_files("127.0.0.9 sts\n127.0.0.1 sts\n", "");
	from = sts_clock_boot_ms();
	CHECK_INT(go(&named, NULL, 1600), STS_OK);
	took = sts_clock_boot_ms() - from;
	CHECK(took >= 790 && took < 1600);

	for (int i = 0; i < FILLERS; i++)
		close(fillers[i]);
	close(deaf);
}

static void too_late_from_the_start(void)
{
	struct sts_url url = name_url("sts");

	set_files(NULL, "");
	CHECK_INT(go(&url, NULL, -1), STS_EDNS);
	CHECK_STR(asked, "");
	set_files("127.0.0.1 sts\n", "");
	CHECK_INT(go(&url, NULL, -1), STS_ECONNECT_TIME);
	check_message("before a connection was tried");
}

static const struct sts_test tests[] = {
	{"endpoints", endpoints},
	{"the socket is as promised", the_socket_is_as_promised},
	{"refused, in words", refused_in_words},
	{"--connect goes elsewhere", connect_to_goes_elsewhere},
	{"the hosts file comes first", hosts_come_first},
	{"every address is tried", every_address_is_tried},
	{"localhost needs no entry", localhost_needs_no_entry},
	{"the hosts file is read in pieces", hosts_are_read_in_pieces},
	{"a hosts file with endless lines", hosts_with_endless_lines},
	{"a hosts file ends at a mebibyte", hosts_end_at_a_mebibyte},
	{"a hosts file that is no file", hosts_that_are_no_file},
	{"the cluster comes before the world", the_cluster_comes_before_the_world},
	{"a name that exists ends the search", a_name_that_exists_ends_the_search},
	{"no answer from the cluster ends it", no_answer_from_the_cluster_ends_the_search},
	{"a search domain out of order does not", a_search_domain_out_of_order_does_not},
	{"an alias that leads nowhere is no no", an_alias_that_leads_nowhere_is_no_no},
	{"every failure ends the search", every_failure_ends_the_search},
	{"the cluster's own root is the cluster's", the_clusters_own_root_is_the_clusters},
	{"silence until the deadline", silence_until_the_deadline},
	{"whole names of Services", whole_names_of_services},
	{"one family at a time", one_family_at_a_time},
	{"the other family when nothing connects", the_other_family_when_nothing_connects},
	{"more addresses than there is room", more_addresses_than_there_is_room},
	{"unknown hosts, in words", unknown_hosts_in_words},
	{"a resolv.conf that cannot be read", resolv_conf_that_cannot_be_read},
	{"nobody takes all the time", nobody_takes_all_the_time},
	{"too late from the start", too_late_from_the_start},
};

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(hosts_path, sizeof(hosts_path), "%s/hosts", dir);
	snprintf(resolv_path, sizeof(resolv_path), "%s/resolv.conf", dir);
	listener = listen_on("127.0.0.1", 0, 200, &port);
	int failed = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	close(listener);
	set_files(NULL, NULL);
	rmdir(dir);
	return failed;
}
