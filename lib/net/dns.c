/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dns.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define STEP_MS          1000 /* between tries */
#define HEAD_BYTES       12
#define NAME_MAX_BYTES   255 /* in wire form, with the root */
#define LABEL_MAX_BYTES  63
#define HOPS_MAX         16 /* pointers in one name; aliases in one answer */
#define RECORD_END_BYTES 10 /* type, class, TTL, length */

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

/* In the head's third and fourth byte. */
enum { QR = 0x80, OPCODE = 0x78, AA = 0x04, TC = 0x02, RD = 0x01, RA = 0x80, RCODE = 0x0f };

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* --- the query --- */

/* Write a name in wire form. Returns its length, or 0. */
static size_t put_name(uint8_t *out, const char *name)
{
	size_t used = 0;

	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX_BYTES || name[label] != '.' ||
		    used + 1 + label + 1 > NAME_MAX_BYTES)
			return 0;
		out[used] = (uint8_t)label;
		memcpy(out + used + 1, name, label);
		used += 1 + label;
		name += label + 1;
	}
	out[used] = 0;
	return used > 0 ? used + 1 : 0;
}

size_t sts_dns_query(uint8_t out[STS_DNS_QUERY_MAX_BYTES], const char *name, bool ipv6, uint16_t id)
{
	size_t name_len = put_name(out + HEAD_BYTES, name);

	if (name_len == 0)
		return 0;
	memset(out, 0, HEAD_BYTES);
	put16(out, id);
	out[2] = RD;
	put16(out + 4, 1);
	put16(out + HEAD_BYTES + name_len, ipv6 ? TYPE_AAAA : TYPE_A);
	put16(out + HEAD_BYTES + name_len + 2, CLASS_IN);
	return HEAD_BYTES + name_len + 4;
}

/* --- the answer --- */

/* A message that is being read. */
struct message {
	const uint8_t *data;
	size_t len;
	size_t at;
};

/* A name in wire form without pointers, in lower case: equal names are equal bytes. */
struct name {
	size_t len;
	uint8_t wire[NAME_MAX_BYTES];
};

