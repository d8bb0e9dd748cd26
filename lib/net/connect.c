/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "net/dns.h"
#include "net/hosts.h"
#include "net/scoped.h"
#include "net/search.h"
#include "net/wait.h"

#define SHARE_MIN_MS      250 /* for one address */
#define RESERVE_MS        50  /* kept before the deadline, to report that resolution failed */
#define HOST_SHOWN_BYTES  64
#define DNS_FAILURE_BYTES 128
#define LINE_SHOWN_BYTES  64 /* of a line of resolv.conf, escaped */
#define PORT_DISCARD      9  /* RFC 863; nothing is sent to it */

/* One call of sts_connect(). */
struct attempt {
	const char *host; /* for messages; NULL when the URL has an IP literal */
	uint16_t port;
	int64_t deadline_boot_ms;
	int last_errno; /* of the last address; ETIMEDOUT when its share of the time was over */
	int fd;
	struct sts_connect_facts *facts; /* the caller's */
	bool is_default_server;          /* resolv.conf names no name server */
	bool route[2];                   /* is there a route for IPv4 ([0]), and for IPv6 ([1])? */
	int64_t resolve_until_boot_ms;
	int dns_errno;        /* of dns_failure; 0 when it was no call of the system that failed */
	bool server_answered; /* dns_failure was the answer of a name server */
	char dns_failure[DNS_FAILURE_BYTES]; /* the last failure of a name server, in words; ""
						when there was none */
};

static void add_endpoint(struct sts_text *t, const struct sts_address *address, uint16_t port)
{
	if (address->ipv6)
		sts_text_add_char(t, '[');
	sts_scoped_add(t, address);
	sts_text_addf(t, address->ipv6 ? "]:%u" : ":%u", (unsigned)port);
}

void sts_connect_add_last(struct sts_text *t, const struct sts_connect_facts *facts)
{
	add_endpoint(t, &facts->last, facts->port);
}

/* Returns the words for the errno of a socket that was to reach this address. */
static const char *words_of(const struct sts_address *address, int err)
{
	return err == EINVAL && sts_scoped_lacks_zone(address) ? STS_SCOPED_LACKS_ZONE
							       : sts_errno_words(err);
}

/* --- one address --- */

/* Wait until a connection attempt has an outcome. Returns 0 or an errno. */
static int wait_connected(int fd, int64_t until_boot_ms)
{
	int err = sts_wait_ready(fd, POLLOUT, until_boot_ms);
	socklen_t len = sizeof(err);

	if (err != 0)
		return err;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? errno : err;
}

/* Connect to one address. Returns 0 with a->fd set, or an errno. */
static int connect_one(struct attempt *a, const struct sts_address *address, int64_t until_boot_ms)
{
	static const int on = 1;
	union sts_sockaddr sa;
	socklen_t len = sts_address_to_sockaddr(address, a->port, &sa);
	int err = 0;

	int fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	/* A request is sent in one piece, so waiting to fill a segment would only cost time. A
	 * failure of this call changes nothing else. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* An interrupted connect() goes on in the kernel, like one that is in progress. */
	if (connect(fd, &sa.any, len) < 0)
		err = errno == EINPROGRESS || errno == EINTR ? wait_connected(fd, until_boot_ms)
							     : errno;
	if (err) {
		close(fd);
		return err;
	}
	a->fd = fd;
	return 0;
}

static void add_time(struct sts_text *t, int64_t ms)
{
	bool long_one = ms >= 900; /* a second less the time for the report */

	sts_text_addf(t, long_one ? "%lld s" : "%lld ms",
		      (long long)(long_one ? (ms + 500) / 1000 : ms));
}

/* Add where the address came from, so that a connection that fails is not taken for a name that
 * does not resolve. */
static void add_source(struct sts_text *t, const char *host, const struct sts_connect_facts *facts)
{
	if (facts->found_by == STS_FOUND_BY_HOSTS && !sts_hosts_is_localhost(sts_slice_of(host)))
		sts_text_addf(t, "; the address is from /etc/hosts");
	if (facts->asked_boot_ms == 0)
		return;
	sts_text_addf(t, "; the name resolved in ");
	add_time(t, facts->found_boot_ms - facts->asked_boot_ms);
}

