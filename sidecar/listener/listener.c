/* SPDX-License-Identifier: Apache-2.0 */
#include "listener/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "http/server.h"
#include "listener/metrics_text.h"
#include "net/listen_address.h"
#include "output/verdict.h"
#include "process/log.h"
#include "sandbox/harden.h"
#include "sandbox/sandbox.h"

#define CONNECTIONS       8
#define CONNECTION_MAX_MS 5000
#define READ_MAX_BYTES    (64 * 1024) /* of one connection: the request, and what comes behind it */
#define OUT_BYTES         1024
#define BACKLOG           128
#define BIND_AGAIN_MIN_MS 5000
#define BIND_AGAIN_MAX_MS 60000
#define ACCEPT_AGAIN_MS   1000
#define PRIORITY          10 /* behind the worker's, where they share a CPU */

/*
 * A place is given to another connection after this at the earliest. So a client has a moment to
 * send its request, however many others come at once; and however fast they come, only so many are
 * served in a second: 667 with one exchange, 190 with sixteen, for each of which /readyz looks at
 * files. That is a tenth of a CPU.
 */
#define PLACE_MIN_MS              10
#define PLACE_MIN_MS_PER_EXCHANGE 2

enum state { FREE, READING, ANSWERING, DRAINING };

/* What is still to be sent when the head of an answer is out. */
enum page { NOTHING, READY, METRICS };

struct connection {
	int64_t since_ms; /* BOOTTIME of accept() */
	int fd;
	uint8_t state, page;
	uint16_t len, sent; /* of out */
	size_t taken;       /* bytes read */
	size_t exchange;    /* READY: the next one to be looked at */
	struct sts_metrics_cursor cursor;
	struct sts_http_server request;
	char out[OUT_BYTES];
};

static struct {
	int fd;
	pid_t supervisor;
	int64_t pause_until_ms;
	const struct sts_metrics *metrics;
	char *const *dirs;
	size_t count; /* of dirs */
	struct connection connection[CONNECTIONS];
} l;

/* ---- answers ---- */

static const char statuses[] = "200 OK\0"
			       "400 Bad Request\0"
			       "404 Not Found\0"
			       "405 Method Not Allowed\0"
			       "414 URI Too Long\0"
			       "431 Request Header Fields Too Large\0"
			       "503 Service Unavailable\0"
			       "505 HTTP Version Not Supported";

static const char *status_line(int status)
{
	const char *at = statuses;

	while ((at[0] - '0') * 100 + (at[1] - '0') * 10 + at[2] - '0' != status)
		at += strlen(at) + 1;
	return at;
}

/*
 * Look at what the i-th exchange has written.
 *   why  in/out  gets what is wrong with it; may be NULL
 */
static bool is_ready(size_t i, struct sts_text *why)
{
	struct sts_verdict f;
	int64_t now_s = sts_clock_real_ms() / 1000;

	sts_verdict_look(&f, l.dirs[i], false, 0, now_s);
	if (!f.ok && why) {
		sts_text_addf(why, "%.*s: ", STS_EXCHANGE_NAME_BYTES - 1,
			      l.metrics->exchange[i].name);
		sts_verdict_explain(&f, why, now_s);
		sts_text_add_char(why, '\n');
	}
	return f.ok;
}

static bool all_ready(void)
{
	for (size_t i = 0; i < l.count; i++)
		if (!is_ready(i, NULL))
			return false;
	return true;
}

/* Which page, and with which status. */
static int choose(struct connection *c)
{
	struct sts_slice path = sts_http_server_path(&c->request);

	if (sts_slice_eq(path, "/livez"))
		return getppid() == l.supervisor ? 200 : 503;
	if (sts_slice_eq(path, "/metrics")) {
		c->page = METRICS;
		return 200;
	}
	if (!sts_slice_eq(path, "/readyz"))
		return 404;
	if (all_ready())
		return 200;
	c->page = READY;
	return 503;
}

