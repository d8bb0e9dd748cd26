/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/offer.h"

#include <string.h>

#include "base/text.h"
#include "tls/testing.h"

#define ALL (-1) /* no kind of signature is left out */

const struct sts_tls_extension sts_tls_extensions[STS_TLS_EXTENSIONS] = {
	[STS_TLS_EXT_SERVER_NAME] = {0, STS_TLS_IN_HELLO_12 | STS_TLS_IN_ENCRYPTED},
	/* RFC 8422 has it in no ServerHello, but some load balancers put it there. */
	[STS_TLS_EXT_GROUPS] = {10, STS_TLS_IN_HELLO_12 | STS_TLS_IN_ENCRYPTED},
	[STS_TLS_EXT_POINT_FORMATS] = {11, STS_TLS_IN_HELLO_12},
	[STS_TLS_EXT_SCHEMES] = {13, STS_TLS_IN_REQUEST},
	[STS_TLS_EXT_ALPN] = {16, STS_TLS_IN_HELLO_12 | STS_TLS_IN_ENCRYPTED},
	[STS_TLS_EXT_EXTENDED_MASTER] = {23, STS_TLS_IN_HELLO_12},
	[STS_TLS_EXT_VERSIONS] = {43, STS_TLS_IN_HELLO_13 | STS_TLS_IN_RETRY},
	[STS_TLS_EXT_COOKIE] = {44, STS_TLS_IN_RETRY},
	[STS_TLS_EXT_CERTIFICATE_SCHEMES] = {50, STS_TLS_IN_REQUEST},
	[STS_TLS_EXT_KEY_SHARE] = {51, STS_TLS_IN_HELLO_13 | STS_TLS_IN_RETRY},
	[STS_TLS_EXT_RENEGOTIATION] = {0xff01, STS_TLS_IN_HELLO_12},
};

/* ChaCha20-Poly1305 comes first, since the code for AES uses no instructions of the processor. */
const struct sts_tls_suite sts_tls_suites[STS_TLS_SUITES] = {
	{0x1303, STS_TLS_AEAD_CHACHA20_POLY1305, br_sha256_ID, 0},
	{0x1301, STS_TLS_AEAD_AES_128_GCM, br_sha256_ID, 0},
	{0x1302, STS_TLS_AEAD_AES_256_GCM, br_sha384_ID, 0},
	{0xcca9, STS_TLS_AEAD_CHACHA20_POLY1305, br_sha256_ID, BR_KEYTYPE_EC},
	{0xcca8, STS_TLS_AEAD_CHACHA20_POLY1305, br_sha256_ID, BR_KEYTYPE_RSA},
	{0xc02b, STS_TLS_AEAD_AES_128_GCM, br_sha256_ID, BR_KEYTYPE_EC},
	{0xc02f, STS_TLS_AEAD_AES_128_GCM, br_sha256_ID, BR_KEYTYPE_RSA},
	{0xc02c, STS_TLS_AEAD_AES_256_GCM, br_sha384_ID, BR_KEYTYPE_EC},
	{0xc030, STS_TLS_AEAD_AES_256_GCM, br_sha384_ID, BR_KEYTYPE_RSA},
};

/* The names, in the order of the suites. */
static const char suite_names[] = "TLS_CHACHA20_POLY1305_SHA256\0TLS_AES_128_GCM_SHA256\0"
				  "TLS_AES_256_GCM_SHA384\0"
				  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\0"
				  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\0"
				  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\0"
				  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\0"
				  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\0"
				  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";

const char *sts_tls_suite_name(uint16_t suite)
{
	for (size_t i = 0; i < STS_TLS_SUITES; i++)
		if (sts_tls_suites[i].id == suite)
			return sts_text_at(suite_names, i);
	return NULL;
}

const br_hash_class *sts_tls_suite_hash(const struct sts_tls_suite *suite)
{
	return sts_tls_hash_class(suite->hash_id);
}

int sts_tls_find_extension(size_t type)
{
	int i = 0;

	while (i < STS_TLS_EXTENSIONS && sts_tls_extensions[i].type != type)
		i++;
	return i;
}

/* --- what is offered --- */

bool sts_tls_offers_tls12(void)
{
#ifdef STS_TLS_TESTING
	return !sts_tls_testing.no_tls12;
#else
	return true;
#endif
}

bool sts_tls_offers_tls13(void)
{
#ifdef STS_TLS_TESTING
	return !sts_tls_testing.no_tls13;
#else
	return true;
#endif
}

