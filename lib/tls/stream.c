/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/packed.h"
#include "net/wait.h"
#include "tls/explain.h"

/* The first two bytes of a record: a type from change_cipher_spec to application_data, and the
 * major version, which is 3 in all versions of TLS. */
#define RECORD_TYPE_FIRST 20
#define RECORD_TYPE_LAST  23
#define RECORD_VERSION    3

/* --- bytes --- */

/* Wait for the socket. Returns false at the deadline, when poll() fails, and for an alert of our
 * own: it is sent at once or not at all, so that it neither delays what has failed nor turns it
 * into a timeout. */
static bool wait_for(struct sts_stream *t, short events)
{
	int err;

	if (t->tls.records.alert_sent)
		return false;
	err = sts_wait_ready(t->fd, events, t->deadline_boot_ms);
	if (err == ETIMEDOUT)
		t->timed_out = true;
	else if (err != 0)
		t->io_errno = err;
	return err == 0;
}

/* Should a failed recv() or send() be tried again? */
static bool retry(struct sts_stream *t, short events)
{
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(t, events);
	t->io_errno = errno;
	return false;
}

/* Has the deadline passed? This is checked before each recv() and send(), since poll() never times
 * out when a peer sends a byte now and then. */
static bool is_over(struct sts_stream *t)
{
	if (sts_clock_left_ms(t->deadline_boot_ms) == 0)
		t->timed_out = true;
	return t->timed_out;
}

/* Keep the first bytes of the peer. */
static void keep_first(struct sts_stream *t, const unsigned char *data, size_t len)
{
	size_t room = sizeof(t->first) - t->first_len;

	if (len > room)
		len = room;
	memcpy(t->first + t->first_len, data, len);
	t->first_len += len;
}

/* Read for the TLS client. Returns a number of bytes above 0; 0 at the end of the stream; -1 at the
 * deadline and after an error. */
static int low_read(void *context, uint8_t *data, size_t len)
{
	struct sts_stream *t = context;

	while (!is_over(t)) {
		ssize_t n = recv(t->fd, data, len, MSG_DONTWAIT);
		if (n > 0) {
			keep_first(t, data, (size_t)n);
			return (int)n;
		}
		if (n == 0) {
			t->peer_closed = true;
			return 0;
		}
		if (!retry(t, POLLIN))
			return -1;
	}
	return -1;
}

/* Write for the TLS client. Returns a number of bytes above 0, or -1 at the deadline. */
static int low_write(void *context, const uint8_t *data, size_t len)
{
	struct sts_stream *t = context;

	while (!is_over(t)) {
		ssize_t n = send(t->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			return (int)n;
		if (n == 0 || retry(t, POLLOUT))
			continue;
		/*
		 * A server may respond, or send an alert, and close the connection before it has
		 * read everything. Bytes that cannot be sent any more are dropped, so that its
		 * response or alert can still be read.
		 */
		return t->timed_out ? -1 : (int)len;
	}
	return -1;
}

/* --- what went wrong --- */

/* Do the first bytes of the peer begin a TLS record? True when there are none yet. */
static bool is_tls(const struct sts_stream *t)
{
	if (t->first_len == 0)
		return true;
	return t->first[0] >= RECORD_TYPE_FIRST && t->first[0] <= RECORD_TYPE_LAST &&
	       (t->first_len == 1 || t->first[1] == RECORD_VERSION);
}

static enum sts_err fail_not_tls(const struct sts_stream *t, struct sts_error *e)
{
	struct sts_slice first = {(const char *)t->first, t->first_len};
	const char *spoken = "";

	if (sts_slice_eq(first, "HTTP/"))
		spoken = STS_PACKED(": it answered in plain HTTP");
	else if (sts_slice_eq(first, "SSH-2"))
		spoken = ": it speaks SSH";
	return sts_fail(e, STS_ETLS, 0, "the server does not speak TLS on this port%s",
			sts_words(spoken));
}

/* The connection ended within the handshake. */
static enum sts_err fail_closed(const struct sts_stream *t, struct sts_error *e)
{
	if (t->tls.facts.client_asked && sts_tls12_is_judged(&t->tls))
		return sts_tls_probably_refused(&t->tls, e);
	if (!t->peer_closed && t->io_errno)
		return sts_fail(e, STS_ETLS_CLOSED, t->io_errno, "%s during the TLS handshake",
				sts_errno_words(t->io_errno));
	return sts_fail(e, STS_ETLS_CLOSED, 0,
			"the peer closed the connection during the TLS handshake%s",
			t->first_len ? "" : sts_words(", before it sent a byte"));
}

/* Did the connection only end, in whatever way? The TLS client then knows no more. */
static bool has_ended(const struct sts_stream *t)
{
	enum sts_tls_failure_kind kind = t->tls.records.failure.kind;

	return t->tls.records.closed || kind == STS_TLS_ENDED || kind == STS_TLS_IO;
}

static enum sts_err fail_handshake(const struct sts_stream *t, struct sts_error *e)
{
	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0, "the server %s within the time",
				sts_words(t->first_len
						  ? "did not finish the TLS handshake"
						  : "accepted the connection and sent nothing"));
	if (t->verifier->error.code != STS_OK) {
		if (e)
			*e = t->verifier->error;
		return t->verifier->error.code;
	}
	if (!is_tls(t))
		return fail_not_tls(t, e);
	return has_ended(t) ? fail_closed(t, e) : sts_tls_explain(&t->tls, e);
}

