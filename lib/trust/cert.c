/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cert.h"

#include <string.h>

#include "base/address.h"
#include "base/packed.h"
#include "trust/dn.h"

#define PATH_LEN_MAX     100 /* stands for any larger pathLenConstraint; no chain is so long */
#define SAN_SHOWN_MAX    5   /* names of a subjectAltName in a message */
#define NAME_SHOWN_BYTES 64  /* of one of them, escaped */

/* The readers return NULL, or what is wrong, in words that follow "certificate NAME: ". */
static const char too_many_extensions[] = STS_PACKED("more than 32 extensions");
_Static_assert(STS_CERT_EXTENSIONS_MAX == 32, "too_many_extensions states this bound");

/* The header of each GeneralName is checked here, so that later walks cannot fail. */
static const char *read_san(struct sts_der value, struct sts_cert *cert)
{
	struct sts_der names, name;
	uint8_t tag;

	if (!sts_der_take(&value, STS_DER_SEQUENCE, &cert->san) || value.len > 0)
		return STS_PACKED("bad subjectAltName");
	for (names = cert->san; names.len > 0;)
		if (!sts_der_any(&names, &tag, &name, NULL))
			return STS_PACKED("bad subjectAltName");
	cert->has_san = true;
	return NULL;
}

static const char *read_basic_constraints(struct sts_der value, struct sts_cert *cert)
{
	struct sts_der list, item;
	uint64_t path_len;

	if (!sts_der_take(&value, STS_DER_SEQUENCE, &list) || value.len > 0)
		return STS_PACKED("bad basicConstraints");
	if (sts_der_take(&list, STS_DER_BOOLEAN, &item) && !sts_der_bool(item, &cert->is_ca))
		return STS_PACKED("bad basicConstraints");
	if (sts_der_take(&list, STS_DER_INTEGER, &item)) {
		if (!sts_der_uint(item, &path_len))
			return STS_PACKED("bad basicConstraints");
		cert->path_len = path_len > PATH_LEN_MAX ? PATH_LEN_MAX : (int)path_len;
	}
	return list.len > 0 ? STS_PACKED("bad basicConstraints") : NULL;
}

/* Bits in the first octet of a KeyUsage (RFC 5280 section 4.2.1.3). */
#define DIGITAL_SIGNATURE 0x80
#define NON_REPUDIATION   0x40
#define KEY_CERT_SIGN     0x04

static const char *read_key_usage(struct sts_der value, struct sts_cert *cert)
{
	struct sts_der bits;

	if (!sts_der_take(&value, STS_DER_BITS, &bits) || value.len > 0 || bits.len < 2 ||
	    bits.data[0] > 7)
		return STS_PACKED("bad keyUsage");
	cert->key_cert_sign = bits.data[1] & KEY_CERT_SIGN;
	cert->key_sign = bits.data[1] & (DIGITAL_SIGNATURE | NON_REPUDIATION);
	return NULL;
}

static const char *read_eku(struct sts_der value, struct sts_cert *cert)
{
	struct sts_der list, oid;

	if (!sts_der_take(&value, STS_DER_SEQUENCE, &cert->eku) || value.len > 0 ||
	    cert->eku.len == 0)
		return STS_PACKED("bad extKeyUsage");
	for (list = cert->eku; list.len > 0;)
		if (!sts_der_take(&list, STS_DER_OID, &oid))
			return STS_PACKED("bad extKeyUsage");
	cert->has_eku = true;
	return NULL;
}

static const char *read_name_constraints(struct sts_der value, struct sts_cert *cert)
{
	if (!sts_der_take(&value, STS_DER_SEQUENCE, &cert->name_constraints) || value.len > 0)
		return STS_PACKED("bad nameConstraints");
	cert->has_name_constraints = true;
	return NULL;
}

static const char *read_subject_key_id(struct sts_der value, struct sts_cert *cert)
{
	if (!sts_der_take(&value, STS_DER_OCTETS, &cert->subject_key_id) || value.len > 0)
		return STS_PACKED("bad subjectKeyIdentifier");
	return NULL;
}

static const char *read_authority_key_id(struct sts_der value, struct sts_cert *cert)
{
	struct sts_der list;

	if (!sts_der_take(&value, STS_DER_SEQUENCE, &list) || value.len > 0)
		return STS_PACKED("bad authorityKeyIdentifier");
	sts_der_take(&list, STS_DER_CONTEXT(0), &cert->authority_key_id);
	return NULL;
}

