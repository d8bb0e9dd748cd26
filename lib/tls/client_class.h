/* SPDX-License-Identifier: Apache-2.0 */
/* The client certificate for BearSSL's TLS engine. */
#ifndef STS_TLS_CLIENT_CLASS_H
#define STS_TLS_CLIENT_CLASS_H

#include <bearssl.h>

#include "tls/client_key.h"

/* The class that BearSSL calls when a server asks for a client certificate. */
struct sts_client_class {
	const br_ssl_client_certificate_class *vtable; /* BearSSL wants it as the first member */
	const struct sts_client_key *key;              /* the caller's; NULL when there is none */
	bool asked;                                    /* the server asked for a certificate */
	bool sent;                                     /* the certificate was sent to the server */
};

/*
 * Set up the class.
 *   key  in  must outlive *auth; with NULL, a server that asks gets an empty list of certificates
 *            (RFC 5246 section 7.4.6)
 */
void sts_client_class_init(struct sts_client_class *auth, const struct sts_client_key *key);

#endif