void sts_connect_add_failure(struct sts_text *t, const char *host,
			     const struct sts_connect_facts *facts, int err)
{
	if (facts->found_by != STS_FOUND_BY_LITERAL) {
		sts_text_add_escaped(t, sts_slice_of(host), HOST_SHOWN_BYTES);
		sts_text_add_str(t, ": ");
	}
	if (facts->tried == 0) {
		sts_text_addf(t, "the time was over before a connection was tried");
		return;
	}
	if (err == ETIMEDOUT)
		sts_text_addf(t, "no answer from ");
	sts_connect_add_last(t, facts);
	if (err == ETIMEDOUT) {
		sts_text_addf(t, " in ");
		add_time(t, sts_clock_boot_ms() - facts->last_boot_ms);
	} else {
		sts_text_addf(t, ": %s", words_of(&facts->last, err));
	}
	if (facts->tried > 1) {
		sts_text_addf(t, " (the last of %d addresses tried; the first was ", facts->tried);
		add_endpoint(t, &facts->first, facts->port);
		sts_text_add_char(t, ')');
	}
	add_source(t, host, facts);
}

static enum sts_err fail_connect(const struct attempt *a, struct sts_error *e)
{
	int err = a->facts->tried == 0 ? ETIMEDOUT : a->last_errno;
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, msg, sizeof(msg));
	sts_connect_add_failure(&t, a->host, a->facts, err);
	return sts_fail(e, err == ETIMEDOUT ? STS_ECONNECT_TIME : sts_errno_code(err, STS_ECONNECT),
			err, "%s", msg);
}

/*
 * Try addresses in turn. Each has an equal share of the time that is left, so that an address that
 * never answers leaves time for the others.
 *   more  in  how many more shares to keep, for addresses that are not in the list
 */
static enum sts_err connect_any(struct attempt *a, const struct sts_address *list, size_t count,
				size_t more, struct sts_error *e)
{
	e->code = STS_ECONNECT_TIME;
	a->facts->addresses += (int)count;
	if (!a->facts->found_boot_ms)
		a->facts->found_boot_ms = sts_clock_boot_ms();
	for (size_t i = 0; i < count; i++) {
		int64_t left = sts_clock_left_ms(a->deadline_boot_ms);
		if (left == 0)
			break;
		int64_t share = left / (int64_t)(count - i + more);
		if (share < SHARE_MIN_MS)
			share = left < SHARE_MIN_MS ? left : SHARE_MIN_MS;
		a->facts->last = list[i];
		if (a->facts->tried == 0)
			a->facts->first = list[i];
		a->facts->last_boot_ms = sts_clock_boot_ms();
		a->facts->tried++;
		a->last_errno = connect_one(a, &list[i], a->facts->last_boot_ms + share);
		if (a->last_errno == 0)
			return STS_OK;
	}
	return fail_connect(a, e);
}

/*
 * Is there a route for a family? connect() of a UDP socket looks into the routing table and sends
 * nothing. The addresses are for documentation, so no host has them (RFC 5737, RFC 3849).
 */
