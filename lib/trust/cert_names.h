/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in certificates: does this certificate stand for that server (RFC 6125, RFC 9525: SAN only,
 * never CN), and does a CA's name constraints allow it (RFC 5280 section 4.2.1.10, DNS and IP).
 * Pure functions, so that a test can drive them without a chain.
 */
#ifndef STS_TRUST_CERT_NAMES_H
#define STS_TRUST_CERT_NAMES_H

#include "trust/cert.h"

/* Whom we want to talk to. */
struct sts_server_name {
	bool is_ip;
	uint8_t ip[16];
	size_t ip_len;        /* 4 or 16 */
	struct sts_slice dns; /* lower case, no trailing dot */
};

/* One left-most wildcard label, at least two labels after it; comparison ignores ASCII case. Both
 * UNTRUSTED. */
bool sts_cert_names_match_dns(struct sts_slice pattern, struct sts_slice host);

/* Returns STS_OK; STS_ECERT_NAME with the names that the certificate has; STS_ECERT_MALFORMED. */
enum sts_err sts_cert_names_check(const struct sts_cert *cert, const struct sts_server_name *server,
				  struct sts_error *e);

/*
 * Apply one CA's name constraints to all DNS and IP SANs of a certificate below it. A constraint of
 * another kind that is relevant to a name in the certificate (or cannot be judged, when the
 * extension is critical) refuses the chain: never ignored. Returns STS_OK, STS_ECERT_CONSTRAINT,
 * STS_ECERT_MALFORMED.
 */
enum sts_err sts_cert_names_constraints(const struct sts_cert *ca, const struct sts_cert *below,
					struct sts_error *e);

#endif
