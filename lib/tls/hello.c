/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "tls/handshake.h"
#include "tls/testing.h"

#define COUNT(table)     (sizeof(table) / sizeof((table)[0]))
#define COOKIE_MAX_BYTES 2048
#define UNCOMPRESSED     0 /* the only form of points */
#define SENTINEL_BYTES   8
#define ALL              (-1) /* no kind of signature is left out */

/* The extensions of RFC 8446 section 4.2 and, for TLS 1.2, of RFC 8422, 7301, 7627, 5746 and 6066
 * that the client uses. */
enum {
	SERVER_NAME,
	GROUPS,
	POINT_FORMATS,
	SCHEMES,
	ALPN,
	EXTENDED_MASTER,
	VERSIONS,
	COOKIE,
	CERTIFICATE_SCHEMES,
	KEY_SHARE,
	RENEGOTIATION,
	EXTENSIONS,
};

/* Where a server may put an extension. */
enum { IN_HELLO_12 = 1, IN_HELLO_13 = 2, IN_RETRY = 4, IN_ENCRYPTED = 8 };

static const struct {
	uint16_t type;
	uint8_t places;
} extensions[EXTENSIONS] = {
	[SERVER_NAME] = {0, IN_HELLO_12 | IN_ENCRYPTED},
	/* RFC 8422 has it in no ServerHello, but some load balancers put it there. */
	[GROUPS] = {10, IN_HELLO_12 | IN_ENCRYPTED},
	[POINT_FORMATS] = {11, IN_HELLO_12},
	[SCHEMES] = {13, 0},
	[ALPN] = {16, IN_HELLO_12 | IN_ENCRYPTED},
	[EXTENDED_MASTER] = {23, IN_HELLO_12},
	[VERSIONS] = {43, IN_HELLO_13 | IN_RETRY},
	[COOKIE] = {44, IN_RETRY},
	[CERTIFICATE_SCHEMES] = {50, 0},
	[KEY_SHARE] = {51, IN_HELLO_13 | IN_RETRY},
	[RENEGOTIATION] = {0xff01, IN_HELLO_12},
};

/* The suites that are offered, the preferred first. ChaCha20-Poly1305 comes first, since the code
 * for AES uses no instructions of the processor. */
static const struct sts_tls_suite suites[] = {
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

static const char suite_names[COUNT(suites)][48] = {
	"TLS_CHACHA20_POLY1305_SHA256",
	"TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384",
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
};

static const char alpn[] = "http/1.1";

const char *sts_tls_suite_name(uint16_t suite)
{
	for (size_t i = 0; i < COUNT(suites); i++)
		if (suites[i].id == suite)
			return suite_names[i];
	return NULL;
}

const br_hash_class *sts_tls_suite_hash(const struct sts_tls_suite *suite)
{
	return suite->hash_id == br_sha384_ID ? &br_sha384_vtable : &br_sha256_vtable;
}

/* --- what is offered --- */

static bool offers_tls12(void)
{
#ifdef STS_TLS_TESTING
	return !sts_tls_testing.no_tls12;
#else
	return true;
#endif
}

static bool offers_tls13(void)
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

/* Was the extension in the ClientHello? */
static bool is_offered(const struct sts_tls_client *c, int extension)
{
	switch (extension) {
	case SERVER_NAME:
		return c->host != NULL;
	case ALPN:
		return offers_alpn();
	case EXTENDED_MASTER:
	case RENEGOTIATION:
	case POINT_FORMATS:
		return offers_tls12();
	case VERSIONS:
	case KEY_SHARE:
		return offers_tls13();
	case COOKIE: /* a server may ask for it without an offer (RFC 8446 section 4.2) */
	default:
		return true;
	}
}

/* The group at a place of the list of groups; NULL behind the last one. */
static const struct sts_tls_group *group_at(size_t place)
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

	for (size_t i = 0; (group = group_at(i)) != NULL; i++)
		if (group->id == id)
			return group;
	return NULL;
}

/* --- ClientHello --- */

static void write_type(struct sts_tls_writer *w, int extension, size_t *mark)
{
	sts_tls_write_number(w, 2, extensions[extension].type);
	*mark = sts_tls_write_open(w, 2);
}

