/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/rules.h"

#include <stdarg.h>
#include <string.h>

#include "base/format.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "trust/dn.h"

#define ARCS_SHOWN_MAX 16 /* of an OID in a message */

enum sts_err sts_rules_fail(struct sts_error *e, enum sts_err code, const struct sts_cert *cert,
			    const char *fmt, ...)
{
	char name[128], what[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text t;
	va_list args;

	sts_text_init(&t, name, sizeof(name));
	sts_dn_add(&t, cert->subject);
	va_start(args, fmt);
	sts_format(what, sizeof(what), fmt, args);
	va_end(args);
	return sts_fail(e, code, 0, "certificate %s %s", name, what);
}

/* Add the first arcs of an OID, with dots between them. The first subidentifier holds two arcs
 * (X.690 section 8.19.4). */
static void add_oid(struct sts_text *t, struct sts_der oid)
{
	uint32_t arc = 0;

	for (size_t i = 0, arcs = 0; i < oid.len && arcs < ARCS_SHOWN_MAX; i++) {
		arc = arc << 7 | (oid.data[i] & 0x7f);
		if (oid.data[i] & 0x80)
			continue;
		if (arcs++ == 0) {
			uint32_t first = arc < 80 ? arc / 40 : 2;

			sts_text_addf(t, "%u.%u", first, arc - 40 * first);
		} else {
			sts_text_addf(t, ".%u", arc);
		}
		arc = 0;
	}
}

static enum sts_err check_extensions(const struct sts_cert *cert, struct sts_error *e)
{
	char oid[64];
	struct sts_text t;

	if (!cert->unknown_critical)
		return STS_OK;
	/* authorityKeyIdentifier, subjectKeyIdentifier */
	if (sts_der_eq(cert->unknown_critical_oid, STS_DER_OID_OF("\x55\x1d\x23")) ||
	    sts_der_eq(cert->unknown_critical_oid, STS_DER_OID_OF("\x55\x1d\x0e")))
		return sts_rules_fail(e, STS_ECERT_MALFORMED, cert,
				      "has a critical key identifier, which RFC 5280 forbids");
	sts_text_init(&t, oid, sizeof(oid));
	add_oid(&t, cert->unknown_critical_oid);
	return sts_rules_fail(e, STS_ECERT_MALFORMED, cert,
			      "has a critical extension that this program does not know: %s", oid);
}

enum sts_err sts_rules_time(const struct sts_cert *cert, int64_t now_s, struct sts_error *e)
{
	char limit[STS_RFC3339_BYTES], now[STS_RFC3339_BYTES];

	/* A bundle has many certificates, and the times of nearly all of them are right. */
	if (now_s >= cert->not_before_s && now_s <= cert->not_after_s)
		return STS_OK;
	sts_rfc3339_format(now_s, now);
	if (now_s < cert->not_before_s) {
		sts_rfc3339_format(cert->not_before_s, limit);
		return sts_rules_fail(e, STS_ECERT_NOTYET, cert,
				      "is valid only from %s on; the node's clock says %s", limit,
				      now);
	}
	sts_rfc3339_format(cert->not_after_s, limit);
	return sts_rules_fail(e, STS_ECERT_EXPIRED, cert, "expired at %s; the node's clock says %s",
			      limit, now);
}

/* The algorithms whose names we know. The first GOOD of them are accepted for signatures. The table
 * has no pointers, which would be larger, and would need relocations; the names are in the same
 * order. */
#define GOOD 6
#define OID(bytes) \
	{ \
		sizeof(bytes) - 1, bytes \
	}
static const struct {
	uint8_t oid_len;
	char oid[9];
} algorithms[] = {
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"),
	OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
	OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"),
	OID("\x2a\x86\x48\xce\x3d\x04\x03\x04"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"),
	OID("\x2a\x86\x48\xce\x3d\x04\x01"),
	OID("\x2a\x86\x48\xce\x3d\x04\x03\x01"),
	OID("\x2a\x86\x48\xce\x3d\x02\x01"),
	OID("\x2a\x86\x48\xce\x38\x04\x01"),
	OID("\x2b\x65\x70"),
	OID("\x2b\x65\x71"),
};
static const char algorithm_names[] = STS_PACKED(
	"RSA with SHA-256\0RSA with SHA-384\0RSA with SHA-512\0"
	"ECDSA with SHA-256\0ECDSA with SHA-384\0ECDSA with SHA-512\0"
	"RSA with MD5\0RSA with SHA-1\0RSA with SHA-224\0RSA-PSS\0"
	"ECDSA with SHA-1\0ECDSA with SHA-224\0EC on another curve\0DSA\0Ed25519\0Ed448\0"
	"an unknown algorithm");

/* The row of an algorithm, or the number of rows. */
static size_t algorithm_of(struct sts_der oid)
{
	size_t i = 0;

	while (i < sizeof(algorithms) / sizeof(algorithms[0]) &&
	       (oid.len != algorithms[i].oid_len ||
		memcmp(oid.data, algorithms[i].oid, oid.len) != 0))
		i++;
	return i;
}

static enum sts_err check_signature_algorithm(const struct sts_cert *cert, struct sts_error *e)
{
	size_t row = algorithm_of(cert->signature_oid);

	if (row < GOOD)
		return STS_OK;
	return sts_rules_fail(e, STS_ECERT_ALGORITHM, cert,
			      "is signed with %s, which this program does not accept",
			      sts_words_at(algorithm_names, row));
}

static enum sts_err check_key(const struct sts_cert *cert, struct sts_error *e)
{
	if (cert->key_kind == STS_KEY_OTHER)
		return sts_rules_fail(e, STS_ECERT_ALGORITHM, cert,
				      "has a key for %s, which this program does not accept",
				      sts_words_at(algorithm_names, algorithm_of(cert->key_oid)));
	if (cert->key_kind == STS_KEY_RSA &&
	    (cert->rsa_bits < STS_RSA_KEY_MIN_BITS || cert->rsa_bits > STS_RSA_KEY_MAX_BITS))
		return sts_rules_fail(e, STS_ECERT_ALGORITHM, cert,
				      "has an RSA key of %u bits: only %d to %d are accepted",
				      (unsigned)cert->rsa_bits, STS_RSA_KEY_MIN_BITS,
				      STS_RSA_KEY_MAX_BITS);
	return STS_OK;
}

/* The extended key usage must be absent, or have serverAuth or anyExtendedKeyUsage (RFC 5280
 * section 4.2.1.12). */
static enum sts_err check_purpose(const struct sts_cert *cert, struct sts_error *e)
{
	struct sts_der list = cert->eku, oid;

	if (!cert->has_eku)
		return STS_OK;
	while (sts_der_take(&list, STS_DER_OID, &oid))
		if (sts_der_eq(oid, STS_DER_OID_OF("\x2b\x06\x01\x05\x05\x07\x03\x01")) ||
		    sts_der_eq(oid, STS_DER_OID_OF("\x55\x1d\x25\x00")))
			return STS_OK;
	return sts_rules_fail(e, STS_ECERT_PURPOSE, cert,
			      "is not for TLS servers: its extended key usage lacks serverAuth");
}

enum sts_err sts_rules_server(const struct sts_cert *cert, bool pinned,
			      const struct sts_server_name *server, int64_t now_s,
			      struct sts_error *e)
{
	enum sts_err err;

	if ((err = check_extensions(cert, e)) || (err = sts_rules_time(cert, now_s, e)) ||
	    (err = check_key(cert, e)) || (err = sts_cert_names_check(cert, server, e)) ||
	    (err = check_purpose(cert, e)))
		return err;
	if (!cert->key_sign)
		return sts_rules_fail(e, STS_ECERT_KEY_USAGE, cert,
				      "does not sign: its key usage lacks digitalSignature");
	if (cert->is_ca && !pinned)
		return sts_rules_fail(e, STS_ECERT_CA, cert, "is a CA's (CA:TRUE), not a server's");
	return STS_OK;
}

/* May the certificate issue others? A trust anchor of X.509 version 1 or 2 may, since it cannot
 * have the extension that says so. */
static bool may_issue(const struct sts_cert *cert, bool is_anchor)
{
	if (is_anchor && cert->version < 3 && cert->self_issued)
		return true;
	return cert->is_ca && cert->key_cert_sign;
}

/*
 * Check the rules for a CA.
 *   below  in  how many CAs stand between this CA and the server's certificate, without those that
 *              are self-issued
 */
static enum sts_err check_ca(int64_t now_s, const struct sts_cert *cert, bool is_anchor, int below,
			     struct sts_error *e)
{
	enum sts_err err;

	if ((err = check_extensions(cert, e)) || (err = sts_rules_time(cert, now_s, e)) ||
	    (err = check_key(cert, e)) || (err = check_purpose(cert, e)))
		return err;
	if (!may_issue(cert, is_anchor))
		return sts_rules_fail(
			e, STS_ECERT_CA, cert,
			"issued another one, but is not a CA: it lacks CA:TRUE or keyCertSign");
	if (cert->path_len >= 0 && below > cert->path_len)
		return sts_rules_fail(e, STS_ECERT_CA, cert, "may have %d CAs below it, and has %d",
				      cert->path_len, below);
	return STS_OK;
}

enum sts_err sts_rules_path(const struct sts_cert_path *path, int64_t now_s, struct sts_error *e)
{
	enum sts_err err = STS_OK;
	int below = 0;

	for (size_t i = 0; i < path->count && !err; i++)
		err = check_signature_algorithm(path->cert[i], e);
	for (size_t i = 1; i <= path->count && !err; i++) {
		bool is_anchor = i == path->count;
		const struct sts_cert *ca = is_anchor ? path->anchor : path->cert[i];

		err = check_ca(now_s, ca, is_anchor, below, e);
		for (size_t j = 0; j < i && !err; j++)
			if (j == 0 || !path->cert[j]->self_issued)
				err = sts_cert_names_constraints(ca, path->cert[j], e);
		below += !ca->self_issued;
	}
	return err;
}
