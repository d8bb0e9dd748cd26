/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "bearssl_choice/implementations.h"
#include "net/wait.h"

#define ALERT_HANDSHAKE_FAILURE     40
#define ALERT_BAD_CERTIFICATE       42
#define ALERT_ILLEGAL_PARAMETER     47
#define ALERT_DECODE_ERROR          50
#define ALERT_DECRYPT_ERROR         51
#define ALERT_PROTOCOL_VERSION      70
#define ALERT_INSUFFICIENT_SECURITY 71
#define ALERT_CERTIFICATE_REQUIRED  116

/* The first two bytes of a record: a type from change_cipher_spec to application_data, and the
 * major version, which is 3 in all versions of TLS. */
#define RECORD_TYPE_FIRST 20
#define RECORD_TYPE_LAST  23
#define RECORD_VERSION    3

/* Our patch of BearSSL has this error for a protocol that was not offered by ALPN. */
#define ERR_ALPN     30
#define X25519_BYTES 32

/* An alert of TLS or an error of BearSSL, in words. */
struct words {
	uint16_t code;
	const char *words;
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- the profile --- */

static void set_ciphers(br_ssl_engine_context *engine)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	};

	br_ssl_engine_set_suites(engine, suites, COUNT(suites));

	/* Only a few kilobytes go over a connection. Portable constant-time code is fast enough for
	 * that, and 4 kB smaller than the code for the AES instructions of the processor. */
	br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(engine, &br_aes_ct64_ctr_vtable);
	br_ssl_engine_set_ghash(engine, &br_ghash_ctmul64);
	br_ssl_engine_set_chapol(engine, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
	br_ssl_engine_set_chacha20(engine, &br_chacha20_ct_run);
	br_ssl_engine_set_poly1305(engine, &br_poly1305_ctmul_run);
}

static void set_profile(struct sts_stream *t)
{
	static const char *protocols[] = {"http/1.1"};
	br_ssl_engine_context *engine = &t->client.eng;

	br_ssl_client_zero(&t->client);
	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_protocol_names(engine, protocols, 1);

	/*
	 * The signature algorithms that the client offers are made from these hashes: SHA-2 only.
	 */
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);

	br_ssl_engine_set_ec(engine, sts_crypto_ec());
	br_ssl_engine_set_rsavrfy(engine, sts_crypto_rsa_vrfy());
	br_ssl_engine_set_ecdsa(engine, sts_crypto_ecdsa_vrfy());
	set_ciphers(engine);
	br_ssl_engine_set_x509(engine, &t->verifier->vtable);
	br_ssl_engine_set_buffer(engine, t->buffer, sizeof(t->buffer), 1);
}

static bool add_entropy(br_ssl_engine_context *engine)
{
	uint8_t seed[32];
	ssize_t n;

	do
		n = getrandom(seed, sizeof(seed), 0);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(seed))
		br_ssl_engine_inject_entropy(engine, seed, sizeof(seed));
	sts_wipe(seed, sizeof(seed));
	return n == (ssize_t)sizeof(seed);
}

/* --- bytes --- */

/* Wait for the socket. Returns false at the deadline, or when poll() fails. */
static bool wait_for(struct sts_stream *t, short events)
{
	int err = sts_wait_ready(t->fd, events, t->deadline_boot_ms);

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

/* Read for BearSSL. Returns a number of bytes above 0; -1 at the end of the stream, at the deadline
 * and after an error. It never returns 0, since BearSSL would then call it again for ever. */
static int low_read(void *context, unsigned char *data, size_t len)
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
			return -1;
		}
		if (!retry(t, POLLIN))
			return -1;
	}
	return -1;
}

/* Write for BearSSL. Returns a number of bytes above 0, or -1 at the deadline. */
static int low_write(void *context, const unsigned char *data, size_t len)
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

static const struct words alert_words[] = {
	{20, "bad record MAC"},
	{42, "bad certificate"},
	{43, "unsupported certificate"},
	{44, "certificate revoked"},
	{45, "certificate expired"},
	{46, "certificate unknown"},
	{47, "illegal parameter"},
	{48, "unknown CA"},
	{49, "access denied"},
	{50, "decode error"},
	{51, "decrypt error"},
	{80, "internal error"},
	{86, "inappropriate fallback"},
	{112, "it does not know this host name"},
	{120, "no application protocol"},
};

