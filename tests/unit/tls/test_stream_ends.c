/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of a stream that need no peer. */
#include "tls/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

/* What the next calls return: the linker puts these functions in the place of the C library's. */
static int send_errno, recv_errno, wait_err; /* once; 0: it works */
static bool sends_nothing;

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
	errno = send_errno;
	send_errno = 0;
	if (sends_nothing) {
		sends_nothing = false;
		return 0;
	}
	return errno ? -1 : __real_send(fd, data, len, flags);
}

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
	errno = recv_errno;
	recv_errno = 0;
	return errno ? -1 : __real_recv(fd, data, size, flags);
}

int __real_sts_wait_ready(int fd, short events, int64_t deadline_boot_ms);
int __wrap_sts_wait_ready(int fd, short events, int64_t deadline_boot_ms);
int __wrap_sts_wait_ready(int fd, short events, int64_t deadline_boot_ms)
{
	int err = wait_err;

	wait_err = 0;
	return err ? err : __real_sts_wait_ready(fd, events, deadline_boot_ms);
}

static struct sts_stream tls;
static struct sts_verifier verifier;

/* The state of the client is set, and close_notify is all that is sent:
 * after that of the server, and after the handshake, but not after a failure. */
static void close_notify_is_sent(void)
{
	static const uint8_t alert[] = {21, 3, 3, 0, 2, 1, 0};
	uint8_t sent[sizeof(alert) + 1];
	int pair[2];

	for (int i = 0; i < 3; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		sts_stream_init(&tls, pair[0], false, &verifier, NULL, INT64_MAX, NULL);
		tls.tls.records.closed = i == 0;
		tls.tls.records.data_due = i > 0;
		tls.tls.records.failure.kind = i == 2 ? STS_TLS_BROKEN_RULE : STS_TLS_FINE;
		sts_stream_fini(&tls);
		CHECK_INT(read(pair[1], sent, sizeof(sent)), i == 2 ? -1 : (int)sizeof(alert));
		CHECK(i == 2 || memcmp(sent, alert, sizeof(alert)) == 0);
		close(pair[0]);
		close(pair[1]);
	}
}

/* The server reads nothing, so there is no room for the alert. The failure is told at once, and as
 * what it is. */
static void an_alert_never_waits(void)
{
	static uint8_t full[65536];
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	for (size_t size = sizeof(full); size > 0; size /= 2)
		while (send(pair[0], full, size, 0) > 0)
			;
	sts_stream_init(&tls, pair[0], false, &verifier, NULL, sts_clock_boot_ms() + 2000, NULL);
	CHECK(!sts_tls_give_up(&tls.tls.records, STS_TLS_NO_RANDOM, STS_TLS_ALERT_INTERNAL_ERROR));
	CHECK(!tls.timed_out);
	CHECK_INT(tls.tls.records.failure.kind, STS_TLS_NO_RANDOM);
	sts_stream_fini(&tls);
	close(pair[0]);
	close(pair[1]);
}

static int peer;

/* Begin a stream of plain TCP or TLS to a socket of this process. */
static void begin(bool plain)
{
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	peer = pair[1];
	sts_stream_init(&tls, pair[0], plain, plain ? NULL : &verifier, NULL,
			sts_clock_boot_ms() + 5000, NULL);
}

static void end(void)
{
	close(tls.fd);
	close(peer);
}

static struct sts_error error;
static char got_bytes[64];

static enum sts_err read_some(size_t *got, bool *clean)
{
	memset(&error, 0, sizeof(error));
	return sts_stream_read(&tls, got_bytes, sizeof(got_bytes), got, clean, &error);
}