static bool offers_alpn(void)
{
#ifdef STS_TLS_TESTING
	return !sts_tls_testing.no_alpn;
#else
	return true;
#endif
}

bool sts_tls_is_offered(const struct sts_tls_client *c, int extension)
{
	switch (extension) {
	case STS_TLS_EXT_SERVER_NAME:
		return c->host != NULL;
	case STS_TLS_EXT_ALPN:
		return offers_alpn();
	case STS_TLS_EXT_EXTENDED_MASTER:
	case STS_TLS_EXT_RENEGOTIATION:
	case STS_TLS_EXT_POINT_FORMATS:
		return sts_tls_offers_tls12();
	case STS_TLS_EXT_VERSIONS:
	case STS_TLS_EXT_KEY_SHARE:
		return sts_tls_offers_tls13();
	case STS_TLS_EXT_COOKIE: /* needs no offer (RFC 8446 section 4.2) */
	default:
		return true;
	}
}

const struct sts_tls_group *sts_tls_group_at(size_t place)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.groups[0] != 0)
		return sts_tls_group(sts_tls_testing.groups[place]);
#endif
	return sts_tls_groups[place].id ? &sts_tls_groups[place] : NULL;
}

const struct sts_tls_group *sts_tls_offered_group(uint32_t id)
{
	const struct sts_tls_group *group;

	for (size_t i = 0; (group = sts_tls_group_at(i)) != NULL; i++)
		if (group->id == id)
			return group;
	return NULL;
}

const struct sts_tls_scheme *sts_tls_offered_scheme(uint16_t id)
{
#ifdef STS_TLS_TESTING
	const uint16_t *offered = sts_tls_testing.schemes;

	if (offered[0] != 0) {
		while (*offered != 0 && *offered != id)
			offered++;
		return *offered != 0 ? sts_tls_scheme(id) : NULL;
	}
#endif
	return sts_tls_scheme(id);
}

const char *sts_tls_offered_alpn(void)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.alpn)
		return sts_tls_testing.alpn;
#endif
	return "http/1.1";
}

/* --- extensions that need no offer --- */

bool sts_tls_take_extension(struct sts_tls_client *c, size_t type, int place, uint32_t *seen)
{
	int i = sts_tls_find_extension(type);

	if (i == STS_TLS_EXTENSIONS)
		return true;
	if (!MUST(&c->records, STS_TLS_EXTENSION_PLACE, sts_tls_extensions[i].places & place) ||
	    !MUST(&c->records, STS_TLS_EXTENSION_TWICE, !(*seen >> i & 1)))
		return false;
	*seen |= 1u << i;
	return true;
}

/* --- ClientHello --- */

static void write_type(struct sts_tls_writer *w, int extension, size_t *mark)
{
	sts_tls_write_number(w, 2, sts_tls_extensions[extension].type);
	*mark = sts_tls_write_open(w, 2);
}

