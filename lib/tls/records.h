/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record layer of TLS 1.2 (RFC 5246 section 6) and TLS 1.3 (RFC 8446 section 5): fragments,
 * protection, change_cipher_spec, and alerts. It knows nothing of handshake messages. A failure is
 * kept in the struct: the first one counts, and every later call fails at once.
 */
#ifndef STS_TLS_RECORDS_H
#define STS_TLS_RECORDS_H

#include "tls/checks.h"
#include "tls/protection.h"

#define STS_TLS_FRAGMENT_MAX_BYTES 16384 /* of plaintext: 2^14 */
/* What a fragment may grow by its protection: RFC 8446 section 5.2 allows 256 bytes. TLS 1.2 allows
 * more, which no AEAD needs. */
#define STS_TLS_EXPANSION_MAX_BYTES 256
#define STS_TLS_IN_BYTES \
	(STS_TLS_HEADER_BYTES + STS_TLS_FRAGMENT_MAX_BYTES + STS_TLS_EXPANSION_MAX_BYTES)
#define STS_TLS_OUT_BYTES 8192 /* of sealed records that wait to be sent together */

enum sts_tls_record_type {
	STS_TLS_RECORD_CHANGE_CIPHER_SPEC = 20,
	STS_TLS_RECORD_ALERT = 21,
	STS_TLS_RECORD_HANDSHAKE = 22,
	STS_TLS_RECORD_APPLICATION_DATA = 23,
};

/* What ended a connection. */
enum sts_tls_failure_kind {
	STS_TLS_FINE,
	STS_TLS_BROKEN_RULE,  /* the server broke a rule of TLS; check says which */
	STS_TLS_ALERTED,      /* the server sent a fatal alert */
	STS_TLS_ENDED,        /* the connection ended without close_notify */
	STS_TLS_IO,           /* the transport failed; the caller's functions know why */
	STS_TLS_DISTRUSTED,   /* the verifier refused the certificates; it knows why */
	STS_TLS_NO_RANDOM,    /* the system gives no random bytes */
	STS_TLS_TOO_BIG,      /* a message of our own does not fit: a bug */
	STS_TLS_WORN_OUT,     /* the keys have protected as many records as they may */
	STS_TLS_KEY_MISMATCH, /* the client's key does not belong to its certificate */
};

struct sts_tls_failure {
	enum sts_tls_failure_kind kind;
	enum sts_tls_check check; /* with STS_TLS_BROKEN_RULE */
	uint8_t alert;            /* with STS_TLS_ALERTED: that of the server */
	bool authenticated;       /* with STS_TLS_ALERTED: the record of the alert was protected */
	uint16_t version;  /* with a version that was not offered: the one in the ServerHello */
	uint8_t came, due; /* with a message that was not due: handshake types, or 0 */
};

/* How bytes come and go. Each function returns a number of bytes above 0; read returns 0 at the end
 * of the connection; both return -1 after a failure, or at a deadline. */
struct sts_tls_transport {
	int (*read)(void *context, uint8_t *data, size_t len);
	int (*write)(void *context, const uint8_t *data, size_t len);
	void *context;
};

struct sts_tls_records {
	struct sts_tls_failure failure;
	bool closed; /* the server sent close_notify */
	/* Set by the handshake. */
	bool tls13;         /* the rules of TLS 1.3 hold */
	bool version_known; /* a ServerHello has come */
	bool in_message;    /* a part of a handshake message has come, and not its end */
	bool allow_ccs;     /* TLS 1.3: a change_cipher_spec may come and is passed over */
	bool data_due;      /* the handshake is over: an empty record of data is passed over */
	bool ccs_due;       /* a change_cipher_spec goes before what is gathered next */
	/* The current record: its type, and the bytes of it that were not taken yet. */
	uint8_t type;
	const uint8_t *data;
	size_t len;
	/* private */
	struct sts_tls_transport transport;
	size_t in_have, in_used;
	size_t out_len;    /* of the sealed records in out; the open one lies behind them */
	uint8_t open_type; /* 0 when no record is open */
	size_t open_len;   /* of the content of the open one */
	uint32_t idle_records, warnings;
	bool alert_sent;
	struct sts_tls_protection in_keys, out_keys;
	uint8_t in[STS_TLS_IN_BYTES], out[STS_TLS_OUT_BYTES];
};

void sts_tls_records_init(struct sts_tls_records *r, struct sts_tls_transport transport);

/*
 * Get the next record that is handshake, change_cipher_spec (TLS 1.2) or application data. Alerts,
 * and what may be passed over, are handled here. What was gathered for sending is sent first.
 * Returns false at the end: r->closed after a close_notify, else r->failure says why.
 */
bool sts_tls_records_next(struct sts_tls_records *r);

/* Gather bytes for sending, in as few records as they need. Returns false after a failure. */
bool sts_tls_records_put(struct sts_tls_records *r, enum sts_tls_record_type type, const void *data,
			 size_t len);

/* Gather a change_cipher_spec. Returns false after a failure. */
bool sts_tls_records_put_ccs(struct sts_tls_records *r);

/* Send what was gathered. Returns false after a failure. */
bool sts_tls_records_flush(struct sts_tls_records *r);

/* Change the keys of one direction. Returns false after a failure: the keys of reading may change
 * only when no byte of the current record is left. */
bool sts_tls_records_read_keys(struct sts_tls_records *r, enum sts_tls_aead aead,
			       const uint8_t *key, const uint8_t *iv);
bool sts_tls_records_write_keys(struct sts_tls_records *r, enum sts_tls_aead aead,
				const uint8_t *key, const uint8_t *iv);

/* Send close_notify after what was gathered. */
void sts_tls_records_close(struct sts_tls_records *r);

/*
 * Refuse what the server did: keep the check as the failure, and send its alert. The alert is
 * protected as soon as there are keys. Returns false; in a test build in which the check is
 * switched off, it does nothing and returns true.
 */
bool sts_tls_refuse(struct sts_tls_records *r, enum sts_tls_check check);

#define STS_TLS_ALERT_INTERNAL_ERROR 80

/* Keep a failure that is not the server's, and send an alert (0 for none). Returns false. */
bool sts_tls_give_up(struct sts_tls_records *r, enum sts_tls_failure_kind kind, uint8_t alert);

/* A check of what the server did. Every refusal of the folder is made by this function, so that the
 * table in checks.toml is whole. */
static inline bool MUST(struct sts_tls_records *r, enum sts_tls_check check, bool condition)
{
	return condition || sts_tls_refuse(r, check);
}

#endif
