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
#include "base/listen_address.h"
#include "base/packed.h"
#include "base/release_stack.h"
#include "base/resident.h"
#include "base/system_calls.h"
#include "http_messages/server.h"
#include "listener/metrics_text.h"
#include "log/log.h"
#include "output/stored.h"
#include "output/verdict.h"
#include "sandbox/harden.h"
#include "sandbox/sandbox.h"

#define CONNECTIONS       8 /* the most connections at the same time; each has a slot */
#define CONNECTION_MAX_MS 5000
#define READ_MAX_BYTES \
	(64 * 1024) /* of one connection: the request and all bytes after the request */
#define OUT_BYTES         1280
#define BACKLOG           128
#define BIND_AGAIN_MIN_MS 5000
#define BIND_AGAIN_MAX_MS 60000
#define ACCEPT_AGAIN_MS   1000
#define PRIORITY          10 /* nice(2): workers come first if they share the CPU */

/*
 * A connection keeps its slot for at least this long. So each client has the time to send its
 * request, even if many others connect at the same time. The time also limits the connections per
 * second: to 667 with one exchange, and to 190 with sixteen. The time grows with the exchanges,
 * since /readyz and /metrics look at files for each exchange. At that rate the listener uses a
 * tenth of a CPU.
 */
#define SLOT_MIN_MS              10
#define SLOT_MIN_MS_PER_EXCHANGE 2

enum state { FREE, READING, ANSWERING, DRAINING };

/* The body that follows the first piece of an answer. */
enum page { NOTHING, READY, METRICS };

struct connection {
	int64_t since_ms; /* BOOTTIME of accept(2) */
	int fd;
	uint8_t state, page;
	uint16_t len, sent; /* the number of bytes in `out`, and of those that were sent */
	size_t taken;       /* the number of bytes that were read from the client */
	size_t exchange;    /* for READY: the index of the exchange that is looked at next */
	struct sts_metrics_cursor cursor;
	struct sts_http_server request;
	char out[OUT_BYTES];
};

/* An output directory. It is opened before the sandbox, with O_PATH: its files can be looked at,
 * and cannot be opened. */
struct directory {
	const char *path;
	int fd; /* -1: there was no such directory */
	/* What `expires` said when the listener started. It counts until the supervisor knows when
	 * the token expires: the first attempt may still be running. */
	int expires_errno;
	int64_t expires_s;
	struct sts_metrics_known known; /* as it was read last */
};

/* Without a client, only the first page is written to, which is that of the stack. */
struct listener {
	int fd;
	pid_t supervisor;
	int64_t pause_until_ms;
	const struct sts_metrics *metrics;
	size_t count;              /* the number of directories, and so of exchanges */
	struct sts_status_now now; /* the boot id is read before the sandbox closes /proc */
	struct directory directory[STS_EXCHANGES_MAX];
	/* For /metrics. A page has what was seen for the page that was asked for last. */
	struct sts_metrics_seen seen[STS_EXCHANGES_MAX];
	struct connection connection[CONNECTIONS];
};

_Static_assert(sizeof(struct listener) <= STS_RESIDENT_ROOM_BYTES, "it has this place");

static struct listener *const l = (struct listener *)(void *)sts_resident_room;

/* ---- answers ---- */

/* Look at the directory of the i-th exchange. Its expiry and its status are what the supervisor
 * knows, and no file is opened. If the supervisor has stopped while it wrote them, what was read
 * before counts. */
static void look(size_t i, struct sts_verdict *v)
{
	struct directory *dir = &l->directory[i];
	struct sts_verdict_known facts = {.dir_fd = dir->fd, .status = &dir->known.status};

	l->now.real_s = sts_clock_real_ms() / 1000;
	l->now.boot_ms = sts_clock_boot_ms();
	sts_metrics_known(&l->metrics->exchange[i], &dir->known);
	/* The supervisor lives in this boot. */
	memcpy(dir->known.status.boot_id, l->now.boot_id, sizeof(l->now.boot_id));
	facts.expires_s = dir->known.expires_s > 0 ? dir->known.expires_s : dir->expires_s;
	facts.expires_errno = dir->known.expires_s > 0 ? 0 : dir->expires_errno;
	sts_verdict_look_known(v, dir->path, &facts, l->now.real_s);
}

