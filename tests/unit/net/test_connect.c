/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, the hosts file, and time. test_search_order.c tests which names are asked for. */
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/time.h>

#include "net/hosts.h"
#include "net_fakes.h"

static void the_socket_is_as_promised(void)
{
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 1}, .port = port};
	int on = 0;
	socklen_t len = sizeof(on);

	CHECK_INT(sts_connect(&url, NULL, &files, sts_clock_boot_ms() + DEADLINE_MS, &fd, &facts,
			      &error),
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

/* --- the facts --- */

static void check_address(const char *ip)
{
	char want[64], text[64];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_connect_add_last(&t, &facts);
	snprintf(want, sizeof(want), "%s:%u", ip, port);
	CHECK_STR(text, want);
}

static void facts_without_a_name_server(void)
{
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 2}, .port = port};
	char there[32];

	CHECK_INT(go(&url, NULL, DEADLINE_MS), STS_ECONNECT);
	CHECK_INT(facts.found_by, STS_FOUND_BY_LITERAL);
	CHECK(facts.addresses == 1 && facts.asked == 0 && !facts.has_server);
	CHECK(facts.found_boot_ms > 0);
	check_address("127.0.0.2");
	url = name_url("sts.test");
	snprintf(there, sizeof(there), "127.0.0.1:%u", port);
	url.port = 1;
	CHECK_INT(go(&url, there, DEADLINE_MS), STS_OK);
	CHECK_INT(facts.found_by, STS_FOUND_BY_OPTION);
	check_address("127.0.0.1");
	set_files("127.0.0.2 sts\n127.0.0.1 sts\n", "");
	CHECK_INT(go_name("sts"), STS_OK);
	CHECK_INT(facts.found_by, STS_FOUND_BY_HOSTS);
	CHECK_INT(facts.addresses, 2);
	CHECK_STR(facts.name, "");
	check_address("127.0.0.1");
}

