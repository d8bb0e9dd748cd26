/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our rules for a chain whose order is known: time, names, purpose, CA flags, path lengths, name
 * constraints, and algorithms. They are those of RFC 5280 section 6.1 without policies and
 * revocation, and of RFC 9525 for the name. BearSSL checks the signatures, and checks most of the
 * rest a second time (verifier.h). The functions are pure. Every certificate is UNTRUSTED, except
 * for the anchor.
 */
#ifndef STS_TRUST_RULES_H
#define STS_TRUST_RULES_H

#include "trust/cert.h"
#include "trust/cert_names.h"

#define STS_CHAIN_MAX_CERTS  10
#define STS_RSA_KEY_MIN_BITS 2048
#define STS_RSA_KEY_MAX_BITS 4096

/* A path: the server's certificate comes first, and the issuer of each certificate follows it. The
 * anchor is the issuer of the last certificate, and is not in the array. */
struct sts_cert_path {
	const struct sts_cert *cert[STS_CHAIN_MAX_CERTS];
	size_t count;
	const struct sts_cert *anchor; /* in a path of the verifier, one of anchors.cert */
	bool pinned;                   /* the anchor is the server's certificate itself */
};

/*
 * Check the rules for the server's own certificate, which do not depend on its issuer: critical
 * extensions, time, key, name, purpose, and that it is not a CA's certificate unless it is pinned.
 *   now_s  in  the node's clock, seconds since the epoch
 * Returns STS_OK, or the STS_ECERT_* of the first rule that is broken.
 */
enum sts_err sts_rules_server(const struct sts_cert *cert, bool pinned,
			      const struct sts_server_name *server, int64_t now_s,
			      struct sts_error *e);

/*
 * Check the rules for the certificates above the server's, and for the anchor, in a path that is
 * not pinned: the signature algorithms, each CA, and the name constraints of each CA for the
 * certificates below it.
 * Returns STS_OK, or the STS_ECERT_* of the first rule that is broken.
 */
enum sts_err sts_rules_path(const struct sts_cert_path *path, int64_t now_s, struct sts_error *e);

/*
 * Check that a certificate is valid at this time, seconds since the epoch. The message has the
 * certificate's name, its limit and the time.
 * Returns STS_OK, STS_ECERT_NOTYET or STS_ECERT_EXPIRED.
 */
enum sts_err sts_rules_time(const struct sts_cert *cert, int64_t now_s, struct sts_error *e);

/* Fail as sts_fail() does, with a message that begins with `certificate "NAME" `. */
enum sts_err sts_rules_fail(struct sts_error *e, enum sts_err code, const struct sts_cert *cert,
			    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
