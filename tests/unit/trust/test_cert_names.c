/* SPDX-License-Identifier: Apache-2.0 */
/* test_verifier.c tests the rules with whole chains. These tests call the functions with names made
 * by hand. */
#include "trust/cert_names.h"

#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

static void dns_matches(void)
{
	static const struct {
		const char *pattern, *host;
		bool match;
	} cases[] = {
		{"sts.example.com", "sts.example.com", true},
		{"STS.example.COM", "sts.example.com", true},
		{"sts.example.com", "STS.example.com", true},
		{"sts", "sts", true},
		{"a", "a", true},
		{"1a", "1a", true},
		{"a_b.example.com", "a_b.example.com", true},
		{"AZ.example", "az.example", true},
		{"a[.example", "A{.example", false},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", true},
		{"1.example.com", "1.example.com", true},
		{"*.example.com", "sts.example.com", true},
		{"*.example.com", "xn--bcher-kva.example.com", true},
		{"*.b.example.com", "a.b.example.com", true},

		{"", "", false},
		{"", "sts", false},
		{"sts", "", false},
		{"sts.example.com", "sts.example.co", false},
		{"sts.example.com", "sts.example.comm", false},
		{"sts.example.com", "xsts.example.com", false},
		{"sts.example.com.", "sts.example.com", false},
		{"sts.example.com", "sts.example.com.", false},
		{"sts.example.com.", "sts.example.com.", false},
		{".example.com", "sts.example.com", false},
		{"sts..com", "sts..com", false},
		{"*.example.com", "example.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "a.b.example.com", false},
		{"*.example.com", "*.example.com", false},
		{"*.example.com", "stsxexample.com", false},
		{"*.example.com.", "sts.example.com", false},
		{"*.com", "example.com", false},
		{"*.", "a.", false},
		{"*", "sts", false},
		{"*..com", "a..com", false},
		{"*.*.com", "a.b.com", false},
		{"s*.example.com", "sts.example.com", false},
		{"*s.example.com", "sts.example.com", false},
		{"sts.*.com", "sts.example.com", false},
		{"sts.example.*", "sts.example.com", false},
		{"**.example.com", "sts.example.com", false},
		/* an address is not a name */
		{"10.0.0.1", "10.0.0.1", false},
		{"*.0.0.1", "10.0.0.1", false},
		{"*.example.1", "a.example.1", false},
		{"2001:db8::1", "2001:db8::1", false},
		{"sts example", "sts example", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool got = sts_cert_names_match_dns(sts_slice_of(cases[i].pattern),
						    sts_slice_of(cases[i].host));

		CHECK_INT(got, cases[i].match);
		if (got != cases[i].match)
			printf("# %s for %s\n", cases[i].pattern, cases[i].host);
	}
}

static void nul_is_a_character(void)
{
	struct sts_slice host = STS_SLICE("sts.example.com");

	CHECK(!sts_cert_names_match_dns(STS_SLICE("sts.example.com\0.evil.example"), host));
	CHECK(!sts_cert_names_match_dns(STS_SLICE("sts.example.com\0"), host));
	CHECK(!sts_cert_names_match_dns(STS_SLICE("sts\0example.com"),
					STS_SLICE("sts\0example.com")));
}

static enum sts_err check(struct sts_der san, const struct sts_server_name *server,
			  struct sts_error *e)
{
	struct sts_cert cert = {.san = san, .has_san = true};
	enum sts_err err = sts_cert_names_check(&cert, server, e);

	CHECK(err == STS_OK || e->detail == 0);
	return err;
}

static void addresses_match_byte_for_byte(void)
{
	struct sts_server_name v4 = {.is_ip = true, .ip = {10, 0, 0, 1}, .ip_len = 4};
	struct sts_server_name v6 = {.is_ip = true, .ip = {0x20, 1}, .ip_len = 16};
	struct sts_error e;

	CHECK_INT(check(DER("\x87\x04\x0a\0\0\1"), &v4, &e), STS_OK);
	CHECK_INT(check(DER("\x82\x01z\x87\x04\x0a\0\0\1"), &v4, &e), STS_OK);
	CHECK_INT(check(DER("\x87\x04\x0a\0\0\2"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\xa7\x04\x0a\0\0\1"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\x82\x04\x0a\0\0\1"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\x87\x03\x0a\0\0"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\x87\x05\x0a\0\0\1\0"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\x87\x00"), &v4, &e), STS_ECERT_NAME);
	CHECK_INT(check(DER("\x87\x10\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &v6, &e), STS_OK);
	CHECK_INT(check(DER("\x87\x10\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), &v6, &e),
		  STS_ECERT_NAME);
	CHECK_INT(check(DER("\x87\x04\x20\1\0\0"), &v6, &e), STS_ECERT_NAME);
}

static void malformed_san(void)
{
	struct sts_server_name server = {.dns = STS_SLICE("sts")};
	struct sts_error e;

	CHECK_INT(check(DER("\x82\x05sts"), &server, &e), STS_ECERT_MALFORMED);
	CHECK_INT(check(DER("\x82"), &server, &e), STS_ECERT_MALFORMED);
	CHECK_INT(check(DER("\x82\x03sts"), &server, &e), STS_OK);
}

static void messages_are_bounded(void)
{
	static char host[250];
	struct sts_server_name server = {.dns = {host, sizeof(host)}};
	struct sts_error e;

	memset(host, 'h', sizeof(host));
	CHECK_INT(check(DER("\x82\x05"
			    "\xff\xfe\xfd\xfc\xfb"),
			&server, &e),
		  STS_ECERT_NAME);
	CHECK(strlen(e.msg) < sizeof(e.msg));
	CHECK(strstr(e.msg, "hhh... is not among the certificate's names: DNS:\\xFF\\xFE"));
}

/* Compare one name with one subtree, which is permitted or excluded (the tag). */
static enum sts_err constrain(struct sts_der constraints, struct sts_der san)
{
	struct sts_cert ca = {.name_constraints = constraints, .has_name_constraints = true};
	struct sts_cert below = {.san = san, .has_san = true};
	struct sts_error e;
	enum sts_err err = sts_cert_names_constraints(&ca, &below, &e);

	CHECK(err == STS_OK || e.detail == 0);
	return err;
}

static void constraints(void)
{
	struct sts_der name = DER("\x82\x05"
				  "a.b.c");

	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    name),
		  STS_OK);
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"x.c"),
			    name),
		  STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER("\xa1\x07\x30\x05\x82\x03"
				"b.c"),
			    name),
		  STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER("\xa1\x07\x30\x05\x82\x03"
				"x.c"),
			    name),
		  STS_OK);
	/* One of two permitted names is enough. A name that is permitted and excluded is
	 * excluded. */
	CHECK_INT(constrain(DER("\xa0\x0e\x30\x05\x82\x03"
				"x.c\x30\x05\x82\x03"
				"b.c"),
			    name),
		  STS_OK);
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c\xa1\x09\x30\x07\x82\x05"
				"a.b.c"),
			    name),
		  STS_ECERT_CONSTRAINT);
	/* "excluded" before "permitted" is not DER */
	CHECK_INT(constrain(DER("\xa1\x07\x30\x05\x82\x03"
				"x.c\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    name),
		  STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER(""), name), STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER("\xa0\x00"), name), STS_ECERT_CONSTRAINT);
	/* An empty base has all names inside. */
	CHECK_INT(constrain(DER("\xa0\x04\x30\x02\x82\x00"), name), STS_OK);
	CHECK_INT(constrain(DER("\xa1\x04\x30\x02\x82\x00"), name), STS_ECERT_CONSTRAINT);
	/* A malformed name of the certificate below is not permitted, and a malformed address never
	 * is. */
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("\x82\x06"
				"a.b.c.")),
		  STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER("\xa1\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\0\0\0"),
			    DER("\x87\x03\x0b\0\0")),
		  STS_ECERT_CONSTRAINT);
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("\x82\x05"
				"ab")),
		  STS_ECERT_MALFORMED);
	/* There are no constraints, or no names. */
	CHECK_INT(sts_cert_names_constraints(&(struct sts_cert){0}, &(struct sts_cert){.san = name},
					     NULL),
		  STS_OK);
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("")),
		  STS_OK);
}