/* A signal that comes while a call waits changes nothing. */
static void signals_do_not_count(void)
{
	size_t got;
	bool clean;

	begin(true);
	send_errno = EINTR;
	CHECK_INT(sts_stream_write(&tls, "request", 7, &error), STS_OK);
	sends_nothing = true;
	CHECK_INT(sts_stream_write(&tls, "more", 4, &error), STS_OK);
	CHECK_INT(read(peer, got_bytes, sizeof(got_bytes)), 11);
	CHECK(memcmp(got_bytes, "requestmore", 11) == 0);
	CHECK_INT(write(peer, "answer", 6), 6);
	recv_errno = EINTR;
	CHECK_INT(read_some(&got, &clean), STS_OK);
	CHECK(got == 6 && memcmp(got_bytes, "answer", 6) == 0);
	end();
}

/* A connection that breaks: what the server sent before is read, and the end is not a clean one. */
static void a_broken_connection(void)
{
	size_t got;
	bool clean;

	begin(true);
	send_errno = EPIPE;
	CHECK_INT(sts_stream_write(&tls, "request", 7, &error), STS_OK);
	CHECK_INT(write(peer, "answer", 6), 6);
	CHECK_INT(read_some(&got, &clean), STS_OK);
	CHECK_INT(got, 6);
	recv_errno = ECONNRESET;
	CHECK_INT(read_some(&got, &clean), STS_EAGAIN);
	CHECK(got == 0 && !clean);
	CHECK_INT(tls.io_errno, ECONNRESET);
	wait_err = ENOMEM; /* nothing is there, and poll(2) fails */
	CHECK_INT(read_some(&got, &clean), STS_EAGAIN);
	CHECK(got == 0 && !clean);
	CHECK_INT(tls.io_errno, ENOMEM);
	end();
}

/* At the deadline, what is not sent yet is not sent. */
static void the_deadline(void)
{
	size_t got;
	bool clean;

	begin(true);
	tls.deadline_boot_ms = sts_clock_boot_ms();
	CHECK_INT(sts_stream_write(&tls, "request", 7, &error), STS_ETIMEOUT);
	CHECK_STR(error.msg, "the request could not be sent within the time");
	CHECK(read(peer, got_bytes, sizeof(got_bytes)) < 0);
	CHECK_INT(read_some(&got, &clean), STS_ETIMEOUT);
	CHECK_STR(error.msg, "no complete answer within the time");
	end();
}

/* The server asked to renegotiate and ended the connection when it was refused, with an alert or
 * without. After an answer that does not matter. */
static void renegotiation(void)
{
	size_t got;
	bool clean;

	for (int i = 0; i < 4; i++) {
		begin(false);
		tls.tls.records.failure.kind = i % 2 ? STS_TLS_ALERTED : STS_TLS_ENDED;
		tls.tls.records.failure.alert = i % 2 ? 40 : 0;
		tls.tls.facts.renegotiation = true;
		tls.tls.facts.answered = i >= 2;
		tls.tls.records.data_due = true;
		CHECK_INT(read_some(&got, &clean), i < 2    ? STS_ETLS_RENEGOTIATION
						   : i == 2 ? STS_EAGAIN
							    : STS_ETLS);
		if (i < 2)
			CHECK_STR(error.msg, "the server asked to renegotiate, which this program "
					     "does not do, and ended the connection");
		end();
	}
}

