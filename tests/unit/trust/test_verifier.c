/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/verifier.h"

#include <arpa/inet.h>

#include "certs/certs.h"
#include "certs/verdicts.h"
#include "test.h"

/* The longest chain: a server's certificate and nine CAs. */
#define LADDER "leaf-ladder ladder8 ladder7 ladder6 ladder5 ladder4 ladder3 ladder2 ladder1 ladder0"

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
	CHECK_INT(verifier.error.code, STS_OK);
	CHECK_STR(sts_error_info(sts_verifier_run(&verifier, chain, count)).name,
		  sts_error_info(c->code).name);
	CHECK_INT(verifier.error.code, c->code);
	CHECK(((*class)->get_pkey(class, &usages) != NULL) == (c->code == STS_OK));
	CHECK(c->code != STS_OK || (usages & BR_KEYTYPE_SIGN));
	CHECK((verifier.error.msg[0] != '\0') == (c->code != STS_OK));
	/* The detail is BearSSL's error; there is none when our rules have refused the chain. */
	CHECK(verifier.error.detail == 0 || verifier.error.detail > BR_ERR_X509_OK);
	CHECK(!c->says || strstr(verifier.error.msg, c->says));
	CHECK(verifier.chain_used <= sizeof(verifier.chain));
	CHECK(verifier.cert_count <= STS_CHAIN_MAX_CERTS);
	CHECK(verifier.minimal.trust_anchors == NULL && verifier.minimal.trust_anchors_num == 0);
	for (const char *p = verifier.error.msg; *p; p++)
		CHECK(*p >= ' ' && *p <= '~');
	test_close_sources(&sources);
	if (sts_test_failures != failures)
		printf("# in: %s | %s | %s | %s\n", c->chain, c->anchors, c->host,
		       verifier.error.msg);
}

/* Chains for the order of the search, and for whole messages. */
static const struct verdict searches[] = {
	/* an issuer that led to nothing below one certificate is tried below the next one */
	{"leaf-deep deep-expired deep inter", "root", HOST, STS_OK},
	/* of two failures the first one is told */
	{"leaf inter-expired inter-future", "root", HOST, STS_ECERT_EXPIRED},
	{"leaf inter-future inter-expired", "root", HOST, STS_ECERT_NOTYET},
	/* a CA's certificate with a subjectAltName is the server's only if it is an anchor */
	{"nc-again leaf-nc-again nc-permit", "root", HOST, STS_OK},
	{"nc-again nc-permit leaf-nc-again", "nc-permit", HOST, STS_OK},
	{"leaf-ca leaf inter", "leaf-ca", HOST, STS_OK},
	{"leaf-ca leaf inter", "root leaf-ca", HOST, STS_OK},
	{"leaf-ca inter", "other-root", HOST, STS_ECERT_CA, "certificate \"STS\" is a CA's"},
	{"bad-signature inter", "root", HOST, STS_ECERT_SIGNATURE,
	 "certificate \"STS\" comes with a chain that has a wrong signature"},
	{"leaf inter", "namesake-root", HOST, STS_ECERT_SIGNATURE,
	 "certificate \"Intermediate\" is not signed by the trust anchor that has its issuer's "
	 "name: \"Root\"; searched 1 certificates in test-ca.pem"},
	{"bad-truncated inter leaf", "root", HOST, STS_ECERT_MALFORMED},
	/* what BearSSL alone refuses */
	{"bad-unused-bits inter", "root", HOST, STS_ECERT_MALFORMED,
	 "certificate \"STS\" or its issuer is malformed (BearSSL error 44)"},
	{"leaf-signed-by-rsa inter", "root", HOST, STS_ECERT_SIGNATURE,
	 "certificate \"STS\" comes with a chain that has a signature of another key's kind"},
	{"leaf-critical-notice inter", "root", HOST, STS_ECERT_MALFORMED,
	 "certificate \"STS\" or its issuer has a critical extension that this program does not "
	 "judge"},
};

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
TABLE(encodings)
TABLE(duties)
TABLE(damage)
TABLE(searches)

