/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/verifier.h"

#include <errno.h>
#include <string.h>

#include "base/packed.h"
#include "bearssl_choice/implementations.h"
#include "trust/dn.h"
#include "trust/rules.h"

/* The search for a path ends after so many steps, dead ends included. Certificates that all name
 * each other as issuers would make the search very long. */
#define STEPS_MAX 500

#define EPOCH_DAYS 719528 /* from 0000-01-01, which is BearSSL's day 0, to 1970-01-01 */
#define DAY_S      86400

/* The pointers in BearSSL's structures are not const, but BearSSL writes nothing through them. */
static unsigned char *writable(struct sts_der der)
{
	return (unsigned char *)(uintptr_t)der.data;
}

br_x509_pkey sts_verifier_public_key(const struct sts_cert *cert)
{
	static const int curves[] = {
		[STS_KEY_EC_P256] = BR_EC_secp256r1,
		[STS_KEY_EC_P384] = BR_EC_secp384r1,
		[STS_KEY_EC_P521] = BR_EC_secp521r1,
	};
	br_x509_pkey key;

	if (cert->key_kind == STS_KEY_RSA) {
		key.key_type = BR_KEYTYPE_RSA;
		key.key.rsa = (br_rsa_public_key){writable(cert->rsa_n), cert->rsa_n.len,
						  writable(cert->rsa_e), cert->rsa_e.len};
	} else {
		key.key_type = BR_KEYTYPE_EC;
		key.key.ec = (br_ec_public_key){curves[cert->key_kind], writable(cert->ec_point),
						cert->ec_point.len};
	}
	return key;
}

static void set_up_minimal(struct sts_verifier *v, const br_x509_trust_anchor *anchor)
{
	br_x509_minimal_context *m = &v->minimal;

	br_x509_minimal_init(m, &br_sha256_vtable, anchor, 1);
	br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_rsa(m, sts_crypto_rsa_vrfy());
	br_x509_minimal_set_ecdsa(m, sts_crypto_ec(), sts_crypto_ecdsa_vrfy());
	br_x509_minimal_set_minrsa(m, STS_RSA_KEY_MIN_BITS / 8);
	br_x509_minimal_set_time(m, (uint32_t)(v->now_s / DAY_S) + EPOCH_DAYS,
				 (uint32_t)(v->now_s % DAY_S));
}

/* The errors that br_x509_minimal can still find after our rules were kept. Most of them are wrong
 * signatures. The texts stand in the order of the rows. */
static const struct {
	uint8_t err, code;
} minimal_errors[] = {
	{BR_ERR_X509_NOT_TRUSTED, STS_ECERT_SIGNATURE},
	{BR_ERR_X509_BAD_SIGNATURE, STS_ECERT_SIGNATURE},
	{BR_ERR_X509_WRONG_KEY_TYPE, STS_ECERT_SIGNATURE},
	{BR_ERR_X509_NOT_CA, STS_ECERT_CA},
	{BR_ERR_X509_FORBIDDEN_KEY_USAGE, STS_ECERT_CA},
	{BR_ERR_X509_CRITICAL_EXTENSION, STS_ECERT_MALFORMED},
	{BR_ERR_X509_UNSUPPORTED, STS_ECERT_ALGORITHM},
	{BR_ERR_X509_LIMIT_EXCEEDED, STS_ECERT_ALGORITHM},
	{BR_ERR_X509_WEAK_PUBLIC_KEY, STS_ECERT_ALGORITHM},
};
static const char minimal_words[] = STS_PACKED(
	"is not signed by the trust anchor that has its issuer's name\0"
	"comes with a chain that has a wrong signature\0"
	"comes with a chain that has a signature of another key's kind\0"
	"comes with an issuer that is no CA, or too long a path\0"
	"comes with an issuer that may not sign\0"
	"or its issuer has a critical extension that this program does not judge\0"
	"or its issuer has an unsupported feature\0"
	"or its issuer has too large a key\0"
	"or its issuer has too small a key");

static void add_sources(struct sts_text *t, const struct sts_verifier *v)
{
	for (size_t i = 0; i < v->sources->count; i++) {
		sts_text_add_str(t, i > 0 ? ", " : " ");
		sts_text_add_str(t, v->sources->source[i].label);
	}
}