/*
 * Read an extension that we know, below id-ce (2.5.29). Two of them need no reader: BearSSL's
 * validator judges certificate policies, and CRL distribution points need no judgement, since we do
 * not check revocation. A critical key identifier counts as unknown: RFC 5280 sections 4.2.1.1 and
 * 4.2.1.2 forbid it, and OpenSSL, Go and webpki refuse it.
 *   id   in   the last arc of the OID
 *   why  out  what is wrong with the extension; NULL for nothing
 * Returns false for an extension that we do not know.
 */
static bool read_known(uint8_t id, bool critical, struct sts_der value, struct sts_cert *cert,
		       const char **why)
{
	*why = NULL;
	switch (id) {
	case 14:
		*why = critical ? NULL : read_subject_key_id(value, cert);
		return !critical;
	case 15:
		*why = read_key_usage(value, cert);
		return true;
	case 17:
		*why = read_san(value, cert);
		return true;
	case 19:
		*why = read_basic_constraints(value, cert);
		return true;
	case 30:
		*why = read_name_constraints(value, cert);
		return true;
	case 31: /* cRLDistributionPoints */
	case 32: /* certificatePolicies */
		return true;
	case 35:
		*why = critical ? NULL : read_authority_key_id(value, cert);
		return !critical;
	case 37:
		*why = read_eku(value, cert);
		return true;
	default:
		return false;
	}
}

static const char *read_extension_value(struct sts_der oid, bool critical, struct sts_der value,
					struct sts_cert *cert)
{
	const char *why;

	if (oid.len == 3 && memcmp(oid.data, "\x55\x1d", 2) == 0 &&
	    read_known(oid.data[2], critical, value, cert, &why))
		return why;
	if (critical && !cert->unknown_critical) {
		cert->unknown_critical = true;
		cert->unknown_critical_oid = oid;
	}
	return NULL;
}

static const char *read_extensions(struct sts_der list, struct sts_cert *cert)
{
	struct sts_der seen[STS_CERT_EXTENSIONS_MAX], extension, item, value;
	const char *why = NULL;

	if (list.len == 0)
		return STS_PACKED("an empty list of extensions");
	for (size_t count = 0; list.len > 0 && !why; count++) {
		bool critical = false;

		if (count == STS_CERT_EXTENSIONS_MAX)
			return too_many_extensions;
		if (!sts_der_take(&list, STS_DER_SEQUENCE, &extension) ||
		    !sts_der_take(&extension, STS_DER_OID, &seen[count]))
			return STS_PACKED("bad extension");
		if (sts_der_take(&extension, STS_DER_BOOLEAN, &item) &&
		    !sts_der_bool(item, &critical))
			return STS_PACKED("bad extension");
		if (!sts_der_take(&extension, STS_DER_OCTETS, &value) || extension.len > 0)
			return STS_PACKED("bad extension");
		for (size_t i = 0; i < count; i++)
			if (sts_der_eq(seen[i], seen[count]))
				return STS_PACKED("the same extension twice");
		why = read_extension_value(seen[count], critical, value, cert);
	}
	return why;
}

/* Take an INTEGER that is positive and minimal, without the octet that holds only its sign. */
static bool take_unsigned(struct sts_der *in, struct sts_der *value)
{
	if (!sts_der_take(in, STS_DER_INTEGER, value) || value->len == 0 || value->data[0] > 0x7f)
		return false;
	if (value->data[0] != 0)
		return true;
	value->data++;
	value->len--;
	return value->len > 0 && value->data[0] > 0x7f;
}

