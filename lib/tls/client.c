/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/client.h"

#include <string.h>

#include "base/text.h"
#include "tls/handshake.h"
#include "tls/random.h"

#define ALERT_NO_RENEGOTIATION 100
#define HELLO_REQUESTS_MAX     1

void sts_tls_client_init(struct sts_tls_client *c, struct sts_tls_transport transport,
			 const br_x509_class **verifier, const char *host,
			 const struct sts_client_key *key)
{
	sts_tls_records_init(&c->records, transport);
	sts_tls_messages_init(&c->messages, &c->records);
	c->facts = (struct sts_tls_facts){0};
	c->verifier = verifier;
	c->host = host;
	c->key = key;
	c->suite = NULL;
	c->client_scheme = NULL;
	c->update_due = false;
	c->tickets = c->key_updates = c->hello_requests = 0;
}

bool sts_tls_client_handshake(struct sts_tls_client *c)
{
	uint8_t shared[STS_TLS_SECRET_NUMBER_MAX_BYTES];
	bool ok;

	if (!sts_tls_random_bytes(c->client_random, sizeof(c->client_random)) ||
	    !sts_tls_random_bytes(c->session_id, sizeof(c->session_id)))
		return sts_tls_give_up(&c->records, STS_TLS_NO_RANDOM,
				       STS_TLS_ALERT_INTERNAL_ERROR);
	ok = sts_tls_hello(c, shared);
	if (ok && c->facts.version == STS_TLS_VERSION_13)
		ok = sts_tls_handshake13(c, shared);
	else if (ok)
		ok = sts_tls_handshake12(c);
	sts_wipe(shared, sizeof(shared));
	c->messages.is_hashed = false;
	c->records.data_due = ok;
	return ok;
}

bool sts_tls_client_write(struct sts_tls_client *c, const void *data, size_t len)
{
	if (c->update_due && !sts_tls_answer_key_updates(c))
		return false;
	return sts_tls_records_put(&c->records, STS_TLS_RECORD_APPLICATION_DATA, data, len) &&
	       sts_tls_records_flush(&c->records);
}

/* Answer a server of TLS 1.2 that asks to renegotiate (RFC 5246 section 7.4.1.1): it is refused,
 * once. */
static bool refuse_renegotiation(struct sts_tls_client *c)
{
	static const uint8_t alert[] = {1, ALERT_NO_RENEGOTIATION};

	c->records.failure.came = c->messages.type;
	if (!MUST(&c->records, STS_TLS_LATE_MESSAGE_12, c->messages.type == STS_TLS_HELLO_REQUEST))
		return false;
	c->facts.renegotiation = true;
	return MUST(&c->records, STS_TLS_HELLO_REQUEST_EMPTY, c->messages.left == 0) &&
	       MUST(&c->records, STS_TLS_RENEGOTIATIONS,
		    ++c->hello_requests <= HELLO_REQUESTS_MAX) &&
	       sts_tls_message_skip(&c->messages, c->messages.left) &&
	       sts_tls_records_put(&c->records, STS_TLS_RECORD_ALERT, alert, sizeof(alert));
}

/* Handle a handshake message after the handshake. */
static bool take_late_message(struct sts_tls_client *c)
{
	if (!sts_tls_message_next(&c->messages))
		return false;
	return c->records.tls13 ? sts_tls_after13(c) : refuse_renegotiation(c);
}

size_t sts_tls_client_read(struct sts_tls_client *c, uint8_t *data, size_t size)
{
	struct sts_tls_records *r = &c->records;
	size_t len;

	for (;;) {
		/* Bytes of a record that was refused are never handed out. */
		if (r->failure.kind != STS_TLS_FINE || (r->len == 0 && !sts_tls_records_next(r)))
			return 0;
		if (r->type == STS_TLS_RECORD_APPLICATION_DATA)
			break;
		if (!MUST(r, STS_TLS_LATE_RECORD, r->type == STS_TLS_RECORD_HANDSHAKE))
			return 0;
		if (r->type != STS_TLS_RECORD_HANDSHAKE) /* only where that check is switched off */
			r->len = 0;
		else if (!take_late_message(c))
			return 0;
	}
	len = r->len < size ? r->len : size;
	memcpy(data, r->data, len);
	r->data += len;
	r->len -= len;
	c->key_updates = 0;
	c->facts.answered = true;
	return len;
}

void sts_tls_client_close(struct sts_tls_client *c)
{
	sts_tls_records_close(&c->records);
}

void sts_tls_client_fini(struct sts_tls_client *c)
{
	sts_wipe(c, sizeof(*c));
}
