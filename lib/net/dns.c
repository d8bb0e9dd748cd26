/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/wait.h"

#define STEP_MS      1000 /* between two queries */
#define PREFIX_BYTES 2    /* the length before a message by TCP (RFC 1035 section 4.2.2) */

/* A question that is being asked. Arrays with an element for each server have the order of
 * resolv.conf. */
struct question {
	struct sts_dns *dns;
	struct sts_dns_answer *out;
	int64_t deadline_boot_ms;
	size_t left;                  /* servers that have not failed */
	bool failed[STS_SERVERS_MAX]; /* the server is not waited for any longer */
	/* The descriptor is -1, which poll() passes over, before the first query to the server and
	 * after its failure. */
	struct pollfd sockets[STS_SERVERS_MAX];
	size_t query_len; /* without the prefix */
	uint8_t query[PREFIX_BYTES + STS_DNS_QUERY_MAX_BYTES];
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
	/* On a connected UDP socket the kernel drops messages from other addresses, and reports
	 * that nothing listens on the port. */
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

/* Note that a server has failed, so that it is not waited for any longer. */
static void fail_server(struct question *q, size_t server, enum sts_dns_verdict verdict, int err)
{
	close_socket(q, server);
	q->failed[server] = true;
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
	if (s->fd < 0 || send(s->fd, q->query + PREFIX_BYTES, q->query_len, MSG_NOSIGNAL) < 0)
		fail_server(q, server, STS_DNS_UNREACHABLE, errno);
}

/* Send or receive all of len bytes by TCP. The first send() also waits for the connection. */
static bool transfer(int fd, bool sending, uint8_t *data, size_t len, int64_t until_boot_ms)
{
	while (len > 0) {
		ssize_t n = sending ? send(fd, data, len, MSG_NOSIGNAL) : recv(fd, data, len, 0);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
			   sts_wait_ready(fd, sending ? POLLOUT : POLLIN, until_boot_ms) != 0) {
			return false;
		}
	}
	return true;
}

/* Ask again by TCP. Returns the length of the answer, of which only as much is read as there is
 * room for; 0 when there was no answer. */
static size_t ask_by_tcp(struct question *q, size_t server)
{
	int64_t until = sts_clock_boot_ms() + q->dns->resolv->timeout_s * INT64_C(1000);
	uint8_t prefix[PREFIX_BYTES];
	size_t len = 0;

	if (until > q->deadline_boot_ms)
		until = q->deadline_boot_ms;
	int fd = open_socket(q, server, SOCK_STREAM);
	if (fd < 0)
		return 0;
	if (transfer(fd, true, q->query, PREFIX_BYTES + q->query_len, until) &&
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

/* Receive a message from a server. Returns true for an answer that is not a failure. */
static bool receive(struct question *q, size_t server)
{
	ssize_t n = recv(q->sockets[server].fd, q->answer, sizeof(q->answer), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail_server(q, server, STS_DNS_UNREACHABLE, errno);
		return false;
	}
	struct sts_dns_answer *out = q->out;
	const uint8_t *query = q->query + PREFIX_BYTES;
	enum sts_dns_verdict verdict = sts_dns_read(q->answer, (size_t)n, query, q->query_len, out);
	if (verdict == STS_DNS_STRANGER)
		return false;
	if (verdict == STS_DNS_TRUNCATED) {
		size_t len = ask_by_tcp(q, server);
		if (sts_dns_read(q->answer, len, query, q->query_len, out) != STS_DNS_STRANGER)
			verdict = out->verdict;
	}
	if (verdict > STS_DNS_NONAME) {
		fail_server(q, server, verdict, 0);
		return false;
	}
	out->server = q->dns->resolv->servers[server];
	q->dns->first = server;
	return true;
}

/* Wait for an answer. Returns false at until_boot_ms, or as soon as a server fails. */
static bool await(struct question *q, int64_t until_boot_ms)
{
	size_t count = q->dns->resolv->server_count, left = q->left;

	while (q->left == left) {
		int wait_ms = sts_clock_left_ms(until_boot_ms);
		int n = poll(q->sockets, count, wait_ms);
		for (size_t i = 0; n > 0 && i < count; i++)
			if (q->sockets[i].fd >= 0 && q->sockets[i].revents && receive(q, i))
				return true;
		if (wait_ms == 0)
			break;
	}
	return false;
}

/* Ask one server after the other. Returns true when there is an answer. */
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
			if (!q->failed[server])
				send_query(q, server);
			if (q->failed[server])
				continue;
			next = now + STEP_MS;
		}
		size_t left = q->left;
		if (await(q, turn < tries && next < end ? next : end))
			return true;
		if (q->left < left)
			next = now; /* a server failed, so the next one is asked at once */
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
	q.query_len = sts_dns_query(q.query + PREFIX_BYTES, name, ipv6, id);
	if (q.query_len == 0)
		return out->verdict = STS_DNS_NONAME;
	q.query[0] = (uint8_t)(q.query_len >> 8);
	q.query[1] = (uint8_t)q.query_len;
	bool answered = ask_in_turn(&q);
	for (size_t i = dns->resolv->server_count; i-- > 0;) {
		close_socket(&q, i);
		/* The silence of one server outranks the failures of others in the report. */
		if (!answered && !q.failed[i]) {
			out->verdict = STS_DNS_SILENT;
			out->server = dns->resolv->servers[i];
		}
	}
	return out->verdict;
}