/* What the first bytes of the peer say: whether it speaks TLS at all. */
static void first_bytes(void)
{
	static const char is_tls[] = "the peer closed the connection during the TLS handshake";
	static const char is_not[] = "the server does not speak TLS on this port";
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {{"\x15", 1, is_tls},
		    {"\x15\x03\x03", 3, is_tls},
		    {"\x15\x02\x03", 3, is_not},
		    {"\x13\x03\x03", 3, is_not},
		    {"\x18\x03\x03", 3, is_not},
		    {"SSH-2.0", 7, "the server does not speak TLS on this port: it speaks SSH"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(false);
		CHECK_INT(write(peer, rows[i].bytes, rows[i].len), rows[i].len);
		shutdown(peer, SHUT_WR);
		CHECK(sts_stream_handshake(&tls, &error) != STS_OK);
		CHECK_STR(error.msg, rows[i].words);
		end();
	}
}

/* A record that does not fit behind others waits until they are sent. */
static void a_full_buffer(void)
{
	static uint8_t data[sizeof(tls.tls.records.out)], sent[sizeof(data) + 64];
	static const uint8_t alert[] = {1, 0};
	struct sts_tls_records *r = &tls.tls.records;
	size_t len = sizeof(r->out) - STS_TLS_HEADER_BYTES;

	begin(false);
	CHECK(sts_tls_records_put(r, STS_TLS_RECORD_APPLICATION_DATA, data, len));
	CHECK(read(peer, sent, sizeof(sent)) < 0);
	CHECK(sts_tls_records_put(r, STS_TLS_RECORD_ALERT, alert, sizeof(alert)));
	CHECK_INT(read(peer, sent, sizeof(sent)), sizeof(r->out));
	CHECK(sent[0] == 23 && sent[3] == len >> 8 && sent[4] == (len & 0xff));
	CHECK(sts_tls_records_flush(r));
	CHECK_INT(read(peer, sent, sizeof(sent)), STS_TLS_HEADER_BYTES + sizeof(alert));
	CHECK_INT(sent[0], 21);
	/* The deadline passes before there is room. */
	CHECK(sts_tls_records_put(r, STS_TLS_RECORD_APPLICATION_DATA, data, len));
	tls.deadline_boot_ms = sts_clock_boot_ms();
	CHECK(!sts_tls_records_put(r, STS_TLS_RECORD_ALERT, alert, sizeof(alert)));
	CHECK_INT(r->failure.kind, STS_TLS_IO);
	end();
}

/* There is one alert at most, and the first failure is the one that is told. */
static void only_the_first_counts(void)
{
	struct sts_tls_records *r = &tls.tls.records;

	begin(false);
	sts_tls_records_close(r);
	sts_tls_records_close(r);
	CHECK_INT(read(peer, got_bytes, sizeof(got_bytes)), STS_TLS_HEADER_BYTES + 2);
	CHECK(!sts_tls_give_up(r, STS_TLS_DISTRUSTED, STS_TLS_ALERT_INTERNAL_ERROR));
	CHECK(!sts_tls_refuse(r, STS_TLS_RECORD_TYPE));
	CHECK_INT(r->failure.kind, STS_TLS_DISTRUSTED);
	CHECK_INT(r->failure.check, 0);
	CHECK(read(peer, got_bytes, sizeof(got_bytes)) < 0);
	end();
}

/* What begins like close_notify, or like a warning, and has a byte too many ends the connection at
 * once, and is no end that the server has announced. */
static void an_alert_with_a_byte_too_many(void)
{
	static const uint8_t numbers[] = {0 /* close_notify */, 90 /* user_canceled */};
	struct sts_tls_records *r = &tls.tls.records;

	for (size_t i = 0; i < sizeof(numbers); i++) {
		const uint8_t record[] = {21, 3, 3, 0, 3, 1, numbers[i], 0};

		begin(false);
		r->tls13 = true;
		CHECK_INT(write(peer, record, sizeof(record)), sizeof(record));
		CHECK(!sts_tls_records_next(r));
		CHECK_INT(r->failure.kind, STS_TLS_BROKEN_RULE);
		CHECK_INT(r->failure.check, STS_TLS_ALERT_SIZE);
		CHECK(!r->closed);
		CHECK_INT(r->warnings, 0);
		end();
	}
}

static const struct sts_test tests[] = {
	{"close_notify is sent", close_notify_is_sent},
	{"an alert never waits", an_alert_never_waits},
	{"signals do not count", signals_do_not_count},
	{"a broken connection", a_broken_connection},
	{"the deadline", the_deadline},
	{"renegotiation", renegotiation},
	{"the first bytes of the peer", first_bytes},
	{"a full buffer", a_full_buffer},
	{"only the first failure counts", only_the_first_counts},
	{"an alert with a byte too many", an_alert_with_a_byte_too_many},
};

int main(void)
{
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
