/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cert_names.h"

#include <string.h>

#include "base/address.h"
#include "base/ascii.h"
#include "base/packed.h"
#include "trust/dn.h"

/* The kinds of a GeneralName: the numbers of their context tags (RFC 5280 section 4.2.1.6). */
enum kind {
	KIND_EMAIL = 1,
	KIND_DNS = 2,
	KIND_DIRECTORY = 4,
	KIND_IP = 7,
	KIND__COUNT = 9,
};

/* The largest product of the number of names and the number of constraints. Without this bound, a
 * chain of 64 KiB could cost millions of comparisons. */
#define COMPARISONS_MAX  100000
#define NAME_MAX_BYTES   253 /* of a DNS name */
#define NAME_SHOWN_BYTES 64  /* of a name in a message, escaped */

/* The text without its first `skip` bytes. */
static struct sts_slice after(struct sts_slice s, size_t skip)
{
	return (struct sts_slice){s.data + skip, s.len - skip};
}

/* The length of the first label: up to the first dot, or of the whole text, which is not empty. */
static size_t label_len(struct sts_slice s)
{
	const char *dot = memchr(s.data, '.', s.len);

	return dot ? (size_t)(dot - s.data) : s.len;
}

/*
 * The number of labels of a DNS name; 0 when the text is not a DNS name. Labels have letters,
 * digits, hyphens and underscores, and are not empty. The last label must not be all digits, since
 * the name could then be an IPv4 address.
 */
static size_t count_labels(struct sts_slice s)
{
	size_t labels = 1, len = 0, digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '.' && len > 0) {
			labels++;
			len = digits = 0;
			continue;
		}
		if (!sts_is_digit(c) && !sts_is_letter(c) && c != '-' && c != '_')
			return 0;
		len++;
		digits += sts_is_digit(c);
	}
	return len > digits ? labels : 0;
}

bool sts_cert_names_match_dns(struct sts_slice pattern, struct sts_slice host)
{
	if (count_labels(host) == 0)
		return false;
	if (!sts_slice_starts(pattern, "*."))
		return sts_slice_same_nocase(pattern, host);
	return count_labels(after(pattern, 2)) >= 2 &&
	       sts_slice_same_nocase(after(pattern, 1), after(host, label_len(host)));
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
		sts_text_add_escaped(t, server->dns, NAME_SHOWN_BYTES);
}