static void write_server_name(struct sts_tls_writer *w, const char *host)
{
	size_t mark, list, name;

	write_type(w, SERVER_NAME, &mark);
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

	write_type(w, GROUPS, &mark);
	list = sts_tls_write_open(w, 2);
	for (size_t i = 0; (group = group_at(i)) != NULL; i++)
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
		if (s->kind != without)
			sts_tls_write_number(w, 2, s->id);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

static void write_alpn(struct sts_tls_writer *w)
{
	size_t mark, list;

	write_type(w, ALPN, &mark);
	list = sts_tls_write_open(w, 2);
	sts_tls_write_number(w, 1, sizeof(alpn) - 1);
	sts_tls_write_bytes(w, alpn, sizeof(alpn) - 1);
	sts_tls_write_close(w, 2, list);
	sts_tls_write_close(w, 2, mark);
}

/* The extensions that only a server of TLS 1.2 answers. */
static void write_tls12(struct sts_tls_writer *w)
{
	size_t mark;

	write_type(w, EXTENDED_MASTER, &mark);
	sts_tls_write_close(w, 2, mark);
	write_type(w, RENEGOTIATION, &mark);
	sts_tls_write_number(w, 1, 0); /* no verify_data: this is a first handshake (RFC 5746) */
	sts_tls_write_close(w, 2, mark);
	write_type(w, POINT_FORMATS, &mark);
	sts_tls_write_number(w, 1, 1);
	sts_tls_write_number(w, 1, UNCOMPRESSED);
	sts_tls_write_close(w, 2, mark);
}

/* The extensions that only a server of TLS 1.3 answers. */
static void write_tls13(struct sts_tls_writer *w, const struct sts_tls_key_pair *pair,
			struct sts_tls_reader cookie)
{
	size_t mark, list;

	write_type(w, VERSIONS, &mark);
	list = sts_tls_write_open(w, 1);
	sts_tls_write_number(w, 2, STS_TLS_VERSION_13);
	if (offers_tls12())
		sts_tls_write_number(w, 2, STS_TLS_VERSION_12);
	sts_tls_write_close(w, 1, list);
	sts_tls_write_close(w, 2, mark);
	if (cookie.left > 0) {
		write_type(w, COOKIE, &mark);
		sts_tls_write_number(w, 2, cookie.left);
		sts_tls_write_bytes(w, cookie.at, cookie.left);
		sts_tls_write_close(w, 2, mark);
	}
	write_type(w, KEY_SHARE, &mark);
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

	for (size_t i = 0; i < COUNT(suites); i++)
		if (suites[i].key_type ? offers_tls12() : offers_tls13())
			sts_tls_write_number(w, 2, suites[i].id);
	sts_tls_write_close(w, 2, list);
}

/*
 * Send a ClientHello.
 *   cookie  in  of the HelloRetryRequest, in m->body; empty for none
 */
static bool send_hello(struct sts_tls_client *c, struct sts_tls_reader cookie)
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
	write_schemes(&w, SCHEMES, offers_tls12() ? ALL : STS_TLS_RSA_PKCS1);
	write_schemes(&w, CERTIFICATE_SCHEMES, STS_TLS_RSA_PSS); /* the verifier does not know it */
	if (offers_tls12())
		write_tls12(&w);
	if (offers_tls13())
		write_tls13(&w, &c->pair, cookie);
	if (offers_alpn()) /* not empty at the end: some old servers stumble over that */
		write_alpn(&w);
	sts_tls_write_close(&w, 2, list);
	return sts_tls_message_send(m, &w, 0);
}

/* --- ServerHello --- */

/* The extensions of one message. */
struct found {
	struct sts_tls_reader body[EXTENSIONS];
	uint32_t present; /* bit N: extension N */
};

static bool has(const struct found *found, int extension)
{
	return found->present >> extension & 1;
}

/* Take the extensions, which end the message. */
static bool read_extensions(struct sts_tls_client *c, struct sts_tls_reader *body,
			    struct found *found)
{
	struct sts_tls_reader list = sts_tls_read_vector(body, 2);

	memset(found, 0, sizeof(*found));
	if (!MUST(&c->records, STS_TLS_EXTENSIONS_FORM, sts_tls_read_end(body)))
		return false;
	while (list.left > 0) {
		uint32_t type = sts_tls_read_number(&list, 2);
		struct sts_tls_reader content = sts_tls_read_vector(&list, 2);
		int i = 0;

		if (!MUST(&c->records, STS_TLS_EXTENSION_FORM, !list.is_short))
			return false;
		while (i < EXTENSIONS && extensions[i].type != type)
			i++;
		if (!MUST(&c->records, STS_TLS_EXTENSION_UNASKED,
			  i < EXTENSIONS && is_offered(c, i)))
			return false;
		if (i == EXTENSIONS) /* only where that check is switched off */
			continue;
		if (!MUST(&c->records, STS_TLS_EXTENSION_TWICE, !has(found, i)))
			return false;
		found->present |= 1u << i;
		found->body[i] = content;
		if (list.is_short)
			break;
	}
	return true;
}

