/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name matching and name constraints, compared with OpenSSL. The input spells the names of a
 * certificate, the constraints of a CA, and the name that is wanted, in a small alphabet so that
 * they often fit. The differences that are allowed are written down here. There may be no others.
 */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "trust/cert_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAMES_MAX 4
#define NAME_MAX_ 24

enum { KIND_DNS = 2, KIND_IP = 7 };

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Make a GeneralName, or the base of a constraint with an IP address and a mask. */
struct name {
	int kind;
	uint8_t data[32];
	size_t len;
};

struct input {
	const uint8_t *data;
	size_t size;
};

static unsigned take(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

/* The name has letters of its own, or the end of another name, with or without a wildcard before
 * it. */
static void take_dns(struct input *in, struct name *name, const struct name *like)
{
	static const char alphabet[] = "aAbB..*-_1x.";
	unsigned how = like ? take(in) % 4 : 0, len = take(in);

	name->kind = KIND_DNS;
	if (how == 0) {
		for (len %= NAME_MAX_; name->len < len;)
			name->data[name->len++] =
				(uint8_t)alphabet[take(in) % (sizeof(alphabet) - 1)];
		return;
	}
	if (how == 1)
		name->data[name->len++] = '*';
	for (size_t i = len % (like->len + 1); i < like->len; i++)
		name->data[name->len++] = like->data[i];
}

/* Addresses differ in a few bits only. The base of a constraint has a mask behind the address. */
static void take_ip(struct input *in, struct name *name, bool is_base)
{
	unsigned shape = take(in), len = shape & 1 ? 16 : 4;

	name->kind = KIND_IP;
	name->len = is_base ? 2 * len : len;
	name->data[0] = 10;
	name->data[len - 1] = (uint8_t)(take(in) & 7);
	name->data[1] = (uint8_t)(take(in) & 3);
	for (unsigned i = 0, prefix = take(in) % (8 * len + 1); is_base && i < prefix; i++)
		name->data[len + i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static size_t take_names(struct input *in, struct name *names, const struct name *like,
			 bool are_bases)
{
	size_t count = take(in) % (NAMES_MAX + 1);

	for (size_t i = 0; i < count; i++) {
		names[i] = (struct name){0};
		if (take(in) % 4 == 0)
			take_ip(in, &names[i], are_bases);
		else
			take_dns(in, &names[i], like);
	}
	return count;
}

/* the names in DER, for the program */

static void put(uint8_t *out, size_t *len, const void *data, size_t count)
{
	if (count > 0)
		memcpy(out + *len, data, count);
	*len += count;
}

static void put_name(uint8_t *out, size_t *len, const struct name *name)
{
	uint8_t head[] = {(uint8_t)(0x80 | name->kind), (uint8_t)name->len};

	put(out, len, head, 2);
	put(out, len, name->data, name->len);
}

static void put_subtrees(uint8_t *out, size_t *len, uint8_t tag, const struct name *names,
			 size_t count)
{
	uint8_t list[NAMES_MAX * 40];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t head[] = {0x30, (uint8_t)(names[i].len + 2)};

		put(list, &used, head, 2);
		put_name(list, &used, &names[i]);
	}
	if (count > 0) {
		uint8_t head[] = {tag, 0x81, (uint8_t)used};

		put(out, len, head, used < 128 ? 1 : 2);
		put(out, len, &head[2], 1);
		put(out, len, list, used);
	}
}

/* OpenSSL's structures */

static GENERAL_NAME *general_name(const struct name *name)
{
	GENERAL_NAME *out = GENERAL_NAME_new();
	ASN1_STRING *string = ASN1_STRING_type_new(name->kind == KIND_DNS ? V_ASN1_IA5STRING
									  : V_ASN1_OCTET_STRING);

	must(out && string && ASN1_STRING_set(string, name->data, (int)name->len));
	GENERAL_NAME_set0_value(out, name->kind == KIND_DNS ? GEN_DNS : GEN_IPADD, string);
	return out;
}

static X509 *certificate(const struct name *names, size_t count)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	X509 *cert = X509_new();

	must(list && cert && X509_set_version(cert, 2));
	for (size_t i = 0; i < count; i++)
		must(sk_GENERAL_NAME_push(list, general_name(&names[i])) > 0);
	must(X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1);
	X509_check_purpose(cert, -1, 0); /* this call reads the extensions */
	sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
	return cert;
}

static STACK_OF(GENERAL_SUBTREE) * subtrees(const struct name *names, size_t count)
{
	STACK_OF(GENERAL_SUBTREE) *list = count ? sk_GENERAL_SUBTREE_new_null() : NULL;

	for (size_t i = 0; i < count; i++) {
		GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();

		must(subtree != NULL);
		GENERAL_NAME_free(subtree->base);
		subtree->base = general_name(&names[i]);
		must(sk_GENERAL_SUBTREE_push(list, subtree) > 0);
	}
	return list;
}

/* the differences that are allowed */

/* Does the program take this for a host or a base? It has letters, digits, hyphens, underscores and
 * dots between them, and its last label is not a number. OpenSSL does not check that. */
static bool is_host(const struct name *name)
{
	size_t label = 0, digits = 0;

	for (size_t i = 0; i < name->len; i++) {
		if (name->data[i] == '*' || (name->data[i] == '.' && label == 0))
			return false;
		label = name->data[i] == '.' ? 0 : label + 1;
		digits = name->data[i] == '.' ? 0 : digits + (name->data[i] == '1');
	}
	return label > digits;
}

static bool is_base(const struct name *name)
{
	struct name rest = *name;

	if (name->kind == KIND_IP || name->len == 0)
		return true;
	if (name->data[0] == '.') {
		rest.len--;
		memmove(rest.data, rest.data + 1, rest.len);
	}
	return is_host(&rest);
}

static bool has(const struct name *name, char c)
{
	return memchr(name->data, c, name->len) != NULL;
}

/* OpenSSL refuses a wildcard with underscores, and one in a name in which a label begins or ends
 * with a hyphen, and does not let a wildcard stand for an underscore. The program is less strict.
 * OpenSSL takes a last label of digits. */
static bool wildcards_differ(const struct name *names, size_t count, const struct name *host)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].kind == KIND_DNS && has(&names[i], '*') &&
		    (has(&names[i], '-') || has(&names[i], '_') || has(host, '_') ||
		     has(host, '-')))
			return true;
	return false;
}