/* The request is over: the head of its answer, and the body where that is one line. */
static void start_answer(struct connection *c, int status)
{
	const char *line;
	struct sts_text out;

	if (status == 200)
		status = choose(c);
	line = status_line(status);
	sts_text_init(&out, c->out, sizeof(c->out));
	sts_text_addf(&out,
		      "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		      "Cache-Control: no-store\r\nConnection: close\r\n%s\r\n",
		      line, status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (c->request.head)
		c->page = NOTHING;
	else if (c->page == NOTHING)
		sts_text_addf(&out, "%s\n", status == 200 ? "ok" : line + 4);
	c->len = (uint16_t)out.len;
	c->state = ANSWERING;
}

/* The next piece of the body. False when there is none. */
static bool go_on(struct connection *c)
{
	struct sts_text out;

	sts_text_init(&out, c->out, sizeof(c->out));
	/* One that has become ready since the head was written is passed over. */
	while (c->page == READY && out.len == 0 && c->exchange < l.count)
		is_ready(c->exchange++, &out);
	while (c->page == METRICS && out.size - out.len > STS_METRICS_LINE_MAX_BYTES &&
	       sts_metrics_next_line(l.metrics, &c->cursor, &out))
		;
	c->len = (uint16_t)out.len;
	c->sent = 0;
	return c->len > 0;
}

/* ---- one connection ---- */

/*
 * In order, after the peer has closed too; or at once with a reset, so that half an answer is not
 * taken for a whole one.
 */
static void end(struct connection *c, bool reset)
{
	static const struct linger none = {.l_onoff = 1};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(c->fd);
	c->state = FREE;
}

static void answer(struct connection *c)
{
	do {
		while (c->sent < c->len) {
			ssize_t put = send(c->fd, c->out + c->sent, c->len - c->sent, MSG_NOSIGNAL);

			if (put < 0 && errno != EAGAIN && errno != EINTR)
				end(c, true);
			if (put < 0)
				return;
			c->sent += (uint16_t)put;
		}
	} while (go_on(c));
	/* What the peer still sends would make close() a reset, which can overtake the answer. */
	shutdown(c->fd, SHUT_WR);
	c->state = DRAINING;
}

/* Once for each time that the socket is ready: one fast sender must not keep us from the others. */
static void take(struct connection *c)
{
	char buf[2048];
	ssize_t got = recv(c->fd, buf, sizeof(buf), 0);
	int status = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		c->taken += (size_t)got;
	if (got <= 0 || c->taken > READ_MAX_BYTES) {
		end(c, got > 0);
		return;
	}
	if (c->state == READING)
		status = sts_http_server_feed(&c->request, buf, (size_t)got);
	if (status)
		start_answer(c, status);
	if (c->state == ANSWERING)
		answer(c);
}

/* ---- all of them ---- */

/* Where the next connection goes: a free place, else that of the oldest, whatever it is doing:
 * nothing that a client does keeps it. */
static struct connection *place(void)
{
	struct connection *best = l.connection;

	for (struct connection *c = l.connection; c < l.connection + CONNECTIONS; c++)
		if ((c->state == FREE) > (best->state == FREE) ||
		    ((c->state == FREE) == (best->state == FREE) && c->since_ms < best->since_ms))
			best = c;
	return best;
}

static void welcome(struct connection *c, int64_t now_ms)
{
	int fd = accept4(l.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		/* Out of memory or descriptors: the queue stays as it is, and poll() would return
		 * at once. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			l.pause_until_ms = now_ms + ACCEPT_AGAIN_MS;
		return;
	}
	if (c->state != FREE)
		end(c, true);
	memset(c, 0, offsetof(struct connection, out));
	c->fd = fd;
	c->since_ms = now_ms;
	c->state = READING;
	take(c);
}

/* False when poll() fails, which would be tried again at once for ever. */
static bool turn(void)
{
	struct pollfd fds[CONNECTIONS + 1];
	int64_t now_ms = sts_clock_boot_ms(), wake_ms = INT64_MAX,
		open_ms = place()->since_ms + PLACE_MIN_MS +
			  (int64_t)l.count * PLACE_MIN_MS_PER_EXCHANGE;

	if (open_ms < l.pause_until_ms)
		open_ms = l.pause_until_ms;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &l.connection[i];

		if (c->state != FREE && now_ms >= c->since_ms + CONNECTION_MAX_MS)
			end(c, true);
		fds[i] = (struct pollfd){.fd = c->state == FREE ? -1 : c->fd,
					 .events = c->state == ANSWERING ? POLLOUT : POLLIN};
		if (c->state != FREE && c->since_ms + CONNECTION_MAX_MS < wake_ms)
			wake_ms = c->since_ms + CONNECTION_MAX_MS;
	}
	fds[CONNECTIONS] = (struct pollfd){.fd = now_ms >= open_ms ? l.fd : -1, .events = POLLIN};
	if (now_ms < open_ms && open_ms < wake_ms)
		wake_ms = open_ms;
	int ready = poll(fds, CONNECTIONS + 1,
			 wake_ms == INT64_MAX ? -1 : sts_clock_left_ms(wake_ms));
	if (ready <= 0)
		return ready == 0 || errno == EINTR;
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (fds[i].revents && l.connection[i].state == ANSWERING)
			answer(&l.connection[i]);
		else if (fds[i].revents)
			take(&l.connection[i]);
	if (fds[CONNECTIONS].revents)
		welcome(place(), sts_clock_boot_ms());
	return true;
}

/* ---- the port ---- */

/* Returns the descriptor, or -1 with errno. */
static int open_port(const struct sts_address *address, uint16_t port)
{
	static const int on = 1, off = 0;
	union sts_sockaddr sa;
	socklen_t len = sts_address_to_sockaddr(address, port, &sa);
	int fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] is for IPv4 too, whatever the system's default is. */
	if (address->ipv6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &sa.any, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int open_port_of(const char *where)
{
	static const struct sts_address any = {0};
	struct sts_address address;
	uint16_t port;
	int fd;

	if (!sts_listen_address_parse(where, &address, &port))
		return -1;
	fd = open_port(&address, port);
	/* A node without IPv6. */
	if (fd < 0 && errno == EAFNOSUPPORT && memcmp(address.ip, any.ip, sizeof(any.ip)) == 0)
		fd = open_port(&any, port);
	return fd;
}

static __attribute__((noinline)) void tell(enum sts_level level, const char *msg, const char *where,
					   int err)
{
	struct sts_log line;

	sts_log_start(&line, level, msg);
	sts_log_str(&line, "listen", where);
	if (err) {
		sts_log_str(&line, "error", sts_errno_words(err));
		sts_log_str(&line, "hint",
			    "choose a port above 1023 that no other container of the Pod has, and "
			    ":PORT for every address; tokens are refreshed all the same");
	}
	sts_log_end(&line);
}

static int open_with_patience(const char *where)
{
	int64_t wait_ms = BIND_AGAIN_MIN_MS;
	int fd, told = 0;

	while ((fd = open_port_of(where)) < 0) {
		if (told != errno)
			tell(STS_LEVEL_ERROR, "the port cannot be opened: trying again", where,
			     told = errno);
		nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
		wait_ms = 2 * wait_ms < BIND_AGAIN_MAX_MS ? 2 * wait_ms : BIND_AGAIN_MAX_MS;
	}
	tell(STS_LEVEL_INFO, "listening", where, 0);
	return fd;
}

/* Nothing but reading beneath the output directories, and this one port. The token lies there too:
 * its name changes owners with each refresh, which no rule about files can tell apart. */
static enum sts_err confine(const char *where, bool require, struct sts_error *e)
{
	struct sts_landlock files;
	struct sts_address address;
	uint16_t port = 0;
	enum sts_err err;

	sts_listen_address_parse(where, &address, &port);
	sts_landlock_init(&files, true);
	sts_landlock_allow_port(&files, port, true);
	for (size_t i = 0; i < l.count; i++)
		sts_landlock_allow_path(&files, AT_FDCWD, l.dirs[i], STS_LANDLOCK_READ);
	err = sts_sandbox_confine(&files, require, e);
	return err == STS_OK ? sts_sandbox_enter(STS_SANDBOX_LISTENER, require, e) : err;
}

enum sts_err sts_listener_run(const char *where, const struct sts_metrics *metrics,
			      char *const *dirs, bool require, struct sts_error *e)
{
	enum sts_err err;

	l.metrics = metrics;
	l.dirs = dirs;
	while (dirs[l.count])
		l.count++;
	l.supervisor = getppid();
	sts_harden_listener();
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	err = confine(where, require, e);
	if (err != STS_OK)
		return err;
	l.fd = open_with_patience(where);
	while (turn())
		;
	return sts_fail(e, STS_EBUG, errno, "poll: %s", sts_errno_words(errno));
}
