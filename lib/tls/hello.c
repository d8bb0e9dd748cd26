/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "tls/handshake.h"
#include "tls/offer.h"
#include "tls/random.h"

#define COOKIE_MAX_BYTES 1536
#define SENTINEL_BYTES   8
#define VERSION_SSL30    0x0300
#define HELLO_MAX_BYTES  1000 /* of a ClientHello without a cookie, with the longest host */

/* The cookie lies in the buffer in which the second ClientHello is made of it. */
_Static_assert(2 * COOKIE_MAX_BYTES + HELLO_MAX_BYTES <= STS_TLS_BODY_MAX_BYTES,
	       "a ClientHello with the longest cookie fits");

/* --- ServerHello --- */

/* The extensions of one message. */
struct found {
	struct sts_tls_reader body[STS_TLS_EXTENSIONS];
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
		int i = sts_tls_find_extension(type);

		if (!MUST(&c->records, STS_TLS_EXTENSION_FORM, !list.is_short))
			return false;
		if (!MUST(&c->records, STS_TLS_EXTENSION_UNASKED,
			  i < STS_TLS_EXTENSIONS && sts_tls_is_offered(c, i)))
			return false;
		if (i == STS_TLS_EXTENSIONS) /* only where that check is switched off */
			continue;
		if (!MUST(&c->records, STS_TLS_EXTENSION_TWICE, !has(found, i)))
			return false;
		found->present |= 1u << i;
		found->body[i] = content;
	}
	return true;
}

/* Is every extension in a message in which it may be? */
static bool are_in_place(struct sts_tls_client *c, const struct found *found, int place)
{
	for (int i = 0; i < STS_TLS_EXTENSIONS; i++)
		if (has(found, i) && !MUST(&c->records, STS_TLS_EXTENSION_PLACE,
					   sts_tls_extensions[i].places & place))
			return false;
	return true;
}

/* Check the extensions that TLS 1.2 and EncryptedExtensions share. */
static bool check_common(struct sts_tls_client *c, struct found *found)
{
	struct sts_tls_reader *body = &found->body[STS_TLS_EXT_ALPN], list, name;
	const char *alpn = sts_tls_offered_alpn();

	c->facts.alpn = has(found, STS_TLS_EXT_ALPN);
	if (!MUST(&c->records, STS_TLS_SERVER_NAME_EMPTY,
		  !has(found, STS_TLS_EXT_SERVER_NAME) ||
			  found->body[STS_TLS_EXT_SERVER_NAME].left == 0))
		return false;
	if (!has(found, STS_TLS_EXT_ALPN))
		return true;
	list = sts_tls_read_vector(body, 2);
	name = sts_tls_read_vector(&list, 1);
	return MUST(&c->records, STS_TLS_ALPN_FORM,
		    sts_tls_read_end(body) && sts_tls_read_end(&list) && name.left > 0) &&
	       MUST(&c->records, STS_TLS_ALPN_CHOICE,
		    name.left == strlen(alpn) && memcmp(name.at, alpn, name.left) == 0);
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
	struct sts_tls_reader *body = &h->found.body[STS_TLS_EXT_VERSIONS];
	bool has_choice = has(&h->found, STS_TLS_EXT_VERSIONS);

	c->records.failure.version = (uint16_t)h->version;
	/* SSL 3.0 and older is refused even where the extension chooses another version (RFC 8446
	 * appendix D.5). */
	if (!MUST(&c->records, STS_TLS_VERSION,
		  has_choice ? h->version > VERSION_SSL30
			     : h->version == STS_TLS_VERSION_12 && sts_tls_offers_tls12()))
		return false;
	if (!has_choice)
		return true;
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

	for (size_t i = 0; i < STS_TLS_SUITES; i++)
		if (sts_tls_suites[i].id == h->suite)
			suite = &sts_tls_suites[i];
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
	return are_in_place(c, &h->found, h->is_retry ? STS_TLS_IN_RETRY : STS_TLS_IN_HELLO_13) &&
	       MUST(&c->records, STS_TLS_SESSION_ECHO,
		    h->session.left == sizeof(c->session_id) &&
			    memcmp(h->session.at, c->session_id, sizeof(c->session_id)) == 0) &&
	       take_suite(c, h);
}

static bool make_pair(struct sts_tls_client *c, const struct sts_tls_group *group)
{
	if (sts_tls_key_pair_make(&c->pair, group, sts_tls_random_bytes))
		return true;
	return sts_tls_give_up(&c->records, STS_TLS_NO_RANDOM, STS_TLS_ALERT_INTERNAL_ERROR);
}

/* Do what a HelloRetryRequest asks for (RFC 8446 section 4.1.4), and send the second
 * ClientHello. */
