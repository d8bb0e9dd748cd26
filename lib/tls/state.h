/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a TLS connection: what the functions of client.h and handshake.h work on. */
#ifndef STS_TLS_STATE_H
#define STS_TLS_STATE_H

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
	bool alpn;              /* the server chose the protocol that was offered */
	bool extended_master;   /* TLS 1.2: extended master secret */
	bool renegotiation;     /* TLS 1.2: the server asked to renegotiate, and was refused */
	bool client_asked;      /* the server asked for a client certificate */
	bool client_sent;       /* it was sent */
	bool answered;          /* a byte of application data has come */
	uint16_t client_scheme; /* of the client's signature */
};

struct sts_tls_client {
	struct sts_tls_facts facts;
	/* private */
	bool update_due;                   /* the server has asked for a KeyUpdate */
	uint32_t tickets, hello_requests;  /* that came after the handshake */
	uint32_t key_updates;              /* that came since the last byte of application data */
	const struct sts_tls_suite *suite; /* that was chosen */
	const br_x509_class **verifier;
	const char *host;
	const struct sts_client_key *key;
	const struct sts_tls_scheme *client_scheme; /* of our signature; NULL for no certificate */
	struct sts_tls_records records;             /* public */
	br_x509_pkey server_key;                    /* points into the verifier */
	struct sts_tls_key_pair pair;
	uint8_t client_random[STS_TLS_RANDOM_BYTES], server_random[STS_TLS_RANDOM_BYTES];
	uint8_t session_id[STS_TLS_SESSION_ID_BYTES];
	uint8_t client_secret[STS_TLS_SECRET_MAX_BYTES]; /* SECRET: traffic secret, TLS 1.3 */
	uint8_t server_secret[STS_TLS_SECRET_MAX_BYTES]; /* SECRET */
	uint8_t master[STS_TLS_SECRET_MAX_BYTES];        /* SECRET: of either version */
	struct sts_tls_messages messages;
};

#endif
