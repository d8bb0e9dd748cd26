/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names (RFC 5280 section 4.1.2.4): who issued a certificate, and for whom.
 * UNTRUSTED. */
#ifndef STS_TRUST_DN_H
#define STS_TRUST_DN_H

#include "base/text.h"
#include "trust/der.h"

/*
 * Are two Names (whole elements) the same? RFC 5280 section 7.1 in small: the same attributes in
 * the same order; strings are compared without regard to their type, ASCII case and white space,
 * since CAs that were renewed differ in just that; anything else byte for byte.
 */
bool sts_dn_equal(struct sts_der a, struct sts_der b);

/* Does a Name have an attribute of this type (content of the OID)? */
bool sts_dn_has(struct sts_der name, struct sts_der oid);

/*
 * The subject (or issuer) Name for a message: CN, else O, else OU, escaped, at most 80 bytes, in
 * quotation marks.
 */
void sts_dn_add(struct sts_text *t, struct sts_der name);

#endif