/* Is every extension in a message in which it may be? */
static bool are_in_place(struct sts_tls_client *c, const struct found *found, int place)
{
	for (int i = 0; i < EXTENSIONS; i++)
		if (has(found, i) &&
		    !MUST(&c->records, STS_TLS_EXTENSION_PLACE, extensions[i].places & place))
			return false;
	return true;
}

/* Check the extensions that TLS 1.2 and EncryptedExtensions share. */
static bool check_common(struct sts_tls_client *c, struct found *found)
{
	struct sts_tls_reader *body = &found->body[ALPN], list, name;

	if (!MUST(&c->records, STS_TLS_SERVER_NAME_EMPTY,
		  !has(found, SERVER_NAME) || found->body[SERVER_NAME].left == 0))
		return false;
	if (!has(found, ALPN))
		return true;
	list = sts_tls_read_vector(body, 2);
	name = sts_tls_read_vector(&list, 1);
	return MUST(&c->records, STS_TLS_ALPN_FORM,
		    sts_tls_read_end(body) && sts_tls_read_end(&list) && name.left > 0) &&
	       MUST(&c->records, STS_TLS_ALPN_CHOICE,
		    name.left == sizeof(alpn) - 1 && memcmp(name.at, alpn, name.left) == 0);
}

/* The parts of a ServerHello. */
struct hello {
	uint32_t version, suite, compression;
	struct sts_tls_reader session;
	struct found found;
	bool is_retry;
};

/* The random of a HelloRetryRequest: the SHA-256 of its name (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[STS_TLS_RANDOM_BYTES] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* Take the version from the extension, or else from the old field (RFC 8446 section 4.2.1). */
static bool take_version(struct sts_tls_client *c, struct hello *h)
{
	struct sts_tls_reader *body = &h->found.body[VERSIONS];

	if (!has(&h->found, VERSIONS))
		return MUST(&c->records, STS_TLS_VERSION,
			    h->version == STS_TLS_VERSION_12 && offers_tls12());
	if (!MUST(&c->records, STS_TLS_OLD_VERSION, h->version == STS_TLS_VERSION_12))
		return false;
	h->version = sts_tls_read_number(body, 2);
	return MUST(&c->records, STS_TLS_VERSIONS_FORM, sts_tls_read_end(body)) &&
	       MUST(&c->records, STS_TLS_VERSION_CHOICE, h->version == STS_TLS_VERSION_13);
}

static bool read_hello(struct sts_tls_client *c, struct hello *h)
{
	struct sts_tls_messages *m = &c->messages;
	struct sts_tls_reader body;
	const uint8_t *random;

	m->is_hashed = false;
	if (!sts_tls_message_get(m, STS_TLS_SERVER_HELLO, &body))
		return false;
	m->is_hashed = true;
	h->version = sts_tls_read_number(&body, 2);
	random = sts_tls_read_bytes(&body, STS_TLS_RANDOM_BYTES);
	h->session = sts_tls_read_vector(&body, 1);
	h->suite = sts_tls_read_number(&body, 2);
	h->compression = sts_tls_read_number(&body, 1);
	if (!MUST(&c->records, STS_TLS_HELLO_FORM,
		  !body.is_short && h->session.left <= STS_TLS_SESSION_ID_BYTES) ||
	    !random)
		return sts_tls_give_up(&c->records, STS_TLS_IO, 0);
	memcpy(c->server_random, random, STS_TLS_RANDOM_BYTES);
	h->is_retry = memcmp(random, retry_random, STS_TLS_RANDOM_BYTES) == 0;
	memset(&h->found, 0, sizeof(h->found));
	/* In TLS 1.2, a hello may end without a list of extensions. */
	if (body.left > 0 && !read_extensions(c, &body, &h->found))
		return false;
	return take_version(c, h) && MUST(&c->records, STS_TLS_COMPRESSION, h->compression == 0);
}

