/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and the signatures that prove that a side holds the key of its certificate. */
#include <string.h>

#include "tls/handshake.h"
#include "tls/offer.h"
#include "tls/random.h"
#include "trust/verifier.h"

#define ALERT_BAD_CERTIFICATE     42
#define ALERT_CERTIFICATE_EXPIRED 45
#define ALERT_UNKNOWN_CA          48
#define CERTIFICATE_TYPES_MAX     255
#define CERTIFICATE_TYPE_RSA      1
#define CERTIFICATE_TYPE_ECDSA    64
#define LIST_LENGTH_BYTES         3
#define PADDING_BYTES             64 /* of the content that TLS 1.3 signs */
/* Of the server's list: what the verifier takes, with lengths around each certificate. The verifier
 * counts for itself; this refuses a list of 16 MB before it is read. */
#define LIST_MAX_BYTES (STS_CHAIN_MAX_BYTES + STS_CHAIN_MAX_CERTS * (LIST_LENGTH_BYTES + 2))

/* --- the server's --- */

/* The alert for the reason that the verifier gives. */
static uint8_t alert_for(unsigned reason)
{
	switch (reason) {
	case BR_ERR_X509_EXPIRED:
		return ALERT_CERTIFICATE_EXPIRED;
	case BR_ERR_X509_NOT_TRUSTED:
		return ALERT_UNKNOWN_CA;
	default:
		return ALERT_BAD_CERTIFICATE;
	}
}

/* Hand one certificate to the verifier, piece by piece. */
static bool pass_certificate(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	size_t len, extensions;

	if (!sts_tls_message_number(m, LIST_LENGTH_BYTES, &len) ||
	    !MUST(&c->records, STS_TLS_CERTIFICATE_EMPTY, len > 0) ||
	    !MUST(&c->records, STS_TLS_CERTIFICATE_LENGTH, len <= m->left))
		return false;
	if (len > m->left) /* only where that check is switched off */
		len = m->left;
	(*c->verifier)->start_cert(c->verifier, (uint32_t)len);
	while (len > 0) {
		const uint8_t *data;
		size_t n;

		if (!sts_tls_message_piece(m, len, &data, &n))
			return false;
		(*c->verifier)->append(c->verifier, data, n);
		len -= n;
	}
	(*c->verifier)->end_cert(c->verifier);
	if (!c->records.tls13)
		return true;
	/* The extensions of a certificate answer extensions that are not offered. */
	return sts_tls_message_number(m, 2, &extensions) &&
	       MUST(&c->records, STS_TLS_CERTIFICATE_EXTENSION, extensions == 0) &&
	       sts_tls_message_skip(m, extensions);
}

bool sts_tls_server_certificate(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	size_t context = 0, list;
	unsigned reason, usages = 0;
	const br_x509_pkey *key;

	if (c->records.tls13 && (!sts_tls_message_number(m, 1, &context) ||
				 !MUST(&c->records, STS_TLS_CERTIFICATE_CONTEXT, context == 0)))
		return false;
	if (!sts_tls_message_number(m, LIST_LENGTH_BYTES, &list) ||
	    !MUST(&c->records, STS_TLS_CERTIFICATE_LIST, list == m->left) ||
	    !MUST(&c->records, STS_TLS_CERTIFICATE_NONE, list > 0) ||
	    !MUST(&c->records, STS_TLS_CERTIFICATE_SIZE, list <= LIST_MAX_BYTES))
		return false;
	(*c->verifier)->start_chain(c->verifier, c->host);
	while (m->left > 0)
		if (!pass_certificate(c))
			return false;
	reason = (*c->verifier)->end_chain(c->verifier);
	if (reason != 0)
		return sts_tls_give_up(&c->records, STS_TLS_DISTRUSTED, alert_for(reason));
	key = (*c->verifier)->get_pkey(c->verifier, &usages);
	if (!key)
		return sts_tls_give_up(&c->records, STS_TLS_DISTRUSTED, ALERT_BAD_CERTIFICATE);
	c->server_key = *key;
	return MUST(&c->records, STS_TLS_KEY_USAGE, usages & BR_KEYTYPE_SIGN);
}

