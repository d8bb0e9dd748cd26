/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One X.509 certificate (RFC 5280), as far as our rules need it: slices into the DER, which is not
 * copied. BearSSL checks the signature. Everything in a certificate is UNTRUSTED.
 */
#ifndef STS_TRUST_CERT_H
#define STS_TRUST_CERT_H

#include "base/error.h"
#include "base/text.h"
#include "trust/der.h"

/* The kinds of public keys. */
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
	struct sts_der ec_point;     /* uncompressed; its length is right for the curve */
	int version;                 /* 1 to 3 */

	/* The extensions; empty where absent. */
	struct sts_der san; /* content of the GeneralNames SEQUENCE, each name's header checked */
	struct sts_der eku; /* content of the SEQUENCE, OIDs only */
	struct sts_der name_constraints;                 /* content of the SEQUENCE */
	struct sts_der subject_key_id, authority_key_id; /* keyIdentifier bytes */
	bool has_san, has_eku, has_name_constraints;
	bool is_ca;
	int path_len; /* pathLenConstraint; -1: none */
	/* The key usage. Without the extension, both members are true. */
	bool key_cert_sign;
	bool key_sign; /* digitalSignature or nonRepudiation */
	/* There is a critical extension that we do not know, or a critical key identifier. */
	bool unknown_critical;
	struct sts_der unknown_critical_oid; /* content of the OID of the first such extension */
	bool self_issued;                    /* subject equals issuer */
};

/*
 * Read a certificate.
 *   der   in   UNTRUSTED; exactly one certificate
 *   cert  out  slices into der
 * Returns STS_OK; STS_ECERT_LIMIT for more than STS_CERT_EXTENSIONS_MAX extensions; else
 * STS_ECERT_MALFORMED, with a message that says what is wrong: the same extension twice, trailing
 * bytes, a bad time and so on. A key of a kind that we do not use is not an error here: its
 * key_kind is STS_KEY_OTHER.
 */
enum sts_err sts_cert_read(struct sts_der der, struct sts_cert *cert, struct sts_error *e);

/*
 * The length of an RSA key in bits; 0 if it must not be used: if modulus or exponent is even, or if
 * the exponent is 1 or has more than 32 bits.
 *   n, e  in  UNTRUSTED; unsigned, big endian, at least one byte, no leading zero
 */
uint32_t sts_cert_rsa_bits(struct sts_der n, struct sts_der e);

/* Add up to five names of the subjectAltName for a message, escaped: "DNS:a.example, IP:10.0.0.1,
 * and 3 more", or "none". */
void sts_cert_add_san(struct sts_text *t, const struct sts_cert *cert);

#endif
