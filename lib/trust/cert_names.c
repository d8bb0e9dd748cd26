/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cert_names.h"

#include <string.h>

#include "net/address.h"
#include "trust/dn.h"

/* GeneralName (RFC 5280 section 4.2.1.6): the context tag's number. */
enum kind {
	KIND_EMAIL = 1,
	KIND_DNS = 2,
	KIND_DIRECTORY = 4,
	KIND_IP = 7,
	KIND__COUNT = 9,
};

/* Names times constraints: a chain of 64 KiB could otherwise ask for millions of comparisons. */
#define COMPARISONS_MAX 100000
#define NAME_MAX_BYTES  253

static struct sts_slice after(struct sts_slice s, size_t skip)
{
	return (struct sts_slice){s.data + skip, s.len - skip};
}

/* Up to the first dot; the whole when there is none. */
static size_t label_len(struct sts_slice s)
{
	const char *dot = s.len > 0 ? memchr(s.data, '.', s.len) : NULL;

	return dot ? (size_t)(dot - s.data) : s.len;
}

/*
 * Labels of a name that may stand in a certificate: letters, digits, hyphen, underscore; none is
 * empty; the last is not all digits, or it would be an IPv4 address. 0 when it is no such name.
 */
static size_t count_labels(struct sts_slice s)
{
	size_t labels = 1, len = 0, digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i], letter = (char)(c | 0x20);
		bool digit = c >= '0' && c <= '9';

		if (c == '.' && len > 0) {
			labels++;
			len = digits = 0;
			continue;
		}
		if (!digit && !(letter >= 'a' && letter <= 'z') && c != '-' && c != '_')
			return 0;
		len++;
		digits += digit;
	}
	return len > digits ? labels : 0;
}

static bool is_wildcard(struct sts_slice pattern)
{
	return pattern.len > 2 && pattern.data[0] == '*' && pattern.data[1] == '.';
}

bool sts_cert_names_match_dns(struct sts_slice pattern, struct sts_slice host)
{
	size_t first = label_len(host);

	if (count_labels(host) == 0)
		return false;
	if (!is_wildcard(pattern))
		return sts_slice_same_nocase(pattern, host);
	pattern = after(pattern, 2);
	return count_labels(pattern) >= 2 && first > 0 && first < host.len &&
	       sts_slice_same_nocase(pattern, after(host, first + 1));
}

static bool name_matches(uint8_t tag, struct sts_der name, const struct sts_server_name *server)
{
	if (server->is_ip)
		return tag == STS_DER_CONTEXT(KIND_IP) && name.len == server->ip_len &&
		       memcmp(name.data, server->ip, name.len) == 0;
	return tag == STS_DER_CONTEXT(KIND_DNS) &&
	       sts_cert_names_match_dns(sts_der_text(name), server->dns);
}

static void add_server(struct sts_text *t, const struct sts_server_name *server)
{
	if (server->is_ip)
		sts_address_add(t, server->ip, server->ip_len);
	else
		sts_text_add_escaped(t, server->dns, 64);
}

static enum sts_err wrong_name(const struct sts_cert *cert, const struct sts_server_name *server,
			       struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	add_server(&t, server);
	if (cert->has_san) {
		sts_text_add_str(&t, " is not among the certificate's names: ");
		sts_cert_add_san(&t, cert);
	} else {
		sts_text_add_str(&t, ": the certificate ");
		sts_dn_add(&t, cert->subject);
		sts_text_add_str(&t, " has no subjectAltName (its common name does not count)");
	}
	return sts_fail(e, STS_ECERT_NAME, 0, "%s", text);
}

enum sts_err sts_cert_names_check(const struct sts_cert *cert, const struct sts_server_name *server,
				  struct sts_error *e)
{
	struct sts_der names = cert->san, name;
	uint8_t tag;

	while (names.len > 0) {
		if (!sts_der_any(&names, &tag, &name, NULL))
			return sts_fail(e, STS_ECERT_MALFORMED, 0, "bad subjectAltName");
		if (name_matches(tag, name, server))
			return STS_OK;
	}
	return wrong_name(cert, server, e);
}

