/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define STEP_MS 1000 /* between tries */

/* One question, on its way. */
struct question {
	struct sts_dns *dns;
	struct sts_dns_answer *out;
	int64_t deadline_boot_ms;
	size_t left;                     /* servers that may still answer */
	bool out_of_it[STS_SERVERS_MAX]; /* has failed */
	struct pollfd
		sockets[STS_SERVERS_MAX]; /* -1, which poll() passes over: not asked, or failed */
	size_t query_len;
	uint8_t query[2 + STS_DNS_QUERY_MAX_BYTES]; /* with its length in front, for TCP */
	uint8_t answer[STS_DNS_ANSWER_MAX_BYTES];
};

static int open_socket(const struct question *q, size_t server, int type)
{
	union sts_sockaddr sa;
	socklen_t len = sts_address_to_sockaddr(&q->dns->resolv->servers[server], q->dns->port,
						&sa);

	int fd = socket(sa.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Connected: the kernel drops what others send, and tells when nobody listens there. */
	if (connect(fd, &sa.any, len) == 0 || errno == EINPROGRESS)
		return fd;
	int err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void close_socket(struct question *q, size_t server)
{
	if (q->sockets[server].fd >= 0)
		close(q->sockets[server].fd);
	q->sockets[server].fd = -1;
}

/* A server has failed: it is not waited for any longer. */
static void give_up(struct question *q, size_t server, enum sts_dns_verdict verdict, int err)
{
	close_socket(q, server);
	q->out_of_it[server] = true;
	q->left--;
	q->out->verdict = verdict;
	q->out->err = err;
	q->out->server = q->dns->resolv->servers[server];
}

static void send_query(struct question *q, size_t server)
{
	struct pollfd *s = &q->sockets[server];

	if (s->fd < 0)
		s->fd = open_socket(q, server, SOCK_DGRAM);
	if (s->fd < 0 || send(s->fd, q->query + 2, q->query_len, MSG_NOSIGNAL) < 0)
		give_up(q, server, STS_DNS_UNREACHABLE, errno);
}

static bool wait_for(int fd, short events, int64_t until_boot_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, sts_clock_left_ms(until_boot_ms));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Send or receive all of len bytes. The first send() waits for the connection, too. */
static bool transfer(int fd, bool sending, uint8_t *data, size_t len, int64_t until_boot_ms)
{
	while (len > 0) {
		ssize_t n = sending ? send(fd, data, len, MSG_NOSIGNAL) : recv(fd, data, len, 0);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
			   !wait_for(fd, sending ? POLLOUT : POLLIN, until_boot_ms)) {
			return false;
		}
	}
	return true;
}

/* Ask again by TCP. Returns the answer's length, as far as there is room for it; 0 for none. */
static size_t ask_by_tcp(struct question *q, size_t server)
{
	int64_t until = sts_clock_boot_ms() + q->dns->resolv->timeout_s * INT64_C(1000);
	uint8_t prefix[2];
	size_t len = 0;

	if (until > q->deadline_boot_ms)
		until = q->deadline_boot_ms;
	int fd = open_socket(q, server, SOCK_STREAM);
	if (fd < 0)
		return 0;
	if (transfer(fd, true, q->query, 2 + q->query_len, until) &&
	    transfer(fd, false, prefix, sizeof(prefix), until)) {
		len = (size_t)prefix[0] << 8 | prefix[1];
		if (len > sizeof(q->answer))
			len = sizeof(q->answer);
		if (!transfer(fd, false, q->answer, len, until))
			len = 0;
	}
	close(fd);
	return len;
}

/* Something came from a server. Is it the answer? */
static bool hear(struct question *q, size_t server)
{
	ssize_t n = recv(q->sockets[server].fd, q->answer, sizeof(q->answer), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			give_up(q, server, STS_DNS_UNREACHABLE, errno);
		return false;
	}
	struct sts_dns_answer *out = q->out;
	enum sts_dns_verdict verdict = sts_dns_read(q->answer, (size_t)n, q->query + 2,
						    q->query_len, out);
	if (verdict == STS_DNS_STRANGER)
		return false;
	if (verdict == STS_DNS_TRUNCATED) {
		size_t len = ask_by_tcp(q, server);
		if (sts_dns_read(q->answer, len, q->query + 2, q->query_len, out) !=
		    STS_DNS_STRANGER)
			verdict = out->verdict;
	}
	if (verdict > STS_DNS_NONAME) {
		give_up(q, server, verdict, 0);
		return false;
	}
	out->server = q->dns->resolv->servers[server];
	q->dns->first = server;
	return true;
}

/* Wait for an answer; false at the time given, or when a server failed. */
static bool await(struct question *q, int64_t until_boot_ms)
{
	size_t count = q->dns->resolv->server_count, left = q->left;

	while (q->left == left) {
		int wait_ms = sts_clock_left_ms(until_boot_ms);
		int n = poll(q->sockets, count, wait_ms);
		for (size_t i = 0; n > 0 && i < count; i++)
			if (q->sockets[i].fd >= 0 && q->sockets[i].revents && hear(q, i))
				return true;
		if (wait_ms == 0)
			break;
	}
	return false;
}

/* Send, wait, send to the next. True when there is an answer. */
static bool ask_in_turn(struct question *q)
{
	const struct sts_resolv *resolv = q->dns->resolv;
	size_t tries = resolv->server_count * (size_t)resolv->attempts;
	int64_t now = sts_clock_boot_ms(), next = now;
	int64_t end = now + (int64_t)(tries - 1) * STEP_MS + resolv->timeout_s * INT64_C(1000);

	if (end > q->deadline_boot_ms)
		end = q->deadline_boot_ms;
	for (size_t turn = 0; q->left > 0 && now < end; now = sts_clock_boot_ms()) {
		if (turn < tries && now >= next) {
			size_t server = (q->dns->first + turn++) % resolv->server_count;
			if (!q->out_of_it[server])
				send_query(q, server);
			if (q->out_of_it[server])
				continue;
			next = now + STEP_MS;
		}
		size_t left = q->left;
		if (await(q, turn < tries && next < end ? next : end))
			return true;
		if (q->left < left)
			next = now; /* somebody failed: the next one's turn */
	}
	return false;
}

enum sts_dns_verdict sts_dns_ask(struct sts_dns *dns, const char *name, bool ipv6,
				 int64_t deadline_boot_ms, struct sts_dns_answer *out)
{
	struct question q = {.dns = dns,
			     .out = out,
			     .deadline_boot_ms = deadline_boot_ms,
			     .left = dns->resolv->server_count};
	uint16_t id;

	*out = (struct sts_dns_answer){.verdict = STS_DNS_SILENT};
	for (size_t i = 0; i < STS_SERVERS_MAX; i++)
		q.sockets[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	if (getrandom(&id, sizeof(id), 0) != sizeof(id)) {
		out->err = errno;
		return out->verdict = STS_DNS_UNREACHABLE;
	}
	q.query_len = sts_dns_query(q.query + 2, name, ipv6, id);
	if (q.query_len == 0)
		return out->verdict = STS_DNS_NONAME;
	q.query[0] = (uint8_t)(q.query_len >> 8);
	q.query[1] = (uint8_t)q.query_len;
	bool answered = ask_in_turn(&q);
	for (size_t i = dns->resolv->server_count; i-- > 0;) {
		close_socket(&q, i);
		if (!answered && !q.out_of_it[i]) {
			out->verdict = STS_DNS_SILENT;
			out->server = dns->resolv->servers[i];
		}
	}
	return out->verdict;
}