static bool take_suite(struct sts_tls_client *c, const struct hello *h)
{
	const struct sts_tls_suite *suite = NULL;

	for (size_t i = 0; i < COUNT(suites); i++)
		if (suites[i].id == h->suite)
			suite = &suites[i];
	if (!MUST(&c->records, STS_TLS_SUITE, suite != NULL) || !suite)
		return false;
	if (!MUST(&c->records, STS_TLS_SUITE_VERSION,
		  (suite->key_type == 0) == (h->version == STS_TLS_VERSION_13)) ||
	    !MUST(&c->records, STS_TLS_SUITE_KEPT, !c->suite || c->suite == suite))
		return false;
	c->suite = suite;
	c->facts.suite = suite->id;
	return true;
}

/* What every ServerHello of TLS 1.3 and HelloRetryRequest must have. */
static bool check_hello13(struct sts_tls_client *c, struct hello *h)
{
	return are_in_place(c, &h->found, h->is_retry ? IN_RETRY : IN_HELLO_13) &&
	       MUST(&c->records, STS_TLS_SESSION_ECHO,
		    h->session.left == sizeof(c->session_id) &&
			    memcmp(h->session.at, c->session_id, sizeof(c->session_id)) == 0) &&
	       take_suite(c, h);
}

static bool make_pair(struct sts_tls_client *c, const struct sts_tls_group *group)
{
	if (sts_tls_key_pair_make(&c->pair, group, sts_tls_random_bytes))
		return true;
	return sts_tls_give_up(&c->records, STS_TLS_NO_RANDOM, 0);
}

/* Do what a HelloRetryRequest asks for (RFC 8446 section 4.1.4), and send the second ClientHello. */
static bool retry(struct sts_tls_client *c, struct hello *h)
{
	static const uint8_t ccs[] = {1};
	struct sts_tls_reader *share = &h->found.body[KEY_SHARE];
	struct sts_tls_reader *cookie = &h->found.body[COOKIE], value = {0};
	struct sts_tls_messages *m = &c->messages;

	if (!MUST(&c->records, STS_TLS_RETRY_ONCE, !c->facts.retried) || !check_hello13(c, h))
		return false;
	c->facts.retried = true;
	c->records.version_known = c->records.tls13 = c->records.allow_ccs = true;
	sts_tls_transcript_restart(&m->transcript, c->suite->hash_id);
	sts_tls_message_hash(m);
	if (!MUST(&c->records, STS_TLS_RETRY_CHANGE,
		  has(&h->found, KEY_SHARE) || has(&h->found, COOKIE)))
		return false;
	if (has(&h->found, KEY_SHARE)) {
		const struct sts_tls_group *group =
			sts_tls_offered_group(sts_tls_read_number(share, 2));

		if (!MUST(&c->records, STS_TLS_RETRY_FORM, sts_tls_read_end(share)) ||
		    !MUST(&c->records, STS_TLS_RETRY_GROUP, group != NULL) ||
		    !MUST(&c->records, STS_TLS_RETRY_NEW_GROUP, group != c->pair.group) || !group ||
		    !make_pair(c, group))
			return false;
	}
	if (has(&h->found, COOKIE)) {
		value = sts_tls_read_vector(cookie, 2);
		if (!MUST(&c->records, STS_TLS_COOKIE_FORM,
			  sts_tls_read_end(cookie) && value.left > 0) ||
		    !MUST(&c->records, STS_TLS_COOKIE_SIZE, value.left <= COOKIE_MAX_BYTES))
			return false;
	}
	return sts_tls_records_put(&c->records, STS_TLS_RECORD_CHANGE_CIPHER_SPEC, ccs,
				   sizeof(ccs)) &&
	       send_hello(c, value);
}

/* Why no secret can be agreed on with the server's key. Returns true when one was. */
static bool is_agreed(struct sts_tls_client *c, enum sts_tls_agreement agreement)
{
	return MUST(&c->records, STS_TLS_SHARE_LENGTH, agreement != STS_TLS_WRONG_LENGTH) &&
	       MUST(&c->records, STS_TLS_SHARE_POINT, agreement != STS_TLS_OFF_CURVE) &&
	       MUST(&c->records, STS_TLS_SHARE_ZERO, agreement != STS_TLS_ZERO);
}

bool sts_tls_shared_secret(struct sts_tls_client *c, struct sts_tls_reader point, uint8_t *shared)
{
	enum sts_tls_agreement agreement = sts_tls_agree(&c->pair, point.at, point.left, shared);

	sts_wipe(c->pair.secret, sizeof(c->pair.secret));
	c->facts.group = c->pair.group->id;
	return is_agreed(c, agreement);
}