/* Hash the content of a signature. */
static void hash_parts(int hash_id, const struct sts_tls_part *content, size_t count, uint8_t *out)
{
	br_hash_compat_context hash;
	const br_hash_class *class = sts_tls_hash_class(hash_id);

	class->init(&hash.vtable);
	for (size_t i = 0; i < count; i++)
		class->update(&hash.vtable, content[i].data, content[i].len);
	class->out(&hash.vtable, out);
}

bool sts_tls_server_signature(struct sts_tls_client *c, struct sts_tls_reader *body,
			      const struct sts_tls_part *content, size_t count)
{
	uint32_t id = sts_tls_read_number(body, 2);
	struct sts_tls_reader signature = sts_tls_read_vector(body, 2);
	const struct sts_tls_scheme *scheme = sts_tls_offered_scheme((uint16_t)id);
	uint8_t hash[STS_TLS_HASH_MAX_BYTES];

	if (!MUST(&c->records, STS_TLS_SIGNATURE_FORM, sts_tls_read_end(body)) ||
	    !MUST(&c->records, STS_TLS_SCHEME_OFFERED, scheme != NULL) || !scheme ||
	    !MUST(&c->records, STS_TLS_SCHEME_FITS,
		  sts_tls_scheme_fits(scheme, &c->server_key, c->records.tls13)))
		return false;
	c->facts.scheme = scheme->id;
	hash_parts(scheme->hash_id, content, count, hash);
	return MUST(&c->records, STS_TLS_SIGNATURE,
		    sts_tls_signature_verify(scheme, &c->server_key, hash, signature.at,
					     signature.left));
}

/* --- the client's --- */

/* Take the list of schemes that the server accepts, and choose among the first ones. */
static bool take_schemes(struct sts_tls_client *c, bool fits)
{
	struct sts_tls_messages *m = &c->messages;
	size_t len, n;

	if (!sts_tls_message_number(m, 2, &len) ||
	    !MUST(&c->records, STS_TLS_REQUEST_SCHEMES, len > 0 && len % 2 == 0))
		return false;
	n = len < sizeof(m->body) ? len : sizeof(m->body);
	if (!sts_tls_message_take(m, m->body, n) || !sts_tls_message_skip(m, len - n))
		return false;
	if (fits)
		c->client_scheme = sts_tls_scheme_choose(c->key, m->body, n / 2, c->records.tls13);
	return true;
}

/* The extensions of CertificateRequest in TLS 1.3. Those that are not known are ignored (RFC 8446
 * section 4.3.2), and so are the names of authorities: there is only one certificate to send. */
static bool take_request13(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	size_t context, list, type, len;
	uint32_t seen = 0;
	bool has_schemes = false;

	if (!sts_tls_message_number(m, 1, &context) ||
	    !MUST(&c->records, STS_TLS_REQUEST_CONTEXT, context == 0) ||
	    !sts_tls_message_number(m, 2, &list) ||
	    !MUST(&c->records, STS_TLS_REQUEST_FORM, list == m->left))
		return false;
	while (m->left > 0) {
		size_t before;

		if (!sts_tls_message_number(m, 2, &type) || !sts_tls_message_number(m, 2, &len) ||
		    !sts_tls_take_extension(c, type, STS_TLS_IN_REQUEST, &seen))
			return false;
		before = m->left;
		if (type != sts_tls_extensions[STS_TLS_EXT_SCHEMES].type) {
			if (!sts_tls_message_skip(m, len))
				return false;
			continue;
		}
		if (!take_schemes(c, c->key != NULL) ||
		    !MUST(&c->records, STS_TLS_REQUEST_SCHEMES_END, before - m->left == len))
			return false;
		has_schemes = true;
	}
	return MUST(&c->records, STS_TLS_REQUEST_NO_SCHEMES, has_schemes);
}

static bool take_request12(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	size_t types, names;
	uint8_t type[CERTIFICATE_TYPES_MAX];

	if (!sts_tls_message_number(m, 1, &types) ||
	    !MUST(&c->records, STS_TLS_REQUEST_TYPES, types > 0) ||
	    !sts_tls_message_take(m, type, types) ||
	    !take_schemes(c, c->key && memchr(type,
					      c->key->is_rsa ? CERTIFICATE_TYPE_RSA
							     : CERTIFICATE_TYPE_ECDSA,
					      types)) ||
	    !sts_tls_message_number(m, 2, &names) || !sts_tls_message_skip(m, names))
		return false;
	return sts_tls_message_end(m);
}