/* The engine gives the bytes in pieces and uses the object again. */
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
		/* after a chain has begun, the earlier chain is not trusted any more */
		(*class)->start_chain(class, NULL);
		CHECK((*class)->get_pkey(class, NULL) == NULL);
		CHECK((*class)->end_chain(class) != 0);
	}
	test_close_sources(&sources);
}

/* The reason, which the TLS client makes an alert of. */
static void reason_for_the_alert(void)
{
	static const struct {
		const char *chain, *host;
		unsigned reason;
	} rows[] = {
		{"leaf inter", HOST, 0},
		{"leaf inter-expired", HOST, BR_ERR_X509_EXPIRED},
		{"leaf", HOST, BR_ERR_X509_NOT_TRUSTED},
		{"leaf inter", "other.example", BR_ERR_X509_INVALID_VALUE},
	};
	const br_x509_class **class = &verifier.vtable;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_server_name server = server_name(rows[i].host);
		struct sts_ca_sources sources;
		struct sts_der chain[2];
		size_t count = test_cert_list(rows[i].chain, chain, 2);

		sts_ca_sources_init(&sources);
		test_ca_source(&sources, "root");
		CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL),
			  STS_OK);
		for (size_t n = 0; n < count; n++) {
			(*class)->start_cert(class, (uint32_t)chain[n].len);
			(*class)->append(class, chain[n].data, chain[n].len);
			(*class)->end_cert(class);
		}
		CHECK_INT((*class)->end_chain(class), rows[i].reason);
		test_close_sources(&sources);
	}
}

/* The key that is handed out is the server's, of whatever kind. */
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
		/* a second run forgets the first one */
		CHECK_INT(sts_verifier_run(&verifier, chain, count), STS_OK);
		CHECK_INT(sts_verifier_run(&verifier, chain, count), STS_OK);
		CHECK_INT(verifier.cert_count, count);
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
	test_close_sources(&sources);
}

static void empty_name_is_refused(void)
{
	struct sts_server_name server = {.dns = {"", 0}};
	struct sts_ca_sources sources;
	struct sts_error e;

	sts_ca_sources_init(&sources);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, &e), STS_EBUG);
	CHECK_INT(e.detail, 0);
	server = server_name("a");
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, &e), STS_OK);
	for (uint8_t len = 0; len <= 16; len++) {
		server = (struct sts_server_name){.is_ip = true, .ip_len = len};
		CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, &e),
			  len == 4 || len == 16 ? STS_OK : STS_EBUG);
	}
}

/* A clock before 1970 is read as the begin of 1970. */
static void clock_is_not_negative(void)
{
	static const int64_t clocks[][2] = {
		{INT64_MIN, 0}, {-1, 0}, {0, 0}, {1, 1}, {TEST_NOW_S, TEST_NOW_S}};
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;

	sts_ca_sources_init(&sources);
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		CHECK_INT(sts_verifier_init(&verifier, &sources, &server, clocks[i][0], NULL),
			  STS_OK);
		CHECK_INT(verifier.now_s, clocks[i][1]);
	}
}

/* 64 KiB are read, in one piece or in two, and one byte more is not. */
static void bytes_of_a_chain_have_a_bound(void)
{
	static uint8_t bytes[STS_CHAIN_MAX_BYTES + 1];
	const br_x509_class **class = &verifier.vtable;
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;

	sts_ca_sources_init(&sources);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL), STS_OK);
	for (size_t first = 0; first <= sizeof(bytes); first += sizeof(bytes) / 3)
		for (size_t len = sizeof(bytes) - 1; len <= sizeof(bytes); len++) {
			if (first > len)
				continue;
			(*class)->start_chain(class, NULL);
			(*class)->start_cert(class, (uint32_t)len);
			(*class)->append(class, bytes, first);
			(*class)->append(class, bytes + first, len - first);
			(*class)->end_cert(class);
			(*class)->end_chain(class);
			CHECK_INT(verifier.error.code,
				  len == sizeof(bytes) ? STS_ECERT_LIMIT : STS_ECERT_MALFORMED);
		}
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