static bool retry(struct sts_tls_client *c, struct hello *h)
{
	struct sts_tls_reader *share = &h->found.body[STS_TLS_EXT_KEY_SHARE];
	struct sts_tls_reader *cookie = &h->found.body[STS_TLS_EXT_COOKIE], value = {0};
	struct sts_tls_messages *m = &c->messages;

	if (!MUST(&c->records, STS_TLS_RETRY_ONCE, !c->facts.retried) || !check_hello13(c, h))
		return false;
	c->facts.retried = true;
	c->records.version_known = c->records.tls13 = c->records.allow_ccs = true;
	sts_tls_transcript_restart(&m->transcript, c->suite->hash_id);
	sts_tls_message_hash(m);
	if (!MUST(&c->records, STS_TLS_RETRY_END, c->records.len == 0) ||
	    !MUST(&c->records, STS_TLS_RETRY_CHANGE,
		  has(&h->found, STS_TLS_EXT_KEY_SHARE) || has(&h->found, STS_TLS_EXT_COOKIE)))
		return false;
	if (has(&h->found, STS_TLS_EXT_KEY_SHARE)) {
		const struct sts_tls_group *group =
			sts_tls_offered_group(sts_tls_read_number(share, 2));

		if (!MUST(&c->records, STS_TLS_RETRY_FORM, sts_tls_read_end(share)) ||
		    !MUST(&c->records, STS_TLS_RETRY_GROUP, group != NULL) ||
		    !MUST(&c->records, STS_TLS_RETRY_NEW_GROUP, group != c->pair.group) || !group ||
		    !make_pair(c, group))
			return false;
	}
	if (has(&h->found, STS_TLS_EXT_COOKIE)) {
		value = sts_tls_read_vector(cookie, 2);
		if (!MUST(&c->records, STS_TLS_COOKIE_FORM,
			  sts_tls_read_end(cookie) && value.left > 0) ||
		    !MUST(&c->records, STS_TLS_COOKIE_SIZE, value.left <= COOKIE_MAX_BYTES))
			return false;
	}
	return sts_tls_records_put_ccs(&c->records) && sts_tls_send_hello(c, value);
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
	struct sts_tls_reader *body = &h->found.body[STS_TLS_EXT_KEY_SHARE], point;
	uint32_t group;

	if (!check_hello13(c, h) ||
	    !MUST(&c->records, STS_TLS_SHARE_MISSING, has(&h->found, STS_TLS_EXT_KEY_SHARE)))
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
	struct sts_tls_reader *formats = &found->body[STS_TLS_EXT_POINT_FORMATS], list;
	struct sts_tls_reader *info = &found->body[STS_TLS_EXT_RENEGOTIATION];

	if (!MUST(&c->records, STS_TLS_RETRY_VERSION, !h->is_retry && !c->facts.retried) ||
	    !MUST(&c->records, STS_TLS_DOWNGRADE,
		  !sts_tls_offers_tls13() || !is_downgraded(c->server_random)) ||
	    !are_in_place(c, found, STS_TLS_IN_HELLO_12) || !take_suite(c, h))
		return false;
	if (!MUST(&c->records, STS_TLS_SESSION_RESUMED,
		  h->session.left != sizeof(c->session_id) ||
			  memcmp(h->session.at, c->session_id, sizeof(c->session_id)) != 0))
		return false;
	c->facts.extended_master = has(found, STS_TLS_EXT_EXTENDED_MASTER);
	if (!MUST(&c->records, STS_TLS_EXTENDED_MASTER_EMPTY,
		  found->body[STS_TLS_EXT_EXTENDED_MASTER].left == 0) ||
	    !MUST(&c->records, STS_TLS_RENEGOTIATION_INFO,
		  !has(found, STS_TLS_EXT_RENEGOTIATION) ||
			  (info->left == 1 && info->at[0] == 0)) ||
	    !check_common(c, found))
		return false;
	if (has(found, STS_TLS_EXT_POINT_FORMATS)) {
		list = sts_tls_read_vector(formats, 1);
		if (!MUST(&c->records, STS_TLS_POINT_FORMATS,
			  sts_tls_read_end(formats) && list.left > 0 &&
				  memchr(list.at, STS_TLS_UNCOMPRESSED, list.left) != NULL))
			return false;
	}
	c->records.version_known = true;
	sts_tls_message_hash(&c->messages);
	return true;
}

bool sts_tls_hello(struct sts_tls_client *c, uint8_t *shared)
{
	struct hello h;

	if (!make_pair(c, sts_tls_group_at(0)) ||
	    !sts_tls_send_hello(c, (struct sts_tls_reader){0}))
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
	       read_extensions(c, &body, &found) && are_in_place(c, &found, STS_TLS_IN_ENCRYPTED) &&
	       check_common(c, &found);
}