bool sts_tls_certificate_request(struct sts_tls_client *c)
{
	c->facts.client_asked = true;
	return c->records.tls13 ? take_request13(c) : take_request12(c);
}

bool sts_tls_client_certificate(struct sts_tls_client *c)
{
	const struct sts_client_key *key = c->client_scheme ? c->key : NULL;
	struct sts_tls_messages *m = &c->messages;
	struct sts_tls_writer w = sts_tls_message_begin(m, STS_TLS_CERTIFICATE);
	size_t extensions = c->records.tls13 ? 2 : 0, list = 0;
	bool ok;

	for (size_t i = 0; key && i < key->chain_len; i++)
		list += LIST_LENGTH_BYTES + key->chain[i].data_len + extensions;
	if (c->records.tls13)
		sts_tls_write_number(&w, 1, 0); /* the context */
	sts_tls_write_number(&w, LIST_LENGTH_BYTES, list);
	ok = sts_tls_message_send(m, &w, list);
	for (size_t i = 0; ok && key && i < key->chain_len; i++) {
		const br_x509_certificate *cert = &key->chain[i];
		uint8_t none[2] = {0};
		uint8_t len[LIST_LENGTH_BYTES] = {(uint8_t)(cert->data_len >> 16),
						  (uint8_t)(cert->data_len >> 8),
						  (uint8_t)cert->data_len};

		ok = sts_tls_message_add(m, len, sizeof(len)) &&
		     sts_tls_message_add(m, cert->data, cert->data_len) &&
		     sts_tls_message_add(m, none, extensions);
	}
	c->facts.client_sent = ok && key;
	return ok;
}

size_t sts_tls13_signed(bool by_server, const uint8_t *transcript, size_t len,
			struct sts_tls_part *parts)
{
	static const char server[] = "TLS 1.3, server CertificateVerify";
	static const char client[] = "TLS 1.3, client CertificateVerify";
	static const char padding[] =
		"                                                                ";

	_Static_assert(sizeof(padding) - 1 == PADDING_BYTES, "RFC 8446 section 4.4.3");
	parts[0] = (struct sts_tls_part){padding, PADDING_BYTES};
	/* The zero at the end of the text belongs to the content. */
	parts[1] = (struct sts_tls_part){by_server ? server : client, sizeof(server)};
	parts[2] = (struct sts_tls_part){transcript, len};
	return STS_TLS13_SIGNED_PARTS;
}

bool sts_tls_client_verify(struct sts_tls_client *c)
{
	struct sts_tls_messages *m = &c->messages;
	const struct sts_tls_scheme *scheme = c->client_scheme;
	uint8_t hash[STS_TLS_HASH_MAX_BYTES], salt[STS_TLS_HASH_MAX_BYTES];
	uint8_t signature[STS_TLS_SIGNATURE_MAX_BYTES];
	struct sts_tls_writer w;
	size_t len, mark;

	if (!scheme)
		return true;
	if (!sts_tls_random_bytes(salt, sizeof(salt)))
		return sts_tls_give_up(&c->records, STS_TLS_NO_RANDOM,
				       STS_TLS_ALERT_INTERNAL_ERROR);
	if (c->records.tls13) {
		uint8_t transcript[STS_TLS_HASH_MAX_BYTES];
		struct sts_tls_part parts[STS_TLS13_SIGNED_PARTS];
		size_t transcript_len = sts_tls_hash_now(c, transcript);

		hash_parts(scheme->hash_id, parts,
			   sts_tls13_signed(false, transcript, transcript_len, parts), hash);
	} else {
		sts_tls_transcript_hash(&m->transcript, scheme->hash_id, hash);
	}
	len = sts_tls_sign(scheme, c->key, hash, salt, signature);
	if (len == 0)
		return sts_tls_give_up(&c->records, STS_TLS_KEY_MISMATCH,
				       STS_TLS_ALERT_INTERNAL_ERROR);
	c->facts.client_scheme = scheme->id;
	w = sts_tls_message_begin(m, STS_TLS_CERTIFICATE_VERIFY);
	sts_tls_write_number(&w, 2, scheme->id);
	mark = sts_tls_write_open(&w, 2);
	sts_tls_write_bytes(&w, signature, len);
	sts_tls_write_close(&w, 2, mark);
	return sts_tls_message_send(m, &w, 0);
}
