/* SPDX-License-Identifier: Apache-2.0 */
/* test_verifier.c has most of what must be refused, in whole chains. */
#include "trust/cert.h"

#include "certs/certs.h"
#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

static struct sts_cert read_cert(const char *name)
{
	struct sts_cert cert;

	CHECK_INT(sts_cert_read(test_cert(name), &cert, NULL), STS_OK);
	return cert;
}

static void fields_of_a_server(void)
{
	struct sts_cert c = read_cert("leaf-server");

	CHECK_INT(c.version, 3);
	CHECK(sts_der_eq(c.der, test_cert("leaf-server")));
	CHECK_INT(c.not_before_s, TEST_NOW_S - 30 * TEST_DAY_S);
	CHECK_INT(c.not_after_s, TEST_NOW_S + 30 * TEST_DAY_S);
	CHECK_INT(c.key_kind, STS_KEY_EC_P256);
	CHECK_INT(c.ec_point.len, 65);
	CHECK(sts_der_eq(c.subject,
			 DER("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03STS")));
	CHECK(sts_der_eq(c.signature_oid, DER("\x2a\x86\x48\xce\x3d\x04\x03\x02")));
	CHECK(c.has_san && c.has_eku && !c.is_ca && c.key_cert_sign && c.key_sign);
	CHECK(sts_der_eq(c.san, DER("\x82\x0fsts.example.com")));
	CHECK(sts_der_eq(c.eku, DER("\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01")));
	CHECK(!c.is_ca && c.path_len == -1 && c.key_sign && c.key_cert_sign);
	CHECK(!c.self_issued && !c.unknown_critical);
}

static void fields_of_a_ca(void)
{
	struct sts_cert c = read_cert("root-zero");

	CHECK(c.is_ca && c.path_len == 0);
	CHECK(c.key_cert_sign && !c.key_sign);
	CHECK(c.self_issued && !c.has_san);
	CHECK(sts_der_eq(c.subject, c.issuer));
	c = read_cert("root-v1");
	CHECK_INT(c.version, 1);
	CHECK(!c.is_ca && c.self_issued);
	c = read_cert("leaf-not-ca-path");
	CHECK(!c.is_ca);
}

