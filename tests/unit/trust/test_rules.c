/* SPDX-License-Identifier: Apache-2.0 */
/* test_verifier.c tests the rules with whole chains. These tests call the functions with
 * certificates made by hand, each of which breaks one rule, or meets a bound of it. */
#include "trust/rules.h"

#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})
#define COUNT(rows)  (sizeof(rows) / sizeof((rows)[0]))
#define NOW_S        1000

static const struct sts_server_name server = {.dns = STS_SLICE("sts")};

/* A certificate that breaks no rule. */
static struct sts_cert good(bool is_ca)
{
	return (struct sts_cert){
		.subject = DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01N"),
		.signature_oid = DER("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
		.not_before_s = NOW_S,
		.not_after_s = NOW_S,
		.key_kind = STS_KEY_EC_P256,
		.version = 3,
		.san = DER("\x82\x03sts"),
		.has_san = true,
		.is_ca = is_ca,
		.path_len = -1,
		.key_cert_sign = true,
		.key_sign = true,
	};
}

/* Check a certificate as a server's, and return the message without its begin. */
static enum sts_err as_server(struct sts_cert cert, const char **why)
{
	static const char begin[] = "certificate \"N\" ";
	static struct sts_error e;
	enum sts_err err;

	e = (struct sts_error){.code = STS_OK};
	err = sts_rules_server(&cert, false, &server, NOW_S, &e);
	*why = strncmp(e.msg, begin, strlen(begin)) == 0 ? e.msg + strlen(begin) : e.msg;
	CHECK_INT(e.code, err);
	CHECK_INT(e.detail, 0);
	return err;
}

static enum sts_err as_ca(struct sts_cert ca)
{
	struct sts_cert leaf = good(false);
	struct sts_cert_path path = {.cert = {&leaf}, .count = 1, .anchor = &ca};
	struct sts_error e;