/* Add the issuer that was looked for, and where. */
static void add_searched(struct sts_text *t, const struct sts_verifier *v, struct sts_der issuer)
{
	sts_dn_add(t, issuer);
	if (v->anchors.stale > 0)
		sts_text_addf(t, " (one of that name has expired or is not yet valid)");
	sts_text_addf(t, "; searched %u certificates in", (unsigned)v->anchors.scanned);
	add_sources(t, v);
}

/* Translate an error of br_x509_minimal. The message names the certificate that most likely has the
 * error. */
static enum sts_err minimal_failed(const struct sts_verifier *v, unsigned err,
				   const struct sts_cert_path *path, struct sts_error *e)
{
	const struct sts_cert *top =
		path->cert[err == BR_ERR_X509_NOT_TRUSTED ? path->count - 1 : 0];
	enum sts_err code;
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;
	size_t row = 0;

	sts_text_init(&t, text, sizeof(text));
	if (err == BR_ERR_X509_NOT_TRUSTED) {
		sts_text_addf(&t, ": ");
		add_searched(&t, v, top->issuer);
	}
	while (row < sizeof(minimal_errors) / sizeof(minimal_errors[0]) &&
	       minimal_errors[row].err != err)
		row++;
	if (row < sizeof(minimal_errors) / sizeof(minimal_errors[0]))
		code = sts_rules_fail(e, (enum sts_err)minimal_errors[row].code, top, "%s%s",
				      sts_words_at(minimal_words, row), text);
	else
		code = sts_rules_fail(e, STS_ECERT_MALFORMED, top,
				      "or its issuer is malformed (BearSSL error %u)", err);
	e->detail = (int)err;
	return code;
}

/* Let BearSSL's validator check the ordered path, with one anchor. */
static enum sts_err ask_minimal(struct sts_verifier *v, const struct sts_cert_path *path,
				struct sts_error *e)
{
	const struct sts_cert *top = path->cert[path->count - 1];
	struct sts_der name = path->pinned ? top->subject : top->issuer;
	br_x509_trust_anchor anchor = {
		.dn = {writable(name), name.len},
		.flags = path->pinned ? 0 : BR_X509_TA_CA,
		.pkey = sts_verifier_public_key(path->anchor),
	};
	const br_x509_class **m = &v->minimal.vtable;
	unsigned err;

	set_up_minimal(v, &anchor);
	(*m)->start_chain(m, NULL);
	for (size_t i = 0; i < path->count; i++) {
		(*m)->start_cert(m, (uint32_t)path->cert[i]->der.len);
		(*m)->append(m, path->cert[i]->der.data, path->cert[i]->der.len);
		(*m)->end_cert(m);
	}
	err = (*m)->end_chain(m);
	v->minimal.trust_anchors = NULL; /* it points into this function's stack */
	v->minimal.trust_anchors_num = 0;
	return err ? minimal_failed(v, err, path, e) : STS_OK;
}

static enum sts_err try_path(struct sts_verifier *v, const struct sts_cert_path *path,
			     struct sts_error *e)
{
	enum sts_err err = path->pinned ? STS_OK : sts_rules_path(path, v->now_s, e);

	return err ? err : ask_minimal(v, path, e);
}

/* Do both certificates have key identifiers that differ from each other? The issuer is then tried
 * last. */
static bool key_ids_differ(const struct sts_cert *cert, const struct sts_cert *issuer)
{
	return cert->authority_key_id.len > 0 && issuer->subject_key_id.len > 0 &&
	       !sts_der_eq(cert->authority_key_id, issuer->subject_key_id);
}

static bool is_in_path(const struct sts_cert_path *path, const struct sts_cert *cert)
{
	for (size_t i = 0; i < path->count; i++)
		if (path->cert[i] == cert)
			return true;
	return false;
}

/*
 * A search for a path, depth first. The possible issuers of a certificate have numbers, and are
 * tried in the order of the numbers: the anchors, the certificates of the chain, then the anchors
 * and the certificates of the chain once more. The first round leaves out issuers whose key
 * identifiers differ, and the second round has only these.
 */
struct search {
	struct sts_cert_path path;
	unsigned next[STS_CHAIN_MAX_CERTS]; /* for each certificate of the path, the number of the
					       issuer to try next */
	unsigned steps;
	unsigned checks;               /* the certificates of the paths that were complete */
	const struct sts_cert *orphan; /* the first certificate for which no issuer was found */
};