/* One list of constraints of one CA, for walking. */
struct subtrees {
	struct sts_der list;
	bool excluded;
};

/*
 * Is a DNS name inside of a subtree? "example.com" holds itself and all below, ".example.com" only
 * what is below, the empty one everything. A wildcard must be inside as a whole to be permitted,
 * and is excluded by any name that it could stand for.
 */
static bool dns_inside(struct sts_slice name, struct sts_slice base, bool excluded)
{
	size_t extra;

	if (excluded && is_wildcard(name) && sts_cert_names_match_dns(name, base))
		return true;
	if (base.len == 0)
		return true;
	if (name.len < base.len)
		return false;
	extra = name.len - base.len;
	if (!sts_slice_same_nocase(after(name, extra), base))
		return false;
	return base.data[0] == '.' || extra == 0 || name.data[extra - 1] == '.';
}

/* base is an address and a mask of the same length. */
static bool ip_inside(struct sts_der ip, struct sts_der base)
{
	if (base.len != 2 * ip.len)
		return false;
	for (size_t i = 0; i < ip.len; i++)
		if (((ip.data[i] ^ base.data[i]) & base.data[ip.len + i]) != 0)
			return false;
	return true;
}

/* The mask of an IP constraint is ones, then zeros: anything else is a mistake that we don't
 * interpret. */
static bool is_prefix_mask(const uint8_t *mask, size_t len)
{
	bool ended = false;

	for (size_t i = 0; i < len * 8; i++) {
		bool bit = mask[i / 8] >> (7 - i % 8) & 1;

		if (bit && ended)
			return false;
		ended = !bit;
	}
	return true;
}

/* A DNS base that we can judge: empty, or a name, or a dot and a name. */
static bool is_dns_base(struct sts_slice base)
{
	if (base.len > 0 && base.data[0] == '.')
		base = after(base, 1);
	else if (base.len == 0)
		return true;
	/* No name is longer, and it is read once for each name that it is compared with. */
	return base.len <= NAME_MAX_BYTES && count_labels(base) > 0;
}

/* One GeneralSubtree: minimum 0 and no maximum, as RFC 5280 wants, so the base stands alone. */
static bool take_subtree(struct sts_der *list, uint8_t *tag, struct sts_der *base)
{
	struct sts_der subtree;

	if (!sts_der_take(list, STS_DER_SEQUENCE, &subtree) ||
	    !sts_der_any(&subtree, tag, base, NULL) || subtree.len > 0)
		return false;
	if ((*tag & 0xc0) != 0x80 || (*tag & 0x1f) >= KIND__COUNT)
		return false;
	if ((*tag & 0x1f) == KIND_DNS)
		return is_dns_base(sts_der_text(*base));
	if ((*tag & 0x1f) == KIND_IP)
		return (base->len == 8 || base->len == 32) &&
		       is_prefix_mask(base->data + base->len / 2, base->len / 2);
	return true;
}

/* The two lists of a NameConstraints, with every subtree looked at once; kinds has a bit for each
 * kind that is constrained. */
static bool read_constraints(const struct sts_cert *ca, struct subtrees lists[2], size_t *count,
			     unsigned *kinds)
{
	struct sts_der rest = ca->name_constraints, base;
	uint8_t tag;

	lists[0] = lists[1] = (struct subtrees){0};
	lists[1].excluded = true;
	*count = *kinds = 0;
	sts_der_take(&rest, STS_DER_CONTEXT_CONSTRUCTED(0), &lists[0].list);
	sts_der_take(&rest, STS_DER_CONTEXT_CONSTRUCTED(1), &lists[1].list);
	for (size_t i = 0; i < 2; i++)
		for (struct sts_der list = lists[i].list; list.len > 0; ++*count) {
			if (!take_subtree(&list, &tag, &base))
				return false;
			*kinds |= 1u << (tag & 0x1f);
		}
	return rest.len == 0 && *count > 0;
}

