/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names (RFC 5280 section 4.1.2.4): the issuer and the subject of a certificate. All
 * of them are UNTRUSTED. */
#ifndef STS_TRUST_DN_H
#define STS_TRUST_DN_H

#include "base/text.h"
#include "trust/der.h"

/*
 * Are two Names (whole elements) the same? This is a small form of RFC 5280 section 7.1: the names
 * must have the same attributes in the same order. Two strings are the same when they differ only
 * in their types, in the case of ASCII letters, and in white space, since a CA that is renewed may
 * write its name in another way. Anything else is compared byte for byte. A malformed name equals
 * only its exact copy.
 */
bool sts_dn_equal(struct sts_der a, struct sts_der b);

/* Does a Name have an attribute of this type? oid is the content of the type's OID. */
bool sts_dn_has(struct sts_der name, struct sts_der oid);

/* Add a Name for a message, in quotation marks and escaped, at most 80 bytes: its common name, else
 * its organization, else its organizational unit, else "(no name)". */
void sts_dn_add(struct sts_text *t, struct sts_der name);

#endif