static void check_host(const struct name *names, size_t count, const struct name *host, X509 *cert,
		       const struct sts_cert *ours)
{
	struct sts_server_name server = {.dns = {(const char *)host->data, host->len}};
	bool match = sts_cert_names_check(ours, &server, NULL) == STS_OK;
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	bool theirs = host->len > 0 &&
		      X509_check_host(cert, (const char *)host->data, host->len, flags, NULL) == 1;

	if (!is_host(host))
		must(!match);
	else if (!wildcards_differ(names, count, host))
		must(match == theirs);
}

static void check_ip(const struct name *ip, X509 *cert, const struct sts_cert *ours)
{
	struct sts_server_name server = {.is_ip = true, .ip_len = ip->len};

	memcpy(server.ip, ip->data, ip->len);
	must((sts_cert_names_check(ours, &server, NULL) == STS_OK) ==
	     (X509_check_ip(cert, ip->data, ip->len, 0) == 1));
}

/* In the program a wildcard is excluded by any name that it could stand for. OpenSSL compares the
 * text. */
static bool excludes_wildcard(const struct name *excluded, size_t excluded_count,
			      const struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < excluded_count; j++)
			if (names[i].kind == KIND_DNS && excluded[j].kind == KIND_DNS &&
			    has(&names[i], '*'))
				return true;
	return false;
}

struct constraints {
	struct name permitted[NAMES_MAX], excluded[NAMES_MAX];
	size_t permitted_count, excluded_count;
};

static bool can_be_read(const struct constraints *c)
{
	bool good = c->permitted_count + c->excluded_count > 0;

	for (size_t i = 0; i < c->permitted_count; i++)
		good = good && is_base(&c->permitted[i]);
	for (size_t i = 0; i < c->excluded_count; i++)
		good = good && is_base(&c->excluded[i]);
	return good;
}

static void check_constraints(const struct constraints *c, const struct name *names, size_t count,
			      X509 *cert, const struct sts_cert *ours)
{
	NAME_CONSTRAINTS theirs = {subtrees(c->permitted, c->permitted_count),
				   subtrees(c->excluded, c->excluded_count)};
	struct sts_cert ca = {.has_name_constraints = true};
	uint8_t der[2 * NAMES_MAX * 40];
	bool allowed, allowed_by_them;

	put_subtrees(der, &ca.name_constraints.len, 0xa0, c->permitted, c->permitted_count);
	put_subtrees(der, &ca.name_constraints.len, 0xa1, c->excluded, c->excluded_count);
	ca.name_constraints.data = der;
	allowed = sts_cert_names_constraints(&ca, ours, NULL) == STS_OK;
	allowed_by_them = NAME_CONSTRAINTS_check(cert, &theirs) == X509_V_OK;
	if (!can_be_read(c))
		must(!allowed);
	else if (excludes_wildcard(c->excluded, c->excluded_count, names, count))
		must(!allowed || allowed_by_them);
	else
		must(allowed == allowed_by_them);
	sk_GENERAL_SUBTREE_pop_free(theirs.permittedSubtrees, GENERAL_SUBTREE_free);
	sk_GENERAL_SUBTREE_pop_free(theirs.excludedSubtrees, GENERAL_SUBTREE_free);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct name names[NAMES_MAX], host = {0}, ip = {0};
	struct constraints c;
	uint8_t der[NAMES_MAX * 40];
	struct sts_cert ours = {.has_san = true, .san = {der, 0}};
	size_t count;
	X509 *cert;

	take_dns(&in, &host, NULL);
	take_ip(&in, &ip, false);
	count = take_names(&in, names, &host, false);
	c.permitted_count = take_names(&in, c.permitted, &host, true);
	c.excluded_count = take_names(&in, c.excluded, &host, true);
	for (size_t i = 0; i < count; i++)
		put_name(der, &ours.san.len, &names[i]);
	cert = certificate(names, count);
	check_host(names, count, &host, cert, &ours);
	check_ip(&ip, cert, &ours);
	check_constraints(&c, names, count, cert, &ours);
	X509_free(cert);
	return 0;
}