/* A base is read once for each name that it is compared with. With a base of 24 KiB and 9,000 names
 * that took seconds. */
static void no_base_is_longer_than_a_name(void)
{
	static const uint8_t head[] = {0xa1, 0x82, 0, 0, 0x30, 0x82, 0, 0, 0x82, 0x81};
	struct sts_der name = DER("\x82\x05"
				  "a.b.c");

	for (uint8_t len = 253; len <= 254; len++) {
		uint8_t der[11 + 254];

		memcpy(der, head, sizeof(head));
		der[2] = 1;
		der[3] = (uint8_t)(len + 7 - 256);
		der[6] = 1;
		der[7] = (uint8_t)(len + 3 - 256);
		der[10] = len;
		for (size_t i = 0; i < len; i++)
			der[11 + i] = i % 2 ? '.' : 'a';
		der[10 + len] = 'a';
		CHECK_INT(constrain((struct sts_der){der, 11u + len}, name),
			  len == 253 ? STS_OK : STS_ECERT_CONSTRAINT);
	}
}

static void masks(void)
{
	static const struct {
		struct sts_der constraint; /* the address and mask */
		uint8_t last;
		enum sts_err err;
	} cases[] = {
		{DER("\x0a\0\0\0\xff\xff\xff\0"), 1, STS_OK},
		{DER("\x0a\0\0\0\xff\xff\xff\xfe"), 1, STS_OK},
		{DER("\x0a\0\0\0\xff\xff\xff\xfe"), 2, STS_ECERT_CONSTRAINT},
		{DER("\x0a\0\0\1\xff\xff\xff\xff"), 1, STS_OK},
		{DER("\x0a\0\0\1\xff\xff\xff\xff"), 2, STS_ECERT_CONSTRAINT},
		{DER("\0\0\0\0\0\0\0\0"), 9, STS_OK},
		{DER("\x0a\0\0\x7f\xff\xff\xff\0"), 9, STS_OK}, /* bits under the mask */
		{DER("\x0a\0\0\0\xff\xff\xff\x01"), 1, STS_ECERT_CONSTRAINT},
		{DER("\x0a\0\0\0\0\xff\xff\xff"), 1, STS_ECERT_CONSTRAINT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t list[] = "\xa0\x0c\x30\x0a\x87\x08xxxxxxxx", san[] = "\x87\x04\x0a\0\0x";

		memcpy(list + 6, cases[i].constraint.data, 8);
		san[5] = cases[i].last;
		CHECK_INT(constrain((struct sts_der){list, sizeof(list) - 1},
				    (struct sts_der){san, sizeof(san) - 1}),
			  cases[i].err);
	}
	/* The mask ends before the next list, whose first bit is set. */
	CHECK_INT(constrain(DER("\xa0\x0c\x30\x0a\x87\x08\x0a\0\0\0\xff\xff\xff\0"
				"\xa1\x07\x30\x05\x82\x03"
				"x.c"),
			    DER("\x87\x04\x0a\0\0\1")),
		  STS_OK);
}

static const struct sts_test tests[] = {
	{"DNS names are matched", dns_matches},
	{"a NUL is a character of a name", nul_is_a_character},
	{"addresses match byte for byte", addresses_match_byte_for_byte},
	{"a malformed subjectAltName is refused", malformed_san},
	{"messages have a bound", messages_are_bounded},
	{"name constraints are applied", constraints},
	{"a base that is longer than a name is refused", no_base_is_longer_than_a_name},
	{"masks of addresses", masks},
};

STS_TEST_MAIN(tests)
