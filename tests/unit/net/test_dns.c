/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to name servers of the test: threads on 127.0.0.1 to 127.0.0.3 that do what its script
 * says. test_dns_message.c tests what makes an answer.
 */
#include "net/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

enum { SERVERS = 3 };

/* What a server does: a letter for each query. The last letter is for all queries that follow. */
static char script[SERVERS][8];
static char log_of_servers[64]; /* the servers in the order in which they are asked; "T": by TCP */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int udp[SERVERS], tcp[SERVERS];
static uint16_t port;

static void note(char what)
{
	pthread_mutex_lock(&lock);
	size_t len = strlen(log_of_servers);
	if (len + 1 < sizeof(log_of_servers))
		log_of_servers[len] = what;
	pthread_mutex_unlock(&lock);
}

static char next_in_script(int server)
{
	pthread_mutex_lock(&lock);
	char what = script[server][0];
	if (script[server][1] != '\0')
		memmove(script[server], script[server] + 1, sizeof(script[server]) - 1);
	pthread_mutex_unlock(&lock);
	return what;
}

/* Make the answer to a query of len bytes that stands in buf: 10.0.0.SERVER, and many addresses by
 * TCP. */
static size_t make_answer(uint8_t *buf, size_t len, char what, int server, int count)
{
	static const char codes_of[] = {['s'] = 2, ['r'] = 5, ['n'] = 3, ['f'] = 1};
	size_t question_end = len;

	buf[2] = 0x81;
	buf[3] = 0x80;
	switch (what) {
	case 's':
	case 'r':
	case 'n':
	case 'f':
		buf[3] |= (uint8_t)codes_of[(int)what];
		return len;
	case 't':
	case 'u':
	case 'v':
	case 'w':
		buf[2] |= 2;
		return len;
	case 'i':
		buf[0] ^= 1;
		break;
	case 'q':
		buf[13] ^= 1;
		break;
	default:
		break;
	}
	buf[6] = (uint8_t)(count >> 8);
	buf[7] = (uint8_t)count;
	for (int i = 0; i < count; i++) {
		uint8_t record[16] = {0xc0, 12, 0, 1, 0,  1, 0,          0,
				      0,    1,  0, 4, 10, 0, (uint8_t)i, (uint8_t)(server + 1)};
		memcpy(buf + len, record, sizeof(record));
		len += sizeof(record);
	}
	if (what == 'g')
		buf[question_end] = 0x40; /* this is not where a name starts */
	return len;
}

static void serve_udp(int server)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[1024];
	ssize_t len = recvfrom(udp[server], buf, 400, 0, (struct sockaddr *)&from, &from_len);

	/* What is shorter than a message asks whether the messages before it were handled. */
	if (len < 12) {
		sendto(udp[server], buf, (size_t)len, 0, (struct sockaddr *)&from, from_len);
		return;
	}
	note((char)('1' + server));
	char what = next_in_script(server);
	if (what == '-')
		return;
	if (what == 'l') {
		usleep(1080000);
		what = 'a';
	}
	/* First come an answer with another id, an answer to another question, and noise. */
	for (const char *first = what == 'x' ? "iq" : ""; *first; first++) {
		uint8_t copy[1024];
		memcpy(copy, buf, (size_t)len);
		size_t n = make_answer(copy, (size_t)len, *first, 8, 1);
		sendto(udp[server], copy, n, 0, (struct sockaddr *)&from, from_len);
		sendto(udp[server], copy, n % 11, 0, (struct sockaddr *)&from, from_len);
	}
	size_t n = make_answer(buf, (size_t)len, what, server, 1);
	sendto(udp[server], buf, n, 0, (struct sockaddr *)&from, from_len);
	if (what == 'u' || what == 'v' || what == 'w')
		script[server][0] = what;
}

/* 't' answers, 'u' says nothing, 'v' closes, 'w' sends all of an answer but the last byte. */
static void serve_tcp(int server)
{
	static uint8_t buf[2 + 70000];
	int fd = accept(tcp[server], NULL, NULL);

	note('T');
	if (fd < 0)
		return;
	if (script[server][0] == 'u')
		usleep(400000);
	if (script[server][0] == 't') {
		ssize_t len = recv(fd, buf, 400, 0);
		/* The answer has more addresses than there is room for, and comes in two pieces. */
		size_t n = make_answer(buf + 2, (size_t)len - 2, 'a', server, 1000);
		buf[0] = (uint8_t)(n >> 8);
		buf[1] = (uint8_t)n;
		send(fd, buf, 40, MSG_NOSIGNAL);
		usleep(20000);
		send(fd, buf + 40, n + 2 - 40, MSG_NOSIGNAL);
	}
	if (script[server][0] == 'w') {
		ssize_t len = recv(fd, buf, 400, 0);
		size_t n = make_answer(buf + 2, (size_t)len - 2, 'a', server, 1);
		buf[0] = (uint8_t)(n >> 8);
		buf[1] = (uint8_t)n;
		send(fd, buf, n + 2 - 1, MSG_NOSIGNAL);
	}
	close(fd);
}