static const struct words error_words[] = {
	{BR_ERR_UNSUPPORTED_VERSION, "the server does not speak TLS 1.2"},
	{BR_ERR_BAD_MAC, "a record of the server's is damaged"},
	{BR_ERR_BAD_CIPHER_SUITE, "the server chose a cipher suite that was not offered"},
	{BR_ERR_BAD_FINISHED, "the handshake was tampered with"},
	{BR_ERR_INVALID_ALGORITHM, "the server chose an algorithm that was not offered"},
	{ERR_ALPN, "the server chose an application protocol (ALPN) that was not offered"},
	{BR_ERR_BAD_SIGNATURE, "the server does not hold its certificate's key"},
	{BR_ERR_WRONG_KEY_USAGE, "the server's key is not of the kind that it negotiated"},
};

static const char *find_words(const struct words *table, size_t count, int code)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].code == code)
			return table[i].words;
	return NULL;
}

/* Is this an alert that servers send when they refuse the client's certificate, or when the client
 * has sent no certificate? */
static bool is_about_client(int alert)
{
	return alert == ALERT_HANDSHAKE_FAILURE || alert == ALERT_CERTIFICATE_REQUIRED ||
	       (alert >= ALERT_BAD_CERTIFICATE && alert <= ALERT_DECRYPT_ERROR &&
		alert != ALERT_ILLEGAL_PARAMETER && alert != ALERT_DECODE_ERROR);
}

static enum sts_err fail_client(const struct sts_client_class *auth, int alert, const char *words,
				struct sts_error *e)
{
	const char *what = !auth->key    ? "wants a client certificate, and none is given"
			   : !auth->sent ? "wants a client certificate of another kind"
					 : "refused the client certificate";

	return sts_fail(e, STS_ECLIENT_CERT, alert, "the server %s (alert %d%s%s)", what, alert,
			words ? ": " : "", words ? words : "");
}

static enum sts_err fail_alert(const struct sts_stream *t, int alert, struct sts_error *e)
{
	const char *words = find_words(alert_words, COUNT(alert_words), alert);

	if (t->auth.asked && is_about_client(alert))
		return fail_client(&t->auth, alert, words, e);
	switch (alert) {
	case ALERT_PROTOCOL_VERSION:
		return sts_fail(e, STS_ETLS_VERSION, alert,
				"the server requires TLS 1.3, which this program does not speak");
	case ALERT_HANDSHAKE_FAILURE:
	case ALERT_INSUFFICIENT_SECURITY:
		return sts_fail(
			e, STS_ETLS_REFUSED, alert,
			"no common TLS parameters: the server may insist on Extended Master "
			"Secret, or have an Ed25519 or RSA-PSS certificate");
	default:
		return sts_fail(e, STS_ETLS, alert, "the server ended TLS with alert %d%s%s", alert,
				words ? ": " : "", words ? words : "");
	}
}

/*
 * Can no key be agreed on with the point that the server sent for the key exchange? The engine has
 * one error for this and for other things, and it keeps the point. A point that fails with one key
 * fails with all: it is not on its curve, or it is one of the points of X25519 with which the
 * secret is zero, whatever the client's key is.
 */
static bool is_bad_point(const br_ssl_engine_context *engine)
{
	static const uint8_t one[] = {1};
	uint8_t point[sizeof(engine->ecdhe_point)];

	if (engine->ecdhe_point_len == 0) /* no point that has a curve of ours has come */
		return false;
	memcpy(point, engine->ecdhe_point, sizeof(point));
	return !sts_crypto_ec()->mul(point, engine->ecdhe_point_len, one, sizeof(one),
				     engine->ecdhe_curve);
}

static enum sts_err fail_point(const br_ssl_engine_context *engine, struct sts_error *e)
{
	bool zero = engine->ecdhe_curve == BR_EC_curve25519 &&
		    engine->ecdhe_point_len == X25519_BYTES;

	return sts_fail(e, STS_ETLS, BR_ERR_INVALID_ALGORITHM,
			"the server's key for the key exchange %s",
			zero ? "makes the shared secret zero, which everybody knows (X25519)"
			     : "is not a point of its curve");
}

/* Fail with an error of BearSSL's engine: an alert, or a peer that breaks the protocol. */
static enum sts_err fail_engine(const struct sts_stream *t, int error, struct sts_error *e)
{
	const char *words = find_words(error_words, COUNT(error_words), error);

	if (error >= BR_ERR_SEND_FATAL_ALERT)
		return sts_fail(e, STS_ETLS, error,
				"the server broke the TLS protocol (alert %d was sent to it)",
				error - BR_ERR_SEND_FATAL_ALERT);
	if (error >= BR_ERR_RECV_FATAL_ALERT)
		return fail_alert(t, error - BR_ERR_RECV_FATAL_ALERT, e);
	if (error == BR_ERR_INVALID_ALGORITHM && is_bad_point(&t->client.eng))
		return fail_point(&t->client.eng, e);
	/* The server's signature was verified before the certificate was sent. So this error can
	 * only be about the client's signature. */
	if (error == BR_ERR_INVALID_ALGORITHM && t->auth.sent)
		return sts_fail(e, STS_ECLIENT_CERT, error,
				"--client-key: the key does not belong to the certificate");
	if (words)
		return sts_fail(e, STS_ETLS, error, "%s", words);
	return sts_fail(e, STS_ETLS, error, "the server broke the TLS protocol (error %d)", error);
}

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
	bool http = sts_slice_eq((struct sts_slice){(const char *)t->first, t->first_len}, "HTTP/");

	return sts_fail(e, STS_ETLS, 0, "the server does not speak TLS on this port%s",
			http ? ": it answered in plain HTTP" : "");
}