/* A length is at most 63, so it is never taken for a letter. */
static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same_name(const struct name *a, const struct name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/*
 * Take a name. A pointer must lead to before everything of the name that was read so far, as all
 * honest ones do: so there is no loop.
 */
static bool take_name(struct message *m, struct name *name)
{
	size_t at = m->at, lowest = m->at, hops = 0;

	name->len = 0;
	while (at < m->len) {
		size_t label = m->data[at];
		if (label >= 0xc0) {
			if (m->len - at < 2 || hops >= HOPS_MAX)
				return false;
			size_t to = get16(m->data + at) & 0x3fff;
			if (hops++ == 0)
				m->at = at + 2;
			if (to < HEAD_BYTES || to >= lowest)
				return false;
			at = lowest = to;
			continue;
		}
		label++;
		if (label > LABEL_MAX_BYTES + 1 || label > m->len - at ||
		    label > sizeof(name->wire) - name->len)
			return false;
		for (size_t i = 0; i < label; i++)
			name->wire[name->len++] = lower(m->data[at + i]);
		at += label;
		if (label > 1)
			continue;
		if (hops == 0)
			m->at = at;
		return true;
	}
	return false;
}

static bool add_address(struct sts_dns_answer *out, bool ipv6, const uint8_t *data, size_t len)
{
	if (len != (ipv6 ? 16 : 4))
		return false;
	out->list[out->count] = (struct sts_address){.ipv6 = ipv6};
	memcpy(out->list[out->count++].ip, data, len);
	return true;
}

/*
 * Take one record: an address of *name is added, what *name is an alias of goes to *alias. False
 * when it is malformed.
 */
static bool take_record(struct message *m, const struct name *name, unsigned type,
			struct sts_dns_answer *out, struct name *alias)
{
	struct name owner;

	if (!take_name(m, &owner) || m->len - m->at < RECORD_END_BYTES)
		return false;
	const uint8_t *record = m->data + m->at;
	size_t len = get16(record + 8);
	m->at += RECORD_END_BYTES;
	if (len > m->len - m->at)
		return false;
	struct message inside = {m->data, m->at + len, m->at};
	m->at += len;
	if (get16(record + 2) != CLASS_IN || !same_name(&owner, name))
		return true;
	if (get16(record) == type)
		return add_address(out, type == TYPE_AAAA, record + RECORD_END_BYTES, len);
	if (get16(record) == TYPE_CNAME)
		return take_name(&inside, alias) && inside.at == inside.len;
	return true;
}

/* Collect addresses from the answer section, which begins at m->at and has count records. */
static bool take_answers(struct message *m, unsigned count, struct name *name, unsigned type,
			 struct sts_dns_answer *out)
{
	const size_t start = m->at;
	struct name alias;

	for (int hops = 0; hops <= HOPS_MAX; hops++) {
		m->at = start;
		alias.len = 0;
		for (unsigned i = 0; i < count && out->count < STS_ADDRESSES_MAX; i++)
			if (!take_record(m, name, type, out, &alias))
				return false;
		if (out->count > 0 || alias.len == 0)
			return true;
		out->alias = true;
		*name = alias;
	}
	return true;
}

static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = HEAD_BYTES; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* Is it an answer to the query? One that is none at all need not repeat the question. */
static bool answers(const uint8_t *data, size_t len, const uint8_t *query, size_t query_len)
{
	if (len < HEAD_BYTES || memcmp(data, query, 2) != 0 || (data[2] & (QR | OPCODE)) != QR)
		return false;
	unsigned rcode = data[3] & RCODE, questions = get16(data + 4);
	if (questions == 0 && rcode != RCODE_OK && rcode != RCODE_NXDOMAIN)
		return true;
	return questions == 1 && len >= query_len && same_question(data, query, query_len);
}

/* What the head says: found or NODATA are told apart later. */
static enum sts_dns_verdict read_code(const uint8_t *data)
{
	switch (data[3] & RCODE) {
	case RCODE_OK:
		if (data[2] & TC)
			return STS_DNS_TRUNCATED;
		/* Nothing at all, from a server that neither knows nor asks others, is no "no". */
		if (!(data[2] & AA) && !(data[3] & RA) && get16(data + 6) == 0 &&
		    get16(data + 10) == 0)
			return STS_DNS_REFUSED;
		return STS_DNS_FOUND;
	case RCODE_NXDOMAIN:
		return data[2] & TC ? STS_DNS_TRUNCATED : STS_DNS_NONAME;
	case RCODE_SERVFAIL:
		return STS_DNS_SERVFAIL;
	case RCODE_REFUSED:
		return STS_DNS_REFUSED;
	default:
		return STS_DNS_CODE;
	}
}

enum sts_dns_verdict sts_dns_read(const uint8_t *data, size_t len, const uint8_t *query,
				  size_t query_len, struct sts_dns_answer *out)
{
	struct message m = {data, len, HEAD_BYTES};
	struct name name;

	out->count = 0;
	out->alias = false;
	if (!answers(data, len, query, query_len))
		return out->verdict = STS_DNS_STRANGER;
	out->verdict = read_code(data);
	if (out->verdict != STS_DNS_FOUND && out->verdict != STS_DNS_NONAME)
		return out->verdict;
	/* The question is ours and has no pointers. */
	bool good = take_name(&m, &name);
	m.at = query_len;
	if (!good || !take_answers(&m, get16(data + 6), &name, get16(query + query_len - 4), out))
		out->verdict = STS_DNS_MALFORMED;
	else if (out->verdict == STS_DNS_FOUND && out->count == 0)
		out->verdict = STS_DNS_NODATA;
	if (out->verdict != STS_DNS_FOUND)
		out->count = 0;
	return out->verdict;
}

/* --- asking --- */

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
		len = get16(prefix);
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
	put16(q.query, (unsigned)q.query_len);
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