static void keys(void)
{
	static const struct {
		const char *name;
		enum sts_key_kind kind;
		uint32_t rsa_bits;
	} cases[] = {
		{"leaf-rsa1024", STS_KEY_RSA, 1024}, {"leaf-rsa2047", STS_KEY_RSA, 2047},
		{"leaf-rsa2048", STS_KEY_RSA, 2048}, {"leaf-rsa2049", STS_KEY_RSA, 2049},
		{"leaf-rsa4097", STS_KEY_RSA, 4097}, {"leaf-P-384", STS_KEY_EC_P384, 0},
		{"leaf-P-521", STS_KEY_EC_P521, 0},  {"leaf-secp256k1", STS_KEY_OTHER, 0},
		{"leaf-ed25519", STS_KEY_OTHER, 0},  {"leaf-pss", STS_KEY_OTHER, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sts_cert c = read_cert(cases[i].name);

		CHECK_INT(c.key_kind, cases[i].kind);
		CHECK_INT(c.rsa_bits, cases[i].rsa_bits);
		if (c.key_kind != STS_KEY_RSA)
			continue;
		CHECK_INT(c.rsa_n.len, (cases[i].rsa_bits + 7) / 8);
		CHECK(sts_der_eq(c.rsa_e, DER("\1\0\1")));
	}
}

static void key_identifiers(void)
{
	struct sts_cert c = read_cert("renewed-new");

	CHECK(sts_der_eq(c.subject_key_id, DER("new")));
	CHECK_INT(c.authority_key_id.len, 0);
	c = read_cert("leaf-renewed");
	CHECK(sts_der_eq(c.authority_key_id, DER("new")));
}

/* A certificate that is cut, or has a bit changed, is read or refused, but never read past its end.
 * It lies at the end of its memory, where the sanitizers look. */
static void cut_and_changed(void)
{
	static uint8_t memory[4096];
	struct sts_der der = test_cert("leaf-nc-ip-exclude-other");
	uint8_t *copy = memory + sizeof(memory) - der.len;
	struct sts_cert cert;

	for (size_t len = 0; len < der.len; len++) {
		uint8_t *cut = memory + sizeof(memory) - len;

		memcpy(cut, der.data, len);
		CHECK_INT(sts_cert_read((struct sts_der){cut, len}, &cert, NULL),
			  STS_ECERT_MALFORMED);
	}
	memcpy(copy, der.data, der.len);
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		struct sts_error e = {.code = STS_OK};
		enum sts_err err;

		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = sts_cert_read((struct sts_der){copy, der.len}, &cert, &e);
		CHECK(err == e.code);
		CHECK(err != STS_OK || cert.subject.len > 0);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

#define UNREAD "certificate (unread): "
#define STS    "certificate \"STS\": "

/* One certificate for each thing that is looked at; NULL: it is right. Each lies at the end of its
 * memory, where the sanitizers look. */
static void malformed(void)
{
	static uint8_t memory[4096];
	static const struct {
		const char *cert, *message;
	} cases[] = {
		{"odd-plain", NULL},
		{"odd-san-not-list", STS "bad subjectAltName"},
		{"odd-san-trailing", STS "bad subjectAltName"},
		{"odd-san-name-cut", STS "bad subjectAltName"},
		{"odd-san-rest", STS "bad subjectAltName"},
		{"odd-bc-not-list", STS "bad basicConstraints"},
		{"odd-bc-trailing", STS "bad basicConstraints"},
		{"odd-bc-boolean", STS "bad basicConstraints"},
		{"odd-bc-length-negative", STS "bad basicConstraints"},
		{"odd-bc-rest", STS "bad basicConstraints"},
		{"odd-usage-not-bits", STS "bad keyUsage"},
		{"odd-usage-trailing", STS "bad keyUsage"},
		{"odd-usage-empty", STS "bad keyUsage"},
		{"odd-usage-unused-7", NULL},
		{"odd-usage-unused-8", STS "bad keyUsage"},
		{"odd-eku-not-list", STS "bad extKeyUsage"},
		{"odd-eku-trailing", STS "bad extKeyUsage"},
		{"odd-eku-empty", STS "bad extKeyUsage"},
		{"odd-eku-not-oid", STS "bad extKeyUsage"},
		{"odd-eku-rest", STS "bad extKeyUsage"},
		{"odd-nc-not-list", STS "bad nameConstraints"},
		{"odd-nc-trailing", STS "bad nameConstraints"},
		{"odd-ski-not-octets", STS "bad subjectKeyIdentifier"},
		{"odd-ski-trailing", STS "bad subjectKeyIdentifier"},
		{"odd-aki-not-list", STS "bad authorityKeyIdentifier"},
		{"odd-aki-trailing", STS "bad authorityKeyIdentifier"},
		{"odd-oid-of-two", NULL},
		{"odd-oid-of-four", NULL},
		{"odd-oid-elsewhere", NULL},
		{"odd-extensions-empty", STS "an empty list of extensions"},
		{"odd-extension-not-list", STS "bad extension"},
		{"odd-extension-no-oid", STS "bad extension"},
		{"odd-extension-boolean", STS "bad extension"},
		{"odd-extension-no-value", STS "bad extension"},
		{"odd-extension-rest", STS "bad extension"},
		{"odd-extensions-rest", STS "bad extension"},
		{"odd-extensions-critical", NULL},
		{"odd-extensions-not-list", STS "bad extensions"},
		{"odd-extensions-trailing", STS "bad extensions"},
		{"odd-extensions-in-v2", STS "extensions in an old version"},
		{"leaf-33-extensions", STS "more than 32 extensions"},
		{"leaf-twice", STS "the same extension twice"},
		{"odd-version-not-number", UNREAD "bad version"},
		{"odd-version-trailing", UNREAD "bad version"},
		{"odd-version-negative", UNREAD "bad version"},
		{"odd-version-4", UNREAD "bad version"},
		{"odd-version-2", NULL},
		{"odd-unique-ids", NULL},
		{"odd-tail", STS "trailing bytes"},
		{"odd-no-serial", UNREAD "bad serial number"},
		{"odd-serial-not-it", UNREAD "bad serial number"},
		{"odd-serial-empty", UNREAD "bad serial number"},
		{"odd-no-algorithm", UNREAD "bad validity"},
		{"odd-algorithm-not-it", UNREAD "bad signature algorithm"},
		{"odd-no-issuer", UNREAD "bad validity"},
		{"odd-issuer-not-it", UNREAD "bad issuer"},
		{"odd-no-validity", UNREAD "bad validity"},
		{"odd-validity-not-it", UNREAD "bad validity"},
		{"odd-validity-first", UNREAD "bad validity"},
		{"odd-validity-second", UNREAD "bad validity"},
		{"odd-validity-rest", UNREAD "bad validity"},
		{"odd-validity-one", UNREAD "bad validity"},
		{"odd-subject-not-it", UNREAD "bad subject"},
		{"odd-no-key", STS "bad public key"},
		{"odd-key-not-it", STS "bad public key"},
		{"odd-key-algorithm-not-list", STS "bad public key"},
		{"odd-key-no-oid", STS "bad public key"},
		{"odd-key-no-bits", STS "bad public key"},
		{"odd-key-rest", STS "bad public key"},
		{"odd-key-bits-empty", STS "bad public key"},
		{"odd-key-bits-one", NULL},
		{"odd-key-bits-unused", STS "bad public key"},
		{"odd-rsa-not-list", STS "bad RSA key"},
		{"odd-rsa-trailing", STS "bad RSA key"},
		{"odd-rsa-rest", STS "bad RSA key"},
		{"odd-rsa-no-n", STS "bad RSA key"},
		{"odd-rsa-no-e", STS "bad RSA key"},
		{"odd-rsa-n-empty", STS "bad RSA key"},
		{"odd-rsa-n-zero", STS "bad RSA key"},
		{"odd-rsa-n-negative", STS "bad RSA key"},
		{"odd-rsa-n-minimal", NULL},
		{"odd-rsa-n-80", NULL},
		{"odd-rsa-n-padded", STS "bad RSA key"},
		{"odd-rsa-n-7f", NULL},
		{"odd-rsa-n-even", STS "bad RSA key"},
		{"odd-rsa-n-1", NULL},
		{"odd-rsa-e-1", STS "bad RSA key"},
		{"odd-rsa-e-3", NULL},
		{"odd-rsa-e-even", STS "bad RSA key"},
		{"odd-rsa-e-negative", STS "bad RSA key"},
		{"odd-rsa-e-4", NULL},
		{"odd-rsa-e-5", STS "bad RSA key"},
		{"odd-rsa-e-zero", STS "bad RSA key"},
		{"odd-point-short", STS "bad EC point"},
		{"odd-point-long", STS "bad EC point"},
		{"odd-point-compressed", STS "bad EC point"},
		{"odd-point-right", NULL},
		{"odd-point-no-curve", NULL},
		{"odd-key-ecdh", NULL},
		{"bad-text", UNREAD "no DER"},
		{"odd-trailing", UNREAD "trailing bytes"},
		{"odd-no-tbs", UNREAD "no DER"},
		{"odd-outer-algorithm-missing", STS "bad signature algorithm"},
		{"odd-outer-algorithm-differs", STS "bad signature algorithm"},
		/* What was read of the one is not taken for the other's. */
		{"odd-algorithm-nested", NULL},
		{"odd-algorithm-outside-only", UNREAD "bad signature algorithm"},
		{"odd-algorithm-no-oid", STS "bad signature algorithm"},
		{"odd-signature-not-bits", STS "bad signature"},
		{"odd-signature-empty", STS "bad signature"},
		{"odd-signature-one", NULL},
		{"odd-outer-rest", STS "trailing bytes"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sts_error e = {.code = STS_OK};
		struct sts_der der = test_cert(cases[i].cert);
		uint8_t *copy = memory + sizeof(memory) - der.len;
		struct sts_cert cert;
		enum sts_err err;
		int failures = sts_test_failures;

		memcpy(copy, der.data, der.len);
		err = sts_cert_read((struct sts_der){copy, der.len}, &cert, &e);

		CHECK_INT(err, e.code);
		CHECK((err == STS_OK) == (cases[i].message == NULL));
		CHECK_STR(e.msg, cases[i].message ? cases[i].message : "");
		if (sts_test_failures != failures)
			printf("# in: %s\n", cases[i].cert);
	}
}

static void edges_that_are_right(void)
{
	CHECK_INT(read_cert("odd-bc-length-99").path_len, 99);
	CHECK_INT(read_cert("odd-bc-length-100").path_len, 100);
	CHECK_INT(read_cert("odd-bc-length-101").path_len, 100);
	CHECK_INT(read_cert("odd-rsa-n-minimal").rsa_bits, 8);
	CHECK_INT(read_cert("odd-rsa-n-80").rsa_bits, 16);
	CHECK_INT(read_cert("odd-rsa-n-7f").rsa_bits, 7);
	CHECK_INT(read_cert("odd-rsa-n-1").rsa_bits, 1);
	CHECK_INT(read_cert("odd-version-2").version, 2);
	CHECK_INT(read_cert("odd-key-bits-one").key_kind, STS_KEY_OTHER);
	CHECK_INT(read_cert("odd-point-right").key_kind, STS_KEY_EC_P256);
	CHECK_INT(read_cert("odd-point-no-curve").key_kind, STS_KEY_OTHER);
	CHECK_INT(read_cert("odd-key-ecdh").key_kind, STS_KEY_OTHER);
	/* the first of several */
	CHECK(sts_der_eq(read_cert("odd-extensions-critical").unknown_critical_oid,
			 DER("\x2a\x04")));
	CHECK(!read_cert("odd-oid-of-two").has_san && !read_cert("odd-oid-of-four").has_san);
	CHECK(!read_cert("odd-oid-elsewhere").has_san && read_cert("odd-plain").has_san);
}

/* Each bit of a key usage means what it stands for, whatever the others are. */
static void key_usages(void)
{
	struct sts_der der = test_cert("odd-usage-unused-7"),
		       usage = DER("\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80");
	uint8_t copy[2048], *octet;

	memcpy(copy, der.data, der.len);
	octet = memmem(copy, der.len, usage.data, usage.len);
	CHECK(octet);
	if (!octet)
		return;
	octet += usage.len - 1;
	for (int bits = 0; bits < 256; bits++) {
		struct sts_cert cert;

		*octet = (uint8_t)bits;
		CHECK_INT(sts_cert_read((struct sts_der){copy, der.len}, &cert, NULL), STS_OK);
		CHECK_INT(cert.key_cert_sign, (bits & 0x04) != 0);
		CHECK_INT(cert.key_sign, (bits & 0xc0) != 0);
	}
}

/* Names of each kind, and as many and as long as are shown. */
static void forms_of_san_for_messages(void)
{
#define LONG "abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefgh."
	static const struct {
		struct sts_der san;
		const char *want;
	} cases[] = {
		{DER("\xa0\x02\x05\x00"), "other"},
		{DER("\x81\x01m"), "email:m"},
		{DER("\x82\x01"
		     "d"),
		 "DNS:d"},
		{DER("\xa3\x02\x30\x00"), "x400"},
		{DER("\xa4\x02\x30\x00"), "directory"},
		{DER("\xa5\x02\x30\x00"), "ediParty"},
		{DER("\x86\x02u:"), "URI:u:"},
		{DER("\x87\x04\x0a\x00\x00\x01"), "IP:10.0.0.1"},
		{DER("\x88\x02\x2a\x03"), "registeredID"},
		{DER("\x89\x01x"), "?"},
		{DER("\x8a\x01x"), "?"},
		{DER("\x82\x00\x82\x01"
		     "b"),
		 "DNS:, DNS:b"},
		{DER("\x82\x01\n"), "DNS:\\x0A"},
		{DER("\x82\x01"
		     "a\x82\x01"
		     "b\x82\x01"
		     "c\x82\x01"
		     "d\x82\x01"
		     "e"),
		 "DNS:a, DNS:b, DNS:c, DNS:d, DNS:e"},
		{DER("\x82\x01"
		     "a\x82\x01"
		     "b\x82\x01"
		     "c\x82\x01"
		     "d\x82\x01"
		     "e\x82\x01"
		     "f"),
		 "DNS:a, DNS:b, DNS:c, DNS:d, DNS:e, and 1 more"},
		{DER("\x82\x40" LONG "x"), "DNS:" LONG "x"},
		{DER("\x82\x41" LONG "xy"),
		 "DNS:abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefgh.abcdefg..."},
		{{NULL, 0}, "none"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sts_cert cert = {.san = cases[i].san};
		char got[256];
		struct sts_text t;

		sts_text_init(&t, got, sizeof(got));
		sts_cert_add_san(&t, &cert);
		CHECK_STR(got, cases[i].want);
	}
}

static void san_for_messages(void)
{
	static const struct {
		const char *cert, *want;
	} cases[] = {
		{"leaf", "DNS:sts.example.com"},
		{"leaf-second", "DNS:a.example.com, email:x@y, other, DNS:sts.example.com"},
		{"leaf-many", "DNS:n0.example.com, DNS:n1.example.com, DNS:n2.example.com, "
			      "DNS:n3.example.com, DNS:n4.example.com, and 3 more"},
		{"leaf-ip6", "IP:2001:db8::1"},
		{"leaf-ip4", "IP:10.0.0.1"},
		{"leaf-ip-short", "IP:?"},
		{"leaf-uri-only", "URI:https://sts.example.com/"},
		{"leaf-empty-san", "none"},
		{"leaf-cn", "none"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sts_cert cert = read_cert(cases[i].cert);
		char got[256];
		struct sts_text t;

		sts_text_init(&t, got, sizeof(got));
		sts_cert_add_san(&t, &cert);
		CHECK_STR(got, cases[i].want);
	}
}

static const struct sts_test tests[] = {
	{"the fields of a server's certificate", fields_of_a_server},
	{"the fields of a CA's certificate", fields_of_a_ca},
	{"keys of each kind", keys},
	{"key identifiers", key_identifiers},
	{"certificates that are cut or changed", cut_and_changed},
	{"malformed certificates", malformed},
	{"edges that are right", edges_that_are_right},
	{"key usages", key_usages},
	{"subjectAltNames for messages", san_for_messages},
	{"subjectAltNames of each form for messages", forms_of_san_for_messages},
};

STS_TEST_MAIN(tests)
