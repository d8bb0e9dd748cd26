/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier must say: a chain as the server sends it, the bundle, whom we want, the
 * verdict, a part of the message where it matters, and the clock. The certificates come from
 * make_certs.py. test_verifier.c drives the verifier with them, without a socket; tests/trust/
 * reads these tables too and serves every chain over TLS to the program.
 */
#ifndef STS_TEST_VERDICTS_H
#define STS_TEST_VERDICTS_H

#include "certs/certs.h"

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
	{"leaf inter", "root-expired", HOST, STS_ECERT_EXPIRED,
	 "CA file test-ca.pem: certificate \"Root\" expired at 2025-12-31T00:00:00Z; the node's "
	 "clock "
	 "says 2026-01-01T00:00:00Z"},
	{"leaf inter", "root-future", HOST, STS_ECERT_NOTYET,
	 "CA file test-ca.pem: certificate \"Root\" is valid only from 2026-01-02T00:00:00Z on; "
	 "the "
	 "node's clock says 2026-01-01T00:00:00Z"},
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
	/* of many namesakes each is tried */
	{"leaf-renewed",
	 "renewed-wrong0 renewed-wrong1 renewed-wrong2 renewed-wrong3 renewed-wrong4 "
	 "renewed-wrong5 "
	 "renewed-wrong6 renewed-wrong7 renewed-wrong8 renewed-new",
	 HOST, STS_OK},
	{"leaf-wrong-key-id",
	 "renewed-wrong0 renewed-wrong1 renewed-wrong2 renewed-wrong3 renewed-wrong4 "
	 "renewed-wrong5 "
	 "renewed-wrong6 renewed-wrong7 renewed-wrong8 renewed-new",
	 HOST, STS_OK},
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
	{"inter leaf", "leaf", HOST, STS_OK}, /* upside down */
	{"leaf-server", "leaf-server", HOST, STS_OK},
	{"self-sha1", "self-sha1", HOST, STS_OK}, /* nobody looks at that signature */
	{"self", "self", "other.example.com", STS_ECERT_NAME, NULL},
	{"self-client", "self-client", HOST, STS_ECERT_PURPOSE, NULL},
	{"self-expired", "self-expired root", HOST, STS_ECERT_EXPIRED, "certificate \"Self\""},
	{"self-small", "self-small", HOST, STS_ECERT_ALGORITHM, NULL},
	{"self-again", "self", HOST, STS_ECERT_CA, NULL},
	{"self-ca", "root", HOST, STS_ECERT_ISSUER,
	 "self-signed and not trusted: \"Self\"; searched"},
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
	{"leaf-encipher inter", "root", HOST, STS_ECERT_KEY_USAGE, "digitalSignature"},
	{"leaf-by-code inter-code", "root", HOST, STS_ECERT_PURPOSE, "certificate \"Code CA\""},
	{"leaf-by-code-root", "root-code", HOST, STS_ECERT_PURPOSE, "certificate \"Code Root\""},
	{"leaf-by-server inter-server", "root", HOST, STS_OK},
};

