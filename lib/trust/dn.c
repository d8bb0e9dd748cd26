/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/dn.h"

#include "base/ascii.h"

#define VALUE_SHOWN_BYTES 78 /* of an attribute in a message, escaped */

/* A walk over the attributes of a Name, one after the other. */
struct name_walk {
	struct sts_der rdns, rdn;  /* what is left of the Name, and of the set that we are in */
	struct sts_der oid, value; /* the last attribute */
	uint8_t tag;               /* of its value */
};

static bool walk_start(struct name_walk *w, struct sts_der name)
{
	*w = (struct name_walk){0};
	return sts_der_take(&name, STS_DER_SEQUENCE, &w->rdns);
}

static bool walk_ended(const struct name_walk *w)
{
	return w->rdns.len == 0 && w->rdn.len == 0;
}

/* Take the next attribute. Returns false at the end, and for a Name that is malformed. */
static bool walk_next(struct name_walk *w)
{
	struct sts_der pair;

	if (w->rdn.len == 0 && !sts_der_take(&w->rdns, STS_DER_SET, &w->rdn))
		return false;
	return sts_der_take(&w->rdn, STS_DER_SEQUENCE, &pair) &&
	       sts_der_take(&pair, STS_DER_OID, &w->oid) &&
	       sts_der_any(&pair, &w->tag, &w->value, NULL) && pair.len == 0;
}

/*
 * Take the next character of a string, in lower case. A run of white space is taken as one space.
 * White space at the start and at the end of the string is passed over.
 *   first  in  this is the start of the string
 * Returns the character, or -1 at the end.
 */
static int next_folded(struct sts_der *s, bool first)
{
	size_t spaces = 0;
	char c;

	while (spaces < s->len && sts_is_space((char)s->data[spaces]))
		spaces++;
	s->data += spaces;
	s->len -= spaces;
	if (s->len == 0)
		return -1;
	if (spaces > 0 && !first)
		return ' ';
	c = (char)*s->data++;
	s->len--;
	return (uint8_t)sts_lower(c);
}

static bool strings_equal(struct sts_der a, struct sts_der b)
{
	int x = a.len > 0 ? next_folded(&a, true) : -1, y = b.len > 0 ? next_folded(&b, true) : -1;

	while (x == y && x >= 0) {
		x = next_folded(&a, false);
		y = next_folded(&b, false);
	}
	return x == y;
}

/* Is it the tag of a UTF8String, PrintableString, T61String or IA5String? */
static bool is_string(uint8_t tag)
{
	return tag == 0x0c || tag == 0x13 || tag == 0x14 || tag == 0x16;
}

static bool attributes_equal(const struct name_walk *a, const struct name_walk *b)
{
	if (!sts_der_eq(a->oid, b->oid) || (a->rdn.len == 0) != (b->rdn.len == 0))
		return false;
	if (is_string(a->tag) && is_string(b->tag))
		return strings_equal(a->value, b->value);
	return a->tag == b->tag && sts_der_eq(a->value, b->value);
}

bool sts_dn_equal(struct sts_der a, struct sts_der b)
{
	struct name_walk x, y;

	if (sts_der_eq(a, b))
		return true;
	if (!walk_start(&x, a) || !walk_start(&y, b))
		return false;
	while (!walk_ended(&x) || !walk_ended(&y))
		if (!walk_next(&x) || !walk_next(&y) || !attributes_equal(&x, &y))
			return false;
	return true;
}

/* Find the last value of a type, which is the most specific. */
static bool find_attribute(struct sts_der name, struct sts_der oid, struct sts_der *value)
{
	struct name_walk w;
	bool found = false;

	if (!walk_start(&w, name))
		return false;
	while (walk_next(&w))
		if (sts_der_eq(w.oid, oid)) {
			*value = w.value;
			found = true;
		}
	return found;
}

bool sts_dn_has(struct sts_der name, struct sts_der oid)
{
	struct sts_der value;

	return find_attribute(name, oid, &value);
}

void sts_dn_add(struct sts_text *t, struct sts_der name)
{
	struct sts_der value;

	/* commonName, organizationName, organizationalUnitName of id-at (2.5.4) */
	if (!find_attribute(name, STS_DER_OID_OF("\x55\x04\x03"), &value) &&
	    !find_attribute(name, STS_DER_OID_OF("\x55\x04\x0a"), &value) &&
	    !find_attribute(name, STS_DER_OID_OF("\x55\x04\x0b"), &value)) {
		sts_text_addf(t, "(no name)");
		return;
	}
	sts_text_add_char(t, '"');
	sts_text_add_escaped(t, sts_der_text(value), VALUE_SHOWN_BYTES);
	sts_text_add_char(t, '"');
}