/* Write so many copies of a certificate, each with another signature: nobody checks an anchor's. */
static void write_copies(int fd, const char *copied, size_t copies)
{
	struct sts_der der = test_cert(copied);

	for (size_t i = 0; i < copies; i++) {
		uint8_t copy[16 * 1024];

		memcpy(copy, der.data, der.len);
		copy[der.len - 1] = (uint8_t)i;
		test_write_pem(fd, (struct sts_der){copy, der.len}, "\n");
	}
}

/* Verify a chain against a bundle that has these certificates: the first ones, then one certificate
 * so many times, and then perhaps one more. */
static enum sts_err run_among_copies(const char *sent, const char *first, const char *copied,
				     size_t copies, const char *others)
{
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;
	struct sts_der chain[16];
	size_t count = test_cert_list(sent, chain, 16);

	sts_ca_sources_init(&sources);
	test_ca_source(&sources, first);
	write_copies(sources.source[0].fd, copied, copies);
	if (*others)
		test_write_pem(sources.source[0].fd, test_cert(others), "\n");
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL), STS_OK);
	sts_verifier_run(&verifier, chain, count);
	CHECK((verifier.error.msg[0] != '\0') == (verifier.error.code != STS_OK));
	test_close_sources(&sources);
	return verifier.error.code;
}

static enum sts_err run_after_copies(const char *sent, const char *copied, size_t copies,
				     const char *others)
{
	return run_among_copies(sent, "", copied, copies, others);
}

/* The right one of many anchors of one name is tried. If there are too many, the error is about the
 * bundle and not about the server. */
static void many_anchors_of_one_name(void)
{
	static const size_t copies[] = {7, 8, 15, 16, 17, 32, 63};

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		/* with key identifiers that fit, that fit none, and without any */
		CHECK_INT(run_after_copies("leaf-renewed", "renewed-wrong0", copies[i],
					   "renewed-new"),
			  STS_OK);
		CHECK_INT(run_after_copies("leaf-wrong-key-id", "renewed-wrong0", copies[i],
					   "renewed-new"),
			  STS_OK);
		CHECK_INT(run_after_copies("self-ca", "self", copies[i], "self-ca"), STS_OK);
		CHECK_INT(run_after_copies("leaf inter", "namesake-root", copies[i], "root"),
			  copies[i] < 40 ? STS_OK : STS_ECA_FILE);
		CHECK_INT(run_after_copies("leaf-renewed", "renewed-wrong0", copies[i], ""),
			  STS_ECERT_SIGNATURE);
	}
	CHECK_INT(run_after_copies("leaf-renewed", "renewed-wrong0", 64, "renewed-new"),
		  STS_ECA_FILE);
	CHECK_STR(verifier.error.msg,
		  "65 CA certificates have the name of an issuer in the server's chain, which are "
		  "too many to try each; remove old ones from test-ca.pem");
	/* The search ends with the right one, whatever comes after it. */
	CHECK_INT(run_among_copies("leaf inter", "root", "namesake-root", 20, ""), STS_OK);
	/* The anchors of another certificate that was sent along may hide the right one. */
	CHECK_INT(run_after_copies("leaf leaf-renewed", "renewed-wrong0", 40, "inter"), STS_OK);
	CHECK_INT(run_after_copies("leaf leaf-renewed", "renewed-wrong0", 64, "inter"),
		  STS_ECA_FILE);
	CHECK_INT(run_after_copies("leaf leaf-renewed", "renewed-wrong0", 64, ""),
		  STS_ECERT_ISSUER);
	/* Eight anchors can be tried with the longest path. If none is right, it is not because
	 * there are too many. */
	CHECK_INT(run_after_copies(LADDER, "namesake-root", 7, "root"), STS_OK);
	CHECK_INT(run_after_copies(LADDER, "namesake-root", 8, ""), STS_ECERT_SIGNATURE);
	CHECK_INT(run_after_copies(LADDER, "namesake-root", 9, ""), STS_ECA_FILE);
	CHECK_INT(run_after_copies(LADDER, "namesake-root", 8, "root"), STS_ECA_FILE);
	/* If the chain itself is the reason, the error still says so. */
	CHECK_INT(run_after_copies("leaf inter-expired", "namesake-root", 64, "root"),
		  STS_ECERT_EXPIRED);
}