/* Does a name keep to one list? Sets seen when the list has a subtree of its kind at all. */
static bool matches_list(struct subtrees s, unsigned kind, struct sts_der name, bool *seen)
{
	struct sts_der base;
	uint8_t tag;

	*seen = false;
	while (s.list.len > 0 && take_subtree(&s.list, &tag, &base)) {
		if ((tag & 0x1f) != (int)kind)
			continue;
		*seen = true;
		if (kind == KIND_DNS
			    ? dns_inside(sts_der_text(name), sts_der_text(base), s.excluded)
			    : ip_inside(name, base))
			return true;
	}
	return false;
}

static bool is_allowed(const struct subtrees lists[2], unsigned kind, struct sts_der name)
{
	bool permits, excludes;

	if (!matches_list(lists[0], kind, name, &permits) && permits)
		return false;
	return !matches_list(lists[1], kind, name, &excludes);
}

static enum sts_err refuse(const struct sts_cert *ca, const char *what, struct sts_slice name,
			   const char *why, struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_add_str(&t, "the name constraints of CA ");
	sts_dn_add(&t, ca->subject);
	sts_text_add_str(&t, why);
	sts_text_add_str(&t, what);
	sts_text_add_escaped(&t, name, 64);
	return sts_fail(e, STS_ECERT_CONSTRAINT, 0, "%s", text);
}

static enum sts_err check_name(const struct sts_cert *ca, const struct subtrees lists[2],
			       unsigned kinds, uint8_t tag, struct sts_der name,
			       struct sts_error *e)
{
	unsigned kind = tag & 0x1f;
	char ip[64];
	struct sts_text text;

	if ((kinds >> kind & 1) == 0)
		return STS_OK;
	if (kind != KIND_DNS && kind != KIND_IP)
		return refuse(ca, "names of another kind than DNS and IP", (struct sts_slice){0},
			      " cannot be judged for ", e);
	if (kind == KIND_DNS) {
		if (is_allowed(lists, kind, name))
			return STS_OK;
		return refuse(ca, "DNS:", sts_der_text(name), " do not allow ", e);
	}
	if ((name.len == 4 || name.len == 16) && is_allowed(lists, kind, name))
		return STS_OK;
	sts_text_init(&text, ip, sizeof(ip));
	sts_address_add(&text, name.data, name.len);
	return refuse(ca, "IP:", sts_slice_of(ip), " do not allow ", e);
}

/* The subject counts as a directory name, and an e-mail address in it as one of those. */
static unsigned kinds_of_subject(const struct sts_cert *below)
{
	static const uint8_t email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01};
	unsigned kinds = 0;

	if (below->subject.len > 2) /* the header of an empty SEQUENCE */
		kinds |= 1u << KIND_DIRECTORY;
	if (sts_dn_has(below->subject, (struct sts_der){email, sizeof(email)}))
		kinds |= 1u << KIND_EMAIL;
	return kinds;
}

static size_t count_names(struct sts_der names)
{
	struct sts_der name;
	size_t count = 0;
	uint8_t tag;

	while (names.len > 0 && sts_der_any(&names, &tag, &name, NULL))
		count++;
	return count;
}

enum sts_err sts_cert_names_constraints(const struct sts_cert *ca, const struct sts_cert *below,
					struct sts_error *e)
{
	struct sts_der names = below->san, name;
	struct subtrees lists[2];
	enum sts_err err = STS_OK;
	unsigned kinds;
	size_t count;
	uint8_t tag;

	if (!ca->has_name_constraints)
		return STS_OK;
	if (!read_constraints(ca, lists, &count, &kinds))
		return refuse(ca, "", (struct sts_slice){0}, " cannot be read", e);
	if (kinds & kinds_of_subject(below))
		return refuse(ca, "the subject of the certificate below", (struct sts_slice){0},
			      " cannot be judged for ", e);
	if (count_names(names) > COMPARISONS_MAX / count)
		return refuse(ca, "so many names", (struct sts_slice){0}, " cannot be judged for ",
			      e);
	while (names.len > 0 && err == STS_OK) {
		if (!sts_der_any(&names, &tag, &name, NULL))
			return sts_fail(e, STS_ECERT_MALFORMED, 0, "bad subjectAltName");
		err = check_name(ca, lists, kinds, tag, name, e);
	}
	return err;
}