static void *serve(void *arg)
{
	int server = *(int *)arg;
	struct pollfd p[2] = {{.fd = udp[server], .events = POLLIN},
			      {.fd = tcp[server], .events = POLLIN}};

	while (poll(p, 2, -1) > 0) {
		if (p[0].revents)
			serve_udp(server);
		if (p[1].revents)
			serve_tcp(server);
	}
	return NULL;
}

static int bind_to(int server, int type, uint16_t at)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(at)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)server);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 5) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool bind_all(uint16_t at)
{
	bool good = true;

	for (int i = 0; i < SERVERS; i++) {
		udp[i] = bind_to(i, SOCK_DGRAM, at);
		tcp[i] = bind_to(i, SOCK_STREAM, at);
		good = good && udp[i] >= 0 && tcp[i] >= 0;
	}
	for (int i = 0; !good && i < SERVERS; i++) {
		close(udp[i]);
		close(tcp[i]);
	}
	return good;
}

static void start_servers(void)
{
	static int numbers[SERVERS] = {0, 1, 2};
	pthread_t thread;

	for (port = (uint16_t)(20000 + getpid() % 10000); !bind_all(port); port++)
		;
	for (int i = 0; i < SERVERS; i++)
		if (pthread_create(&thread, NULL, serve, &numbers[i]) != 0)
			abort();
}

static struct sts_resolv resolv;
static struct sts_dns dns;
static struct sts_dns_answer answer;

/* Wait until a server has handled the queries of the test before: it may still have one that was
 * not waited for. */
static void wait_for_server(int server)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char mark = '?';

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)server);
	CHECK(sendto(fd, &mark, 1, 0, (struct sockaddr *)&sa, sizeof(sa)) == 1);
	CHECK(recv(fd, &mark, 1, 0) == 1);
	close(fd);
}

static void set_up(const char *first, const char *second, const char *third)
{
	const char *all[SERVERS] = {first, second, third};

	resolv = (struct sts_resolv){.timeout_s = 1, .attempts = 2};
	dns = (struct sts_dns){.resolv = &resolv, .port = port};
	for (int i = 0; i < SERVERS; i++)
		wait_for_server(i);
	pthread_mutex_lock(&lock);
	memset(log_of_servers, 0, sizeof(log_of_servers));
	for (int i = 0; i < SERVERS && all[i]; i++) {
		snprintf(script[i], sizeof(script[i]), "%s", all[i]);
		/* There is no server at 127.0.0.9. */
		resolv.servers[i] = (struct sts_address){
			.ip = {127, 0, 0, (uint8_t)(*all[i] == 'c' ? 9 : i + 1)}};
		resolv.server_count++;
	}
	pthread_mutex_unlock(&lock);
}

static int64_t took;
static _Thread_local bool asking;
static bool no_tcp; /* no socket for TCP can be made */

