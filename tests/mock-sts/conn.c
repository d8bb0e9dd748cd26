/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static void take_cert(void *ctx, const char *label, const uint8_t *der, size_t len)
{
	struct mock_identity *identity = ctx;

	if (strcmp(label, "CERTIFICATE") != 0 || identity->chain_len == MOCK_CHAIN_MAX)
		return;
	br_x509_certificate *cert = &identity->chain[identity->chain_len++];
	cert->data = malloc(len);
	cert->data_len = len;
	if (!cert->data)
		mock_die("out of memory");
	memcpy(cert->data, der, len);
}

void mock_identity_load(struct mock_identity *identity, const char *cert_path, const char *key_path)
{
	struct mock_key key;
	size_t len;
	char *pem = mock_read_file(cert_path, &len);

	if (!pem)
		mock_usage("cannot read the certificate %s: %s", cert_path, strerror(errno));
	identity->chain_len = 0;
	if (mock_pem_each(pem, len, take_cert, identity) < 0 || identity->chain_len == 0)
		mock_usage("%s: no certificate in PEM form", cert_path);
	free(pem);
	mock_key_load(&key, key_path);
	mock_signer_open(&identity->signer, &key);
	sts_wipe(&key, sizeof(key));
}

void mock_identity_set(struct mock_identity *identity, const struct mock_key *key,
		       const uint8_t *der, size_t len)
{
	identity->chain_len = 0;
	take_cert(identity, "CERTIFICATE", der, len);
	if (!mock_signer_open(&identity->signer, key))
		mock_die("the server's key cannot be used");
}

static bool wait_for(const struct mock_conn *c, short events, int timeout_ms)
{
	struct pollfd p = {c->fd, events, 0};
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The callbacks of BearSSL return at least one byte, or -1, and never 0. */
static int low_read(void *ctx, unsigned char *data, size_t size)
{
	struct mock_conn *c = ctx;

	if (c->in_handshake && c->wrote) {
		mock_sleep_ms(c->handshake_delay_ms);
		c->handshake_delay_ms = 0;
		if (c->handshake_close)
			return -1;
	}
	for (;;) {
		ssize_t n = read(c->fd, data, size);

		if (n > 0)
			return (int)n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN || !wait_for(c, POLLIN, MOCK_IDLE_MS))
			return -1;
	}
}

static int low_write(void *ctx, const unsigned char *data, size_t len)
{
	struct mock_conn *c = ctx;

	c->wrote = true;
	for (;;) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

		if (n > 0)
			return (int)n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN || !wait_for(c, POLLOUT, MOCK_IDLE_MS))
			return -1;
	}
}

/* Do what a fault does before the handshake. Returns false if that ends the connection. */
static bool early_fault(struct mock_conn *c, const struct mock_fault *fault)
{
	uint8_t junk[4096];
	int64_t garbage = mock_fault_int(fault, "tls_garbage", 0),
		alert = mock_fault_int(fault, "tls_alert", -1);

	mock_sleep_ms(mock_fault_int(fault, "delay_accept_ms", 0));
	if (mock_fault_on(fault, "close_accept"))
		return false;
	if (garbage <= 0 && alert < 0)
		return true;
	if (low_read(c, junk, sizeof(junk)) < 0)
		return false;
	if (alert >= 0) {
		uint8_t record[] = {21, 3, 3, 0, 2, 2, (uint8_t)alert};

		low_write(c, record, sizeof(record));
		return false;
	}
	for (; garbage > 0; garbage -= (int64_t)sizeof(junk)) {
		mock_random(junk, sizeof(junk));
		low_write(c, junk,
			  garbage < (int64_t)sizeof(junk) ? (size_t)garbage : sizeof(junk));
	}
	return false;
}

static void start_tls(struct mock_conn *c, const struct mock_identity *identity)
{
	static const char *protocols[] = {"http/1.1"};
	br_ssl_engine_context *engine = &c->server.eng;
	uint8_t seed[32];

	if (identity->signer.rsa)
		br_ssl_server_init_full_rsa(&c->server, identity->chain, identity->chain_len,
					    identity->signer.rsa);
	else
		br_ssl_server_init_full_ec(&c->server, identity->chain, identity->chain_len,
					   BR_KEYTYPE_EC, identity->signer.ec);
	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(engine, suites, sizeof(suites) / sizeof(suites[0]));
	br_ssl_engine_set_protocol_names(engine, protocols, 1);
	br_ssl_engine_set_buffer(engine, c->buffer, sizeof(c->buffer), 1);
	mock_random(seed, sizeof(seed));
	br_ssl_engine_inject_entropy(engine, seed, sizeof(seed));
	br_ssl_server_reset(&c->server);
	br_sslio_init(&c->io, engine, low_read, c, low_write, c);
}