static void facts_of_a_search(void)
{
	static const struct record all[] = {{"sts.b.", false, STS_DNS_FOUND, "127.0.0.2 127.0.0.1"},
					    {"sts.c.", false, STS_DNS_SERVFAIL},
					    {NULL}};
	int64_t before = sts_clock_boot_ms();

	set_zone(all, "nameserver 10.96.0.10\nsearch a b\n");
	CHECK_INT(go_name("sts"), STS_OK);
	CHECK_INT(facts.found_by, STS_FOUND_BY_DNS);
	CHECK(facts.asked == 2 && facts.addresses == 2 && facts.has_server);
	CHECK_STR(facts.name, "sts.b");
	CHECK(facts.server.ip[0] == 10 && facts.server.ip[3] == 10);
	CHECK(facts.found_boot_ms >= before && facts.found_boot_ms <= sts_clock_boot_ms());
	check_address("127.0.0.1");
	/* Nothing of the call before is left. */
	set_zone(all, "nameserver 10.96.0.10\nsearch c\noptions ndots:2\n");
	CHECK_INT(go_name("sts"), STS_EDNS);
	CHECK_INT(facts.found_by, STS_FOUND_BY_NOTHING);
	CHECK(facts.asked == 2 && facts.addresses == 0 && facts.found_boot_ms == 0);
	CHECK(facts.has_server);
	set_zone(NULL, "nameserver 10.96.0.256\n");
	CHECK_INT(go_name("sts"), STS_EDNS);
	CHECK(facts.asked == 0 && !facts.has_server);
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
	char want[192];

	set_files("127.0.0.2 sts\n127.0.0.3 sts\n127.0.0.1 sts\n", "");
	CHECK_INT(go_name("sts"), STS_OK);
	set_files("127.0.0.2 sts\n127.0.0.3 sts\n", "");
	CHECK_INT(go_name("sts"), STS_ECONNECT);
	snprintf(want, sizeof(want),
		 "sts: 127.0.0.3:%u: connection refused (the last of 2 addresses tried; the first "
		 "was 127.0.0.2:%u); the address is from /etc/hosts",
		 port, port);
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

/* The entry stands at each offset around the end of a piece, behind lines of many lengths. */
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

	/* The line "127.0.0.2 x sts x sts ..." is passed over as a whole. No piece of it counts as
	 * a line. */
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

	/* The bound would cut the name, and what is left would be another name. */
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

/* --- time --- */

/* The queue of this listener is full, so that connection attempts are not answered. */
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

static enum sts_err seen; /* error.code, when the alarm came */

static void on_alarm(int signal)
{
	(void)signal;
	seen = error.code;
}

/* A handler that ends the process knows whether the name was known. */
static void what_is_being_done(const struct sts_url *deaf)
{
	static const struct record silent[] = {{"sts.", false, STS_DNS_SILENT}, {NULL}};
	struct itimerval once = {{0}, {0, 50000}};

	set_zone(silent, "");
	silence_ms = 200;
	setitimer(ITIMER_REAL, &once, NULL);
	CHECK_INT(go_name("sts"), STS_EDNS);
	CHECK_INT(seen, STS_EDNS);
	setitimer(ITIMER_REAL, &once, NULL);
	CHECK_INT(go(deaf, NULL, 200), STS_ECONNECT_TIME);
	CHECK_INT(seen, STS_ECONNECT_TIME);
}

static void nobody_takes_all_the_time(void)
{
	static const struct record deaf_zone[] = {{"sts.", false, STS_DNS_FOUND, "127.0.0.9"}, {0}};
	enum { FILLERS = 4 };
	int fillers[2 * FILLERS];
	int deaf = deaf_listener("127.0.0.9", fillers, FILLERS);
	int deaf_too = deaf_listener("127.0.0.8", fillers + FILLERS, FILLERS);
	struct sts_url url = {.host_kind = STS_HOST_IPV4, .ip = {127, 0, 0, 9}, .port = port};
	struct itimerval every = {{0, 20000}, {0, 20000}}, never = {{0}};
	struct sigaction action = {.sa_handler = on_alarm};
	struct sts_url named = name_url("sts");

	/* Signals do not make the wait shorter or longer. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	int64_t from = sts_clock_boot_ms();
	CHECK_INT(go(&url, NULL, 400), STS_ECONNECT_TIME);
	int64_t took = sts_clock_boot_ms() - from;
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(took >= 390 && took < 2000);
	check_message("no answer from 127.0.0.9:");
	check_message(took < 600 ? " in 4" : " in ");
	CHECK(!strstr(error.msg, "resolved"));
	set_zone(deaf_zone, "");
	CHECK_INT(go(&named, NULL, 300), STS_ECONNECT_TIME);
	check_message("sts: no answer from 127.0.0.9:");
	check_message("; the name resolved in ");
	CHECK(!strstr(error.msg, "hosts"));
	what_is_being_done(&url);

	/* Each address gets a share of the time, so that the third one is reached. */
	set_files("127.0.0.9 sts\n127.0.0.8 sts\n127.0.0.1 sts\n", "");
	from = sts_clock_boot_ms();
	CHECK_INT(go(&named, NULL, 1800), STS_OK);
	took = sts_clock_boot_ms() - from;
	CHECK(took >= 1190 && took < 1800);

	for (int i = 0; i < 2 * FILLERS; i++)
		close(fillers[i]);
	close(deaf);
	close(deaf_too);
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
	{"the socket is as the header promises", the_socket_is_as_promised},
	{"a refused connection is told in words", refused_in_words},
	{"facts without a name server", facts_without_a_name_server},
	{"facts of a search", facts_of_a_search},
	{"--connect goes elsewhere", connect_to_goes_elsewhere},
	{"the hosts file comes first", hosts_come_first},
	{"every address is tried", every_address_is_tried},
	{"localhost needs no entry", localhost_needs_no_entry},
	{"the hosts file is read in pieces", hosts_are_read_in_pieces},
	{"a hosts file with endless lines", hosts_with_endless_lines},
	{"a hosts file ends at a mebibyte", hosts_end_at_a_mebibyte},
	{"a hosts file that is not a regular file", hosts_that_are_no_file},
	{"no address takes all the time", nobody_takes_all_the_time},
	{"the deadline has passed at the start", too_late_from_the_start},
};

int main(void)
{
	return run_with_net(tests, sizeof(tests) / sizeof(tests[0]));
}
