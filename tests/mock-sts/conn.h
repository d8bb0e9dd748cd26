/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection, in TLS 1.2 by BearSSL's server or plain: read, write, and the many ways to end.
 * Each wait has a limit, so that nothing stays behind when a client goes away.
 */
#ifndef MOCK_CONN_H
#define MOCK_CONN_H

#include "fault.h"
#include "key.h"

#define MOCK_CHAIN_MAX 8
#define MOCK_IDLE_MS   30000

/* The server's certificate chain and its key, ready for the handshake. */
struct mock_identity {
	br_x509_certificate chain[MOCK_CHAIN_MAX];
	size_t chain_len;
	struct mock_signer signer;
};

/* Load from PEM files. Ends the program if something is wrong with them. */
void mock_identity_load(struct mock_identity *identity, const char *cert_path,
			const char *key_path);
/* The same from memory; the DER is copied. */
void mock_identity_set(struct mock_identity *identity, const struct mock_key *key,
		       const uint8_t *der, size_t len);

struct mock_conn {
	int fd;
	bool plain;
	bool failed;                /* nothing more is read or written */
	int64_t handshake_delay_ms; /* once, after the first flight went out */
	bool handshake_close;
	bool in_handshake, wrote;
	char sni[256];
	br_ssl_server_context server;
	br_sslio_context io;
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
};

enum mock_end { MOCK_END_NOTIFY, MOCK_END_ABRUPT, MOCK_END_RESET, MOCK_END_HOLD };

/*
 * Take over an accepted descriptor and do the handshake.
 *   identity  in  NULL: plain
 *   fault     in  acts before and in the handshake
 * False when there is no connection (the fault ended it, or the handshake failed); the descriptor
 * is closed then.
 */
bool mock_conn_open(struct mock_conn *c, int fd, const struct mock_identity *identity,
		    const struct mock_fault *fault);
/* Bytes read; 0 at the end; -1 on failure. */
int mock_conn_read(struct mock_conn *c, void *data, size_t size);
bool mock_conn_write(struct mock_conn *c, const void *data, size_t len);
bool mock_conn_flush(struct mock_conn *c);
void mock_conn_end(struct mock_conn *c, enum mock_end how);
/* BearSSL's error, 0 when there is none. */
int mock_conn_error(const struct mock_conn *c);

#endif
