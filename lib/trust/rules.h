/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our rules for a chain whose order is known: time, names, purpose, CA flags, path lengths, name
 * constraints, algorithms (RFC 5280 section 6.1 without policies and revocation; RFC 9525 for the
 * name). Signatures are BearSSL's part, and so is a second look at most of this: see verifier.h.
 * Pure functions. Every certificate is UNTRUSTED, the anchor's content excepted.
 */
#ifndef STS_TRUST_RULES_H
#define STS_TRUST_RULES_H

#include "trust/cert.h"
#include "trust/cert_names.h"

#define STS_CHAIN_MAX_CERTS  10
#define STS_RSA_KEY_MIN_BITS 2048
#define STS_RSA_KEY_MAX_BITS 4096

/* A path: the server's certificate first, each issued by the next; the anchor stands apart. */
struct sts_cert_path {
	const struct sts_cert *cert[STS_CHAIN_MAX_CERTS];
	size_t count;
	const struct sts_cert *anchor;
	bool pinned; /* the anchor is the server's certificate itself */
};

/*
 * The rules for the server's own certificate, whoever issued it: critical extensions, time, key,
 * name, purpose, and that it is no CA's unless it is pinned.
 * Returns STS_OK or the STS_ECERT_* of the first rule that is not kept.
 */
enum sts_err sts_rules_server(const struct sts_cert *cert, bool pinned,
			      const struct sts_server_name *server, int64_t now_s,
			      struct sts_error *e);

/*
 * The rules for what stands above the server's certificate in a path that is not pinned, the anchor
 * included, and for what each CA's constraints mean for those below it.
 * Returns STS_OK or the STS_ECERT_* of the first rule that is not kept.
 */
enum sts_err sts_rules_path(const struct sts_cert_path *path, int64_t now_s, struct sts_error *e);

/* Like sts_fail(), the message beginning with `certificate "NAME" `. */
enum sts_err sts_rules_fail(struct sts_error *e, enum sts_err code, const struct sts_cert *cert,
			    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
