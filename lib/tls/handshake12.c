/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.2 after the ServerHello (RFC 5246 section 7.3), with ECDHE alone (RFC 8422). */
#include <string.h>

#include "base/text.h"
#include "tls/handshake.h"
#include "tls/offer.h"
#include "tls/random.h"

#define NAMED_CURVE         3
#define PARAMETERS_BYTES    4 /* of the key exchange, before the point: type, group, length */
#define KEY_BLOCK_MAX_BYTES (2 * (STS_TLS_AEAD_KEY_MAX_BYTES + STS_TLS_IV_BYTES))

/* Take ServerKeyExchange, with the server's public key and its signature (RFC 8422 section 5.4).
 *   shared  out  SECRET */
static bool server_key_exchange(struct sts_tls_client *c, uint8_t *shared)
{
	struct sts_tls_reader body, point;
	const struct sts_tls_group *group;
	const uint8_t *parameters;
	uint32_t type;

	if (!sts_tls_message_whole(&c->messages, &body))
		return false;
	parameters = body.at;
	type = sts_tls_read_number(&body, 1);
	group = sts_tls_offered_group(sts_tls_read_number(&body, 2));
	point = sts_tls_read_vector(&body, 1);
	if (!MUST(&c->records, STS_TLS_EXCHANGE_FORM, !body.is_short) ||
	    !MUST(&c->records, STS_TLS_CURVE_TYPE, type == NAMED_CURVE) ||
	    !MUST(&c->records, STS_TLS_GROUP, group != NULL) || !group)
		return false;
	const struct sts_tls_part content[] = {
		{c->client_random, sizeof(c->client_random)},
		{c->server_random, sizeof(c->server_random)},
		{parameters, PARAMETERS_BYTES + point.left},
	};
	if (!sts_tls_server_signature(c, &body, content, sizeof(content) / sizeof(content[0])))
		return false;
	if (!sts_tls_key_pair_make(&c->pair, group, sts_tls_random_bytes))
		return sts_tls_give_up(&c->records, STS_TLS_NO_RANDOM,
				       STS_TLS_ALERT_INTERNAL_ERROR);
	return sts_tls_shared_secret(c, point, shared);
}

/* Take all messages of the server's first flight. */
static bool server_flight(struct sts_tls_client *c, uint8_t *shared)
{
	struct sts_tls_messages *m = &c->messages;

	if (!sts_tls_message_expect(m, STS_TLS_CERTIFICATE) || !sts_tls_server_certificate(c) ||
	    !MUST(&c->records, STS_TLS_KEY_TYPE, c->server_key.key_type == c->suite->key_type) ||
	    !sts_tls_message_expect(m, STS_TLS_SERVER_KEY_EXCHANGE) ||
	    !server_key_exchange(c, shared) || !sts_tls_message_next(m))
		return false;
	if (m->type == STS_TLS_CERTIFICATE_REQUEST &&
	    (!sts_tls_certificate_request(c) || !sts_tls_message_next(m)))
		return false;
	return sts_tls_message_is(m, STS_TLS_SERVER_HELLO_DONE) && sts_tls_message_end(m);
}

static void derive_master(struct sts_tls_client *c, const uint8_t *shared)
{
	uint8_t seed[2 * STS_TLS_RANDOM_BYTES];
	size_t len = sizeof(seed);

	_Static_assert(sizeof(seed) >= STS_TLS_HASH_MAX_BYTES, "the session hash fits");
	if (c->facts.extended_master) {
		len = sts_tls_hash_now(c, seed);
	} else {
		memcpy(seed, c->client_random, STS_TLS_RANDOM_BYTES);
		memcpy(seed + STS_TLS_RANDOM_BYTES, c->server_random, STS_TLS_RANDOM_BYTES);
	}
	sts_tls12_master(sts_tls_suite_hash(c->suite), shared, c->pair.group->secret_bytes,
			 c->facts.extended_master, seed, len, c->master);
}

/* Send ClientKeyExchange, and derive the master secret. */
static bool client_key_exchange(struct sts_tls_client *c, const uint8_t *shared)
{
	struct sts_tls_writer w = sts_tls_message_begin(&c->messages, STS_TLS_CLIENT_KEY_EXCHANGE);

	sts_tls_write_number(&w, 1, c->pair.group->public_bytes);
	sts_tls_write_bytes(&w, c->pair.public, c->pair.group->public_bytes);
	if (!sts_tls_message_send(&c->messages, &w, 0))
		return false;
	derive_master(c, shared);
	return true;
}