static enum sts_err wrong_name(const struct sts_cert *cert, const struct sts_server_name *server,
			       struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	add_server(&t, server);
	if (cert->has_san) {
		sts_text_addf(&t, " is not among the certificate's names: ");
		sts_cert_add_san(&t, cert);
	} else {
		sts_text_addf(&t, ": the certificate ");
		sts_dn_add(&t, cert->subject);
		sts_text_addf(&t, " has no subjectAltName (its common name does not count)");
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

/* One list of constraints of a CA: the permitted or the excluded subtrees. */
struct subtrees {
	struct sts_der list;
	bool excluded;
};

enum { PERMITTED, EXCLUDED, LISTS };

/*
 * Is a DNS name inside of a subtree? The subtree "example.com" holds that name and all names below
 * it, ".example.com" only the names below it, and the empty subtree holds all names. A wildcard
 * name is permitted only when all names that it matches are inside, and it is excluded when one of
 * them is.
 */
static bool dns_inside(struct sts_slice name, struct sts_slice base, bool excluded)
{
	size_t extra;

	if (excluded && sts_cert_names_match_dns(name, base))
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

/* Is an address inside of a subtree? base is an address and a mask of the same length. */
static bool ip_inside(struct sts_der ip, struct sts_der base)
{
	if (base.len != 2 * ip.len)
		return false;
	for (size_t i = 0; i < ip.len; i++)
		if (((ip.data[i] ^ base.data[i]) & base.data[ip.len + i]) != 0)
			return false;
	return true;
}

/* Does the mask of an IP constraint have only ones, and then only zeros? Any other mask is a
 * mistake, and is refused. */
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

/* Is it the base of a DNS subtree as dns_inside() can judge it: empty, a name, or a dot and a name?
 */
static bool is_dns_base(struct sts_slice base)
{
	if (base.len == 0)
		return true;
	if (base.data[0] == '.')
		base = after(base, 1);
	/* The length is bounded since the base is read again for each name that it is compared
	 * with. */
	return base.len <= NAME_MAX_BYTES && count_labels(base) > 0;
}

/* Take one GeneralSubtree. It has only a base, since RFC 5280 requires minimum 0 and no maximum. */
static bool take_subtree(struct sts_der *list, uint8_t *tag, struct sts_der *base)
{
	struct sts_der subtree;

	if (!sts_der_take(list, STS_DER_SEQUENCE, &subtree) ||
	    !sts_der_any(&subtree, tag, base, NULL) || subtree.len > 0)
		return false;
	if ((*tag & STS_DER_TAG_CLASS) != STS_DER_CLASS_CONTEXT ||
	    (*tag & STS_DER_TAG_NUMBER) >= KIND__COUNT)
		return false;
	if ((*tag & STS_DER_TAG_NUMBER) == KIND_DNS)
		return is_dns_base(sts_der_text(*base));
	if ((*tag & STS_DER_TAG_NUMBER) == KIND_IP)
		return (base->len == 8 || base->len == 32) &&
		       is_prefix_mask(base->data + base->len / 2, base->len / 2);
	return true;
}

/*
 * Read the two lists of a NameConstraints, and check every subtree.
 *   lists  out  permitted, excluded
 *   count  out  subtrees in both lists
 *   kinds  out  a bit for each kind that is constrained
 */
static bool read_constraints(const struct sts_cert *ca, struct subtrees lists[LISTS], size_t *count,
			     unsigned *kinds)
{
	struct sts_der rest = ca->name_constraints, base;
	uint8_t tag;

	lists[PERMITTED] = lists[EXCLUDED] = (struct subtrees){0};
	lists[EXCLUDED].excluded = true;
	*count = *kinds = 0;
	sts_der_take(&rest, STS_DER_CONTEXT_CONSTRUCTED(0), &lists[PERMITTED].list);
	sts_der_take(&rest, STS_DER_CONTEXT_CONSTRUCTED(1), &lists[EXCLUDED].list);
	for (size_t i = 0; i < LISTS; i++)
		for (struct sts_der list = lists[i].list; list.len > 0; ++*count) {
			if (!take_subtree(&list, &tag, &base))
				return false;
			*kinds |= 1u << (tag & STS_DER_TAG_NUMBER);
		}
	return rest.len == 0 && *count > 0;
}

/*
 * Is a name inside of a subtree of the list?
 *   seen  out  set to true if the list has a subtree of the name's kind, else unchanged
 */
static bool matches_list(struct subtrees s, unsigned kind, struct sts_der name, bool *seen)
{
	struct sts_der base;
	uint8_t tag;

	while (take_subtree(&s.list, &tag, &base)) {
		if ((tag & STS_DER_TAG_NUMBER) != (int)kind)
			continue;
		*seen = true;
		if (kind == KIND_DNS
			    ? dns_inside(sts_der_text(name), sts_der_text(base), s.excluded)
			    : ip_inside(name, base))
			return true;
	}
	return false;
}

/* Is a name outside of all excluded subtrees, and inside of a permitted one, where there are
 * permitted subtrees of its kind? */
static bool is_allowed(const struct subtrees lists[LISTS], unsigned kind, struct sts_der name)
{
	bool permits = false, excludes = false;

	if (!matches_list(lists[PERMITTED], kind, name, &permits) && permits)
		return false;
	return !matches_list(lists[EXCLUDED], kind, name, &excludes);
}

/* Fail with a message of "the name constraints of CA NAME", why, what and name, in this order. */
static enum sts_err refuse(const struct sts_cert *ca, const char *what, struct sts_slice name,
			   const char *why, struct sts_error *e)
{
	char text[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_addf(&t, "the name constraints of CA ");
	sts_dn_add(&t, ca->subject);
	sts_text_add_str(&t, sts_words(why));
	sts_text_add_str(&t, sts_words(what));
	sts_text_add_escaped(&t, name, NAME_SHOWN_BYTES);
	return sts_fail(e, STS_ECERT_CONSTRAINT, 0, "%s", text);
}

static enum sts_err check_name(const struct sts_cert *ca, const struct subtrees lists[LISTS],
			       unsigned kinds, uint8_t tag, struct sts_der name,
			       struct sts_error *e)
{
	unsigned kind = tag & STS_DER_TAG_NUMBER;
	char ip[INET6_ADDRSTRLEN];
	struct sts_text text;

	if ((kinds >> kind & 1) == 0)
		return STS_OK;
	if (kind != KIND_DNS && kind != KIND_IP)
		return refuse(ca, STS_PACKED("names of another kind than DNS and IP"),
			      (struct sts_slice){0}, STS_PACKED(" cannot be judged for "), e);
	if (kind == KIND_DNS) {
		if (is_allowed(lists, kind, name))
			return STS_OK;
		return refuse(ca, STS_PACKED("DNS:"), sts_der_text(name),
			      STS_PACKED(" do not allow "), e);
	}
	if ((name.len == 4 || name.len == 16) && is_allowed(lists, kind, name))
		return STS_OK;
	sts_text_init(&text, ip, sizeof(ip));
	sts_address_add(&text, name.data, name.len);
	return refuse(ca, STS_PACKED("IP:"), sts_slice_of(ip), STS_PACKED(" do not allow "), e);
}

/* The kinds of names in the subject: it is a directory name itself, and may hold an e-mail address
 * (RFC 5280 section 4.2.1.10). */
static unsigned kinds_of_subject(const struct sts_cert *below)
{
	/* emailAddress of PKCS #9 */
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

	while (sts_der_any(&names, &tag, &name, NULL))
		count++;
	return count;
}

enum sts_err sts_cert_names_constraints(const struct sts_cert *ca, const struct sts_cert *below,
					struct sts_error *e)
{
	struct sts_der names = below->san, name;
	struct subtrees lists[LISTS];
	enum sts_err err = STS_OK;
	unsigned kinds;
	size_t count;
	uint8_t tag;

	if (!ca->has_name_constraints)
		return STS_OK;
	if (!read_constraints(ca, lists, &count, &kinds))
		return refuse(ca, "", (struct sts_slice){0}, STS_PACKED(" cannot be read"), e);
	if (kinds & kinds_of_subject(below))
		return refuse(ca, STS_PACKED("the subject of the certificate below"),
			      (struct sts_slice){0}, STS_PACKED(" cannot be judged for "), e);
	if (count_names(names) > COMPARISONS_MAX / count)
		return refuse(ca, STS_PACKED("so many names"), (struct sts_slice){0},
			      STS_PACKED(" cannot be judged for "), e);
	while (names.len > 0 && err == STS_OK) {
		if (!sts_der_any(&names, &tag, &name, NULL))
			return sts_fail(e, STS_ECERT_MALFORMED, 0, "bad subjectAltName");
		err = check_name(ca, lists, kinds, tag, name, e);
	}
	return err;
}
