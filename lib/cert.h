/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One X.509 certificate (RFC 5280) as our rules need it: slices into the DER, no copy, no signature check (that is BearSSL's
 * part). UNTRUSTED throughout.
 */
#ifndef STS_CERT_H
#define STS_CERT_H

#include "der.h"
#include "error.h"
#include "text.h"

enum sts_key_kind { STS_KEY_RSA, STS_KEY_EC_P256, STS_KEY_EC_P384, STS_KEY_EC_P521, STS_KEY_OTHER };

struct sts_cert {
	struct sts_der der;		 /* the whole certificate */
	struct sts_der subject, issuer; /* whole Name elements, header included */
	struct sts_der spki;		 /* whole SubjectPublicKeyInfo element */
	struct sts_der signature_oid;	 /* content of the OID */
	int64_t not_before_s, not_after_s;
	enum sts_key_kind key_kind;
	uint32_t rsa_bits;
	/* extensions; content of the extnValue, empty where absent */
	struct sts_der san;		   /* whole SEQUENCE content of GeneralNames */
	struct sts_der eku;
	struct sts_der name_constraints;
	struct sts_der subject_key_id, authority_key_id; /* keyIdentifier bytes */
	bool has_san, has_eku, has_name_constraints, has_basic_constraints;
	bool is_ca;
	int path_len;			   /* -1: none */
	bool has_key_usage, key_cert_sign;
	bool unknown_critical;
	bool self_issued;		   /* subject equals issuer */
};

/*
 * Read a certificate.
 *   der   in   exactly one certificate
 *   cert  out  slices into der
 * Returns STS_OK, STS_ECERT_MALFORMED (duplicate extension, trailing bytes, bad time, ... named in the message), STS_ECERT_LIMIT.
 */
enum sts_err sts_cert_read(struct sts_der der, struct sts_cert *cert, struct sts_error *e);

/* The subject (or issuer) Name for a message: CN, else O, else OU, escaped, at most 80 bytes. */
void sts_cert_add_name(struct sts_text *t, struct sts_der name);

/* What the certificate is for, for a message: up to five SAN entries, escaped: "DNS:a.example, IP:10.0.0.1, and 3 more". */
void sts_cert_add_san(struct sts_text *t, const struct sts_cert *cert);

#endif
