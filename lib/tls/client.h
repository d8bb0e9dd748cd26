/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client for TLS 1.2 (RFC 5246) and TLS 1.3 (RFC 8446), with one ClientHello for both: docs/tls.md
 * says what it offers and what it never does. The handshake is linear: each step expects one message.
 * It allocates no memory, does not recurse, and knows no socket: bytes come and go through a
 * transport.
 *
 * Everything from the server is UNTRUSTED. What is checked has a number (checks.toml). Texts of the
 * server, such as certificates, go to the verifier alone.
 */
#ifndef STS_TLS_CLIENT_H
#define STS_TLS_CLIENT_H

#include "tls/client_key.h"
#include "tls/key_exchange.h"
#include "tls/key_schedule.h"
#include "tls/messages.h"
#include "tls/records.h"
#include "tls/signature.h"

#define STS_TLS_VERSION_12       0x0303
#define STS_TLS_VERSION_13       0x0304
#define STS_TLS_SESSION_ID_BYTES 32

/* What a connection agreed on, for the log; 0 or false while it is not known. The ids are those of
 * IANA's registries. */
struct sts_tls_facts {
	uint16_t version, suite, group, scheme;
	bool retried;           /* a HelloRetryRequest came */
	bool extended_master;   /* TLS 1.2: extended master secret */
	bool renegotiation;     /* TLS 1.2: the server asked to renegotiate, and was told no */
	bool client_asked;      /* the server asked for a client certificate */
	bool client_sent;       /* it was sent */
	uint16_t client_scheme; /* of the client's signature */
};

struct sts_tls_client {
	struct sts_tls_records records;
	struct sts_tls_facts facts;
	/* private */
	struct sts_tls_messages messages;
	const br_x509_class **verifier;
	const char *host;
	const struct sts_client_key *key;
	struct sts_tls_key_pair pair;
	uint8_t client_random[STS_TLS_RANDOM_BYTES], server_random[STS_TLS_RANDOM_BYTES];
	uint8_t session_id[STS_TLS_SESSION_ID_BYTES];
	const struct sts_tls_suite *suite;
	br_x509_pkey server_key;                         /* points into the verifier */
	uint8_t client_secret[STS_TLS_SECRET_MAX_BYTES]; /* SECRET: traffic secret, TLS 1.3 */
	uint8_t server_secret[STS_TLS_SECRET_MAX_BYTES]; /* SECRET */
	uint8_t master[STS_TLS_SECRET_MAX_BYTES];        /* SECRET: of either version */
	const struct sts_tls_scheme *client_scheme; /* of our signature; NULL for no certificate */
	uint32_t tickets, key_updates, hello_requests; /* that came after the handshake */
};

/*
 * Set up a client.
 *   verifier  in  gets the server's chain as BearSSL's class br_x509_class wants it; must outlive *c
 *   host      in  for SNI: NUL-terminated, without a trailing dot; NULL for an IP literal
 *   key       in  for a server that asks for a client certificate; NULL for none; must outlive *c
 */
void sts_tls_client_init(struct sts_tls_client *c, struct sts_tls_transport transport,
			 const br_x509_class **verifier, const char *host,
			 const struct sts_client_key *key);

/* Do the handshake. Returns false after a failure, which c->records.failure explains. In TLS 1.3 the
 * last flight of the client is only gathered: it is sent together with what is written first. */
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

/* The name of IANA's registry for a suite that the client offers, as in "TLS_AES_128_GCM_SHA256";
 * NULL for another. */
const char *sts_tls_suite_name(uint16_t suite);

/* Overwrite keys and buffers. */
void sts_tls_client_fini(struct sts_tls_client *c);

#endif
