/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate verifier: our own br_x509_class around BearSSL's minimal validator. It buffers
 * the chain, reads it with our DER reader, finds the anchors, orders the chain (at most
 * STS_VERIFIER_PATHS_MAX candidate paths), applies every rule of ours, and only then feeds the
 * ordered path to br_x509_minimal with a NULL name. Both must say yes: ours never replaces
 * minimal's signatures and path logic.
 *
 * Rules: SAN only; EKU absent or serverAuth or any, in CAs too; no CA as server unless it is the
 * pinned anchor; name constraints enforced for DNS and IP; anchors must be valid now; at most 10
 * certificates and 64 KiB; RSA 2048 to 4096; no duplicate extension; no critical one that is not
 * understood; SHA-2 only.
 *
 * Names: an anchor's subject is compared with an issuer as sts_dn_equal() does; between two
 * certificates of the chain minimal wants the same bytes.
 *
 * The first certificate is the server's, unless it is a CA's: then the first that is none (some
 * servers send their chain upside down). A CA's with a subjectAltName that is itself an anchor
 * stays the server's. The handshake proves the key of the one that was taken.
 *
 * Reads the CA sources in end_chain, while the connection stands: a sandbox must let it pread(2),
 * and for directories openat(2), fstat(2), getdents64(2), lseek(2) and close(2).
 */
#ifndef STS_TRUST_VERIFIER_H
#define STS_TRUST_VERIFIER_H

#include <bearssl.h>

#include "trust/anchors.h"
#include "trust/rules.h"

#define STS_CHAIN_MAX_BYTES    (64 * 1024)
#define STS_VERIFIER_PATHS_MAX 8

struct sts_verifier {
	const br_x509_class *vtable; /* first: BearSSL's convention */
	/* set by sts_verifier_init() */
	const struct sts_ca_sources *sources;
	struct sts_server_name server;
	int64_t now_s;
	/* out */
	struct sts_error error; /* why the chain was refused; code is STS_OK when it was not */
	/* private */
	struct sts_anchors anchors;
	br_x509_minimal_context minimal;
	uint8_t chain[STS_CHAIN_MAX_BYTES];
	size_t chain_used, cert_start;
	struct sts_cert cert[STS_CHAIN_MAX_CERTS]; /* der is set while the chain comes in, the rest
						      at its end */
	size_t cert_count;
	bool too_many, too_big;
	bool trusted;
};

/*
 * Set up for one connection. The struct is large: static memory of the worker, or of a test.
 *   sources  in  kept; must outlive the verifier
 *   server   in  copied; the DNS slice is kept. An empty name is refused (STS_EBUG).
 *   now_s    in  the local clock, seconds since the epoch, not before 1970
 */
enum sts_err sts_verifier_init(struct sts_verifier *v, const struct sts_ca_sources *sources,
			       const struct sts_server_name *server, int64_t now_s,
			       struct sts_error *e);

/*
 * Verify a chain without a socket: what the TLS engine does, in one call.
 *   chain  in  DER certificates as the server sent them, UNTRUSTED
 * Returns STS_OK or STS_ECERT_*, STS_ECA_FILE; v->error has the same with its message.
 */
enum sts_err sts_verifier_run(struct sts_verifier *v, const struct sts_der *chain, size_t count);

#endif