#define CHOICES (STS_ANCHORS_MAX + STS_CHAIN_MAX_CERTS)

/* The certificate with this number, when it may be the issuer of the path's last certificate; else
 * NULL. */
static const struct sts_cert *choose(const struct sts_verifier *v, const struct sts_cert_path *path,
				     unsigned choice, bool *is_anchor)
{
	const struct sts_cert *top = path->cert[path->count - 1], *issuer;
	unsigned index = choice % CHOICES;

	*is_anchor = index < STS_ANCHORS_MAX;
	if (*is_anchor) {
		issuer = &v->anchors.cert[index];
		if (index >= v->anchors.count || !sts_dn_equal(top->issuer, issuer->subject))
			return NULL;
	} else {
		issuer = &v->cert[index -= STS_ANCHORS_MAX];
		if (index >= v->cert_count || !sts_der_eq(top->issuer, issuer->subject) ||
		    is_in_path(path, issuer))
			return NULL;
	}
	return key_ids_differ(top, issuer) == (choice >= CHOICES) ? issuer : NULL;
}

/* The next possible issuer of the path's last certificate, or NULL when all were tried. */
static const struct sts_cert *next_issuer(const struct sts_verifier *v, struct search *s,
					  bool *is_anchor)
{
	unsigned *next = &s->next[s->path.count - 1];
	const struct sts_cert *issuer = NULL;

	while (!issuer && *next < 2 * CHOICES)
		issuer = choose(v, &s->path, (*next)++, is_anchor);
	if (!issuer && !s->orphan)
		s->orphan = s->path.cert[s->path.count - 1];
	return issuer;
}

/* Keep the failure that is reported in the end. It is the first failure that is not a wrong
 * signature. A wrong signature is reported only when there is no other failure, since it usually
 * means that another CA has the same name. */
static void keep_failure(struct sts_error *kept, const struct sts_error *e)
{
	if (kept->code == STS_OK ||
	    (kept->code == STS_ECERT_SIGNATURE && e->code != STS_ECERT_SIGNATURE))
		*kept = *e;
}

/*
 * Try paths until a path is accepted.
 *   kept  in/out  why no path was accepted; its code is STS_OK where no path was complete
 * Returns whether a path was accepted.
 */
static bool search_paths(struct sts_verifier *v, struct search *s, struct sts_error *kept)
{
	while (s->path.count > 0 && s->steps++ < STEPS_MAX && s->checks < STS_VERIFIER_CHECKS_MAX) {
		bool is_anchor;
		const struct sts_cert *issuer = next_issuer(v, s, &is_anchor);
		struct sts_error e;

		if (!issuer) {
			s->path.count--;
		} else if (is_anchor) {
			s->path.anchor = issuer;
			s->checks += (unsigned)s->path.count;
			if (try_path(v, &s->path, &e) == STS_OK)
				return true;
			keep_failure(kept, &e);
		} else if (s->path.count < STS_CHAIN_MAX_CERTS) {
			s->next[s->path.count] = 0;
			s->path.cert[s->path.count++] = issuer;
		}
	}
	return false;
}

static enum sts_err unknown_issuer(const struct sts_verifier *v, const struct sts_cert *orphan,
				   struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_addf(&t, orphan->self_issued ? "self-signed and not trusted: "
					      : "no trust anchor for issuer ");
	add_searched(&t, v, orphan->issuer);
	return sts_fail(e, STS_ECERT_ISSUER, 0, "%s", text);
}

/* The anchor that is this certificate, or NULL. */
static const struct sts_cert *anchor_of(const struct sts_verifier *v, const struct sts_cert *cert)
{
	for (size_t i = 0; i < v->anchors.count; i++)
		if (sts_der_eq(v->anchors.cert[i].der, cert->der))
			return &v->anchors.cert[i];
	return NULL;
}

/* The first certificate that is not a CA's, or the first one if all are CAs'. */
static const struct sts_cert *first_not_a_ca(const struct sts_verifier *v)
{
	for (size_t i = 0; i < v->cert_count; i++)
		if (!v->cert[i].is_ca)
			return &v->cert[i];
	return &v->cert[0];
}

/* Find the server's certificate in the chain, by the rules in verifier.h. The subjectAltName tells
 * a CA's certificate that the user has pinned for a server from a root that was sent first. */
