/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in certificates. There are two questions. Is a certificate valid for the name of a server
 * (RFC 6125, RFC 9525)? Only the subjectAltName counts, never the common name. Do the name
 * constraints of a CA allow a certificate below the CA (RFC 5280 section 4.2.1.10)? The functions
 * are pure, so that a test can call them without a chain.
 */
#ifndef STS_TRUST_CERT_NAMES_H
#define STS_TRUST_CERT_NAMES_H

#include "trust/cert.h"

/* The name of the server that we want to talk to. */
struct sts_server_name {
	bool is_ip;
	uint8_t ip[16];
	size_t ip_len;        /* 4 or 16 */
	struct sts_slice dns; /* lower case, no trailing dot */
};

/*
 * Does a DNS name of a certificate match a host name? The case of ASCII letters makes no
 * difference.
 *   pattern  in  UNTRUSTED; its leftmost label may be the wildcard *, with at least two labels
 *                after it
 *   host     in  UNTRUSTED
 */
bool sts_cert_names_match_dns(struct sts_slice pattern, struct sts_slice host);

/* Check that a certificate is valid for the server's name. Returns STS_OK; STS_ECERT_NAME, with the
 * names of the certificate in the message; STS_ECERT_MALFORMED. */
enum sts_err sts_cert_names_check(const struct sts_cert *cert, const struct sts_server_name *server,
				  struct sts_error *e);

/*
 * Apply the name constraints of a CA to the names of a certificate below the CA. Constraints on DNS
 * names and on IP addresses are applied to the subjectAltName. This program cannot apply
 * constraints on names of other kinds, such as e-mail addresses. So it refuses a certificate that
 * has a name of a constrained kind in its subjectAltName or in its subject. Where the certificate
 * has no name of that kind, the constraint does not concern it.
 * Returns STS_OK, STS_ECERT_CONSTRAINT or STS_ECERT_MALFORMED.
 */
enum sts_err sts_cert_names_constraints(const struct sts_cert *ca, const struct sts_cert *below,
					struct sts_error *e);

#endif
