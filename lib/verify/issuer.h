/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents in which an issuer says which keys are its own. There are three kinds:
 *   - the discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), whose
 *     jwks_uri says where the keys are;
 *   - a JWKS (RFC 7517), which has the keys, and does not say whose they are;
 *   - what OpenUnison serves as issuer-docs: {"discovery":"..","keys":".."}, the other two as text.
 */
#ifndef STS_VERIFY_ISSUER_H
#define STS_VERIFY_ISSUER_H

#include "json_xml/json.h"
#include "verify/refusal.h"

/* What a document has: the text of a JWKS, or the URL of one. The other slice is empty. */
struct sts_issuer_document {
	struct sts_slice keys;     /* UNTRUSTED */
	struct sts_slice keys_url; /* UNTRUSTED, not parsed */
};

/*
 * Add the URL of the discovery document of an issuer (OpenID Connect Discovery 1.0 section 4: the
 * path is appended to the issuer's own, without a slash at its end).
 */
void sts_issuer_add_url(struct sts_text *url, struct sts_slice issuer);

/*
 * Read a document of any kind. Opens and closes documents of json.h.
 *   text    in/out  UNTRUSTED, len bytes; overwritten, and *out points into it
 *   issuer  in      of the token: the `issuer` of a discovery document must be the same, byte for
 *                   byte
 * Returns STS_OK; STS_ETOKEN with the detail STS_VERIFY_ISSUER; STS_EANSWER if the document is of
 * another kind; else what sts_json_parse() returns.
 */
enum sts_err sts_issuer_read(char *text, size_t len, struct sts_slice issuer,
			     struct sts_issuer_document *out, struct sts_error *e);

#endif