static const struct verdict authorities[] = {
	{"leaf-ca inter", "root", HOST, STS_ECERT_CA, "is a CA's (CA:TRUE), not a server's"},
	{"leaf-not-ca inter", "root", HOST, STS_OK},
	{"leaf-not-ca-path inter", "root", HOST, STS_OK},
	{"leaf-by-no-bc inter-no-bc", "root", HOST, STS_ECERT_CA, "is not a CA"},
	{"leaf-by-ca-false inter-ca-false", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-no-cert-sign inter-no-cert-sign", "root", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-no-bc", "root-no-bc", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-ca-false", "root-ca-false", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-root-no-cert-sign", "root-no-cert-sign", HOST, STS_ECERT_CA, NULL},
	{"leaf-by-plain inter-plain-bc", "root", HOST, STS_OK},
	{"leaf-by-v1", "root-v1", HOST, STS_OK},
	{"leaf-by-inter-v1 inter-v1", "root", HOST, STS_ECERT_CA, NULL},
	/* only a root of version 1 is a CA without saying so */
	{"leaf-by-inter-v1", "inter-v1", HOST, STS_ECERT_CA, NULL},
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
	 "certificate \"STS\" expired at 2025-12-31T00:00:00Z; the node's clock says "
	 "2026-01-01T00:00:00Z"},
	{"leaf-future inter", "root", HOST, STS_ECERT_NOTYET,
	 "certificate \"STS\" is valid only from 2026-01-02T00:00:00Z on; the node's clock says "
	 "2026-01-01T00:00:00Z"},
	{"leaf inter", "root", HOST, STS_OK, NULL, 30 * TEST_DAY_S},
	{"leaf inter", "root root-future", HOST, STS_ECERT_EXPIRED,
	 "CA file test-ca.pem: certificate \"Root\" expired at 2026-01-31T00:00:00Z; the node's "
	 "clock "
	 "says 2026-01-31T00:00:01Z",
	 30 * TEST_DAY_S + 1},
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
	{"leaf-nc-dir-empty-subject nc-dir", "root", HOST, STS_OK},
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
	{"leaf-nc-one-byte-more nc-one-byte-more", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-two-dots nc-two-dots", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-mask nc-mask", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-mask-short nc-mask-short", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-unknown-kind nc-unknown-kind", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-kind-9 nc-kind-9", "root", HOST, STS_ECERT_CONSTRAINT, "cannot be read"},
	{"leaf-nc-kind-8 nc-kind-8", "root", HOST, STS_OK},
	{"leaf-nc-no-kind nc-no-kind", "root", HOST, STS_ECERT_CONSTRAINT, "cannot be read"},
	{"leaf-nc-many nc-many", "root", HOST, STS_OK},
	{"leaf-nc-many-names nc-many", "root", "n1.example.com", STS_ECERT_CONSTRAINT,
	 "so many names"},
	/* not critical, in the anchor, two CAs above */
	{"leaf-nc-loose nc-loose", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-root", "nc-root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-below nc-below nc-permit", "root", HOST, STS_OK},
	{"leaf-nc-below-other nc-below nc-permit", "root", "sts.example.org", STS_ECERT_CONSTRAINT,
	 NULL},
	/* with the issuer's name: a CA's certificate is exempt, a server's is not */
	{"leaf-nc-again nc-again nc-permit", "root", HOST, STS_OK},
	{"leaf-nc-named nc-named nc-permit", "root", HOST, STS_ECERT_CONSTRAINT,
	 "DNS:ca.example.org"},
	{"leaf-nc-own-name nc-permit", "root", "sts.example.org", STS_ECERT_CONSTRAINT,
	 "DNS:sts.example.org"},
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

static const struct verdict encodings[] = {
	/* strings in names */
	{"leaf-t61 inter", "root", HOST, STS_OK},
	{"leaf-bmp inter", "root", HOST, STS_OK},
	{"leaf-by-t61 inter-t61", "root", HOST, STS_OK},
	{"leaf-by-printable inter-printable", "root", HOST, STS_OK},
	{"leaf-by-bmp inter-bmp", "root", HOST, STS_OK},
	{"leaf-empty-subject inter", "root", HOST, STS_OK},
	{"leaf-set-subject inter", "root", HOST, STS_OK},
	/* serial numbers: any is let pass, since nothing depends on it */
	{"leaf-serial-negative inter", "root", HOST, STS_OK},
	{"leaf-serial-zero inter", "root", HOST, STS_OK},
	{"leaf-serial-20 inter", "root", HOST, STS_OK},
	{"leaf-serial-21 inter", "root", HOST, STS_OK},
	{"leaf-serial-40 inter", "root", HOST, STS_OK},
	{"leaf-serial-padded inter", "root", HOST, STS_OK},
	/* years of two digits end in 2049 */
	{"leaf-until-utc-2049 inter", "root", HOST, STS_OK},
	{"leaf-until-general-2050 inter", "root", HOST, STS_OK},
	{"leaf-until-general-2049 inter", "root", HOST, STS_OK},
	{"leaf-until-9999 inter", "root", HOST, STS_OK},
	{"leaf-since-1950 inter", "root", HOST, STS_OK},
	{"leaf-since-1949 inter", "root", HOST, STS_OK},
	{"leaf-until-utc-1950 inter", "root", HOST, STS_ECERT_EXPIRED, NULL},
	{"leaf-backwards inter", "root", HOST, STS_ECERT_NOTYET, NULL},
	/* parameters of algorithms, and defaults that are written out */
	{"leaf-rsa-signature-bare", "root-rsa2048", HOST, STS_OK},
	{"leaf-rsa-key-bare inter", "root", HOST, STS_OK},
	{"leaf-ecdsa-null inter", "root", HOST, STS_OK},
	{"leaf-by-pss-signature", "root-rsa2048", HOST, STS_ECERT_ALGORITHM,
	 "is signed with RSA-PSS"},
	{"leaf-explicit-false inter", "root", HOST, STS_OK},
	{"leaf-explicit-not-critical inter", "root", HOST, STS_OK},
	{"leaf-usage-padded inter", "root", HOST, STS_OK},
	{"leaf-key-id-by-serial inter", "root", HOST, STS_OK},
	{"leaf-usage-empty inter", "root", HOST, STS_ECERT_KEY_USAGE, NULL},
	{"leaf-bare inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-v1 inter", "root", HOST, STS_ECERT_NAME, "no subjectAltName"},
	/* names */
	{"leaf-underscore inter", "root", "my_sts.example.com", STS_OK},
	{"leaf-punycode inter", "root", "xn--bcher-kva.example.com", STS_OK},
	{"leaf-wildcard inter", "root", "xn--bcher-kva.example.com", STS_OK},
	{"leaf-wildcard-punycode inter", "root", "xn--bcher-kva.example.com", STS_ECERT_NAME, NULL},
	{"leaf-hundred inter", "root", HOST, STS_OK},
	{"leaf-hundred inter", "root", "other.example.com", STS_ECERT_NAME, "and 95 more"},
	{"leaf-mixed inter", "root", HOST, STS_OK},
	{"leaf-mixed inter", "root", "10.0.0.1", STS_OK},
	{"leaf-mixed inter", "root", "2001:db8::1", STS_OK},
	{"leaf-single-wildcard inter", "root", "sts", STS_ECERT_NAME, NULL},
	{"leaf-empty-dns inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-space inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-dot inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-leading-dot inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-port inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-url inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-wildcard-sub inter", "root", HOST, STS_ECERT_NAME, NULL},
	{"leaf-long-label inter", "root",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com", STS_OK},
	{"leaf-wildcard-sub inter", "root", "a.sts.example.com", STS_OK},
	{"leaf-ip6-mapped-host inter", "root", "10.0.0.1", STS_ECERT_NAME, NULL},
	{"leaf-ip6-mapped-host inter", "root", "::ffff:10.0.0.1", STS_OK},
	/* as public CAs issue them */
	{"leaf-web inter-web", "root", HOST, STS_OK},
	{"leaf-must-staple inter", "root", HOST, STS_OK},
	{"leaf-precertificate inter", "root", HOST, STS_ECERT_MALFORMED, "1.3.6.1.4.1.11129.2.4.3"},
	/* usages and purposes */
	{"leaf-rsa-usual inter", "root", HOST, STS_OK},
	{"leaf-rsa-encipher inter", "root", HOST, STS_ECERT_KEY_USAGE, NULL},
	{"leaf-agree inter", "root", HOST, STS_ECERT_KEY_USAGE, NULL},
	{"leaf-non-repudiation inter", "root", HOST, STS_OK},
	{"leaf-by-eku-client inter-eku-client", "root", HOST, STS_ECERT_PURPOSE, "\"EKU client\""},
	{"leaf-by-eku-any inter-eku-any", "root", HOST, STS_OK},
	{"leaf-by-eku-code-server inter-eku-code-server", "root", HOST, STS_OK},
	{"leaf-any-client-critical inter", "root", HOST, STS_OK},
	{"leaf-code inter", "root", HOST, STS_ECERT_PURPOSE, NULL},
	{"leaf-by-no-usage-inter inter-no-usage", "root", HOST, STS_OK},
	{"leaf-by-no-usage-root", "root-no-usage", HOST, STS_OK},
	/* path lengths */
	{"leaf-ladder ladder8 ladder7 ladder6 ladder5 ladder4 ladder3 ladder2 ladder1 ladder0",
	 "root", HOST, STS_OK},
	{"leaf-ladder ladder0 ladder1 ladder2 ladder3 ladder4 ladder5 ladder6 ladder7 ladder8",
	 "root", HOST, STS_OK},
	{"leaf-ladder ladder8 ladder7 ladder6 ladder5 ladder4 ladder3 ladder2 ladder1", "root",
	 HOST, STS_ECERT_ISSUER, "\"Ladder 0\""},
	{"leaf-roll roll-new", "roll-old", HOST, STS_OK},
	{"leaf-roll", "roll-new", HOST, STS_OK},
	{"leaf-one-two inter-one-two inter-one-one", "root-one", HOST, STS_ECERT_CA, NULL},
	/* name constraints */
	{"leaf-nc-ip6-exclude nc-ip6-exclude", "root", "2001:db8::1", STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-ip6-exclude-other nc-ip6-exclude-other", "root", "2001:db8::1", STS_OK},
	{"leaf-nc-ip-permit-exact nc-ip-permit-exact", "root", "10.0.0.1", STS_OK},
	{"leaf-nc-ip-permit-beside nc-ip-permit-beside", "root", "10.0.0.1", STS_ECERT_CONSTRAINT,
	 NULL},
	{"leaf-nc-ip-both nc-ip-both", "root", HOST, STS_OK},
	{"leaf-nc-ip-both nc-ip-both", "root", "10.0.0.1", STS_OK},
	{"leaf-nc-ip-second nc-ip-second", "root", HOST, STS_ECERT_CONSTRAINT, NULL},
	{"leaf-nc-two nc-two", "root", HOST, STS_OK},
	{"leaf-nc-carved nc-carved", "root", HOST, STS_OK},
	/* algorithms */
	{"leaf-rsa8192 inter", "root", HOST, STS_ECERT_ALGORITHM, "8192"},
	{"leaf-by-rsa8192", "root-rsa8192", HOST, STS_ECERT_ALGORITHM, "8192"},
	{"leaf-rsa-md5", "root-rsa2048", HOST, STS_ECERT_ALGORITHM, "RSA with MD5"},
	{"leaf-rsa-sha384", "root-rsa2048", HOST, STS_OK},
	{"leaf-by-P-521-sha256", "root-P-521", HOST, STS_OK},
	{"leaf-p224 inter", "root", HOST, STS_ECERT_ALGORITHM, "EC on another curve"},
	{"leaf-p192 inter", "root", HOST, STS_ECERT_ALGORITHM, "EC on another curve"},
	{"leaf-brainpool inter", "root", HOST, STS_ECERT_ALGORITHM, "EC on another curve"},
	{"leaf-dsa inter", "root", HOST, STS_ECERT_ALGORITHM, "DSA"},
	{"leaf-ed448 inter", "root", HOST, STS_ECERT_ALGORITHM, "Ed448"},
	{"leaf-large inter", "root", HOST, STS_OK},
	{"big4", "other-root", HOST, STS_OK},
};

static const struct verdict duties[] = {
	/* key identifiers, which must not be critical */
	{"leaf-critical-aki inter", "root", HOST, STS_ECERT_MALFORMED,
	 "critical key identifier, which RFC 5280 forbids"},
	{"leaf-critical-ski inter", "root", HOST, STS_ECERT_MALFORMED,
	 "critical key identifier, which RFC 5280 forbids"},
	{"leaf-by-critical-aki inter-critical-aki", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-by-critical-ski inter-critical-ski", "root", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-by-root-critical-aki", "root-critical-aki", HOST, STS_ECERT_MALFORMED, NULL},
	{"leaf-by-root-critical-ski", "root-critical-ski", HOST, STS_ECERT_MALFORMED, NULL},
	/* a CA must have a name */
	{"leaf-by-empty-subject inter-empty-subject", "root", HOST, STS_OK},
	{"leaf-by-root-empty-subject", "root-empty-subject", HOST, STS_OK},
	/* keyCertSign needs CA:TRUE; a serial number must be positive */
	{"leaf-cert-sign inter", "root", HOST, STS_OK},
	{"leaf-by-serial-negative inter-serial-negative", "root", HOST, STS_OK},
	/* a self-issued CA does not count for the path length of the anchor, and for BearSSL it
	 * does for that of an intermediate */
	{"leaf-roll-below roll-below-new roll-below-old", "root", HOST, STS_ECERT_CA,
	 "too long a path"},
	/* there is no list of public suffixes */
	{"leaf-wildcard-public-suffix inter", "root", "sts.co.uk", STS_OK},
	{"leaf-wildcard-public-suffix inter", "root", "co.uk", STS_ECERT_NAME},
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

#endif
