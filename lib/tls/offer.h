/* SPDX-License-Identifier: Apache-2.0 */
/* What the client offers, as tables, and the ClientHello that is made of them (RFC 8446 section
 * 4.1.2, RFC 5246 section 7.4.1.2). */
#ifndef STS_TLS_OFFER_H
#define STS_TLS_OFFER_H

#include "tls/handshake.h"

#define STS_TLS_SUITES       9
#define STS_TLS_UNCOMPRESSED 0 /* the only form of points */

/* The extensions of RFC 8446 section 4.2 and, for TLS 1.2, of RFC 8422, 7301, 7627, 5746 and 6066
 * that the client uses. */
enum {
	STS_TLS_EXT_SERVER_NAME,
	STS_TLS_EXT_GROUPS,
	STS_TLS_EXT_POINT_FORMATS,
	STS_TLS_EXT_SCHEMES,
	STS_TLS_EXT_ALPN,
	STS_TLS_EXT_EXTENDED_MASTER,
	STS_TLS_EXT_VERSIONS,
	STS_TLS_EXT_COOKIE,
	STS_TLS_EXT_CERTIFICATE_SCHEMES,
	STS_TLS_EXT_KEY_SHARE,
	STS_TLS_EXT_RENEGOTIATION,
	STS_TLS_EXTENSIONS,
};

/* Where a server may put an extension. */
enum {
	STS_TLS_IN_HELLO_12 = 1,
	STS_TLS_IN_HELLO_13 = 2,
	STS_TLS_IN_RETRY = 4,
	STS_TLS_IN_ENCRYPTED = 8,
	STS_TLS_IN_REQUEST = 16,
	STS_TLS_IN_TICKET = 32,
};

struct sts_tls_extension {
	uint16_t type;
	uint8_t places; /* STS_TLS_IN_* */
};

extern const struct sts_tls_extension sts_tls_extensions[STS_TLS_EXTENSIONS];

/* The place of an extension with a type of IANA's registry; STS_TLS_EXTENSIONS for one that the
 * client does not use. */
int sts_tls_find_extension(size_t type);

/* The suites, the preferred first. */
extern const struct sts_tls_suite sts_tls_suites[STS_TLS_SUITES];

/* The name of IANA's registry for a suite that the client offers, as in "TLS_AES_128_GCM_SHA256";
 * NULL for another. */
const char *sts_tls_suite_name(uint16_t suite);

/* Is the version offered? A release always offers both. */
bool sts_tls_offers_tls12(void);
bool sts_tls_offers_tls13(void);

/* Was the extension in the ClientHello, or may the server send it without an offer? */
bool sts_tls_is_offered(const struct sts_tls_client *c, int extension);

/*
 * Check an extension of a message whose extensions need no offer: CertificateRequest and
 * NewSessionTicket. One that the client does not know is ignored (RFC 8446 section 4.2).
 *   place  in      STS_TLS_IN_REQUEST or STS_TLS_IN_TICKET
 *   seen   in/out  the known ones that the message had until now; 0 at its start
 */
bool sts_tls_take_extension(struct sts_tls_client *c, size_t type, int place, uint32_t *seen);

/* The group at a place of the list of groups; NULL behind the last one. */
const struct sts_tls_group *sts_tls_group_at(size_t place);

/* The group with an id of IANA's registry, when it was offered; else NULL. */
const struct sts_tls_group *sts_tls_offered_group(uint32_t id);

/* The scheme with an id of IANA's registry, when it was offered; else NULL. */
const struct sts_tls_scheme *sts_tls_offered_scheme(uint16_t id);

/* The one protocol that is offered by ALPN (RFC 7301). */
const char *sts_tls_offered_alpn(void);

/*
 * Send a ClientHello.
 *   cookie  in  of the HelloRetryRequest, in the body of c->messages; empty for none
 */
bool sts_tls_send_hello(struct sts_tls_client *c, struct sts_tls_reader cookie);

#endif
