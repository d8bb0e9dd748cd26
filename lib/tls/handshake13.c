/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 after the ServerHello (RFC 8446 sections 2 and 4.3 to 4.6), without resumption. */
#include <string.h>

#include "base/text.h"
#include "tls/handshake.h"
#include "tls/offer.h"
#include "tls/testing.h"

#define TICKETS_MAX     32
#define KEY_UPDATES_MAX 32
#define UPDATE_ASKED    1

/* Report a secret to a test. */
static void note_secret(const struct sts_tls_client *c, const char *label, const uint8_t *secret)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.secret)
		sts_tls_testing.secret(label, c->client_random, secret,
				       sts_tls_suite_hash_bytes(c->suite));
#else
	(void)c;
	(void)label;
	(void)secret;
#endif
}

/* Derive key and IV of a direction from its traffic secret (RFC 8446 section 7.3). */
static void derive_key(const struct sts_tls_client *c, const uint8_t *secret, uint8_t *key,
		       uint8_t *iv)
{
	const br_hash_class *hash = sts_tls_suite_hash(c->suite);

	sts_tls13_expand_label(hash, secret, "key", NULL, 0, key,
			       sts_tls_aead_key_bytes(c->suite->aead));
	sts_tls13_expand_label(hash, secret, "iv", NULL, 0, iv, STS_TLS_IV_BYTES);
}

static bool set_keys(struct sts_tls_client *c, bool reading)
{
	uint8_t key[STS_TLS_AEAD_KEY_MAX_BYTES], iv[STS_TLS_IV_BYTES];
	bool ok;

	derive_key(c, reading ? c->server_secret : c->client_secret, key, iv);
	if (reading)
		ok = sts_tls_records_read_keys(&c->records, c->suite->aead, key, iv);
	else
		ok = sts_tls_records_write_keys(&c->records, c->suite->aead, key, iv);
	sts_wipe(key, sizeof(key));
	sts_wipe(iv, sizeof(iv));
	return ok;
}

/* Derive the handshake secrets and the master secret (RFC 8446 section 7.1), and begin to protect
 * both directions. */
static bool begin_protection(struct sts_tls_client *c, const uint8_t *shared)
{
	const br_hash_class *hash = sts_tls_suite_hash(c->suite);
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES], secret[STS_TLS_SECRET_MAX_BYTES];
	size_t len = sts_tls_suite_hash_bytes(c->suite);

	sts_tls_hash_now(c, transcript);
	sts_tls13_extract(hash, NULL, 0, NULL, 0, secret);
	sts_tls13_derive_secret(hash, secret, "derived", NULL, secret);
	sts_tls13_extract(hash, secret, len, shared, c->pair.group->secret_bytes, secret);
	sts_tls13_derive_secret(hash, secret, "c hs traffic", transcript, c->client_secret);
	sts_tls13_derive_secret(hash, secret, "s hs traffic", transcript, c->server_secret);
	sts_tls13_derive_secret(hash, secret, "derived", NULL, secret);
	sts_tls13_extract(hash, secret, len, NULL, 0, c->master);
	sts_wipe(secret, sizeof(secret));
	note_secret(c, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", c->client_secret);
	note_secret(c, "SERVER_HANDSHAKE_TRAFFIC_SECRET", c->server_secret);
	/* Some devices in the middle let TLS 1.3 pass only if it looks like the resumption of TLS
	 * 1.2 (RFC 8446 appendix D.4). After a HelloRetryRequest this was sent already. */
	c->records.ccs_due = !c->facts.retried;
	return set_keys(c, false) && set_keys(c, true);
}

static bool certificate_verify(struct sts_tls_client *c)
{
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES];
	struct sts_tls_part parts[STS_TLS13_SIGNED_PARTS];
	size_t len = sts_tls_hash_now(c, transcript);
	struct sts_tls_reader body;

	return sts_tls_message_get(&c->messages, STS_TLS_CERTIFICATE_VERIFY, &body) &&
	       sts_tls_server_signature(c, &body, parts,
					sts_tls13_signed(true, transcript, len, parts));
}

/* Take the server's Finished, and derive the traffic secrets of application data. */
static bool server_finished(struct sts_tls_client *c, uint8_t *client_application)
{
	const br_hash_class *hash = sts_tls_suite_hash(c->suite);
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES], data[STS_TLS_HASH_MAX_BYTES];
	struct sts_tls_reader body;
	size_t len = sts_tls_hash_now(c, transcript);

	sts_tls13_finished(hash, c->server_secret, transcript, data);
	if (!sts_tls_message_get(&c->messages, STS_TLS_FINISHED, &body) ||
	    !MUST(&c->records, STS_TLS_FINISHED_SIZE_13, body.left == len) ||
	    !MUST(&c->records, STS_TLS_FINISHED_DATA_13,
		  body.left >= len && sts_tls_equal(body.at, data, len)))
		return false;
	sts_tls_hash_now(c, transcript);
	sts_tls13_derive_secret(hash, c->master, "c ap traffic", transcript, client_application);
	sts_tls13_derive_secret(hash, c->master, "s ap traffic", transcript, c->server_secret);
	sts_wipe(c->master, sizeof(c->master));
	note_secret(c, "CLIENT_TRAFFIC_SECRET_0", client_application);
	note_secret(c, "SERVER_TRAFFIC_SECRET_0", c->server_secret);
	c->records.allow_ccs = false;
	return set_keys(c, true);
}