static void write_server_name(struct sts_tls_writer *w, const char *host)
{
	size_t mark, list, name;

	write_type(w, STS_TLS_EXT_SERVER_NAME, &mark);
	list = sts_tls_write_open(w, 2);
	sts_tls_write_number(w, 1, 0); /* host_name */
	name = sts_tls_write_open(w, 2);
	sts_tls_write_bytes(w, host, strlen(host));
	sts_tls_write_close(w, 2, name);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

static void write_groups(struct sts_tls_writer *w)
{
	const struct sts_tls_group *group;
	size_t mark, list;

	write_type(w, STS_TLS_EXT_GROUPS, &mark);
	list = sts_tls_write_open(w, 2);
	for (size_t i = 0; (group = sts_tls_group_at(i)) != NULL; i++)
		sts_tls_write_number(w, 2, group->id);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

/* Write the schemes, except for those of one kind. */
static void write_schemes(struct sts_tls_writer *w, int extension, int without)
{
	size_t mark, list;

	write_type(w, extension, &mark);
	list = sts_tls_write_open(w, 2);
	for (const struct sts_tls_scheme *s = sts_tls_schemes; s->id; s++)
		if (s->kind != without &&
		    (extension == STS_TLS_EXT_CERTIFICATE_SCHEMES || sts_tls_offered_scheme(s->id)))
			sts_tls_write_number(w, 2, s->id);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

static void write_alpn(struct sts_tls_writer *w)
{
	const char *alpn = sts_tls_offered_alpn();
	size_t mark, list;

	write_type(w, STS_TLS_EXT_ALPN, &mark);
	list = sts_tls_write_open(w, 2);
	sts_tls_write_number(w, 1, strlen(alpn));
	sts_tls_write_bytes(w, alpn, strlen(alpn));
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

/* The extensions that only a server of TLS 1.2 answers. */
static void write_tls12(struct sts_tls_writer *w)
{
	size_t mark;

	write_type(w, STS_TLS_EXT_EXTENDED_MASTER, &mark);
	sts_tls_write_close(w, 2, mark);
	write_type(w, STS_TLS_EXT_RENEGOTIATION, &mark);
	sts_tls_write_number(w, 1, 0); /* no verify_data: this is a first handshake (RFC 5746) */
	sts_tls_write_close(w, 2, mark);
	write_type(w, STS_TLS_EXT_POINT_FORMATS, &mark);
	sts_tls_write_number(w, 1, 1);
	sts_tls_write_number(w, 1, STS_TLS_UNCOMPRESSED);
	sts_tls_write_close(w, 2, mark);
}

/* The extensions that only a server of TLS 1.3 answers. */
static void write_tls13(struct sts_tls_writer *w, const struct sts_tls_key_pair *pair,
			struct sts_tls_reader cookie)
{
	size_t mark, list;

	write_type(w, STS_TLS_EXT_VERSIONS, &mark);
	list = sts_tls_write_open(w, 1);
	sts_tls_write_number(w, 2, STS_TLS_VERSION_13);
	if (sts_tls_offers_tls12())
		sts_tls_write_number(w, 2, STS_TLS_VERSION_12);
	sts_tls_write_close(w, 1, list);
	sts_tls_write_close(w, 2, mark);
	if (cookie.left > 0) {
		write_type(w, STS_TLS_EXT_COOKIE, &mark);
		sts_tls_write_number(w, 2, cookie.left);
		sts_tls_write_bytes(w, cookie.at, cookie.left);
		sts_tls_write_close(w, 2, mark);
	}
	write_type(w, STS_TLS_EXT_KEY_SHARE, &mark);
	list = sts_tls_write_open(w, 2);
	sts_tls_write_number(w, 2, pair->group->id);
	sts_tls_write_number(w, 2, pair->group->public_bytes);
	sts_tls_write_bytes(w, pair->public, pair->group->public_bytes);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

static void write_suites(struct sts_tls_writer *w)
{
	size_t list = sts_tls_write_open(w, 2);

	for (size_t i = 0; i < STS_TLS_SUITES; i++)
		if (sts_tls_suites[i].key_type ? sts_tls_offers_tls12() : sts_tls_offers_tls13())
			sts_tls_write_number(w, 2, sts_tls_suites[i].id);
	sts_tls_write_close(w, 2, list);
}

bool sts_tls_send_hello(struct sts_tls_client *c, struct sts_tls_reader cookie)
{
	struct sts_tls_messages *m = &c->messages;
	struct sts_tls_writer w;
	size_t list;

	if (cookie.left > 0) { /* out of the way of what is written */
		memmove(m->body + sizeof(m->body) - cookie.left, cookie.at, cookie.left);
		cookie.at = m->body + sizeof(m->body) - cookie.left;
	}
	w = sts_tls_message_begin(m, STS_TLS_CLIENT_HELLO);
	w.size -= cookie.left;
	sts_tls_write_number(&w, 2, STS_TLS_VERSION_12);
	sts_tls_write_bytes(&w, c->client_random, sizeof(c->client_random));
	sts_tls_write_number(&w, 1, sizeof(c->session_id));
	sts_tls_write_bytes(&w, c->session_id, sizeof(c->session_id));
	write_suites(&w);
	sts_tls_write_number(&w, 1, 1);
	sts_tls_write_number(&w, 1, 0); /* no compression */
	list = sts_tls_write_open(&w, 2);
	if (c->host)
		write_server_name(&w, c->host);
	write_groups(&w);
	write_schemes(&w, STS_TLS_EXT_SCHEMES, sts_tls_offers_tls12() ? ALL : STS_TLS_RSA_PKCS1);
	write_schemes(&w, STS_TLS_EXT_CERTIFICATE_SCHEMES,
		      STS_TLS_RSA_PSS); /* the verifier does not know it */
	if (sts_tls_offers_tls12())
		write_tls12(&w);
	if (sts_tls_offers_tls13())
		write_tls13(&w, &c->pair, cookie);
	if (offers_alpn()) /* not empty at the end: some old servers stumble over that */
		write_alpn(&w);
	sts_tls_write_close(&w, 2, list);
	return sts_tls_message_send(m, &w, 0);
}