/* --- the public functions --- */

void sts_stream_init(struct sts_stream *t, int fd, bool plain, struct sts_verifier *verifier,
		     const char *host, int64_t deadline_boot_ms, const struct sts_client_key *key)
{
	struct sts_tls_transport transport = {low_read, low_write, t};

	t->fd = fd;
	t->plain = plain;
	t->deadline_boot_ms = deadline_boot_ms;
	t->verifier = verifier;
	t->timed_out = t->peer_closed = t->refused = t->tls.records.alert_sent = false;
	t->io_errno = 0;
	t->first_len = 0;
	t->tls.facts = (struct sts_tls_facts){0};
	if (!plain)
		sts_tls_client_init(&t->tls, transport, &verifier->vtable, host, key);
}

enum sts_err sts_stream_handshake(struct sts_stream *t, struct sts_error *e)
{
	if (!t->plain && !sts_tls_client_handshake(&t->tls))
		return fail_handshake(t, e);
	return STS_OK;
}

static void write_plain(struct sts_stream *t, const uint8_t *data, size_t len)
{
	while (len > 0) {
		int n = low_write(t, data, len);
		if (n < 0)
			break;
		data += n;
		len -= (size_t)n;
	}
}

enum sts_err sts_stream_write(struct sts_stream *t, const void *data, size_t len,
			      struct sts_error *e)
{
	bool ok = true;

	if (t->plain)
		write_plain(t, data, len);
	else
		ok = sts_tls_client_write(&t->tls, data, len);
	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0,
				"the request could not be sent within the time");
	return ok || has_ended(t) ? STS_OK : sts_tls_explain(&t->tls, e);
}

/* The server asked to renegotiate, was refused, and ended the connection. OpenSSL does so with the
 * alert 40, which would mean something else within the handshake. */
static enum sts_err fail_renegotiation(const struct sts_stream *t, struct sts_error *e)
{
	return sts_fail(e, STS_ETLS_RENEGOTIATION, t->tls.records.failure.alert,
			"the server asked to renegotiate, which this program does not do, and "
			"ended the connection");
}

/* The connection has ended, or TLS has failed. Find out what this means. */
static enum sts_err end_of(struct sts_stream *t, bool *clean, struct sts_error *e)
{
	const struct sts_tls_facts *facts = &t->tls.facts;
	bool alerted = t->tls.records.failure.kind == STS_TLS_ALERTED;
	enum sts_err err;

	if (facts->renegotiation && !facts->answered && (has_ended(t) || alerted))
		return fail_renegotiation(t, e);
	if (has_ended(t)) {
		*clean = t->tls.records.closed;
		if (facts->answered)
			return STS_EAGAIN;
		if (facts->client_asked && facts->version == STS_TLS_VERSION_13)
			return sts_tls_probably_refused(&t->tls, e);
		return STS_EAGAIN;
	}
	err = sts_tls_explain(&t->tls, e);
	t->refused = err == STS_ECLIENT_CERT && t->tls.records.failure.authenticated;
	return err;
}

enum sts_err sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
			     bool *clean, struct sts_error *e)
{
	*clean = false;
	if (t->plain) {
		int n = low_read(t, data, size);
		*got = n > 0 ? (size_t)n : 0;
	} else {
		*got = sts_tls_client_read(&t->tls, data, size);
	}
	if (*got > 0)
		return STS_OK;
	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0, "no complete answer within the time");
	if (!t->plain)
		return end_of(t, clean, e);
	*clean = t->peer_closed;
	return STS_EAGAIN;
}

void sts_stream_fini(struct sts_stream *t)
{
	/* After a close_notify within the handshake, too. */
	if (!t->plain && (t->tls.records.data_due || t->tls.records.closed))
		sts_tls_client_close(&t->tls);
	sts_wipe(t, sizeof(*t));
	t->fd = -1;
}
