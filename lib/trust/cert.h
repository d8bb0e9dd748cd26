/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One X.509 certificate (RFC 5280) as our rules need it: slices into the DER, no copy, no signature
 * check (that is BearSSL's part). UNTRUSTED throughout.
 */
#ifndef STS_TRUST_CERT_H
#define STS_TRUST_CERT_H

#include "base/error.h"
#include "base/text.h"
#include "trust/der.h"

enum sts_key_kind { STS_KEY_RSA, STS_KEY_EC_P256, STS_KEY_EC_P384, STS_KEY_EC_P521, STS_KEY_OTHER };

#define STS_CERT_EXTENSIONS_MAX 32

struct sts_cert {
	struct sts_der der;                    /* the whole certificate */
	struct sts_der subject, issuer;        /* whole Name elements, header included */
	struct sts_der spki;                   /* whole SubjectPublicKeyInfo element */
	struct sts_der key_oid, signature_oid; /* content of the algorithms' OIDs */
	int64_t not_before_s, not_after_s;
	enum sts_key_kind key_kind;
	uint32_t rsa_bits;
	struct sts_der rsa_n, rsa_e; /* unsigned, big endian, no leading zero */
	struct sts_der ec_point;     /* uncompressed, of the curve's length */
	int version;                 /* 1 to 3 */

	/* extensions; empty where absent */
	struct sts_der san; /* content of the GeneralNames SEQUENCE, each name's header checked */
	struct sts_der eku; /* content of the SEQUENCE, OIDs only */
	struct sts_der name_constraints;                 /* content of the SEQUENCE */
	struct sts_der subject_key_id, authority_key_id; /* keyIdentifier bytes */
	bool has_san, has_eku, has_name_constraints;
	bool is_ca;
	int path_len; /* -1: none */
	bool key_cert_sign;
	bool key_sign; /* digitalSignature or nonRepudiation; both true without the extension */
	bool unknown_critical;
	struct sts_der unknown_critical_oid; /* the first one's */
	bool self_issued;                    /* subject equals issuer */
};

/*
 * Read a certificate.
 *   der   in   exactly one certificate
 *   cert  out  slices into der
 * Returns STS_OK, STS_ECERT_MALFORMED (duplicate extension, trailing bytes, bad time, ... named in
 * the message), STS_ECERT_LIMIT for more than STS_CERT_EXTENSIONS_MAX extensions. A key of a kind
 * that we don't use is no error here: key_kind is STS_KEY_OTHER.
 */
enum sts_err sts_cert_read(struct sts_der der, struct sts_cert *cert, struct sts_error *e);

/* What the certificate is for, for a message: up to five SAN entries, escaped: "DNS:a.example,
 * IP:10.0.0.1, and 3 more". */
void sts_cert_add_san(struct sts_text *t, const struct sts_cert *cert);

#endif