static const struct sts_cert *find_server(const struct sts_verifier *v)
{
	if (v->cert[0].has_san && anchor_of(v, &v->cert[0]))
		return &v->cert[0];
	return first_not_a_ca(v);
}

static enum sts_err find_anchors(struct sts_verifier *v, uint32_t first, struct sts_error *e)
{
	/* Which of them find_server() takes depends on the anchors. */
	const struct sts_der servers[] = {v->cert[0].der, first_not_a_ca(v)->der};
	struct sts_der wanted[STS_CHAIN_MAX_CERTS];

	for (size_t i = 0; i < v->cert_count; i++)
		wanted[i] = v->cert[i].issuer;
	return sts_anchors_find(v->sources, wanted, v->cert_count, servers, v->now_s, first,
				&v->anchors, e);
}

static enum sts_err read_chain(struct sts_verifier *v, struct sts_error *e)
{
	enum sts_err err = STS_OK;

	if (v->too_many)
		return sts_fail(e, STS_ECERT_LIMIT, 0, "the server sent more than %d certificates",
				STS_CHAIN_MAX_CERTS);
	if (v->too_big)
		return sts_fail(e, STS_ECERT_LIMIT, 0,
				"the server sent over %d KiB of certificates",
				STS_CHAIN_MAX_BYTES / 1024);
	if (v->cert_count == 0)
		return sts_fail(e, STS_ECERT_MALFORMED, 0, "the server sent no certificate");
	for (size_t i = 0; i < v->cert_count && !err; i++)
		err = sts_cert_read(v->cert[i].der, &v->cert[i], e);
	return err;
}

/*
 * Try the anchors that one search of the CA sources has kept.
 *   kept  in/out  as in search_paths()
 *   e     out     when no path was complete, why
 */
static enum sts_err try_anchors(struct sts_verifier *v, struct search *s, struct sts_error *kept,
				struct sts_error *e)
{
	const struct sts_cert *server = find_server(v);
	enum sts_err err;

	s->path.cert[0] = server;
	s->path.count = 1;
	s->path.anchor = anchor_of(v, server);
	s->path.pinned = s->path.anchor != NULL;
	s->next[0] = 0;
	err = sts_rules_server(server, s->path.pinned, &v->server, v->now_s, e);
	/* For a self-signed CA's certificate, "not trusted" says more than "is a CA's". */
	if (err == STS_ECERT_CA && server->self_issued)
		return unknown_issuer(v, server, e);
	if (err)
		return err;
	if (s->path.pinned)
		return try_path(v, &s->path, e);
	if (search_paths(v, s, kept))
		return STS_OK;
	if (kept->code == STS_OK)
		return unknown_issuer(v, s->orphan ? s->orphan : server, e);
	*e = *kept;
	return kept->code;
}

/* Were there anchors that may have issued the chain, but were not tried? Eight of the longest paths
 * use up all checks, and then the chain itself may be the cause. */
static bool has_too_many_anchors(const struct sts_verifier *v, const struct search *s)
{
	return v->anchors.next > 0 ||
	       (s->checks >= STS_VERIFIER_CHECKS_MAX &&
		v->anchors.wanted > STS_VERIFIER_CHECKS_MAX / STS_CHAIN_MAX_CERTS);
}

static enum sts_err too_many_anchors(const struct sts_verifier *v, struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_addf(&t,
		      "%u CA certificates have the name of an issuer in the server's chain, which "
		      "are too many to try each; remove old ones from",
		      (unsigned)v->anchors.wanted);
	add_sources(&t, v);
	return sts_fail(e, STS_ECA_FILE, E2BIG, "%s", text);
}

static enum sts_err verify(struct sts_verifier *v, struct sts_error *e)
{
	struct sts_error kept = {.code = STS_OK};
	struct search s = {.checks = 0};
	enum sts_err err = read_chain(v, e);

	if (err)
		return err;
	v->path.cert[0] = first_not_a_ca(v);
	for (unsigned i = 0; i < STS_VERIFIER_SEARCHES_MAX; i++) {
		err = find_anchors(v, i > 0 ? v->anchors.next : 0, e);
		if (err)
			return err;
		err = try_anchors(v, &s, &kept, e);
		if (err == STS_OK || v->anchors.next == 0 || s.checks >= STS_VERIFIER_CHECKS_MAX)
			break;
	}
	/* A wrong signature, or no path, may only mean that the right anchor was not tried. */
	if ((err == STS_ECERT_SIGNATURE || err == STS_ECERT_ISSUER) && has_too_many_anchors(v, &s))
		return too_many_anchors(v, e);
	v->path = s.path;
	if (err == STS_OK)
		*e = (struct sts_error){.code = STS_OK}; /* an earlier search may have failed */
	else
		v->path.count = 0;
	return err;
}