/* The search for a path ends after 500 steps. 488 of them lead to nothing here, one leads to the
 * right issuer, and each anchor of the root's name takes one. */
static void steps_have_a_bound(void)
{
	static const char chain[] = "leaf-way way0 way1 way2 way3 way4 way5 way6 way-out";

	CHECK_INT(run_after_copies(chain, "namesake-root", 10, "root"), STS_OK);
	CHECK_INT(run_after_copies(chain, "namesake-root", 11, "root"), STS_ECERT_SIGNATURE);
}

/* Four large anchors use up all 80 checks. A fifth one has no room beside them and is not tried. */
static void large_anchors(void)
{
	static const char chain[] = "leaf-bush bush0 bush1 bush2 bush3 bush4 bush5 bush6";

	CHECK_INT(run_after_copies(chain, "large-root", 4, ""), STS_ECERT_SIGNATURE);
	CHECK_INT(run_after_copies(chain, "large-root", 5, ""), STS_ECA_FILE);
}

/* The last checks are those of anchors that have the name of the server's own issuer and another
 * key: they are tried after those above the issuer that was sent. One that is left was not
 * tried. */
static void many_anchors_of_the_last_issuer(void)
{
	struct sts_server_name server = server_name(HOST);
	struct sts_ca_sources sources;
	struct sts_der chain[2];

	for (size_t i = 0; i < 6; i++) {
		size_t namesakes = 1 + i % 3;

		sts_ca_sources_init(&sources);
		test_ca_source(&sources, "");
		if (i < 3)
			write_copies(sources.source[0].fd, "namesake-inter", namesakes);
		write_copies(sources.source[0].fd, "namesake-root", 39); /* 78 checks of 80 */
		if (i >= 3)
			write_copies(sources.source[0].fd, "namesake-inter", namesakes);
		CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL),
			  STS_OK);
		CHECK_INT(
			sts_verifier_run(&verifier, chain, test_cert_list("leaf inter", chain, 2)),
			namesakes == 1 ? STS_ECERT_SIGNATURE : STS_ECA_FILE);
		test_close_sources(&sources);
	}
}

/* Run over these sources, in their order, and return the one with the anchor: -1 for none. */
static ptrdiff_t run_sources(const char *chain_names, const char *first, const char *second)
{
	struct sts_server_name server = server_name(HOST);
	static struct sts_ca_sources sources;
	struct sts_der chain[8];
	size_t count = test_cert_list(chain_names, chain, 8);
	const struct sts_ca_source *source;

	sts_ca_sources_init(&sources);
	test_ca_source(&sources, first);
	test_ca_source(&sources, second);
	CHECK_INT(sts_verifier_init(&verifier, &sources, &server, TEST_NOW_S, NULL), STS_OK);
	sts_verifier_run(&verifier, chain, count);
	source = sts_verifier_anchor_source(&verifier);
	test_close_sources(&sources);
	return source ? source - sources.source : -1;
}

static bool server_is(const char *name)
{
	return verifier.path.cert[0] && sts_der_eq(verifier.path.cert[0]->der, test_cert(name));
}