static bool has_route(bool ipv6)
{
	static const struct sts_address documentation[2] = {
		{.ip = {192, 0, 2, 1}},
		{.ipv6 = true, .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
	};
	union sts_sockaddr sa;
	socklen_t len = sts_address_to_sockaddr(&documentation[ipv6], PORT_DISCARD, &sa);

	int fd = socket(sa.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool yes = connect(fd, &sa.any, len) == 0;
	close(fd);
	return yes;
}

/* --- the name server --- */

/* Keep the reason why the addresses of a candidate are not known. */
static void note_dns_failure(struct attempt *a, const struct sts_dns_answer *answer)
{
	/* From STS_DNS_SERVFAIL to STS_DNS_SILENT. */
	static const char words[] = STS_PACKED(
		"it failed (SERVFAIL)\0it refused to answer\0"
		"it answered with an error\0its answer makes no sense\0"
		"the answer needs TCP, which failed\0no answer");
	_Static_assert(STS_DNS_SILENT - STS_DNS_SERVFAIL == 5, "each has its words");
	bool has_words = answer->verdict <= STS_DNS_SILENT;
	const struct sts_address *server = &answer->server;
	struct sts_text t;

	sts_text_init(&t, a->dns_failure, sizeof(a->dns_failure));
	a->dns_errno = has_words ? 0 : answer->err;
	a->server_answered = answer->verdict < STS_DNS_TRUNCATED;
	if (answer->verdict <= STS_DNS_NONAME) {
		sts_text_addf(&t, "an alias (CNAME) that leads to no address");
		return;
	}
	sts_text_addf(&t, "name server ");
	sts_scoped_add(&t, server);
	if (a->is_default_server)
		sts_text_addf(&t, " (/etc/resolv.conf names none)");
	sts_text_add_str(&t, ": ");
	sts_text_add_str(&t, has_words ? sts_words_at(words, answer->verdict - STS_DNS_SERVFAIL)
				       : sts_errno_words(answer->err));
}

/*
 * Ask for one candidate, and connect. The second address family is asked for only when the first
 * family had no address, or when no connection was made. After silence for the first family the
 * second family is not asked for at all, since that would cost as much time again. Returns STS_OK;
 * STS_ECONNECT or STS_ECONNECT_TIME when the name exists, so that no further candidate may be asked
 * for; STS_EHOST when the name has no address; STS_EDNS when it is not known whether the name has
 * an address, with the reason in a->dns_failure.
 */
static enum sts_err try_candidate(struct attempt *a, struct sts_dns *dns, const char *candidate,
				  struct sts_error *e)
{
	bool ipv6_first = !a->route[0] && a->route[1], unknown = false;
	enum sts_err result = STS_EHOST;
	struct sts_dns_answer answer;

	for (int i = 0; i < 2 && result != STS_OK; i++) {
		bool ipv6 = i == 0 ? ipv6_first : !ipv6_first;
		sts_dns_ask(dns, candidate, ipv6, a->resolve_until_boot_ms, &answer);
		a->facts->server = answer.server;
		a->facts->has_server = true;
		if (answer.verdict == STS_DNS_FOUND) {
			a->facts->found_by = STS_FOUND_BY_DNS;
			result = connect_any(a, answer.list, answer.count,
					     i == 0 && a->route[!ipv6], e);
			continue;
		}
		if (answer.verdict > STS_DNS_NONAME || answer.alias) {
			note_dns_failure(a, &answer);
			unknown = true;
		}
		/* A name that does not exist has no address of the other family either. */
		if (answer.verdict == STS_DNS_NONAME || answer.verdict == STS_DNS_SILENT)
			break;
	}
	return result == STS_EHOST && unknown ? STS_EDNS : result;
}

/* The candidates that were asked for, with commas between them, for messages. */
struct asked {
	int count;
	struct sts_text names;
	char buf[STS_ERROR_TEXT_MAX_BYTES]; /* more than fits into a message */
};

static void note_asked(struct asked *asked, struct sts_connect_facts *facts, const char *candidate)
{
	size_t len = strlen(candidate) - 1; /* without the trailing dot */

	memcpy(facts->name, candidate, len);
	facts->name[len] = '\0';
	facts->asked++;
	if (asked->count++ > 0)
		sts_text_add_str(&asked->names, ", ");
	sts_text_add(&asked->names, candidate, len);
}

static enum sts_err fail_name(const struct attempt *a, enum sts_err code, const char *why,
			      const struct asked *asked, struct sts_error *e)
{
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, msg, sizeof(msg));
	sts_text_add_escaped(&t, sts_slice_of(a->host), HOST_SHOWN_BYTES);
	sts_text_addf(&t, ": %s", why);
	if (code == STS_EDNS && a->dns_failure[0] && why != a->dns_failure)
		sts_text_addf(&t, " (%s)", a->dns_failure);
	if (asked->count > 0) {
		sts_text_addf(&t, "; asked for ");
		sts_text_add_escaped(&t, sts_slice_of(asked->buf), sizeof(msg) - 1 - t.len);
	}
	/* Without a descriptor no name server was asked. */
	if (code == STS_EDNS)
		code = sts_errno_code(a->dns_errno, STS_EDNS);
	return sts_fail(e, code,
			code == STS_EFILES                            ? a->dns_errno
			: why == a->dns_failure && a->server_answered ? STS_DNS_ANSWERED
								      : 0,
			"%s", msg);
}

/* Ask for the candidates in their order, until one of them has an address. */
static enum sts_err connect_by_search(struct attempt *a, const struct sts_resolv *resolv,
				      bool absolute, struct sts_error *e)
{
	char candidate[STS_HOST_MAX_BYTES + 1];
	struct sts_dns dns = {.resolv = resolv, .port = STS_DNS_PORT};
	struct asked asked = {.count = 0};
	bool unknown = false, skip;

	sts_text_init(&asked.names, asked.buf, sizeof(asked.buf));
	for (size_t n = 0;
	     sts_search_candidate(resolv, sts_slice_of(a->host), absolute, n, candidate, &skip);
	     n++) {
		if (skip)
			continue;
		if (sts_clock_left_ms(a->resolve_until_boot_ms) == 0)
			return fail_name(a, STS_EDNS, sts_words("not resolved within the time"),
					 &asked, e);
		note_asked(&asked, a->facts, candidate);
		enum sts_err err = try_candidate(a, &dns, candidate, e);
		if (err != STS_EHOST && err != STS_EDNS)
			return err;
		if (err == STS_EHOST)
			continue;
		unknown = true;
		/*
		 * A failure of another search domain must not end the search. But when the
		 * cluster's domain cannot say whether the Service exists, a public name of the same
		 * spelling must not be asked for: its owner would get the token.
		 */
		if (sts_search_is_of_cluster(resolv, sts_slice_of(a->host), candidate))
			break;
	}
	if (unknown)
		return fail_name(a, STS_EDNS, a->dns_failure, &asked, e);
	return fail_name(a, STS_EHOST, sts_words("no such name, or no address"), &asked, e);
}

/* No line of resolv.conf has a name server that can be used. Another host must not be asked in its
 * place. */
static enum sts_err fail_servers(const char *path, const struct sts_resolv *resolv,
				 struct sts_error *e)
{
	return sts_fail(e, STS_EDNS, 0, "%s has no name server that can be used: \"%s\": %s", path,
			sts_shown(resolv->refused, LINE_SHOWN_BYTES), resolv->refused_why);
}

static enum sts_err connect_by_name(struct attempt *a, const struct sts_url *url,
				    const struct sts_connect_files *files, struct sts_error *e)
{
	struct sts_address list[STS_ADDRESSES_MAX];
	struct sts_slice name = sts_slice_of(url->host);
	char text[STS_RESOLV_MAX_BYTES];
	struct sts_resolv resolv;
	size_t len = 0;

	size_t count = sts_hosts_find_in_file(files->hosts, name, list, STS_ADDRESSES_MAX);
	if (count == 0)
		count = sts_hosts_is_localhost(name) ? sts_hosts_localhost(list) : 0;
	if (count > 0) {
		a->facts->found_by = STS_FOUND_BY_HOSTS;
		return connect_any(a, list, count, 0, e);
	}

	/*
	 * Without the file, the name is asked for as it is. A file that cannot be read is an error,
	 * since its search list may be what puts a Service before a public name.
	 */
	int err = sts_file_read(AT_FDCWD, files->resolv, STS_FILE_FOLLOW, text, sizeof(text), &len);
	if (err != 0 && err != ENOENT)
		return sts_fail(e, sts_errno_code(err, STS_EDNS), err, "%s: %s", files->resolv,
				sts_read_words(files->resolv, err));
	sts_resolv_parse((struct sts_slice){text, err == 0 ? len : 0}, &resolv);
	if (resolv.server_count == 0)
		return fail_servers(files->resolv, &resolv, e);
	a->is_default_server = resolv.is_default;
	a->route[0] = has_route(false);
	a->route[1] = has_route(true);
	a->resolve_until_boot_ms = a->deadline_boot_ms - RESERVE_MS;
	a->facts->asked_boot_ms = sts_clock_boot_ms();
	return connect_by_search(a, &resolv, url->absolute_name, e);
}

bool sts_connect_to_loopback(int fd)
{
	union sts_sockaddr peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, &peer.any, &len) != 0)
		return false;
	return peer.any.sa_family == AF_INET ? ntohl(peer.v4.sin_addr.s_addr) >> 24 == 127
					     : IN6_IS_ADDR_LOOPBACK(&peer.v6.sin6_addr);
}