const struct sts_ca_source *sts_verifier_anchor_source(const struct sts_verifier *v)
{
	if (v->path.count == 0)
		return NULL;
	return &v->sources->source[v->anchors.source[v->path.anchor - v->anchors.cert]];
}

/* ---- BearSSL's class: the TLS client calls it while the Certificate message arrives ---- */

static struct sts_verifier *self(const br_x509_class **ctx)
{
	return (struct sts_verifier *)(void *)ctx;
}

/* The name that the caller passes is not used. sts_verifier_init() has set the server's name, which
 * may be an IP address. */
static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct sts_verifier *v = self(ctx);

	(void)server_name;
	v->chain_used = v->cert_count = 0;
	v->too_many = v->too_big = v->trusted = false;
	v->path.cert[0] = NULL;
	v->path.count = 0;
	v->error = (struct sts_error){.code = STS_OK};
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct sts_verifier *v = self(ctx);

	(void)length; /* append() counts */
	v->too_many |= v->cert_count == STS_CHAIN_MAX_CERTS;
	v->cert_start = v->chain_used;
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct sts_verifier *v = self(ctx);

	v->too_big |= len > sizeof(v->chain) - v->chain_used;
	if (v->too_big)
		return;
	if (len > 0)
		memcpy(v->chain + v->chain_used, buf, len);
	v->chain_used += len;
}

/* A certificate that had no room is cut. read_chain() refuses the chain before it reads one. */
static void end_cert(const br_x509_class **ctx)
{
	struct sts_verifier *v = self(ctx);

	if (v->too_many)
		return;
	v->cert[v->cert_count++].der = (struct sts_der){v->chain + v->cert_start,
							v->chain_used - v->cert_start};
}

/* The reason that is returned decides which alert the server gets. */
static unsigned end_chain(const br_x509_class **ctx)
{
	struct sts_verifier *v = self(ctx);
	enum sts_err err = verify(v, &v->error);

	v->trusted = err == STS_OK;
	switch (err) {
	case STS_OK:
		return 0;
	case STS_ECERT_EXPIRED:
	case STS_ECERT_NOTYET:
		return BR_ERR_X509_EXPIRED;
	case STS_ECERT_ISSUER:
	case STS_ECERT_SIGNATURE:
	case STS_ECA_FILE:
		return BR_ERR_X509_NOT_TRUSTED;
	default:
		return BR_ERR_X509_INVALID_VALUE;
	}
}

/* The key of the server and its usages, as br_x509_minimal has read them. */
static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct sts_verifier *v = (const struct sts_verifier *)(const void *)ctx;

	return v->trusted ? v->minimal.vtable->get_pkey(&v->minimal.vtable, usages) : NULL;
}

static const br_x509_class class = {
	sizeof(struct sts_verifier), start_chain, start_cert, append, end_cert, end_chain, get_pkey,
};

enum sts_err sts_verifier_init(struct sts_verifier *v, const struct sts_ca_sources *sources,
			       const struct sts_server_name *server, int64_t now_s,
			       struct sts_error *e)
{
	bool named = server->is_ip ? server->ip_len == 4 || server->ip_len == 16
				   : server->dns.len > 0;

	v->vtable = &class;
	v->sources = sources;
	v->server = *server;
	v->now_s = now_s < 0 ? 0 : now_s;
	start_chain(&v->vtable, NULL);
	return named ? STS_OK : sts_fail(e, STS_EBUG, 0, "no server name to verify");
}

enum sts_err sts_verifier_run(struct sts_verifier *v, const struct sts_der *chain, size_t count)
{
	start_chain(&v->vtable, NULL);
	for (size_t i = 0; i < count; i++) {
		start_cert(&v->vtable, (uint32_t)chain[i].len);
		append(&v->vtable, chain[i].data, chain[i].len);
		end_cert(&v->vtable);
	}
	end_chain(&v->vtable);
	return v->error.code;
}