	return sts_rules_path(&path, NOW_S, &e);
}

/* The OID of a critical extension that is not known. The bytes behind it do not count. */
static void unknown_extensions(void)
{
	static const struct {
		struct sts_der bytes;
		const char *shown;
	} rows[] = {
		{DER("\x27\x01"), "0.39"},
		{DER("\x28\x01"), "1.0"},
		{DER("\x4f\x01"), "1.39"},
		{DER("\x50\x01"), "2.0"},
		{DER("\x51\x01"), "2.1"},
		{DER("\x88\x37\x01"), "2.999"},
		{DER("\x2a\x03\x81\x00\x04\x01"), "1.2.3.128.4"},
		/* as many arcs as are shown, and more of them */
		{DER("\x2a\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"), "1.2.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"},
		{DER("\x2a\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"),
		 "1.2.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"},
		/* 63 characters */
		{DER("\x2a\x83\xff\xff\xff\x7f\x83\xff\xff\xff\x7f\x83\xff\xff\xff\x7f\x83\xff\xff"
		     "\xff\x7f"
		     "\x83\xff\xff\xff\x7f\x83\xff\xff\xff\x7f\x01"),
		 "1.2.1073741823.1073741823.1073741823.1073741823.1073741823.1073"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_cert cert = good(false);
		char want[256];
		const char *why;

		cert.unknown_critical = true;
		cert.unknown_critical_oid = (struct sts_der){rows[i].bytes.data,
							     rows[i].bytes.len - 1};
		snprintf(want, sizeof(want),
			 "has a critical extension that this program does not know: %s",
			 rows[i].shown);
		CHECK_INT(as_server(cert, &why), STS_ECERT_MALFORMED);
		CHECK_STR(why, want);
		cert.is_ca = true;
		CHECK_INT(as_ca(cert), STS_ECERT_MALFORMED);
	}
}

static void key_identifiers(void)
{
	static const struct sts_der oids[] = {DER("\x55\x1d\x23"), DER("\x55\x1d\x0e")};

	for (size_t i = 0; i < COUNT(oids); i++) {
		struct sts_cert cert = good(false);
		const char *why;

		cert.unknown_critical = true;
		cert.unknown_critical_oid = oids[i];
		CHECK_INT(as_server(cert, &why), STS_ECERT_MALFORMED);
		CHECK_STR(why, "has a critical key identifier, which RFC 5280 forbids");
	}
}

static void times(void)
{
	struct sts_cert cert = good(false);
	struct sts_error e;

	cert.not_after_s = NOW_S + 60;
	CHECK_INT(sts_rules_time(&cert, NOW_S, &e), STS_OK);
	CHECK_INT(sts_rules_time(&cert, NOW_S - 1, &e), STS_ECERT_NOTYET);
	CHECK_STR(e.msg, "certificate \"N\" is valid only from 1970-01-01T00:16:40Z on; the node's "
			 "clock says 1970-01-01T00:16:39Z");
	CHECK_INT(sts_rules_time(&cert, NOW_S + 60, &e), STS_OK);
	CHECK_INT(sts_rules_time(&cert, NOW_S + 61, &e), STS_ECERT_EXPIRED);
	CHECK_STR(e.msg, "certificate \"N\" expired at 1970-01-01T00:17:40Z; the node's clock says "
			 "1970-01-01T00:17:41Z");
	/* It ends before it begins. */
	cert.not_after_s = NOW_S - 1;
	CHECK_INT(sts_rules_time(&cert, NOW_S - 1, &e), STS_ECERT_NOTYET);
	CHECK_INT(sts_rules_time(&cert, NOW_S, &e), STS_ECERT_EXPIRED);
}

static void algorithms(void)
{
	static const struct {
		struct sts_der oid;
		const char *name;
		bool signs;
	} rows[] = {
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), "RSA with SHA-256", true},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), "RSA with SHA-384", true},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), "RSA with SHA-512", true},
		{DER("\x2a\x86\x48\xce\x3d\x04\x03\x02"), "ECDSA with SHA-256", true},
		{DER("\x2a\x86\x48\xce\x3d\x04\x03\x03"), "ECDSA with SHA-384", true},
		{DER("\x2a\x86\x48\xce\x3d\x04\x03\x04"), "ECDSA with SHA-512", true},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "RSA with MD5", false},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "RSA with SHA-1", false},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"), "RSA with SHA-224", false},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "RSA-PSS", false},
		{DER("\x2a\x86\x48\xce\x3d\x04\x01"), "ECDSA with SHA-1", false},
		{DER("\x2a\x86\x48\xce\x3d\x04\x03\x01"), "ECDSA with SHA-224", false},
		{DER("\x2a\x86\x48\xce\x3d\x02\x01"), "EC on another curve", false},
		{DER("\x2a\x86\x48\xce\x38\x04\x01"), "DSA", false},
		{DER("\x2b\x65\x70"), "Ed25519", false},
		{DER("\x2b\x65\x71"), "Ed448", false},
		/* others, and the begins and continuations of those above */
		{DER("\x2b\x65\x72"), "an unknown algorithm", false},
		{DER(""), "an unknown algorithm", false},
		{DER("\x2a"), "an unknown algorithm", false},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01"), "an unknown algorithm", false},
		{DER("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x09"), "an unknown algorithm", false},
		{DER("\x2a\x86\x48\xce\x3d\x04\x03\x02\0"), "an unknown algorithm", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_cert leaf = good(false), ca = good(true);
		struct sts_cert_path path = {.cert = {&leaf}, .count = 1, .anchor = &ca};
		struct sts_error e;
		char want[128];
		const char *why;

		leaf.signature_oid = rows[i].oid;
		CHECK_INT(sts_rules_path(&path, NOW_S, &e),
			  rows[i].signs ? STS_OK : STS_ECERT_ALGORITHM);
		snprintf(want, sizeof(want),
			 "certificate \"N\" is signed with %s, which this program does not accept",
			 rows[i].name);
		if (!rows[i].signs)
			CHECK_STR(e.msg, want);
		/* The anchor's own signature does not count. */
		leaf.signature_oid = good(false).signature_oid;
		ca.signature_oid = rows[i].oid;
		CHECK_INT(sts_rules_path(&path, NOW_S, &e), STS_OK);

		leaf.key_oid = rows[i].oid;
		leaf.key_kind = STS_KEY_OTHER;
		CHECK_INT(as_server(leaf, &why), STS_ECERT_ALGORITHM);
		snprintf(want, sizeof(want), "has a key for %s, which this program does not accept",
			 rows[i].name);
		CHECK_STR(why, want);
	}
}