/* Add the line of the i-th exchange: why it is not ready, or what there is to say although it is.
 * Adds nothing if there is nothing to say. */
static void add_line(size_t i, struct sts_text *out)
{
	struct sts_verdict v;
	size_t before = out->len, begin;

	look(i, &v);
	sts_text_addf(out, "%.*s: ", STS_EXCHANGE_NAME_BYTES - 1, l->metrics->exchange[i].name);
	begin = out->len;
	if (v.ok)
		sts_verdict_note(&v, out, &l->now);
	else
		sts_verdict_explain(&v, out, &l->now);
	if (out->len > begin)
		sts_text_add_char(out, '\n');
	else
		out->len = before;
}

/*
 * Are the tokens of all exchanges valid?
 *   noted  out  after true: there is something to say all the same
 */
static bool all_ready(bool *noted)
{
	struct sts_verdict v;

	*noted = false;
	for (size_t i = 0; i < l->count; i++) {
		look(i, &v);
		if (!v.ok)
			return false;
		*noted |= v.has_status && sts_status_skew(&v.status, &l->now) != 0;
	}
	return true;
}

/* Returns when the next attempt is planned. The clock may have been set since the plan was made. */
static int64_t next_attempt_s(const struct sts_status *status)
{
	int64_t next_s = l->now.real_s + (status->next_ms - l->now.boot_ms) / 1000;
	int64_t moved_s = next_s - status->next_attempt_s;

	/* The seconds of the two clocks do not begin at the same moment. */
	return status->next_ms == 0 || (moved_s >= -2 && moved_s <= 2) ? status->next_attempt_s
								       : next_s;
}

/* Find out for /metrics what the supervisor does not count. */
static void look_at_all(void)
{
	struct sts_verdict v;

	for (size_t i = 0; i < l->count; i++) {
		const struct sts_status *status = &l->directory[i].known.status;

		look(i, &v);
		l->seen[i] =
			(struct sts_metrics_seen){.ready = v.ok,
						  .error = status->error,
						  .next_s = next_attempt_s(status),
						  .clock_skew_s = sts_status_skew(status, &l->now)};
	}
}

/* Choose the page for the path. Returns the status of the answer. */
static int choose_page(struct connection *c)
{
	struct sts_slice path = sts_http_server_path(&c->request);
	bool ready, noted;

	if (sts_slice_eq(path, "/livez"))
		return getppid() == l->supervisor ? 200 : 503;
	if (sts_slice_eq(path, "/metrics")) {
		c->page = METRICS;
		look_at_all();
		return 200;
	}
	if (!sts_slice_eq(path, "/readyz"))
		return 404;
	ready = all_ready(&noted);
	if (!ready || noted)
		c->page = READY;
	return ready ? 200 : 503;
}

/* Write the head of the answer, and the body if the body is one line. `status` is 200 for a
 * complete request, and else the status with which the request is refused. */