/* In place of the C library's: a socket of the resolver never blocks and is not inherited. */
int socket(int domain, int type, int protocol)
{
	CHECK(!asking || ((type & SOCK_NONBLOCK) && (type & SOCK_CLOEXEC)));
	if (no_tcp && (type & SOCK_STREAM)) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

static enum sts_dns_verdict ask(int64_t ms)
{
	int64_t from = sts_clock_boot_ms();

	asking = true;
	enum sts_dns_verdict verdict = sts_dns_ask(&dns, "sts.test.", false, from + ms, &answer);
	asking = false;
	took = sts_clock_boot_ms() - from;
	CHECK_INT(answer.verdict, verdict);
	CHECK((answer.count > 0) == (verdict == STS_DNS_FOUND));
	CHECK(took <= ms + 300);
	return verdict;
}

/* The last byte of the address and of the server tell who has answered. */
static void check_answered_by(int server)
{
	CHECK_INT(answer.count > 0 ? answer.list[0].ip[3] : 0, server);
	CHECK_INT(answer.server.ip[3], server);
}

static void the_first_answers(void)
{
	set_up("a", "a", NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	check_answered_by(1);
	set_up("n", "a", NULL);
	CHECK_INT(ask(5000), STS_DNS_NONAME);
	CHECK_INT(answer.server.ip[3], 1);
	CHECK_STR(log_of_servers, "1");
	CHECK(took < 500);
}

static void failures_cost_nothing(void)
{
	static const char *const failures[] = {"s", "r", "f", "g", "c", "v"};

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		set_up(failures[i], "a", NULL);
		CHECK_INT(ask(5000), STS_DNS_FOUND);
		check_answered_by(2);
		CHECK(took < 500);
	}
	set_up("s", "c", "r");
	CHECK_INT(ask(5000), STS_DNS_REFUSED);
	CHECK_INT(answer.server.ip[3], 3);
	CHECK_STR(log_of_servers, "13");
	CHECK(took < 500);
	set_up("c", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_UNREACHABLE);
	CHECK_INT(answer.err, ECONNREFUSED);
	CHECK_INT(answer.server.ip[3], 9);
	set_up("g", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_MALFORMED);
}

static void strangers_are_passed_over(void)
{
	set_up("x", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	check_answered_by(1);
	CHECK_STR(log_of_servers, "1");
	CHECK(took < 500);
	/* Only such messages come, which counts as silence. */
	set_up("i", NULL, NULL);
	CHECK_INT(ask(200), STS_DNS_SILENT);
	CHECK(took >= 190);
}

static void a_dead_server_costs_one_second_once(void)
{
	set_up("-", "a", NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	check_answered_by(2);
	CHECK(took >= 990 && took < 1500);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	CHECK(took < 500);
	CHECK_STR(log_of_servers, "122");
}

static void a_lost_packet_costs_one_second(void)
{
	set_up("-a", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	CHECK(took >= 990 && took < 1500);
	/* An answer that comes late counts. */
	set_up("l-", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	CHECK(took >= 1070 && took < 1700);
}

static void silence_is_bounded(void)
{
	set_up("-", NULL, NULL);
	resolv.attempts = 1;
	CHECK_INT(ask(5000), STS_DNS_SILENT);
	CHECK(took >= 990 && took < 1500);
	CHECK_INT(answer.server.ip[3], 1);
	CHECK_STR(log_of_servers, "1");
	/* The deadline holds too. A server that has failed is not asked again. */
	set_up("s", "-", NULL);
	CHECK_INT(ask(200), STS_DNS_SILENT);
	CHECK(took >= 190 && took < 500);
	CHECK_INT(answer.server.ip[3], 2);
	CHECK_STR(log_of_servers, "12");
	CHECK_INT(ask(-1), STS_DNS_SILENT);
	CHECK_STR(log_of_servers, "12");
}

static void truncated_answers_by_tcp(void)
{
	set_up("t", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_FOUND);
	check_answered_by(1);
	CHECK_INT(answer.count, STS_ADDRESSES_MAX);
	CHECK_STR(log_of_servers, "1T");
	CHECK(took < 500);
	set_up("v", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_TRUNCATED);
	CHECK_STR(log_of_servers, "1T");
	CHECK(took < 500);
	/* The connection ends before the answer does. */
	set_up("w", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_TRUNCATED);
	CHECK_STR(log_of_servers, "1T");
	no_tcp = true;
	set_up("t", NULL, NULL);
	CHECK_INT(ask(5000), STS_DNS_TRUNCATED);
	CHECK_STR(log_of_servers, "1");
	no_tcp = false;
	/* No server answers there. */
	set_up("u", NULL, NULL);
	CHECK_INT(ask(200), STS_DNS_TRUNCATED);
	CHECK(took >= 190 && took < 500);
}

static void names_that_nobody_has(void)
{
	set_up("a", NULL, NULL);
	CHECK_INT(sts_dns_ask(&dns, "sts..test.", false, sts_clock_boot_ms() + 100, &answer),
		  STS_DNS_NONAME);
	CHECK_STR(log_of_servers, "");
}

static int open_descriptors(void)
{
	int count = 0;

	for (int i = 0; i < 100; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

static int descriptors;

static void nothing_stays_open(void)
{
	/* The descriptors of the last server's thread may be open for a moment. */
	for (int i = 0; i < 100 && open_descriptors() != descriptors; i++)
		usleep(10000);
	CHECK_INT(open_descriptors(), descriptors);
}

static const struct sts_test tests[] = {
	{"the first server answers", the_first_answers},
	{"a failure costs no time", failures_cost_nothing},
	{"messages of strangers are passed over", strangers_are_passed_over},
	{"a dead server costs one second, once", a_dead_server_costs_one_second_once},
	{"a lost packet costs one second", a_lost_packet_costs_one_second},
	{"silence is bounded", silence_is_bounded},
	{"after a truncated answer the question is asked by TCP", truncated_answers_by_tcp},
	{"names that do not exist", names_that_nobody_has},
	{"no descriptor stays open", nothing_stays_open},
};

int main(void)
{
	start_servers();
	descriptors = open_descriptors();
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
