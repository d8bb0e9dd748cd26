/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier.h"

#include <arpa/inet.h>

#include "certs/certs.h"
#include "test.h"

/*
 * A chain as the server sends it, the bundle, whom we want, the clock, and the verdict. The
 * certificates come from tests/certs/make_certs.py. says: a part of the message, where it matters.
 */
struct verdict {
	const char *chain, *anchors, *host;
	enum sts_err code;
	const char *says;
	int64_t offset_s; /* of the clock, from TEST_NOW_S */
};

#define HOST "sts.example.com"

static const struct verdict paths[] = {
	{"leaf inter", "root", HOST, STS_OK},
	{"leaf-root", "root", HOST, STS_OK},
	{"leaf inter root", "root", HOST, STS_OK},
	{"leaf-deep deep inter", "root", HOST, STS_OK},
	/* out of order, strangers */
	{"leaf root inter", "root", HOST, STS_OK},
	{"leaf-deep root inter deep", "root", HOST, STS_OK},
	{"root inter leaf", "root", HOST, STS_OK},
	{"inter leaf", "root", HOST, STS_OK},
	{"leaf other-root inter", "root", HOST, STS_OK},
	{"leaf stranger inter", "root", HOST, STS_OK},
	{"leaf leaf inter inter", "root", HOST, STS_OK},
	{"stranger leaf inter", "root", HOST, STS_ECERT_ISSUER, "issuer \"Other Root\""},
	/* an anchor in the middle, several bundles' worth of anchors */
	{"leaf", "inter", HOST, STS_OK},
	{"leaf inter", "other-root root", HOST, STS_OK},
	{"leaf inter", "root root root", HOST, STS_OK},
	/* no trusted chain */
	{"leaf", "root", HOST, STS_ECERT_ISSUER,
	 "no trust anchor for issuer \"Intermediate\"; searched 1 certificates in test-ca.pem"},
	{"leaf inter", "other-root", HOST, STS_ECERT_ISSUER, "issuer \"Root\""},
	{"leaf inter root", "other-root", HOST, STS_ECERT_ISSUER,
	 "self-signed and not trusted: \"Root\""},
	{"leaf other-root", "other-root", HOST, STS_ECERT_ISSUER, "issuer \"Intermediate\""},
	{"self", "root", HOST, STS_ECERT_ISSUER, "self-signed and not trusted: \"Self\""},
	{"leaf inter", "root-expired other-root", HOST, STS_ECERT_ISSUER,
	 "\"Root\" (one of that name has expired or is not yet valid)"},
	{"leaf inter", "root-future other-root", HOST, STS_ECERT_ISSUER, "not yet valid"},
	{"leaf inter", "root-expired root-future root", HOST, STS_OK},
	{"leaf inter", "root-expired", HOST, STS_ECA_FILE, "test-ca.pem: no usable certificate: 1"},
	/* cross-signed, renewed */
	{"leaf inter cross-other", "other-root", HOST, STS_OK},
	{"leaf cross-other inter", "root", HOST, STS_OK},
	{"leaf inter-expired inter", "root", HOST, STS_OK},
	{"leaf inter-expired cross-other", "root other-root", HOST, STS_OK},
	{"leaf cross-expired inter", "root other-root", HOST, STS_OK},
	{"leaf inter-expired", "root", HOST, STS_ECERT_EXPIRED, "certificate \"Intermediate\""},
	{"leaf inter-future", "root", HOST, STS_ECERT_NOTYET, "certificate \"Intermediate\""},
	{"leaf inter", "namesake-root root", HOST, STS_OK},
	{"leaf inter", "namesake-root", HOST, STS_ECERT_SIGNATURE,
	 "certificate \"Intermediate\" is not signed by the trust anchor"},
	{"leaf inter-expired", "namesake-root root", HOST, STS_ECERT_EXPIRED, NULL},
	{"leaf-renewed", "renewed-old renewed-new", HOST, STS_OK},
	{"leaf-renewed", "renewed-old", HOST, STS_ECERT_SIGNATURE, NULL},
	/* of more namesakes than are tried, the one with the right key identifier is first */
	{"leaf-renewed",
	 "renewed-wrong0 renewed-wrong1 renewed-wrong2 renewed-wrong3 renewed-wrong4 "
	 "renewed-wrong5 "
	 "renewed-wrong6 renewed-wrong7 renewed-wrong8 renewed-new",
	 HOST, STS_OK},
	{"leaf-wrong-key-id",
	 "renewed-wrong0 renewed-wrong1 renewed-wrong2 renewed-wrong3 renewed-wrong4 "
	 "renewed-wrong5 "
	 "renewed-wrong6 renewed-wrong7 renewed-wrong8 renewed-new",
	 HOST, STS_ECERT_SIGNATURE, NULL},
	{"leaf-wrong-key-id", "renewed-new", HOST, STS_OK},
	{"leaf-wrong-key-id", "renewed-old renewed-new", HOST, STS_OK},
	/* spelling of names: forgiven for an anchor; between certificates BearSSL wants the same
	   bytes */
	{"leaf-spelled", "spelled-root", HOST, STS_OK},
	{"leaf-respelled", "inter", HOST, STS_OK},
	{"leaf-respelled inter", "root", HOST, STS_ECERT_ISSUER, NULL},
	{"leaf-longer-name", "spelled-root", HOST, STS_ECERT_ISSUER, NULL},
	/* mazes end */
	{"leaf-maze maze0 maze1 maze2 maze3 maze4 maze5 maze6 maze7 maze8", "root", HOST,
	 STS_ECERT_ISSUER, NULL},
	{"leaf-maze maze0 maze1 maze2 maze3 maze4", "maze5", HOST, STS_OK},
};

