/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a TLS connection failed, in words: what the server did and what was due. The words are ours;
 * nothing that the server sent is quoted.
 */
#ifndef STS_TLS_EXPLAIN_H
#define STS_TLS_EXPLAIN_H

#include "base/error.h"
#include "tls/client.h"

/* The detail of an error about a broken rule is this number plus the number of the check
 * (docs/tls.md). The detail of an error about an alert is the alert, which is a smaller number. */
#define STS_TLS_DETAIL_CHECK 1000

/*
 * Explain a failure of one of these kinds: a broken rule, an alert, no random bytes, the client's
 * key, or a bug. The caller explains the other kinds, since only it knows their reasons.
 * Returns the error that e has: STS_ETLS, STS_ETLS_VERSION, STS_ETLS_REFUSED, STS_ETLS_NAME,
 * STS_ETLS_ALPN, STS_ETLS_RENEGOTIATION, STS_ECERT_KEY_USAGE, STS_ECLIENT_CERT or STS_EBUG.
 */
enum sts_err sts_tls_explain(const struct sts_tls_client *c, struct sts_error *e);

/* In TLS 1.2: has the client sent all its messages of the handshake? The server then judges them,
 * and what the client offered was enough. */
static inline bool sts_tls12_is_judged(const struct sts_tls_client *c)
{
	return c->facts.version == STS_TLS_VERSION_12 &&
	       c->records.out_keys.aead != STS_TLS_AEAD_NONE;
}

/*
 * Fail because the server asked for a client certificate, and ended the connection without an alert
 * where it judges the certificate: in TLS 1.2 before its Finished, in TLS 1.3 before the first byte
 * of its answer. In TLS 1.3, a server refuses the client certificate only after the client's last
 * message (RFC 8446 section 4.4.2.4).
 */
enum sts_err sts_tls_probably_refused(const struct sts_tls_client *c, struct sts_error *e);

#endif
