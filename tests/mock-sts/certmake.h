/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates (RFC 5280), made here so that a demo or a test needs no other program: a CA's, a
 * server's, and the self-signed certificate of a signing key. tests/certs/make_certs.py makes
 * certificates that are wrong on purpose.
 */
#ifndef MOCK_CERTMAKE_H
#define MOCK_CERTMAKE_H

#include "key.h"

#define MOCK_CERT_BYTES 4096
#define MOCK_SANS_MAX   16

struct mock_cert_request {
	const char *cn;
	const char *dns[MOCK_SANS_MAX],
		*ip[MOCK_SANS_MAX]; /* subject alternative names; IP in text */
	size_t dns_count, ip_count;
	bool ca;
	bool server_auth;
	const uint8_t *serial; /* NULL: random */
	size_t serial_len;
	int64_t not_before_s, not_after_s;
};

/* A CA to sign with. Its Name is as it stands in its certificate. */
struct mock_issuer {
	uint8_t name[1024];
	size_t name_len;
	struct mock_public_key pub;
};

/* The subject of a CA's certificate. Returns false if this is not a certificate. */
bool mock_issuer_read(struct mock_issuer *issuer, const uint8_t *der, size_t len,
		      const struct mock_public_key *pub);

/*
 * Make a certificate.
 *   pub     in   the key that it is for
 *   issuer  in   NULL: self-signed
 *   signer  in   the issuer's key
 * Returns its length; 0 if it does not fit, an IP cannot be read, or signing failed.
 */
size_t mock_cert_make(const struct mock_cert_request *request, const struct mock_public_key *pub,
		      const struct mock_issuer *issuer, const struct mock_signer *signer,
		      uint8_t *out, size_t size);

#endif