static bool finish_hello13(struct sts_tls_client *c, struct hello *h, uint8_t *shared)
{
	struct sts_tls_reader *body = &h->found.body[KEY_SHARE], point;
	uint32_t group;

	if (!check_hello13(c, h) ||
	    !MUST(&c->records, STS_TLS_SHARE_MISSING, has(&h->found, KEY_SHARE)))
		return false;
	group = sts_tls_read_number(body, 2);
	point = sts_tls_read_vector(body, 2);
	if (!MUST(&c->records, STS_TLS_SHARE_FORM, sts_tls_read_end(body)) ||
	    !MUST(&c->records, STS_TLS_SHARE_GROUP, group == c->pair.group->id))
		return false;
	c->records.version_known = c->records.tls13 = c->records.allow_ccs = true;
	sts_tls_message_hash(&c->messages);
	return sts_tls_shared_secret(c, point, shared);
}

/* Is this the mark of a server that could speak TLS 1.3 (RFC 8446 section 4.1.3)? Then somebody has
 * changed what the client offered. */
static bool is_downgraded(const uint8_t *random)
{
	static const uint8_t sentinel[SENTINEL_BYTES - 1] = {'D', 'O', 'W', 'N', 'G', 'R', 'D'};
	const uint8_t *end = random + STS_TLS_RANDOM_BYTES - SENTINEL_BYTES;

	return memcmp(end, sentinel, sizeof(sentinel)) == 0 && end[SENTINEL_BYTES - 1] <= 1;
}

static bool finish_hello12(struct sts_tls_client *c, struct hello *h)
{
	struct found *found = &h->found;
	struct sts_tls_reader *formats = &found->body[POINT_FORMATS], list;
	struct sts_tls_reader *info = &found->body[RENEGOTIATION];

	if (!MUST(&c->records, STS_TLS_RETRY_VERSION, !h->is_retry && !c->facts.retried) ||
	    !MUST(&c->records, STS_TLS_DOWNGRADE,
		  !offers_tls13() || !is_downgraded(c->server_random)) ||
	    !are_in_place(c, found, IN_HELLO_12) || !take_suite(c, h))
		return false;
	if (!MUST(&c->records, STS_TLS_SESSION_RESUMED,
		  h->session.left != sizeof(c->session_id) ||
			  memcmp(h->session.at, c->session_id, sizeof(c->session_id)) != 0))
		return false;
	c->facts.extended_master = has(found, EXTENDED_MASTER);
	if (!MUST(&c->records, STS_TLS_EXTENDED_MASTER_EMPTY,
		  found->body[EXTENDED_MASTER].left == 0) ||
	    !MUST(&c->records, STS_TLS_RENEGOTIATION_INFO,
		  !has(found, RENEGOTIATION) || (info->left == 1 && info->at[0] == 0)) ||
	    !check_common(c, found))
		return false;
	if (has(found, POINT_FORMATS)) {
		list = sts_tls_read_vector(formats, 1);
		if (!MUST(&c->records, STS_TLS_POINT_FORMATS,
			  sts_tls_read_end(formats) && list.left > 0 &&
				  memchr(list.at, UNCOMPRESSED, list.left) != NULL))
			return false;
	}
	c->records.version_known = true;
	sts_tls_message_hash(&c->messages);
	return true;
}

bool sts_tls_hello(struct sts_tls_client *c, uint8_t *shared)
{
	struct hello h;

	if (!make_pair(c, group_at(0)) || !send_hello(c, (struct sts_tls_reader){0}))
		return false;
	if (!read_hello(c, &h))
		return false;
	if (h.version == STS_TLS_VERSION_13 && h.is_retry && (!retry(c, &h) || !read_hello(c, &h)))
		return false;
	c->facts.version = (uint16_t)h.version;
	if (h.version == STS_TLS_VERSION_12)
		return finish_hello12(c, &h);
	if (h.is_retry)
		return retry(c, &h); /* refuses the second one */
	return finish_hello13(c, &h, shared);
}

bool sts_tls_encrypted_extensions(struct sts_tls_client *c)
{
	struct sts_tls_reader body;
	struct found found;

	return sts_tls_message_get(&c->messages, STS_TLS_ENCRYPTED_EXTENSIONS, &body) &&
	       read_extensions(c, &body, &found) && are_in_place(c, &found, IN_ENCRYPTED) &&
	       check_common(c, &found);
}
