/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate verifier: our own br_x509_class around BearSSL's validator br_x509_minimal. It
 * buffers the chain, reads the chain with our DER reader, finds the anchors, puts the chain in
 * order (it tries paths of about STS_VERIFIER_CHECKS_MAX certificates together), and applies our
 * rules. Only then does it feed the ordered path to br_x509_minimal, with a NULL name. Our rules
 * and br_x509_minimal must both accept the path: our rules never replace the checks of signatures
 * and of the path that br_x509_minimal makes.
 *
 * The rules:
 *   - Only the subjectAltName counts for the server's name.
 *   - The extended key usage is absent, or has serverAuth or any. This holds for CAs too.
 *   - The server's certificate is not a CA's, unless the user has pinned it, which means that it is
 *     itself an anchor.
 *   - Name constraints hold for DNS names and IP addresses.
 *   - Every certificate is valid now, and so is the anchor.
 *   - The chain has at most 10 certificates and 64 KiB.
 *   - RSA keys have 2048 to 4096 bits, and signatures use SHA-2.
 *   - No extension appears twice, and every critical extension is understood.
 *   - No key identifier is critical.
 *
 * The name of an issuer is compared with the subject of an anchor by sts_dn_equal(). Between two
 * certificates of the chain, br_x509_minimal requires that the two names have the same bytes.
 *
 * Some servers send their chain upside down. So not every first certificate is the server's. The
 * first of these rules that fits says which certificate is the server's:
 *   1. The first certificate, if it has a subjectAltName and is itself an anchor.
 *   2. The first certificate that is not a CA's.
 *   3. The first certificate.
 * The handshake proves that the server has the key of the certificate that was chosen.
 *
 * The CA sources are read when the chain has ended, while the connection is open. A sandbox must
 * allow pread(2), and for directories openat(2), fstat(2), getdents64(2), lseek(2) and close(2).
 */
#ifndef STS_TRUST_VERIFIER_H
#define STS_TRUST_VERIFIER_H

#include <bearssl.h>

#include "trust/anchors.h"
#include "trust/rules.h"

#define STS_CHAIN_MAX_BYTES (64 * 1024)
/* The certificates of all paths that are tried. Each of them costs a check of a signature. They are
 * eight of the longest paths, or 40 paths with one intermediate. */
#define STS_VERIFIER_CHECKS_MAX 80
/* The CA sources are searched so often for one chain, each time for STS_ANCHORS_MAX anchors. */
#define STS_VERIFIER_SEARCHES_MAX 4

struct sts_verifier {
	const br_x509_class *vtable; /* must come first: BearSSL's convention */
	/* set by sts_verifier_init() */
	const struct sts_ca_sources *sources;
	struct sts_server_name server;
	int64_t now_s;
	/* private */
	size_t chain_used, cert_start;
	size_t cert_count;
	bool too_many, too_big;
	bool trusted;
	/* out */
	struct sts_error error; /* why the chain was refused; its code is STS_OK otherwise */
	/* The path that was accepted. After a failure its count is 0, and only cert[0] is set: the
	 * server's certificate, or NULL if the chain could not be read or has none. */
	struct sts_cert_path path;
	/* private */
	struct sts_anchors anchors;
	br_x509_minimal_context minimal;
	uint8_t chain[STS_CHAIN_MAX_BYTES];
	/* While the chain arrives, only the member der is set. The other members are set when the
	 * chain has ended. */
	struct sts_cert cert[STS_CHAIN_MAX_CERTS];
};

/*
 * Set up a verifier for one connection. The struct is large, and belongs in static memory.
 *   sources  in  must outlive the verifier
 *   server   in  copied, but the bytes of server->dns must outlive the verifier
 *   now_s    in  the node's clock, seconds since the epoch
 * Returns STS_OK, or STS_EBUG when the server's name is empty.
 */
enum sts_err sts_verifier_init(struct sts_verifier *v, const struct sts_ca_sources *sources,
			       const struct sts_server_name *server, int64_t now_s,
			       struct sts_error *e);

/*
 * Verify a chain in one call, as the TLS client does while it reads the Certificate message. Tests
 * use it.
 *   chain  in  UNTRUSTED; DER certificates as the server sent them
 * Returns STS_OK, STS_ECERT_* or STS_ECA_FILE; v->error has the same code with its message.
 */
enum sts_err sts_verifier_run(struct sts_verifier *v, const struct sts_der *chain, size_t count);

/* Returns the CA file or directory that has the anchor of the path that was accepted; NULL after a
 * failure. */
const struct sts_ca_source *sts_verifier_anchor_source(const struct sts_verifier *v);

/* The key of a certificate, in BearSSL's form. Its kind must not be STS_KEY_OTHER. The bytes of the
 * key stay where they are. */
br_x509_pkey sts_verifier_public_key(const struct sts_cert *cert);

#endif