/* Gather the client's last flight. */
static bool client_flight(struct sts_tls_client *c)
{
	const br_hash_class *hash = sts_tls_suite_hash(c->suite);
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES], data[STS_TLS_HASH_MAX_BYTES];
	struct sts_tls_writer w;

	if (c->facts.client_asked && (!sts_tls_client_certificate(c) || !sts_tls_client_verify(c)))
		return false;
	sts_tls_hash_now(c, transcript);
	sts_tls13_finished(hash, c->client_secret, transcript, data);
	w = sts_tls_message_begin(&c->messages, STS_TLS_FINISHED);
	sts_tls_write_bytes(&w, data, sts_tls_suite_hash_bytes(c->suite));
	return sts_tls_message_send(&c->messages, &w, 0);
}

bool sts_tls_handshake13(struct sts_tls_client *c, const uint8_t *shared)
{
	struct sts_tls_messages *m = &c->messages;
	uint8_t application[STS_TLS_SECRET_MAX_BYTES];
	bool ok;

	if (!begin_protection(c, shared) || !sts_tls_encrypted_extensions(c) ||
	    !sts_tls_message_next(m))
		return false;
	if (m->type == STS_TLS_CERTIFICATE_REQUEST &&
	    (!sts_tls_certificate_request(c) || !sts_tls_message_next(m)))
		return false;
	if (!sts_tls_message_is(m, STS_TLS_CERTIFICATE) || !sts_tls_server_certificate(c) ||
	    !certificate_verify(c))
		return false;
	ok = server_finished(c, application) && client_flight(c);
	memcpy(c->client_secret, application, sizeof(application));
	sts_wipe(application, sizeof(application));
	return ok && set_keys(c, false);
}

/* --- after the handshake --- */

/* Take a ticket, which nobody uses (RFC 8446 section 4.6.1). */
static bool take_ticket(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	uint32_t seen = 0;
	size_t len, type;

	if (!MUST(&c->records, STS_TLS_TICKETS, ++c->tickets <= TICKETS_MAX) ||
	    !sts_tls_message_skip(m, 2 * sizeof(uint32_t)) || /* lifetime, age */
	    !sts_tls_message_number(m, 1, &len) || !sts_tls_message_skip(m, len) ||
	    !sts_tls_message_number(m, 2, &len) ||
	    !MUST(&c->records, STS_TLS_TICKET_EMPTY, len > 0) || !sts_tls_message_skip(m, len) ||
	    !sts_tls_message_number(m, 2, &len) ||
	    !MUST(&c->records, STS_TLS_TICKET_FORM, len == m->left))
		return false;
	while (m->left > 0)
		if (!sts_tls_message_number(m, 2, &type) ||
		    !sts_tls_take_extension(c, type, STS_TLS_IN_TICKET, &seen) ||
		    !sts_tls_message_number(m, 2, &len) || !sts_tls_message_skip(m, len))
			return false;
	return true;
}

static void next_secret(const struct sts_tls_client *c, uint8_t *secret)
{
	const br_hash_class *hash = sts_tls_suite_hash(c->suite);
	uint8_t next[STS_TLS_SECRET_MAX_BYTES];

	sts_tls13_expand_label(hash, secret, "traffic upd", NULL, 0, next,
			       sts_tls_suite_hash_bytes(c->suite));
	memcpy(secret, next, sizeof(next));
	sts_wipe(next, sizeof(next));
}

/* Take KeyUpdate (RFC 8446 section 4.6.3). One answer to all that the server asked for is due
 * before the next application data. */
static bool take_key_update(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	size_t asked;

	if (!MUST(&c->records, STS_TLS_KEY_UPDATES, ++c->key_updates <= KEY_UPDATES_MAX) ||
	    !sts_tls_message_number(m, 1, &asked) || !sts_tls_message_end(m) ||
	    !MUST(&c->records, STS_TLS_KEY_UPDATE_VALUE, asked <= UPDATE_ASKED))
		return false;
	next_secret(c, c->server_secret);
	if (asked == UPDATE_ASKED)
		c->update_due = true;
	return set_keys(c, true);
}

bool sts_tls_answer_key_updates(struct sts_tls_client *c)
{
	struct sts_tls_writer w = sts_tls_message_begin(&c->messages, STS_TLS_KEY_UPDATE);

	sts_tls_write_number(&w, 1, 0); /* the server need not answer */
	if (!sts_tls_message_send(&c->messages, &w, 0))
		return false;
	c->update_due = false;
	next_secret(c, c->client_secret);
	return set_keys(c, false);
}

bool sts_tls_after13(struct sts_tls_client *c)
{
	switch (c->messages.type) {
	case STS_TLS_NEW_SESSION_TICKET:
		return take_ticket(c);
	case STS_TLS_KEY_UPDATE:
		return take_key_update(c);
	default:
		c->records.failure.came = c->messages.type;
		return MUST(&c->records, STS_TLS_LATE_REQUEST,
			    c->messages.type != STS_TLS_CERTIFICATE_REQUEST) &&
		       MUST(&c->records, STS_TLS_LATE_MESSAGE, false) &&
		       sts_tls_message_skip(&c->messages, c->messages.left);
	}
}