static enum sts_err fail_handshake(const struct sts_stream *t, struct sts_error *e)
{
	int error = br_ssl_engine_last_error(&t->client.eng);

	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0, "the server %s within the time",
				t->first_len ? "did not finish the TLS handshake"
					     : "accepted the connection and sent nothing");
	if (t->verifier->error.code != STS_OK) {
		if (e)
			*e = t->verifier->error;
		return t->verifier->error.code;
	}
	if (!is_tls(t))
		return fail_not_tls(t, e);
	if (error != BR_ERR_OK && error != BR_ERR_IO)
		return fail_engine(t, error, e);
	if (!t->peer_closed && t->io_errno)
		return sts_fail(e, STS_ETLS_CLOSED, t->io_errno, "%s during the TLS handshake",
				sts_errno_words(t->io_errno));
	return sts_fail(e, STS_ETLS_CLOSED, 0,
			"the peer closed the connection during the TLS handshake%s",
			t->first_len ? "" : ", before it sent a byte");
}

/* --- the public functions --- */

enum sts_err sts_stream_init(struct sts_stream *t, int fd, bool plain,
			     struct sts_verifier *verifier, const char *host,
			     int64_t deadline_boot_ms, struct sts_error *e)
{
	t->fd = fd;
	t->plain = plain;
	t->deadline_boot_ms = deadline_boot_ms;
	t->verifier = verifier;
	t->timed_out = t->peer_closed = t->auth.asked = false;
	t->io_errno = 0;
	t->first_len = 0;
	if (plain)
		return STS_OK;
	set_profile(t);
	sts_stream_use_key(t, NULL);
	if (!add_entropy(&t->client.eng))
		return sts_fail(e, STS_EBUG, errno, "getrandom: %s", sts_errno_words(errno));
	if (!br_ssl_client_reset(&t->client, host, 0)) {
		int error = br_ssl_engine_last_error(&t->client.eng);
		return sts_fail(e, STS_EBUG, error, "the TLS engine could not be set up (error %d)",
				error);
	}
	br_sslio_init(&t->io, &t->client.eng, low_read, t, low_write, t);
	return STS_OK;
}

void sts_stream_use_key(struct sts_stream *t, const struct sts_client_key *key)
{
	sts_client_class_init(&t->auth, key);
	br_ssl_client_set_client_certificate(&t->client, &t->auth.vtable);
}

enum sts_err sts_stream_handshake(struct sts_stream *t, struct sts_error *e)
{
	/* A flush runs the engine until application data may be sent, which is after the
	 * handshake. */
	if (!t->plain && br_sslio_flush(&t->io) < 0)
		return fail_handshake(t, e);
	return STS_OK;
}

static void write_plain(struct sts_stream *t, const unsigned char *data, size_t len)
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
	int error = BR_ERR_OK;

	if (t->plain)
		write_plain(t, data, len);
	else if (br_sslio_write_all(&t->io, data, len) < 0 || br_sslio_flush(&t->io) < 0)
		error = br_ssl_engine_last_error(&t->client.eng);
	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0,
				"the request could not be sent within the time");
	return error == BR_ERR_OK || error == BR_ERR_IO ? STS_OK : fail_engine(t, error, e);
}

enum sts_err sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
			     bool *clean, struct sts_error *e)
{
	int n = t->plain ? low_read(t, data, size) : br_sslio_read(&t->io, data, size);
	int error = t->plain ? BR_ERR_OK : br_ssl_engine_last_error(&t->client.eng);

	*got = n > 0 ? (size_t)n : 0;
	*clean = false;
	if (n > 0)
		return STS_OK;
	if (t->timed_out)
		return sts_fail(e, STS_ETIMEOUT, 0, "no complete answer within the time");
	if (error != BR_ERR_OK && error != BR_ERR_IO)
		return fail_engine(t, error, e);
	*clean = t->plain ? t->peer_closed : error == BR_ERR_OK;
	return STS_EAGAIN;
}

void sts_stream_fini(struct sts_stream *t)
{
	sts_wipe(t, sizeof(*t));
	t->fd = -1;
}