enum sts_err sts_connect(const struct sts_url *url, const char *connect_to,
			 const struct sts_connect_files *files, int64_t deadline_boot_ms, int *fd,
			 struct sts_connect_facts *facts, struct sts_error *e)
{
	struct attempt a = {.host = url->host,
			    .port = url->port,
			    .deadline_boot_ms = deadline_boot_ms,
			    .facts = facts,
			    .fd = -1};
	struct sts_address address = {.ipv6 = url->host_kind == STS_HOST_IPV6};
	enum sts_err err;

	*fd = -1;
	memset(facts, 0, sizeof(*facts));
	facts->port = a.port;
	e->code = STS_EDNS;
	if (connect_to) {
		if (!sts_address_parse_endpoint(sts_slice_of(connect_to), &address, &a.port))
			return sts_fail(e, STS_EUSAGE, 0,
					"--connect wants ADDRESS:PORT, such as 10.0.0.1:443 or "
					"[2001:db8::1]:443");
		facts->port = a.port;
		facts->found_by = STS_FOUND_BY_OPTION;
		err = connect_any(&a, &address, 1, 0, e);
	} else if (url->host_kind != STS_HOST_NAME) {
		facts->found_by = STS_FOUND_BY_LITERAL;
		memcpy(address.ip, url->ip, address.ipv6 ? 16 : 4);
		err = connect_any(&a, &address, 1, 0, e);
	} else {
		err = connect_by_name(&a, url, files, e);
	}
	*fd = a.fd;
	return err;
}
