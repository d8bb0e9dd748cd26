/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages byte by byte, and questions to name servers of our own: a thread on 127.0.0.1 to .3 that
 * does what the test's script says.
 */
#include "dns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "test.h"

/* --- messages --- */

#define ID 0x1234

static uint8_t query[STS_DNS_QUERY_MAX_BYTES];
static size_t query_len;
static uint8_t message[8192];
static size_t message_len;
static struct sts_dns_answer answer;

static void ask_for(const char *name, bool ipv6)
{
	query_len = sts_dns_query(query, name, ipv6, ID);
	CHECK(query_len > 0);
}

static void put(const void *data, size_t len)
{
	if (message_len + len > sizeof(message))
		abort();
	memcpy(message + message_len, data, len);
	message_len += len;
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

/* The head and the question; flags as in "\x84\x00". */
static void begin(const char flags[2], uint8_t answers)
{
	const uint8_t head[12] = {ID >> 8, ID & 0xff, (uint8_t)flags[0], (uint8_t)flags[1], 0, 1,
				  0,       answers};

	message_len = 0;
	put(head, sizeof(head));
	put(query + 12, query_len - 12);
}

#define OK       "\x81\x80"
#define QUESTION "\xc0\x0c"
#define A_OF(x)  x "\0\1\0\1\0\0\0\1\0\4"

static enum sts_dns_verdict read_it(void)
{
	/* Exactly as large as it is, for the sanitizer. */
	uint8_t *copy = malloc(message_len > 0 ? message_len : 1);

	memcpy(copy, message, message_len);
	enum sts_dns_verdict verdict = sts_dns_read(copy, message_len, query, query_len, &answer);
	free(copy);
	CHECK_INT(answer.verdict, verdict);
	CHECK((answer.count > 0) == (verdict == STS_DNS_FOUND));
	return verdict;
}

static void queries(void)
{
	static const uint8_t want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3sTs\4test\0\0\1\0";
	uint8_t out[STS_DNS_QUERY_MAX_BYTES];
	char name[300];

	CHECK_INT(sts_dns_query(out, "sTs.test.", false, ID), sizeof(want));
	CHECK(memcmp(out, want, sizeof(want) - 1) == 0 && out[sizeof(want) - 1] == 1);
	CHECK_INT(sts_dns_query(out, "sTs.test.", true, ID), sizeof(want));
	CHECK_INT(out[sizeof(want) - 3], 28);

	static const char *const bad[] = {"", ".", "sts", "sts..test.", ".sts.", "sts.test"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(sts_dns_query(out, bad[i], false, ID), 0);

	/* Labels of 63, and 255 bytes in wire form. */
	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	strcpy(name + 253, ".");
	CHECK_INT(sts_dns_query(out, name, false, ID), STS_DNS_QUERY_MAX_BYTES);
	strcpy(name + 253, "a.");
	CHECK_INT(sts_dns_query(out, name, false, ID), 0);
	strcpy(name + 64, "");
	CHECK_INT(sts_dns_query(out, name, false, ID), 12 + 65 + 4);
	memset(name, 'a', 64);
	strcpy(name + 64, ".");
	CHECK_INT(sts_dns_query(out, name, false, ID), 0);
}

static void addresses(void)
{
	ask_for("sts.test.", false);
	begin(OK, 2);
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	PUT(A_OF(QUESTION) "\x0a\0\0\2");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, 2);
	CHECK(!answer.alias && !answer.list[1].ipv6);
	CHECK(memcmp(answer.list[1].ip, "\x0a\0\0\2", 4) == 0);

	ask_for("sts.test.", true);
	begin(OK, 1);
	PUT(QUESTION "\0\x1c\0\1\0\0\0\1\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, 1);
	CHECK(answer.list[0].ipv6 && answer.list[0].ip[0] == 0x20 && answer.list[0].ip[15] == 1);

	/* The server may spell the name otherwise, in the question and in the record. */
	ask_for("STS.test.", false);
	begin(OK, 1);
	message[13] = 's';
	PUT(A_OF("\3sTs\4TEST\0") "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
}

/* Of other names, types and classes: passed over. */
static void other_records(void)
{
	ask_for("sts.test.", false);
	begin(OK, 5);
	PUT(A_OF("\5other\xc0\x10") "\x0a\0\0\1");
	PUT(A_OF("\0") "\x0a\0\0\2");
	PUT(QUESTION "\0\1\0\3\0\0\0\1\0\4\x0a\0\0\3");
	PUT(QUESTION "\0\x1c\0\1\0\0\0\1\0\x10"
		     "0123456789abcdef");
	PUT(QUESTION "\0\x10\0\1\0\0\0\1\0\0");
	CHECK_INT(read_it(), STS_DNS_NODATA);
	CHECK(!answer.alias);
}

static void aliases(void)
{
	/* sts.test -> a.test -> b.test, last one first. */
	ask_for("sts.test.", false);
	begin(OK, 3);
	PUT(A_OF("\1b\xc0\x10") "\x0a\0\0\1");
	PUT("\1a\xc0\x10\0\5\0\1\0\0\0\1\0\4\1B\xc0\x10");
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1A\xc0\x10");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK(answer.alias && answer.count == 1);

	/* The last one has no address. */
	message[7] = 2;
	memmove(message + query_len, message + query_len + 18, message_len - query_len - 18);
	message_len -= 18;
	CHECK_INT(read_it(), STS_DNS_NODATA);
	CHECK(answer.alias);
	message[3] = 0x83;
	CHECK_INT(read_it(), STS_DNS_NONAME);
	CHECK(answer.alias);

	/* In a circle. */
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT("\1a\xc0\x10\0\5\0\1\0\0\0\1\0\2\xc0\x0c");
	CHECK_INT(read_it(), STS_DNS_NODATA);

	/* With an address of its own as well, and a tail behind the name. */
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	begin(OK, 1);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\5\1a\xc0\x10x");
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

static void chain(int links)
{
	char record[] = "\2xx\xc0\x0f\0\5\0\1\0\0\0\1\0\5\2yy\xc0\x0f";

	begin(OK, (uint8_t)(links + 1));
	for (int i = 0; i < links; i++) {
		record[1] = (char)('a' + i / 10);
		record[2] = (char)('0' + i % 10);
		record[16] = (char)('a' + (i + 1) / 10);
		record[17] = (char)('0' + (i + 1) % 10);
		put(record, sizeof(record) - 1);
	}
	record[1] = record[16];
	record[2] = record[17];
	put(record, 5);
	PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
}

static void long_chains_of_aliases(void)
{
	ask_for("a0.test.", false);
	for (int links = 1; links < 40; links++) {
		chain(links);
		CHECK_INT(read_it(), links <= 16 ? STS_DNS_FOUND : STS_DNS_NODATA);
	}
}

static void codes(void)
{
	static const struct {
		const char *flags;
		enum sts_dns_verdict want;
	} cases[] = {
		{"\x81\x80", STS_DNS_NODATA},    {"\x85\x80", STS_DNS_NODATA},
		{"\x84\x00", STS_DNS_NODATA},    {"\x81\x00", STS_DNS_REFUSED}, /* lame */
		{"\x81\x83", STS_DNS_NONAME},    {"\x80\x03", STS_DNS_NONAME},
		{"\x81\x82", STS_DNS_SERVFAIL},  {"\x81\x85", STS_DNS_REFUSED},
		{"\x81\x81", STS_DNS_CODE},      {"\x81\x84", STS_DNS_CODE},
		{"\x81\x8f", STS_DNS_CODE},      {"\x83\x80", STS_DNS_TRUNCATED},
		{"\x83\x83", STS_DNS_TRUNCATED}, {"\x83\x00", STS_DNS_TRUNCATED},
		{"\x83\x82", STS_DNS_SERVFAIL},  {"\x01\x80", STS_DNS_STRANGER}, /* a query */
		{"\x89\x80", STS_DNS_STRANGER}, /* another opcode */
	};

	ask_for("sts.test.", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].flags, 0);
		CHECK_INT(read_it(), cases[i].want);
	}
	/* A server that could not even read the question does not repeat it. */
	begin("\x81\x82", 0);
	message[5] = 0;
	message_len = 12;
	CHECK_INT(read_it(), STS_DNS_SERVFAIL);
	message[3] = 0x83;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
	message[3] = 0x80;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
}

static void strangers(void)
{
	ask_for("sts.test.", false);
	begin(OK, 1);
	PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	/* Each bit of the id, of the number of questions, and of the question. */
	for (size_t i = 0; i < query_len; i++) {
		if (i >= 2 && i != 4 && i != 5 && i < 12)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			bool letter = i >= 12 && i < query_len - 4 && bit == 5 && message[i] > 63;
			message[i] ^= (uint8_t)(1 << bit);
			CHECK_INT(read_it(), letter ? STS_DNS_FOUND : STS_DNS_STRANGER);
			message[i] ^= (uint8_t)(1 << bit);
		}
	}
	message_len = query_len - 1;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
	message_len = 0;
	CHECK_INT(read_it(), STS_DNS_STRANGER);
}

static void cut_anywhere(void)
{
	ask_for("sts.test.", false);
	begin(OK, 2);
	PUT(QUESTION "\0\5\0\1\0\0\0\1\0\4\1a\xc0\x10");
	PUT(A_OF("\1a\xc0\x10") "\x0a\0\0\1");
	size_t whole = message_len;
	CHECK_INT(read_it(), STS_DNS_FOUND);
	for (message_len = query_len; message_len < whole; message_len++)
		CHECK_INT(read_it(), STS_DNS_MALFORMED);
	/* More is announced than there is. */
	message[7] = 3;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
	message[6] = 0xff;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

static void malformed_names(void)
{
	static const struct {
		const char *name;
		size_t len;
	} cases[] = {
#define NAME(literal) {literal, sizeof(literal) - 1}
		NAME("\xc0\x1a"),    /* to itself: 12 + 10 + 4 */
		NAME("\xc0\x1b"),    /* into itself */
		NAME("\1a\xc0\x1a"), /* to its own start */
		NAME("\xc0\x30"),    /* forwards */
		NAME("\xff\xff"),    /* behind the end */
		NAME("\xc0\x00"),    /* into the head */
		NAME("\x40sts\0"),   /* the other two kinds of labels */
		NAME("\x80sts\0"),   NAME("\x3f"),
#undef NAME
	};

	ask_for("sts.test.", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(OK, 1);
		CHECK_INT(message_len, 0x1a);
		put(cases[i].name, cases[i].len);
		PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), STS_DNS_MALFORMED);
	}
	/* An address of another size. */
	begin(OK, 1);
	PUT(QUESTION "\0\1\0\1\0\0\0\1\0\5\x0a\0\0\1x");
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

/* Names of 255 bytes can be followed, longer ones not; nor can many pointers in a row. */
static void bounds_of_names(void)
{
	ask_for("sts.test.", false);
	for (int labels = 120; labels <= 128; labels++) {
		begin(OK, 1);
		for (int i = 0; i < labels; i++)
			PUT("\1a");
		PUT("\0\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), labels <= 127 ? STS_DNS_NODATA : STS_DNS_MALFORMED);
	}
	for (size_t hops = 1; hops <= 20; hops++) {
		/* Pointers in the data of a record that nobody looks at. */
		begin(OK, 2);
		PUT("\0\0\x10\0\1\0\0\0\1");
		uint8_t len[2] = {0, (uint8_t)(2 * (hops - 1))};
		put(len, 2);
		uint8_t to[2] = {0xc0, 0x0c};
		for (size_t i = 1; i < hops; i++) {
			size_t at = message_len;
			put(to, 2);
			to[1] = (uint8_t)at;
		}
		put(to, 2);
		PUT("\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1");
		CHECK_INT(read_it(), hops <= 16 ? STS_DNS_FOUND : STS_DNS_MALFORMED);
	}
}

static void more_than_there_is_room_for(void)
{
	ask_for("sts.test.", false);
	begin(OK, 200);
	for (int i = 0; i < 200; i++)
		PUT(A_OF(QUESTION) "\x0a\0\0\1");
	CHECK_INT(read_it(), STS_DNS_FOUND);
	CHECK_INT(answer.count, STS_ADDRESSES_MAX);
	/* The rest is not needed. */
	message_len = query_len + 16 * STS_ADDRESSES_MAX;
	CHECK_INT(read_it(), STS_DNS_FOUND);
	message_len--;
	CHECK_INT(read_it(), STS_DNS_MALFORMED);
}

/* --- name servers --- */

enum { SERVERS = 3 };

/* What a server does, a letter for each query; the last one is for all that follow. */
static char script[SERVERS][8];
static char log_of_servers[64]; /* "12" as they are asked; "T" by TCP */
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

/* The answer to a query of len bytes that stands in buf: 10.0.0.SERVER, many of them by TCP. */
static size_t make_answer(uint8_t *buf, size_t len, char what, int server, int count)
{
	static const char codes_of[] = {['s'] = 2, ['r'] = 5, ['n'] = 3, ['f'] = 1};

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
		buf[query_len] = 0x40; /* not the start of a name */
	return len;
}

static void serve_udp(int server)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[1024];
	ssize_t len = recvfrom(udp[server], buf, 400, 0, (struct sockaddr *)&from, &from_len);

	if (len < 12)
		return;
	note((char)('1' + server));
	char what = next_in_script(server);
	if (what == '-')
		return;
	if (what == 'l') {
		usleep(1080000);
		what = 'a';
	}
	/* First an answer with another id, one to another question, and noise. */
	for (const char *first = what == 'x' ? "iq" : ""; *first; first++) {
		uint8_t copy[1024];
		memcpy(copy, buf, (size_t)len);
		size_t n = make_answer(copy, (size_t)len, *first, 8, 1);
		sendto(udp[server], copy, n, 0, (struct sockaddr *)&from, from_len);
		sendto(udp[server], copy, n % 11, 0, (struct sockaddr *)&from, from_len);
	}
	query_len = (size_t)len;
	size_t n = make_answer(buf, (size_t)len, what, server, 1);
	sendto(udp[server], buf, n, 0, (struct sockaddr *)&from, from_len);
	if (what == 'u' || what == 'v')
		script[server][0] = what;
}

/* 't' answers, 'u' says nothing, 'v' closes. */
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
		/* More than there is room for, in two pieces. */
		size_t n = make_answer(buf + 2, (size_t)len - 2, 'a', server, 1000);
		buf[0] = (uint8_t)(n >> 8);
		buf[1] = (uint8_t)n;
		send(fd, buf, 40, MSG_NOSIGNAL);
		usleep(20000);
		send(fd, buf + 40, n + 2 - 40, MSG_NOSIGNAL);
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

static void set_up(const char *first, const char *second, const char *third)
{
	const char *all[SERVERS] = {first, second, third};

	resolv = (struct sts_resolv){.timeout_s = 1, .attempts = 2};
	dns = (struct sts_dns){.resolv = &resolv, .port = port};
	pthread_mutex_lock(&lock);
	memset(log_of_servers, 0, sizeof(log_of_servers));
	for (int i = 0; i < SERVERS && all[i]; i++) {
		snprintf(script[i], sizeof(script[i]), "%s", all[i]);
		/* 127.0.0.9 has no server. */
		resolv.servers[i] = (struct sts_address){
			.ip = {127, 0, 0, (uint8_t)(*all[i] == 'c' ? 9 : i + 1)}};
		resolv.server_count++;
	}
	pthread_mutex_unlock(&lock);
}

static int64_t took;

static enum sts_dns_verdict ask(int64_t ms)
{
	int64_t from = sts_clock_boot_ms();

	enum sts_dns_verdict verdict = sts_dns_ask(&dns, "sts.test.", false, from + ms, &answer);
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
	/* Nothing but them: silence. */
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
	/* A late answer counts. */
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
	/* By the deadline, too. One that has failed is not asked again. */
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
	/* Nobody says anything there. */
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
	/* The last server's own may be open for a moment. */
	for (int i = 0; i < 100 && open_descriptors() != descriptors; i++)
		usleep(10000);
	CHECK_INT(open_descriptors(), descriptors);
}

static const struct sts_test tests[] = {
	{"queries", queries},
	{"addresses", addresses},
	{"other records", other_records},
	{"aliases", aliases},
	{"long chains of aliases", long_chains_of_aliases},
	{"codes", codes},
	{"strangers", strangers},
	{"cut anywhere", cut_anywhere},
	{"malformed names", malformed_names},
	{"bounds of names", bounds_of_names},
	{"more than there is room for", more_than_there_is_room_for},
	{"the first answers", the_first_answers},
	{"failures cost nothing", failures_cost_nothing},
	{"strangers are passed over", strangers_are_passed_over},
	{"a dead server costs one second, once", a_dead_server_costs_one_second_once},
	{"a lost packet costs one second", a_lost_packet_costs_one_second},
	{"silence is bounded", silence_is_bounded},
	{"truncated answers by TCP", truncated_answers_by_tcp},
	{"names that nobody has", names_that_nobody_has},
	{"nothing stays open", nothing_stays_open},
};

int main(void)
{
	start_servers();
	descriptors = open_descriptors();
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