bool mock_conn_open(struct mock_conn *c, int fd, const struct mock_identity *identity,
		    const struct mock_fault *fault)
{
	c->fd = fd;
	c->plain = !identity;
	c->failed = c->wrote = false;
	c->sni[0] = 0;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!early_fault(c, fault)) {
		c->plain = true;
		mock_conn_end(c, MOCK_END_NOTIFY);
		return false;
	}
	if (!identity)
		return true;
	start_tls(c, identity);
	c->handshake_delay_ms = mock_fault_int(fault, "delay_handshake_ms", 0);
	c->handshake_close = mock_fault_on(fault, "close_handshake");
	c->in_handshake = true;
	bool ok = br_sslio_flush(&c->io) == 0;
	c->in_handshake = false;
	strncpy(c->sni, br_ssl_engine_get_server_name(&c->server.eng), sizeof(c->sni) - 1);
	if (!ok)
		mock_conn_end(c, c->handshake_close ? MOCK_END_ABRUPT : MOCK_END_NOTIFY);
	return ok;
}

static int plain_read(struct mock_conn *c, void *data, size_t size)
{
	for (;;) {
		ssize_t n = read(c->fd, data, size);

		if (n >= 0)
			return (int)n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !wait_for(c, POLLIN, MOCK_IDLE_MS))
			return -1;
	}
}

int mock_conn_read(struct mock_conn *c, void *data, size_t size)
{
	if (c->failed)
		return -1;
	int n = c->plain ? plain_read(c, data, size) : br_sslio_read(&c->io, data, size);
	if (n < 0 && !c->plain && br_ssl_engine_last_error(&c->server.eng) == BR_ERR_OK)
		n = 0; /* a close_notify */
	c->failed = n <= 0;
	return n;
}

static bool plain_write(struct mock_conn *c, const uint8_t *data, size_t len)
{
	while (len > 0) {
		int n = low_write(c, data, len);

		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

bool mock_conn_write(struct mock_conn *c, const void *data, size_t len)
{
	if (c->failed || len == 0)
		return !c->failed;
	c->failed = c->plain ? !plain_write(c, data, len)
			     : br_sslio_write_all(&c->io, data, len) < 0;
	return !c->failed;
}

bool mock_conn_flush(struct mock_conn *c)
{
	if (!c->failed && !c->plain)
		c->failed = br_sslio_flush(&c->io) < 0;
	return !c->failed;
}

int mock_conn_error(const struct mock_conn *c)
{
	return c->plain ? 0 : br_ssl_engine_last_error(&c->server.eng);
}

/* Send what the engine still has, and close_notify at the end. Unlike br_sslio_close(), this does
 * not wait for the peer's close_notify. */
static void send_close_notify(struct mock_conn *c)
{
	br_ssl_engine_context *engine = &c->server.eng;
	size_t len;

	br_ssl_engine_close(engine);
	for (;;) {
		unsigned char *data = br_ssl_engine_sendrec_buf(engine, &len);
		int n = data ? low_write(c, data, len) : -1;

		if (n <= 0)
			return;
		br_ssl_engine_sendrec_ack(engine, (size_t)n);
	}
}

/* Wait until the peer gives up. */
static void hold(struct mock_conn *c)
{
	char junk[4096];

	while (wait_for(c, POLLIN, 3600 * 1000))
		if (read(c->fd, junk, sizeof(junk)) <= 0)
			return;
}

/* A close with unread input would send a reset, which can overtake what was sent. */
static void linger(struct mock_conn *c)
{
	char junk[4096];

	shutdown(c->fd, SHUT_WR);
	for (int i = 0; i < 64 && wait_for(c, POLLIN, 1000); i++)
		if (read(c->fd, junk, sizeof(junk)) <= 0)
			return;
}

void mock_conn_end(struct mock_conn *c, enum mock_end how)
{
	struct linger reset = {1, 0};

	if (c->fd < 0)
		return;
	if (how == MOCK_END_NOTIFY && !c->plain)
		send_close_notify(c);
	if (how == MOCK_END_RESET)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	else if (how == MOCK_END_HOLD)
		hold(c);
	else
		linger(c);
	close(c->fd);
	c->fd = -1;
}