static void keys(void)
{
	static const struct {
		enum sts_key_kind kind;
		uint32_t bits;
		bool accepted;
	} rows[] = {
		{STS_KEY_EC_P256, 0, true}, {STS_KEY_EC_P384, 0, true},
		{STS_KEY_EC_P521, 0, true}, {STS_KEY_OTHER, 2048, false},
		{STS_KEY_RSA, 0, false},    {STS_KEY_RSA, 2047, false},
		{STS_KEY_RSA, 2048, true},  {STS_KEY_RSA, 4096, true},
		{STS_KEY_RSA, 4097, false}, {STS_KEY_RSA, UINT32_MAX, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_cert cert = good(false);
		enum sts_err want = rows[i].accepted ? STS_OK : STS_ECERT_ALGORITHM;
		const char *why;

		cert.key_kind = rows[i].kind;
		cert.rsa_bits = rows[i].bits;
		CHECK_INT(as_server(cert, &why), want);
		cert.is_ca = true;
		CHECK_INT(as_ca(cert), want);
	}
}

static void purposes(void)
{
	static const struct {
		struct sts_der list;
		bool accepted;
	} rows[] = {
		{DER("\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"), true},
		{DER("\x06\x04\x55\x1d\x25\x00"), true},
		{DER("\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02\x06\x04\x55\x1d\x25\x00"), true},
		{DER("\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"), false},
		{DER("\x06\x07\x2b\x06\x01\x05\x05\x07\x03"), false},
		{DER("\x06\x03\x55\x1d\x25"), false},
		{DER(""), false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_cert cert = good(false);
		enum sts_err want = rows[i].accepted ? STS_OK : STS_ECERT_PURPOSE;
		const char *why;

		cert.eku = rows[i].list;
		CHECK_INT(as_server(cert, &why), STS_OK);
		CHECK_INT(as_ca(cert), STS_ECERT_CA);
		cert.has_eku = true;
		CHECK_INT(as_server(cert, &why), want);
		cert.is_ca = true;
		CHECK_INT(as_ca(cert), want);
	}
}

/* Each rule for a server, alone. */
static void servers(void)
{
	struct sts_cert cert = good(false);
	struct sts_error e;
	const char *why;

	CHECK_INT(as_server(cert, &why), STS_OK);
	cert.key_sign = false;
	CHECK_INT(as_server(cert, &why), STS_ECERT_KEY_USAGE);
	CHECK_STR(why, "does not sign: its key usage lacks digitalSignature");
	cert = good(false);
	cert.not_after_s--;
	CHECK_INT(as_server(cert, &why), STS_ECERT_EXPIRED);
	cert = good(false);
	cert.san = DER("\x82\x03stt");
	CHECK_INT(as_server(cert, &why), STS_ECERT_NAME);
	cert = good(true);
	CHECK_INT(as_server(cert, &why), STS_ECERT_CA);
	CHECK_STR(why, "is a CA's (CA:TRUE), not a server's");
	CHECK_INT(sts_rules_server(&cert, true, &server, NOW_S, &e), STS_OK);
	cert.is_ca = false;
	CHECK_INT(sts_rules_server(&cert, true, &server, NOW_S, &e), STS_OK);
}

/* Who may issue: a CA, and a self-signed anchor of an early version. */
static void issuers(void)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		struct sts_cert leaf = good(false), middle = good(true), top = good(true);
		struct sts_cert_path path = {.cert = {&leaf}, .count = 1, .anchor = &middle};
		bool is_ca = bits & 1, key_cert_sign = bits & 2, self_issued = bits & 4;
		int version = 1 + (int)(bits >> 3) % 3;
		struct sts_error e;

		middle.is_ca = is_ca;
		middle.key_cert_sign = key_cert_sign;
		middle.self_issued = self_issued;
		middle.version = version;
		CHECK_INT(sts_rules_path(&path, NOW_S, &e),
			  (is_ca && key_cert_sign) || (version < 3 && self_issued) ? STS_OK
										   : STS_ECERT_CA);
		path = (struct sts_cert_path){.cert = {&leaf, &middle}, .count = 2, .anchor = &top};
		CHECK_INT(sts_rules_path(&path, NOW_S, &e),
			  is_ca && key_cert_sign ? STS_OK : STS_ECERT_CA);
	}
}