static const struct verdict pinned[] = {
	{"self", "self", HOST, STS_OK},
	{"self-ca", "self-ca", HOST, STS_OK},
	{"self-ca inter", "root self-ca", HOST, STS_OK},
	{"leaf", "leaf", HOST, STS_OK},
	{"leaf inter", "leaf", HOST, STS_OK},
	{"leaf-server", "leaf-server", HOST, STS_OK},
	{"self-sha1", "self-sha1", HOST, STS_OK}, /* nobody looks at that signature */
	{"self", "self", "other.example.com", STS_ECERT_NAME, NULL},
	{"self-client", "self-client", HOST, STS_ECERT_PURPOSE, NULL},
	{"self-expired", "self-expired root", HOST, STS_ECERT_EXPIRED, "certificate \"Self\""},
	{"self-small", "self-small", HOST, STS_ECERT_ALGORITHM, NULL},
	{"self-again", "self", HOST, STS_ECERT_CA, NULL},
	{"self-ca", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-ca inter", "root leaf-ca", HOST, STS_OK},
};

static const struct verdict names[] = {
	{"leaf inter", "root", "other.example.com", STS_ECERT_NAME,
	 "other.example.com is not among the certificate's names: DNS:sts.example.com"},
	{"leaf inter", "root", "example.com", STS_ECERT_NAME, NULL},
	{"leaf inter", "root", "sts.example.com.evil.example", STS_ECERT_NAME, NULL},
	{"leaf-cn inter", "root", HOST, STS_ECERT_NAME,
	 "the certificate \"sts.example.com\" has no subjectAltName (its common name does not "
	 "count)"},
	{"leaf-cn-other-san inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-empty-san inter", "root", HOST, STS_ECERT_NAME, "names: none"},
	{"leaf-critical-san inter", "root", HOST, STS_OK},
	{"leaf-upper inter", "root", HOST, STS_OK},
	{"leaf-second inter", "root", HOST, STS_OK},
	{"leaf-single inter", "root", "sts", STS_OK},
	{"leaf-trailing-dot inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-nul inter", "root", HOST, STS_ECERT_NAME, "DNS:sts.example.com\\x00.evil.example"},
	{"leaf-nul-end inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-uri-only inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-email-only inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-dns-constructed inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-many inter", "root", HOST, STS_ECERT_NAME, "DNS:n4.example.com, and 3 more"},
	{"leaf-hostile inter", "root", HOST, STS_ECERT_NAME, "DNS:\\x1B[2J\\x0D\\x0Asts %s%n"},
	/* wildcards */
	{"leaf-wildcard inter", "root", HOST, STS_OK},
	{"leaf-wildcard-upper inter", "root", HOST, STS_OK},
	{"leaf-wildcard inter", "root", "a.sts.example.com", STS_ECERT_NAME, NULL},
	{"leaf-wildcard inter", "root", "example.com", STS_ECERT_NAME, NULL},
	{"leaf-wildcard-tld inter", "root", "example.com", STS_ECERT_NAME, NULL},
	{"leaf-wildcard-partial inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-wildcard-inner inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-wildcard-only inter", "root", "sts", STS_ECERT_NAME, NULL},
	{"leaf-wildcard-double inter", "root", HOST, STS_ECERT_NAME, NULL},
	/* addresses */
	{"leaf-ip4 inter", "root", "10.0.0.1", STS_OK},
	{"leaf-ip4 inter", "root", "10.0.0.2", STS_ECERT_NAME,
	 "10.0.0.2 is not among the certificate's names: IP:10.0.0.1"},
	{"leaf-ip6 inter", "root", "2001:db8::1", STS_OK},
	{"leaf-ip6 inter", "root", "2001:db8::2", STS_ECERT_NAME, "IP:2001:db8::1"},
	{"leaf-ip-mapped inter", "root", "10.0.0.1", STS_ECERT_NAME, NULL},
	{"leaf-ip-short inter", "root", "10.0.0.1", STS_ECERT_NAME, "IP:?"},
	{"leaf-ip-as-dns inter", "root", "10.0.0.1", STS_ECERT_NAME, "DNS:10.0.0.1"},
	{"leaf-ip6-as-dns inter", "root", "2001:db8::1", STS_ECERT_NAME, NULL},
	{"leaf-ip-wildcard inter", "root", "10.0.0.1", STS_ECERT_NAME, NULL},
	{"leaf-cn-ip inter", "root", "10.0.0.1", STS_ECERT_NAME, NULL},
	{"leaf-ip4 inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf inter", "root", "10.0.0.1", STS_ECERT_NAME, NULL},
};

static const struct verdict purposes[] = {
	{"leaf-server inter", "root", HOST, STS_OK},
	{"leaf-server-critical inter", "root", HOST, STS_OK},
	{"leaf-any inter", "root", HOST, STS_OK},
	{"leaf-client inter", "root", HOST, STS_ECERT_PURPOSE, "lacks serverAuth"},
	{"leaf-client-critical inter", "root", HOST, STS_ECERT_PURPOSE, NULL},
	{"leaf-client-cn inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-empty-eku inter", "root", HOST, STS_ECERT_MALFORMED, "bad extKeyUsage"},
	{"leaf-signs inter", "root", HOST, STS_OK},
	{"leaf-encipher inter", "root", HOST, STS_ECERT_PURPOSE, "digitalSignature"},
	{"leaf-by-code inter-code", "root", HOST, STS_ECERT_PURPOSE, "certificate \"Code CA\""},
	{"leaf-by-code-root", "root-code", HOST, STS_ECERT_PURPOSE, "certificate \"Code Root\""},
	{"leaf-by-server inter-server", "root", HOST, STS_OK},
};

static const struct verdict authorities[] = {
	{"leaf-ca inter", "root", HOST, STS_ECERT_CA, "is a CA's (CA:TRUE), not a server's"},
	{"leaf-not-ca inter", "root", HOST, STS_OK},
	{"leaf-not-ca-path inter", "root", HOST, STS_OK},
	{"leaf-by-no-bc inter-no-bc", "root", HOST, STS_ECERT_CA, "is no CA's"},
	{"leaf-by-ca-false inter-ca-false", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-no-cert-sign inter-no-cert-sign", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-no-bc", "root-no-bc", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-ca-false", "root-ca-false", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-no-cert-sign", "root-no-cert-sign", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-plain inter-plain-bc", "root", HOST, STS_OK},
	{"leaf-by-v1", "root-v1", HOST, STS_OK},
	{"leaf-by-inter-v1 inter-v1", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-zero", "root-zero", HOST, STS_OK},
	{"leaf-zero-inter inter-below-zero", "root-zero", HOST, STS_ECERT_CA,
	 "certificate \"Zero root\" may have 0 CAs below it, and has 1"},
	/* a namesake's wrong signature says less than what the real one has to say */
	{"leaf-zero-inter inter-below-zero", "namesake-zero root-zero", HOST, STS_ECERT_CA, NULL},
	{"leaf-zero-inter inter-below-zero", "root-zero namesake-zero", HOST, STS_ECERT_CA, NULL},
	{"leaf-zero-inter inter-below-zero", "namesake-zero", HOST, STS_ECERT_SIGNATURE, NULL},
	{"leaf-inter-zero inter-zero", "root", HOST, STS_OK},
	{"leaf-below-inter-zero inter-below-inter-zero inter-zero", "root", HOST, STS_ECERT_CA,
	 NULL},
	{"leaf-one inter-one", "root-one", HOST, STS_OK},
};

static const struct verdict times[] = {
	{"leaf-expired inter", "root", HOST, STS_ECERT_EXPIRED,
	 "certificate \"STS\" expired at 2025-12-31T00:00:00Z; the local clock says "
	 "2026-01-01T00:00:00Z"},
	{"leaf-future inter", "root", HOST, STS_ECERT_NOTYET,
	 "certificate \"STS\" is valid only from 2026-01-02T00:00:00Z on; the local clock says "
	 "2026-01-01T00:00:00Z"},
	{"leaf inter", "root", HOST, STS_OK, NULL, 30 * TEST_DAY_S},
	{"leaf inter", "root root-future", HOST, STS_ECA_FILE, NULL, 30 * TEST_DAY_S + 1},
	{"leaf inter", "root", HOST, STS_OK, NULL, -30 * TEST_DAY_S},
	{"leaf-moment inter", "root", HOST, STS_OK},
	{"leaf-moment inter", "root", HOST, STS_ECERT_EXPIRED, NULL, 1},
	{"leaf-moment inter", "root", HOST, STS_ECERT_NOTYET, NULL, -1},
	{"leaf-centuries inter", "root", HOST, STS_OK},
	{"leaf-time-fraction inter", "root", HOST, STS_ECERT_MALFORMED, "bad validity"},
	{"leaf-time-zone inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-time-short inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-time-february inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-time-minute inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
};

static const struct verdict constraints[] = {
	{"leaf-nc-permit nc-permit", "root", HOST, STS_OK},
	{"leaf-nc-permit-exact nc-permit-exact", "root", HOST, STS_OK},
	{"leaf-nc-permit-upper nc-permit-upper", "root", HOST, STS_OK},
	{"leaf-nc-permit-dot nc-permit-dot", "root", HOST, STS_OK},
	{"leaf-nc-permit-dot-self nc-permit-dot-self", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-permit-other nc-permit-other", "root", HOST, STS_ECERT_CONSTRAINT,
	 "the name constraints of CA \"Constrained permit-other\" do not allow "
	 "DNS:sts.example.com"},
	{"leaf-nc-permit-suffix nc-permit-suffix", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-permit-ip-only nc-permit-ip-only", "root", HOST, STS_OK},
	{"leaf-nc-permit-second-name nc-permit-second-name", "root", HOST, STS_ECERT_CONSTRAINT,
	 "DNS:sts.example.org"},
	{"leaf-nc-exclude nc-exclude", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-exclude-all nc-exclude-all", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-exclude-other nc-exclude-other", "root", HOST, STS_OK},
	{"leaf-nc-exclude-dot nc-exclude-dot", "root", HOST, STS_OK},
	{"leaf-nc-exclude-inside nc-exclude-inside", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-exclude-wildcard nc-exclude-wildcard", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-exclude-wildcard-deeper nc-exclude-wildcard-deeper", "root", HOST, STS_OK},
	{"leaf-nc-permit-wildcard nc-permit-wildcard", "root", HOST, STS_OK},
	{"leaf-nc-permit-wildcard-part nc-permit-wildcard-part", "root", HOST, STS_ECERT_CONSTRAINT,
	 NULL},
	{"leaf-nc-exclude-trailing-dot nc-exclude-trailing-dot", "root", HOST, STS_ECERT_CONSTRAINT,
	 "cannot be read"},
	{"leaf-nc-ip-permit nc-ip-permit", "root", "10.0.0.1", STS_OK},
	{"leaf-nc-ip-permit-other nc-ip-permit-other", "root", "10.0.0.1", STS_ECERT_CONSTRAINT,
	 "IP:10.0.0.1"},
	{"leaf-nc-ip-permit-v6-only nc-ip-permit-v6-only", "root", "10.0.0.1", STS_ECERT_CONSTRAINT,
	 NULL},
	{"leaf-nc-ip-exclude nc-ip-exclude", "root", "10.0.0.1", STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-ip-exclude-other nc-ip-exclude-other", "root", "10.0.0.1", STS_OK},
	{"leaf-nc-ip-exclude-all nc-ip-exclude-all", "root", "10.0.0.1", STS_ECERT_CONSTRAINT,
	 NULL},
	{"leaf-nc-ip6-permit nc-ip6-permit", "root", "2001:db8::1", STS_OK},
	{"leaf-nc-ip6-permit-other nc-ip6-permit-other", "root", "2001:db8::1",
	 STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-ip-dns-permit nc-ip-dns-permit", "root", "10.0.0.1", STS_OK},
	/* kinds that we don't judge */
	{"leaf-nc-dir nc-dir", "root", HOST, STS_ECERT_CONSTRAINT, "cannot be judged"},
	{"leaf-nc-email nc-email", "root", HOST, STS_OK},
	{"leaf-nc-email-name nc-email-name", "root", HOST, STS_ECERT_CONSTRAINT,
	 "cannot be judged for names of another kind"},
	{"leaf-nc-email-subject nc-email", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-uri nc-uri", "root", HOST, STS_OK},
	{"leaf-nc-uri-name nc-uri-name", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-other nc-other", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	/* what cannot be read */
	{"leaf-nc-empty nc-empty", "root", HOST, STS_ECERT_CONSTRAINT, "cannot be read"},
	{"leaf-nc-maximum nc-maximum", "root", HOST, STS_ECERT_CONSTRAINT, "cannot be read"},
	{"leaf-nc-minimum nc-minimum", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-trailing nc-trailing", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-mask nc-mask", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-mask-short nc-mask-short", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-unknown-kind nc-unknown-kind", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-many nc-many", "root", HOST, STS_OK},
	{"leaf-nc-many-names nc-many", "root", "n1.example.com", STS_ECERT_CONSTRAINT,
	 "so many names"},
	/* not critical, in the anchor, two CAs above */
	{"leaf-nc-loose nc-loose", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-root", "nc-root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-below nc-below nc-permit", "root", HOST, STS_OK},
	{"leaf-nc-below-other nc-below nc-permit", "root", "sts.example.org", STS_ECERT_CONSTRAINT,
	 NULL},
};

static const struct verdict extensions[] = {
	{"leaf-unknown-critical inter", "root", HOST, STS_ECERT_MALFORMED,
	 "has a critical extension that this program does not know: 1.3.6.1.4.1.99999.1"},
	{"leaf-unknown inter", "root", HOST, STS_OK},
	{"leaf-policies-critical inter", "root", HOST, STS_OK},
	{"leaf-distribution-points inter", "root", HOST, STS_OK},
	{"leaf-by-policy inter-policy", "root", HOST, STS_ECERT_MALFORMED, "2.5.29.36"},
	{"leaf-by-unknown-root", "root-unknown", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-twice inter", "root", HOST, STS_ECERT_MALFORMED,
	 "certificate \"STS\": the same extension twice"},
	{"leaf-unknown-twice inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-two-sans inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-32-extensions inter", "root", HOST, STS_OK},
	{"leaf-33-extensions inter", "root", HOST, STS_ECERT_LIMIT, "more than 32 extensions"},
	{"leaf-boolean inter", "root", HOST, STS_ECERT_MALFORMED, "bad basicConstraints"},
};

static const struct verdict algorithms[] = {
	{"leaf-by-rsa2048", "root-rsa2048", HOST, STS_OK},
	{"leaf-by-rsa2049", "root-rsa2049", HOST, STS_OK},
	{"leaf-by-rsa3072", "root-rsa3072", HOST, STS_OK},
	{"leaf-by-rsa4096", "root-rsa4096", HOST, STS_OK},
	{"leaf-rsa2048 inter", "root", HOST, STS_OK},
	{"leaf-rsa2049 inter", "root", HOST, STS_OK},
	{"leaf-rsa3072 inter", "root", HOST, STS_OK},
	{"leaf-rsa4096 inter", "root", HOST, STS_OK},
	{"leaf-rsa-e17 inter", "root", HOST, STS_OK},
	{"leaf-rsa-e1 inter", "root", HOST, STS_ECERT_MALFORMED, "bad RSA key"},
	{"leaf-by-e1", "root-e1 root", HOST, STS_ECERT_ISSUER, NULL},
	{"leaf-rsa1024 inter", "root", HOST, STS_ECERT_ALGORITHM,
	 "certificate \"STS\" has an RSA key of 1024 bits: only 2048 to 4096 are accepted"},
	{"leaf-rsa2047 inter", "root", HOST, STS_ECERT_ALGORITHM, "2047"},
	{"leaf-rsa4097 inter", "root", HOST, STS_ECERT_ALGORITHM, "4097"},
	{"leaf-by-rsa1024", "root-rsa1024", HOST, STS_ECERT_ALGORITHM, "certificate \"RSA 1024\""},
	{"leaf-by-rsa2047", "root-rsa2047", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-by-rsa4097", "root-rsa4097", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-by-inter-rsa1024 inter-rsa1024", "root", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-by-inter-rsa4097 inter-rsa4097", "root", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-rsa-sha512", "root-rsa2048", HOST, STS_OK},
	{"leaf-rsa-sha1", "root-rsa2048", HOST, STS_ECERT_ALGORITHM,
	 "is signed with RSA with SHA-1, which this program does not accept"},
	{"leaf-rsa-sha224", "root-rsa2048", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-ecdsa-sha512 inter", "root", HOST, STS_OK},
	{"leaf-ecdsa-sha1 inter", "root", HOST, STS_ECERT_ALGORITHM, "ECDSA with SHA-1"},
	{"leaf-ecdsa-sha224 inter", "root", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf inter-sha1", "root", HOST, STS_ECERT_ALGORITHM, "certificate \"Intermediate\""},
	{"leaf inter", "root-sha1", HOST, STS_OK}, /* an anchor's own signature says nothing */
	{"leaf-by-P-384", "root-P-384", HOST, STS_OK},
	{"leaf-by-P-384-sha256", "root-P-384", HOST, STS_OK},
	{"leaf-by-P-521", "root-P-521", HOST, STS_OK},
	{"leaf-P-384 inter", "root", HOST, STS_OK},
	{"leaf-P-521 inter", "root", HOST, STS_OK},
	{"leaf-secp256k1 inter", "root", HOST, STS_ECERT_ALGORITHM, "EC on another curve"},
	{"leaf-by-secp256k1", "root-secp256k1", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-ed25519 inter", "root", HOST, STS_ECERT_ALGORITHM, "has a key for Ed25519"},
	{"leaf-pss inter", "root", HOST, STS_ECERT_ALGORITHM, "RSA-PSS"},
	{"leaf-strange inter", "root", HOST, STS_ECERT_ALGORITHM, "an unknown algorithm"},
	{"leaf-signed-ed25519 inter", "root", HOST, STS_ECERT_ALGORITHM, "is signed with Ed25519"},
	{"leaf-signed-pss inter", "root", HOST, STS_ECERT_ALGORITHM, "is signed with RSA-PSS"},
	{"leaf-signed-strange inter", "root", HOST, STS_ECERT_ALGORITHM, NULL},
	{"leaf-by-ed25519", "root-ed25519", HOST, STS_ECERT_ALGORITHM, NULL},
};

static const struct verdict damage[] = {
	{"bad-signature inter", "root", HOST, STS_ECERT_SIGNATURE, "wrong signature"},
	{"bad-serial inter", "root", HOST, STS_ECERT_SIGNATURE, NULL},
	{"leaf bad-inter-signature", "root", HOST, STS_ECERT_SIGNATURE, NULL},
	{"leaf bad-inter-signature inter", "root", HOST, STS_OK},
	{"bad-signature", "inter", HOST, STS_ECERT_SIGNATURE, NULL},
	{"leaf bad-inter", "root", HOST, STS_ECERT_ISSUER, NULL},
	{"", "root", HOST, STS_ECERT_MALFORMED, "no certificate"},
	{"bad-empty", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"bad-text", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"bad-trailing inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"bad-truncated inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf inter bad-truncated", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"bad-inner-algorithm inter", "root", HOST, STS_ECERT_MALFORMED, "bad signature algorithm"},
	{"bad-tail inter", "root", HOST, STS_ECERT_MALFORMED, "trailing bytes"},
	{"bad-point inter", "root", HOST, STS_ECERT_MALFORMED, "bad EC point"},
	{"bad-version inter", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"bad-version-4 inter", "root", HOST, STS_ECERT_MALFORMED, "bad version"},
	/* how much */
	{"leaf filler0 filler1 filler2 filler3 filler4 filler5 filler6 filler7 inter", "root", HOST,
	 STS_OK},
	{"leaf filler0 filler1 filler2 filler3 filler4 filler5 filler6 filler7 inter root", "root",
	 HOST, STS_ECERT_LIMIT, "more than 10 certificates"},
	{"leaf inter big0 big1 big2 big3", "root", HOST, STS_OK},
	{"leaf inter big0 big1 big2 big3 big4", "root", HOST, STS_ECERT_LIMIT, "over 64 KiB"},
};

static struct sts_verifier verifier;

static struct sts_server_name server_name(const char *host)
{
	struct sts_server_name server = {.dns = sts_slice_of(host)};

	if (inet_pton(AF_INET, host, server.ip) == 1)
		server.ip_len = 4;
	else if (inet_pton(AF_INET6, host, server.ip) == 1)
		server.ip_len = 16;
	server.is_ip = server.ip_len > 0;
	return server;
}

static void check_one(const struct verdict *c)
{
	int failures = sts_test_failures;
	struct sts_ca_sources sources;
	struct sts_server_name server = server_name(c->host);
	struct sts_der chain[16];
	size_t count = test_cert_list(c->chain, chain, 16);
	const br_x509_class *const *class = &verifier.vtable;
	unsigned usages = 0;

	sts_ca_sources_init(&sources);
	test_ca_source(&sources, c->anchors);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S + c->offset_s, NULL),
		  STS_OK);
	CHECK((*class)->get_pkey(class, &usages) == NULL);
	CHECK_STR(sts_error_info(sts_verifier_run(&verifier, chain, count))->name,
		  sts_error_info(c->code)->name);
	CHECK_INT(verifier.error.code, c->code);
	CHECK(((*class)->get_pkey(class, &usages) != NULL) == (c->code == STS_OK));
	CHECK(c->code != STS_OK || (usages & BR_KEYTYPE_SIGN));
	CHECK((verifier.error.msg[0] != '\0') == (c->code != STS_OK));
	CHECK(!c->says || strstr(verifier.error.msg, c->says));
	for (const char *p = verifier.error.msg; *p; p++)
		CHECK(*p >= ' ' && *p <= '~');
	sts_ca_sources_fini(&sources);
	if (sts_test_failures != failures)
		printf("# in: %s | %s | %s | %s\n", c->chain, c->anchors, c->host,
		       verifier.error.msg);
}

#define TABLE(name) \
	static void check_##name(void) \
	{ \
		for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) \
			check_one(&name[i]); \
	}

TABLE(paths)
TABLE(pinned)
TABLE(names)
TABLE(purposes)
TABLE(authorities)
TABLE(times)
TABLE(constraints)
TABLE(extensions)
TABLE(algorithms)
TABLE(damage)

/* As the engine calls it: bytes come in pieces, and the object is used again. */
static void pieces_give_the_same(void)
{
	const br_x509_class **class = &verifier.vtable;
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;
	struct sts_der chain[2];

	test_cert_list("leaf inter", chain, 2);
	sts_ca_sources_init(&sources);
	test_ca_source(&sources, "root");
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL), STS_OK);
	for (size_t size = 1; size < 1000; size = size * 3 + 1) {
		(*class)->start_chain(class, "ignored.example");
		for (size_t i = 0; i < 2; i++) {
			(*class)->start_cert(class, (uint32_t)chain[i].len);
			for (size_t at = 0; at < chain[i].len; at += size)
				(*class)->append(class, chain[i].data + at,
						 chain[i].len - at < size ? chain[i].len - at
									  : size);
			(*class)->end_cert(class);
		}
		CHECK_INT((*class)->end_chain(class), 0);
		CHECK((*class)->get_pkey(class, NULL) != NULL);
		/* a chain that is begun takes the trust away */
		(*class)->start_chain(class, NULL);
		CHECK((*class)->get_pkey(class, NULL) == NULL);
		CHECK((*class)->end_chain(class) != 0);
	}
	sts_ca_sources_fini(&sources);
}

/* The key is the server's, of whatever kind. */
static void key_is_the_servers(void)
{
	static const struct {
		const char *chain;
		unsigned char type;
		int curve;
		size_t len;
	} keys[] = {
		{"leaf inter", BR_KEYTYPE_EC, BR_EC_secp256r1, 65},
		{"root inter leaf", BR_KEYTYPE_EC, BR_EC_secp256r1, 65},
		{"leaf-P-384 inter", BR_KEYTYPE_EC, BR_EC_secp384r1, 97},
		{"leaf-P-521 inter", BR_KEYTYPE_EC, BR_EC_secp521r1, 133},
		{"leaf-rsa4096 inter", BR_KEYTYPE_RSA, 0, 512},
	};
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;

	sts_ca_sources_init(&sources);
	test_ca_source(&sources, "root");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct sts_der chain[4];
		size_t count = test_cert_list(keys[i].chain, chain, 4);
		const br_x509_pkey *key;

		CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL),
			  STS_OK);
		CHECK_INT(sts_verifier_run(&verifier, chain, count), STS_OK);
		key = verifier.vtable->get_pkey((const br_x509_class *const *)&verifier.vtable,
						NULL);
		CHECK(key && key->key_type == keys[i].type);
		if (!key)
			continue;
		if (keys[i].type == BR_KEYTYPE_RSA) {
			CHECK_INT(key->key.rsa.nlen, keys[i].len);
			continue;
		}
		CHECK_INT(key->key.ec.curve, keys[i].curve);
		CHECK_INT(key->key.ec.qlen, keys[i].len);
	}
	sts_ca_sources_fini(&sources);
}

static void empty_name_is_refused(void)
{
	struct sts_server_name server = {.dns = {"", 0}};
	struct sts_ca_sources sources;
	struct sts_error e;

	sts_ca_sources_init(&sources);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, &e), STS_EBUG);
	server = (struct sts_server_name){.is_ip = true, .ip_len = 0};
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, &e), STS_EBUG);
}

static void no_bundle_is_an_error(void)
{
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;
	struct sts_der chain[2];

	test_cert_list("leaf inter", chain, 2);
	sts_ca_sources_init(&sources);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL), STS_OK);
	CHECK_INT(sts_verifier_run(&verifier, chain, 2), STS_ECA_FILE);
}

static const struct sts_test tests[] = {
	{"paths", check_paths},
	{"pinned", check_pinned},
	{"names", check_names},
	{"purposes", check_purposes},
	{"authorities", check_authorities},
	{"times", check_times},
	{"constraints", check_constraints},
	{"extensions", check_extensions},
	{"algorithms", check_algorithms},
	{"damage", check_damage},
	{"pieces give the same", pieces_give_the_same},
	{"the key is the server's", key_is_the_servers},
	{"an empty name is refused", empty_name_is_refused},
	{"no bundle is an error", no_bundle_is_an_error},
};

STS_TEST_MAIN(tests)