static void the_path_is_told(void)
{
	CHECK_INT(run_sources("leaf inter", "other-root", "root"), 1);
	CHECK(server_is("leaf") && verifier.path.count == 2);
	CHECK(sts_der_eq(verifier.path.anchor->der, test_cert("root")));
	CHECK_INT(run_sources("leaf inter", "root", "other-root"), 0);
	/* a root that was sent first, and a certificate that is an anchor itself */
	CHECK_INT(run_sources("root leaf inter", "root", "other-root"), 0);
	CHECK(server_is("leaf"));
	CHECK_INT(run_sources("leaf", "other-root", "leaf"), 1);
	CHECK(server_is("leaf") && verifier.path.count == 1);
	/* an anchor without a key identifier is tried in its turn */
	CHECK_INT(run_sources("leaf inter", "root-bare", "root"), 0);
	CHECK_INT(run_sources("leaf inter", "root", "root-bare"), 0);
	CHECK_INT(run_sources("leaf-without-id", "root", "root-bare"), 0);
	CHECK_INT(run_sources("leaf-byte-id", "root-byte-id", "root-bare"), 1);
	CHECK_INT(run_sources("leaf-byte-id", "root-byte-id", "other-root"), 0);
	/* the error of BearSSL is kept beside ours */
	CHECK_INT(run_sources("bad-signature inter", "root", "root"), -1);
	CHECK_INT(verifier.error.code, STS_ECERT_SIGNATURE);
	CHECK_INT(verifier.error.detail, BR_ERR_X509_BAD_SIGNATURE);
	/* of two wrong signatures, the first one is told */
	CHECK_INT(run_sources("leaf-renewed renewed-wrong0", "renewed-old", "other-root"), -1);
	CHECK_INT(verifier.error.code, STS_ECERT_SIGNATURE);
	CHECK_INT(verifier.error.detail, BR_ERR_X509_NOT_TRUSTED);
	/* after a failure, the server's certificate is all that is known */
	CHECK_INT(run_sources("leaf inter", "other-root", "other-root"), -1);
	CHECK_INT(verifier.error.code, STS_ECERT_ISSUER);
	CHECK(server_is("leaf") && verifier.path.count == 0);
	CHECK(strstr(verifier.error.msg, "searched 2 certificates in test-ca.pem, test-ca.pem"));
	CHECK_INT(run_sources("leaf inter", "root-expired", "other-root"), -1);
	CHECK(server_is("leaf"));
	CHECK_INT(run_sources("leaf inter", "root-expired", "root-expired"), -1);
	CHECK_INT(verifier.error.code, STS_ECERT_EXPIRED);
	CHECK(server_is("leaf"));
	CHECK_INT(run_sources("leaf-expired inter", "root", "root"), -1);
	CHECK_INT(verifier.error.code, STS_ECERT_EXPIRED);
	CHECK(server_is("leaf-expired") && verifier.path.count == 0);
	/* the path of an earlier chain is forgotten */
	CHECK_INT(run_sources("leaf inter", "root", "root"), 0);
	CHECK_INT(run_sources("leaf leaf-twice", "root", "root"), -1);
	CHECK(verifier.path.cert[0] == NULL && verifier.path.count == 0);
}

static const struct sts_test tests[] = {
	{"paths", check_paths},
	{"pinned certificates", check_pinned},
	{"names", check_names},
	{"purposes", check_purposes},
	{"authorities", check_authorities},
	{"times", check_times},
	{"constraints", check_constraints},
	{"extensions", check_extensions},
	{"algorithms", check_algorithms},
	{"encodings", check_encodings},
	{"duties of CAs", check_duties},
	{"damaged certificates", check_damage},
	{"the order of the search, and messages", check_searches},
	{"pieces of any size give the same verdict", pieces_give_the_same},
	{"the reason that the TLS client makes an alert of", reason_for_the_alert},
	{"the key that is handed out is the server's", key_is_the_servers},
	{"an empty name is refused", empty_name_is_refused},
	{"the clock is not negative", clock_is_not_negative},
	{"the bytes of a chain have a bound", bytes_of_a_chain_have_a_bound},
	{"no bundle is an error", no_bundle_is_an_error},
	{"many anchors of one name", many_anchors_of_one_name},
	{"the steps of the search have a bound", steps_have_a_bound},
	{"large anchors", large_anchors},
	{"many anchors of the last issuer's name", many_anchors_of_the_last_issuer},
	{"the path that was accepted, and where its anchor is", the_path_is_told},
};

STS_TEST_MAIN(tests)