uint32_t sts_cert_rsa_bits(struct sts_der n, struct sts_der e)
{
	uint32_t bits = (uint32_t)n.len * 8;

	/* Modulus and exponent must be odd. With the exponent 1 any signature could be forged. */
	if ((n.data[n.len - 1] & 1) == 0 || (e.data[e.len - 1] & 1) == 0 || e.len > 4 ||
	    (e.len == 1 && e.data[0] == 1))
		return 0;
	for (uint8_t top = n.data[0]; top < 0x80; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static const char *read_rsa_key(struct sts_der bits, struct sts_cert *cert)
{
	struct sts_der key, *n = &cert->rsa_n, *e = &cert->rsa_e;

	if (!sts_der_take(&bits, STS_DER_SEQUENCE, &key) || bits.len > 0 ||
	    !take_unsigned(&key, n) || !take_unsigned(&key, e) || key.len > 0)
		return STS_PACKED("bad RSA key");
	cert->rsa_bits = sts_cert_rsa_bits(*n, *e);
	if (cert->rsa_bits == 0)
		return STS_PACKED("bad RSA key");
	cert->key_kind = STS_KEY_RSA;
	return NULL;
}

#define EC_UNCOMPRESSED 4 /* the first octet of an uncompressed point (SEC 1 section 2.3.3) */

static const char *read_ec_key(struct sts_der curve, struct sts_der bits, struct sts_cert *cert)
{
	static const struct {
		struct sts_der oid;
		size_t point_len;
		enum sts_key_kind kind;
	} curves[] = {
		/* secp256r1, secp384r1, secp521r1 (RFC 5480 section 2.1.1.1) */
		{STS_DER_OID_OF("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 65, STS_KEY_EC_P256},
		{STS_DER_OID_OF("\x2b\x81\x04\x00\x22"), 97, STS_KEY_EC_P384},
		{STS_DER_OID_OF("\x2b\x81\x04\x00\x23"), 133, STS_KEY_EC_P521},
	};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (!sts_der_eq(curves[i].oid, curve))
			continue;
		if (bits.len != curves[i].point_len || bits.data[0] != EC_UNCOMPRESSED)
			return STS_PACKED("bad EC point");
		cert->ec_point = bits;
		cert->key_kind = curves[i].kind;
	}
	return NULL;
}

static const char *read_key(struct sts_cert *cert)
{
	struct sts_der spki = cert->spki, list, algorithm, bits, curve;

	if (!sts_der_take(&spki, STS_DER_SEQUENCE, &list) ||
	    !sts_der_take(&list, STS_DER_SEQUENCE, &algorithm) ||
	    !sts_der_take(&algorithm, STS_DER_OID, &cert->key_oid) ||
	    !sts_der_take(&list, STS_DER_BITS, &bits) || list.len > 0 || bits.len < 2 ||
	    bits.data[0] != 0)
		return STS_PACKED("bad public key");
	bits.data++;
	bits.len--;
	cert->key_kind = STS_KEY_OTHER;
	/* rsaEncryption, id-ecPublicKey (RFC 3279 section 2.3) */
	if (sts_der_eq(cert->key_oid, STS_DER_OID_OF("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
		return read_rsa_key(bits, cert);
	if (sts_der_eq(cert->key_oid, STS_DER_OID_OF("\x2a\x86\x48\xce\x3d\x02\x01")) &&
	    sts_der_take(&algorithm, STS_DER_OID, &curve))
		return read_ec_key(curve, bits, cert);
	return NULL;
}

/* Take the next element with its header, when it has this tag. */
static bool take_whole(struct sts_der *in, uint8_t tag, struct sts_der *whole)
{
	struct sts_der content;
	uint8_t got;

	return sts_der_peek(in, tag) && sts_der_any(in, &got, &content, whole);
}

static bool take_time(struct sts_der *in, int64_t *epoch_s)
{
	struct sts_der content;
	uint8_t tag;

	return sts_der_any(in, &tag, &content, NULL) && sts_der_time(tag, content, epoch_s);
}

static const char *read_validity(struct sts_der *tbs, struct sts_cert *cert)
{
	struct sts_der validity;

	if (!sts_der_take(tbs, STS_DER_SEQUENCE, &validity) ||
	    !take_time(&validity, &cert->not_before_s) ||
	    !take_time(&validity, &cert->not_after_s) || validity.len > 0)
		return STS_PACKED("bad validity");
	return NULL;
}

static const char *read_version(struct sts_der *tbs, struct sts_cert *cert)
{
	struct sts_der outer, number;
	uint64_t version = 0;

	if (sts_der_take(tbs, STS_DER_CONTEXT_CONSTRUCTED(0), &outer) &&
	    (!sts_der_take(&outer, STS_DER_INTEGER, &number) || outer.len > 0 ||
	     !sts_der_uint(number, &version) || version > 2))
		return STS_PACKED("bad version");
	cert->version = (int)version + 1;
	return NULL;
}

/* Read what follows the public key: two unique identifiers, which are passed over, and the
 * extensions. */
static const char *read_tail(struct sts_der *tbs, struct sts_cert *cert)
{
	struct sts_der skipped, outer, list;
	const char *why = NULL;

	sts_der_take(tbs, STS_DER_CONTEXT(1), &skipped);
	sts_der_take(tbs, STS_DER_CONTEXT(2), &skipped);
	if (sts_der_take(tbs, STS_DER_CONTEXT_CONSTRUCTED(3), &outer)) {
		if (cert->version != 3)
			return STS_PACKED("extensions in an old version");
		if (!sts_der_take(&outer, STS_DER_SEQUENCE, &list) || outer.len > 0)
			return STS_PACKED("bad extensions");
		why = read_extensions(list, cert);
	}
	return why ? why : tbs->len > 0 ? STS_PACKED("trailing bytes") : NULL;
}

static const char *read_tbs(struct sts_der tbs, struct sts_der *algorithm, struct sts_cert *cert)
{
	struct sts_der serial;
	const char *why = read_version(&tbs, cert);

	if (why)
		return why;
	if (!sts_der_take(&tbs, STS_DER_INTEGER, &serial) || serial.len == 0)
		return STS_PACKED("bad serial number");
	if (!take_whole(&tbs, STS_DER_SEQUENCE, algorithm))
		return STS_PACKED("bad signature algorithm");
	if (!take_whole(&tbs, STS_DER_SEQUENCE, &cert->issuer))
		return STS_PACKED("bad issuer");
	if ((why = read_validity(&tbs, cert)))
		return why;
	if (!take_whole(&tbs, STS_DER_SEQUENCE, &cert->subject))
		return STS_PACKED("bad subject");
	if (!take_whole(&tbs, STS_DER_SEQUENCE, &cert->spki))
		return STS_PACKED("bad public key");
	if ((why = read_key(cert)))
		return why;
	return read_tail(&tbs, cert);
}

static const char *read_certificate(struct sts_der der, struct sts_cert *cert)
{
	struct sts_der outer, tbs, inside, algorithm, signature;
	const char *why;

	if (!sts_der_take(&der, STS_DER_SEQUENCE, &outer))
		return STS_PACKED("no DER");
	if (der.len > 0)
		return STS_PACKED("trailing bytes");
	if (!sts_der_take(&outer, STS_DER_SEQUENCE, &tbs))
		return STS_PACKED("no DER");
	if ((why = read_tbs(tbs, &inside, cert)))
		return why;
	/* The algorithm appears in the signed part and outside of it, and both copies must agree
	 * (RFC 5280 section 4.1.1.2). */
	if (!take_whole(&outer, STS_DER_SEQUENCE, &algorithm) || !sts_der_eq(algorithm, inside))
		return STS_PACKED("bad signature algorithm");
	if (!sts_der_take(&algorithm, STS_DER_SEQUENCE, &inside) ||
	    !sts_der_take(&inside, STS_DER_OID, &cert->signature_oid))
		return STS_PACKED("bad signature algorithm");
	if (!sts_der_take(&outer, STS_DER_BITS, &signature) || signature.len < 2)
		return STS_PACKED("bad signature");
	return outer.len > 0 ? STS_PACKED("trailing bytes") : NULL;
}

enum sts_err sts_cert_read(struct sts_der der, struct sts_cert *cert, struct sts_error *e)
{
	char name[128];
	struct sts_text t;
	const char *why;

	*cert = (struct sts_cert){
		.der = der, .path_len = -1, .key_cert_sign = true, .key_sign = true};
	why = read_certificate(der, cert);
	if (!why) {
		cert->self_issued = sts_der_eq(cert->subject, cert->issuer);
		return STS_OK;
	}
	sts_text_init(&t, name, sizeof(name));
	if (cert->subject.len > 0)
		sts_dn_add(&t, cert->subject);
	else
		sts_text_addf(&t, "(unread)");
	return sts_fail(e, why == too_many_extensions ? STS_ECERT_LIMIT : STS_ECERT_MALFORMED, 0,
			"certificate %s: %s", name, sts_words(why));
}

/* Add one GeneralName for a message. */
static void add_general_name(struct sts_text *t, uint8_t tag, struct sts_der name)
{
	/* By their tags, from 0 to 8. */
	static const char kinds[] = "other\0email:\0DNS:\0x400\0directory\0ediParty\0URI:\0"
				    "IP:\0registeredID";
	unsigned kind = tag & STS_DER_TAG_NUMBER;

	sts_text_add_str(t, kind <= 8 ? sts_text_at(kinds, kind) : "?");
	if (kind == 7)
		sts_address_add(t, name.data, name.len);
	if (kind == 1 || kind == 2 || kind == 6)
		sts_text_add_escaped(t, sts_der_text(name), NAME_SHOWN_BYTES);
}

void sts_cert_add_san(struct sts_text *t, const struct sts_cert *cert)
{
	struct sts_der names = cert->san, name;
	unsigned count = 0;
	uint8_t tag;

	for (; sts_der_any(&names, &tag, &name, NULL); count++) {
		if (count >= SAN_SHOWN_MAX)
			continue;
		sts_text_add_str(t, count > 0 ? ", " : "");
		add_general_name(t, tag, name);
	}
	if (count > SAN_SHOWN_MAX)
		sts_text_addf(t, ", and %u more", count - SAN_SHOWN_MAX);
	if (count == 0)
		sts_text_add_str(t, "none");
}