/* The keys of both directions (RFC 5246 section 6.3). */
struct keys {
	uint8_t block[KEY_BLOCK_MAX_BYTES]; /* SECRET */
	size_t key_bytes, iv_bytes;
};

static void derive_keys(const struct sts_tls_client *c, struct keys *keys)
{
	uint8_t randoms[2 * STS_TLS_RANDOM_BYTES];

	memcpy(randoms, c->server_random, STS_TLS_RANDOM_BYTES);
	memcpy(randoms + STS_TLS_RANDOM_BYTES, c->client_random, STS_TLS_RANDOM_BYTES);
	keys->key_bytes = sts_tls_aead_key_bytes(c->suite->aead);
	keys->iv_bytes = sts_tls12_aead_iv_bytes(c->suite->aead);
	sts_tls12_key_block(sts_tls_suite_hash(c->suite), c->master, randoms, keys->block,
			    2 * (keys->key_bytes + keys->iv_bytes));
}

/* The verify_data of a Finished message after everything until now. */
static void verify_data(const struct sts_tls_client *c, bool from_client, uint8_t *out)
{
	uint8_t transcript[STS_TLS_HASH_MAX_BYTES];

	sts_tls_hash_now(c, transcript);
	sts_tls12_finished(sts_tls_suite_hash(c->suite), c->master, from_client, transcript, out);
}

/* Send ChangeCipherSpec and Finished. */
static bool client_finished(struct sts_tls_client *c, const struct keys *keys)
{
	const uint8_t *iv = keys->block + 2 * keys->key_bytes;
	uint8_t data[STS_TLS12_FINISHED_BYTES];
	struct sts_tls_writer w;

	verify_data(c, true, data);
	if (!sts_tls_records_put_ccs(&c->records) ||
	    !sts_tls_records_write_keys(&c->records, c->suite->aead, keys->block, iv))
		return false;
	w = sts_tls_message_begin(&c->messages, STS_TLS_FINISHED);
	sts_tls_write_bytes(&w, data, sizeof(data));
	return sts_tls_message_send(&c->messages, &w, 0);
}

/* Take the server's ChangeCipherSpec. */
static bool server_ccs(struct sts_tls_client *c, const struct keys *keys)
{
	struct sts_tls_records *r = &c->records;
	const uint8_t *key = keys->block + keys->key_bytes;
	const uint8_t *iv = keys->block + 2 * keys->key_bytes + keys->iv_bytes;

	if (!MUST(r, STS_TLS_CCS_BOUNDARY, r->len == 0) || !sts_tls_records_next(r) ||
	    !MUST(r, STS_TLS_CCS_DUE, r->type == STS_TLS_RECORD_CHANGE_CIPHER_SPEC) ||
	    !MUST(r, STS_TLS_CCS_BODY, r->len == 1 && r->data[0] == 1))
		return false;
	r->len = 0;
	return sts_tls_records_read_keys(r, c->suite->aead, key, iv);
}

/* Take the server's Finished (RFC 5246 section 7.4.9). */
static bool server_finished(struct sts_tls_client *c)
{
	struct sts_tls_reader body;
	uint8_t data[STS_TLS12_FINISHED_BYTES];

	verify_data(c, false, data);
	return sts_tls_message_get(&c->messages, STS_TLS_FINISHED, &body) &&
	       MUST(&c->records, STS_TLS_FINISHED_SIZE, body.left == sizeof(data)) &&
	       MUST(&c->records, STS_TLS_FINISHED_DATA,
		    body.left >= sizeof(data) && sts_tls_equal(body.at, data, sizeof(data)));
}

bool sts_tls_handshake12(struct sts_tls_client *c)
{
	uint8_t shared[STS_TLS_SECRET_NUMBER_MAX_BYTES];
	struct keys keys;
	bool ok = server_flight(c, shared) &&
		  (!c->facts.client_asked || sts_tls_client_certificate(c)) &&
		  client_key_exchange(c, shared) && sts_tls_client_verify(c);

	sts_wipe(shared, sizeof(shared));
	if (!ok)
		return false;
	derive_keys(c, &keys);
	ok = client_finished(c, &keys) && server_ccs(c, &keys) && server_finished(c);
	sts_wipe(&keys, sizeof(keys));
	sts_wipe(c->master, sizeof(c->master));
	return ok;
}
