/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client for TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446), with one ClientHello for both:
 * docs/tls.md says what it offers and what it never does. The handshake is linear: each step
 * expects one message. It allocates no memory, does not recurse, and knows no socket: bytes come
 * and go through a transport.
 *
 * Everything from the server is UNTRUSTED. What is checked has a number (checks.toml). Texts of the
 * server, such as certificates, go to the verifier alone.
 */
#ifndef STS_TLS_CLIENT_H
#define STS_TLS_CLIENT_H

#include "tls/state.h"

/*
 * Set up a client.
 *   verifier  in  gets the server's chain as BearSSL's class br_x509_class wants it; must outlive
 *                 *c
 *   host      in  for SNI: NUL-terminated, without a trailing dot; NULL for an IP literal
 *   key       in  for a server that asks for a client certificate; NULL for none; must outlive *c
 */
void sts_tls_client_init(struct sts_tls_client *c, struct sts_tls_transport transport,
			 const br_x509_class **verifier, const char *host,
			 const struct sts_client_key *key);

/*
 * Do the handshake. Returns false after a failure, which c->records.failure explains. In TLS 1.3
 * the last messages of the client are only gathered: they are sent together with the first data
 * that is written.
 */
bool sts_tls_client_handshake(struct sts_tls_client *c);

/* Write all bytes, and send them. Returns false after a failure. */
bool sts_tls_client_write(struct sts_tls_client *c, const void *data, size_t len);

/*
 * Read some bytes; wait until there are any. Tickets and key updates are handled here.
 * Returns a number of bytes above 0; 0 at the end: c->records.closed after a close_notify, else
 * c->records.failure says why.
 */
size_t sts_tls_client_read(struct sts_tls_client *c, uint8_t *data, size_t size);

/* Send close_notify. Nothing can be written afterwards. */
void sts_tls_client_close(struct sts_tls_client *c);

/* Overwrite keys and buffers. */
void sts_tls_client_fini(struct sts_tls_client *c);

#endif