static void start_answer(struct connection *c, int status)
{
	const char *line;
	struct sts_text out;

	if (status == 200)
		status = choose_page(c);
	line = sts_http_server_status(status);
	sts_text_init(&out, c->out, sizeof(c->out));
	sts_text_addf(&out,
		      "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		      "Cache-Control: no-store\r\nConnection: close\r\n%s\r\n",
		      line, status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (c->request.head)
		c->page = NOTHING;
	else if (c->page == NOTHING || (c->page == READY && status == 200))
		sts_text_addf(&out, "%s\n", status == 200 ? "ok" : line + 4);
	c->len = (uint16_t)out.len;
	c->state = ANSWERING;
}

/* Write the next piece of the body. Returns false after the last piece. */
static bool next_piece(struct connection *c)
{
	struct sts_text out;

	sts_text_init(&out, c->out, sizeof(c->out));
	/* Most exchanges have nothing to say. */
	while (c->page == READY && out.len == 0 && c->exchange < l->count)
		add_line(c->exchange++, &out);
	while (c->page == METRICS && out.size - out.len > STS_METRICS_LINE_MAX_BYTES &&
	       sts_metrics_next_line(l->metrics, l->seen, &c->cursor, &out))
		;
	c->len = (uint16_t)out.len;
	c->sent = 0;
	return c->len > 0;
}

/* ---- one connection ---- */

/*
 * Close a connection. With `reset`, the client gets a TCP reset, so that it does not take half an
 * answer for a whole one.
 */
static void close_connection(struct connection *c, bool reset)
{
	static const struct linger none = {.l_onoff = 1};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(c->fd);
	c->state = FREE;
}

/* Send as much of the answer as the socket takes. */
static void answer(struct connection *c)
{
	do {
		while (c->sent < c->len) {
			ssize_t put = send(c->fd, c->out + c->sent, c->len - c->sent, MSG_NOSIGNAL);

			if (put < 0 && errno != EAGAIN && errno != EINTR)
				close_connection(c, true);
			if (put < 0)
				return;
			c->sent += (uint16_t)put;
		}
	} while (next_piece(c));
	/* If bytes of the client came after close(2), the kernel would send a reset, which can
	 * destroy the answer before the client has read the answer. So the listener reads until the
	 * client closes. */
	shutdown(c->fd, SHUT_WR);
	c->state = DRAINING;
}

/* Read only once each time that the socket is ready. Otherwise one fast sender would keep the
 * others waiting. */
static void read_request(struct connection *c)
{
	char buf[2048];
	ssize_t got = recv(c->fd, buf, sizeof(buf), 0);
	int status = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		c->taken += (size_t)got;
	if (got <= 0 || c->taken > READ_MAX_BYTES) {
		close_connection(c, got > 0);
		return;
	}
	if (c->state == READING)
		status = sts_http_server_feed(&c->request, buf, (size_t)got);
	if (status)
		start_answer(c, status);
	if (c->state == ANSWERING)
		answer(c);
}

/* ---- all connections ---- */

/* Choose the slot for the next connection: a free slot, or else the slot of the oldest connection.
 * So no client can keep a slot for ever. */
static struct connection *choose_slot(void)
{
	struct connection *best = l->connection;

	for (struct connection *c = l->connection; c < l->connection + CONNECTIONS; c++)
		if ((c->state == FREE) > (best->state == FREE) ||
		    ((c->state == FREE) == (best->state == FREE) && c->since_ms < best->since_ms))
			best = c;
	return best;
}

static void accept_connection(struct connection *c, int64_t now_ms)
{
	int fd = sts_accept4(l->fd, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		/* Memory or descriptors have run out. The connection stays in the queue, so poll(2)
		 * would return at once, again and again. So the listener waits for a moment. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			l->pause_until_ms = now_ms + ACCEPT_AGAIN_MS;
		return;
	}
	if (c->state != FREE)
		close_connection(c, true);
	memset(c, 0, offsetof(struct connection, out));
	c->fd = fd;
	c->since_ms = now_ms;
	c->state = READING;
	read_request(c);
}

/* Wait once, and serve the connections that are ready. Returns false if poll(2) fails: each further
 * call would then fail at once. */
static bool serve(void)
{
	struct pollfd fds[CONNECTIONS + 1];
	int64_t now_ms = sts_clock_boot_ms(), wake_ms = INT64_MAX,
		open_ms = choose_slot()->since_ms + SLOT_MIN_MS +
			  (int64_t)l->count * SLOT_MIN_MS_PER_EXCHANGE;

	if (open_ms < l->pause_until_ms)
		open_ms = l->pause_until_ms;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &l->connection[i];

		if (c->state != FREE && now_ms >= c->since_ms + CONNECTION_MAX_MS)
			close_connection(c, true);
		fds[i] = (struct pollfd){.fd = c->state == FREE ? -1 : c->fd,
					 .events = c->state == ANSWERING ? POLLOUT : POLLIN};
		if (c->state != FREE && c->since_ms + CONNECTION_MAX_MS < wake_ms)
			wake_ms = c->since_ms + CONNECTION_MAX_MS;
	}
	fds[CONNECTIONS] = (struct pollfd){.fd = now_ms >= open_ms ? l->fd : -1, .events = POLLIN};
	if (now_ms < open_ms && open_ms < wake_ms)
		wake_ms = open_ms;
	sts_release_stack();
	int ready = poll(fds, CONNECTIONS + 1,
			 wake_ms == INT64_MAX ? -1 : sts_clock_left_ms(wake_ms));
	if (ready <= 0)
		return ready == 0 || errno == EINTR;
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (fds[i].revents && l->connection[i].state == ANSWERING)
			answer(&l->connection[i]);
		else if (fds[i].revents)
			read_request(&l->connection[i]);
	if (fds[CONNECTIONS].revents)
		accept_connection(choose_slot(), sts_clock_boot_ms());
	return true;
}

/* ---- the port ---- */

/* Listen on an address. Returns the descriptor, or -1 with errno. */
static int open_port(const struct sts_address *address, uint16_t port)
{
	static const int on = 1, off = 0;
	union sts_sockaddr sa;
	socklen_t len = sts_address_to_sockaddr(address, port, &sa);
	int fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] accepts IPv4 too, whatever /proc/sys/net/ipv6/bindv6only says (ipv6(7)). */
	if (address->ipv6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &sa.any, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Listen on the address of --listen. Returns the descriptor, or -1 with errno. */
static int open_port_of(const char *where)
{
	static const struct sts_address any = {0};
	struct sts_address address;
	uint16_t port;
	int fd;

	if (!sts_listen_address_parse(where, &address, &port))
		return -1;
	fd = open_port(&address, port);
	/* If the node does not have IPv6, listen on 0.0.0.0 in place of [::]. */
	if (fd < 0 && errno == EAFNOSUPPORT && memcmp(address.ip, any.ip, sizeof(any.ip)) == 0)
		fd = open_port(&any, port);
	return fd;
}

static __attribute__((noinline)) void log_port(enum sts_level level, const char *msg,
					       const char *where, int err)
{
	struct sts_log line;

	sts_log_start(&line, level, msg);
	sts_log_str(&line, "listen", where);
	if (err) {
		const struct sts_error_info info = sts_error_info(STS_EPORT);
		char buf[256];
		struct sts_text hint;

		sts_text_init(&hint, buf, sizeof(buf));
		sts_text_addf(&hint, "%s: %s", sts_error_meaning(STS_EPORT),
			      sts_error_hint(STS_EPORT, err));
		sts_log_str(&line, "error", info.name);
		sts_log_str(&line, "reason", sts_errno_words(err));
		sts_log_str(&line, "hint", buf);
	}
	sts_log_end(&line);
}

/* Listen on the address of --listen. If that fails, try again and again, and log each new reason.
 * Returns the descriptor. */
static int open_with_patience(const char *where)
{
	int64_t wait_ms = BIND_AGAIN_MIN_MS;
	int fd, logged = 0; /* the errno of the last line */

	while ((fd = open_port_of(where)) < 0) {
		if (logged != errno)
			log_port(STS_LEVEL_ERROR,
				 sts_words("the port cannot be opened: trying again"), where,
				 logged = errno);
		nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
		wait_ms = 2 * wait_ms < BIND_AGAIN_MAX_MS ? 2 * wait_ms : BIND_AGAIN_MAX_MS;
	}
	log_port(STS_LEVEL_INFO, sts_words("listening"), where, 0);
	return fd;
}

/* Open the output directories, and read what `expires` says now. */
static void open_directories(char *const *dirs)
{
	for (; dirs[l->count]; l->count++) {
		struct directory *dir = &l->directory[l->count];

		dir->path = dirs[l->count];
		dir->fd = open(dir->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		dir->expires_errno = dir->fd < 0 ? errno
						 : sts_stored_expires(dir->fd, &dir->expires_s);
	}
}

/* Allow binding this one port, and opening no file at all. */
static enum sts_err confine(const char *where, bool require, struct sts_error *e)
{
	struct sts_landlock files;
	struct sts_address address;
	uint16_t port = 0;
	enum sts_err err;

	sts_listen_address_parse(where, &address, &port);
	sts_landlock_init(&files, true);
	sts_landlock_allow_port(&files, port, true);
	err = sts_sandbox_confine(&files, require, e);
	return err == STS_OK ? sts_sandbox_enter(STS_SANDBOX_LISTENER, NULL, require, e) : err;
}

enum sts_err sts_listener_run(const char *where, const struct sts_metrics *metrics,
			      char *const *dirs, bool require, struct sts_error *e)
{
	enum sts_err err;

	l->metrics = metrics;
	l->supervisor = getppid();
	sts_status_now(&l->now);
	open_directories(dirs);
	sts_harden_listener();
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	err = confine(where, require, e);
	if (err != STS_OK)
		return err;
	l->fd = open_with_patience(where);
	while (serve())
		;
	return sts_fail(e, STS_EBUG, errno, "poll: %s", sts_errno_words(errno));
}