/* Each certificate of a path of four, and its anchor, breaks a rule once. */
static void paths(void)
{
	for (size_t broken = 0; broken <= 5; broken++) {
		struct sts_cert cert[5];
		struct sts_cert_path path = {.count = 4, .anchor = &cert[4]};
		struct sts_error e;

		for (size_t i = 0; i < 5; i++) {
			cert[i] = good(i > 0);
			path.cert[i] = i < 4 ? &cert[i] : NULL;
		}
		if (broken < 5)
			cert[broken].signature_oid = DER("\x2b\x65\x70");
		CHECK_INT(sts_rules_path(&path, NOW_S, &e),
			  broken < 4 ? STS_ECERT_ALGORITHM : STS_OK);
		if (broken == 5)
			break;
		cert[broken] = good(broken > 0);
		cert[broken].not_before_s++;
		/* sts_rules_server() checks the first one */
		CHECK_INT(sts_rules_path(&path, NOW_S, &e), broken > 0 ? STS_ECERT_NOTYET : STS_OK);
	}
}

/* The number of CAs below one that may have so many: a self-issued one does not count. */
static void path_lengths(void)
{
	for (size_t at = 1; at <= 4; at++)
		for (int path_len = -1; path_len <= 4; path_len++)
			for (size_t self_issued = 0; self_issued <= 4; self_issued++) {
				struct sts_cert cert[5];
				struct sts_cert_path path = {.count = 4, .anchor = &cert[4]};
				int below = (int)at - 1;
				struct sts_error e;

				for (size_t i = 0; i < 5; i++) {
					cert[i] = good(i > 0);
					path.cert[i] = i < 4 ? &cert[i] : NULL;
				}
				cert[self_issued].self_issued = true;
				below -= self_issued > 0 && self_issued < at;
				cert[at].path_len = path_len;
				CHECK_INT(sts_rules_path(&path, NOW_S, &e),
					  path_len < 0 || below <= path_len ? STS_OK
									    : STS_ECERT_CA);
			}
}

/* The constraints of a CA count for each certificate below it, except for a self-issued CA's. They
 * do not count for the CA itself. */
static void constraints(void)
{
	for (size_t at = 1; at <= 4; at++)
		for (size_t named = 0; named <= 4; named++)
			for (size_t self_issued = 0; self_issued <= 1; self_issued++) {
				struct sts_cert cert[5];
				struct sts_cert_path path = {.count = 4, .anchor = &cert[4]};
				bool allowed = named >= at || (named > 0 && self_issued);
				struct sts_error e;

				for (size_t i = 0; i < 5; i++) {
					cert[i] = good(i > 0);
					path.cert[i] = &cert[i];
				}
				cert[at].name_constraints = DER("\xa1\x08\x30\x06\x82\x04host");
				cert[at].has_name_constraints = true;
				cert[named].san = DER("\x82\x04host");
				cert[named].self_issued = self_issued;
				CHECK_INT(sts_rules_path(&path, NOW_S, &e),
					  allowed ? STS_OK : STS_ECERT_CONSTRAINT);
			}
}

static const struct sts_test tests[] = {
	{"a critical extension that is not known", unknown_extensions},
	{"a critical key identifier", key_identifiers},
	{"the times of a certificate", times},
	{"algorithms of signatures and keys", algorithms},
	{"sizes of keys", keys},
	{"purposes", purposes},
	{"rules for a server", servers},
	{"who may issue", issuers},
	{"each certificate of a path is checked", paths},
	{"lengths of paths", path_lengths},
	{"name constraints in a path", constraints},
};

STS_TEST_MAIN(tests)
