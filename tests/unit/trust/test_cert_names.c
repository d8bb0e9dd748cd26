/* SPDX-License-Identifier: Apache-2.0 */
/* test_verifier.c tests the rules with whole chains. These tests call the functions with names made
 * by hand. */
#include "trust/cert_names.h"

#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})
#define COUNT(rows)  (sizeof(rows) / sizeof((rows)[0]))

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
		{"a.example.com", "b.example.com", false},
		{"*aexample.com", "b.example.com", false},
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

/* A name of another kind, or in another form, is not a DNS name. */
static void only_dns_names_are_dns_names(void)
{
	static const uint8_t others[] = {0x81, 0x86, 0x88, 0xa2, 0x02, 0x42, 0xc2};
	struct sts_server_name server = {.dns = STS_SLICE("sts")};
	struct sts_error e;

	for (size_t i = 0; i < sizeof(others); i++) {
		uint8_t san[] = "\x82\x03sts";

		CHECK_INT(check((struct sts_der){san, sizeof(san) - 1}, &server, &e), STS_OK);
		san[0] = others[i];
		CHECK_INT(check((struct sts_der){san, sizeof(san) - 1}, &server, &e),
			  STS_ECERT_NAME);
	}
}

static void malformed_san(void)
{
	struct sts_server_name server = {.dns = STS_SLICE("sts")};
	struct sts_error e;

	CHECK_INT(check(DER("\x82\x05sts"), &server, &e), STS_ECERT_MALFORMED);
	CHECK_INT(check(DER("\x82"), &server, &e), STS_ECERT_MALFORMED);
	CHECK_INT(check(DER("\x82\x01z\x82"), &server, &e), STS_ECERT_MALFORMED);
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
	CHECK(strspn(e.msg, "h") == 64 - strlen("..."));
	CHECK(strstr(e.msg, "hhh... is not among the certificate's names: DNS:\\xFF\\xFE"));
}

static bool unread; /* Were the last constraints refused because they cannot be read? */

/* Compare one name with one subtree, which is permitted or excluded (the tag). */
static enum sts_err constrain(struct sts_der constraints, struct sts_der san)
{
	struct sts_cert ca = {.name_constraints = constraints, .has_name_constraints = true};
	struct sts_cert below = {.san = san, .has_san = true};
	struct sts_error e;
	enum sts_err err = sts_cert_names_constraints(&ca, &below, &e);

	CHECK(err == STS_OK || e.detail == 0);
	unread = err != STS_OK && strstr(e.msg, " cannot be read");
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
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("\x82\x05"
				"a.b.c\x82")),
		  STS_ECERT_MALFORMED);
	/* Each name must be allowed, not only the last one. */
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("\x82\x03"
				"x.c\x82\x05"
				"a.b.c")),
		  STS_ECERT_CONSTRAINT);
	/* There are no constraints, or no names. */
	CHECK_INT(sts_cert_names_constraints(&(struct sts_cert){0}, &(struct sts_cert){.san = name},
					     NULL),
		  STS_OK);
	CHECK_INT(constrain(DER("\xa0\x07\x30\x05\x82\x03"
				"b.c"),
			    DER("")),
		  STS_OK);
}

/* One subtree, which is permitted or excluded, and one name: DNS names or addresses. */
static void one_subtree_and_one_name(void)
{
	static const struct {
		struct sts_der base, name;
		bool inside; /* is the name inside, or a wildcard that has a name inside? */
		bool partly; /* does the wildcard have others, too? */
	} rows[] = {
		{DER("\x82\x01"
		     "c"),
		 DER("\x82\x05"
		     "a.b.c"),
		 true, false},
		{DER("\x82\x05"
		     "a.b.c"),
		 DER("\x82\x05"
		     "a.b.c"),
		 true, false},
		{DER("\x82\x04"
		     "bb.c"),
		 DER("\x82\x06"
		     "a.bb.c"),
		 true, false},
		{DER("\x82\x03"
		     "b.c"),
		 DER("\x82\x04"
		     "ab.c"),
		 false, false},
		{DER("\x82\x04"
		     ".b.c"),
		 DER("\x82\x05"
		     "a.b.c"),
		 true, false},
		{DER("\x82\x04"
		     ".b.c"),
		 DER("\x82\x03"
		     "b.c"),
		 false, false},
		{DER("\x82\x04"
		     ".x.c"),
		 DER("\x82\x05"
		     "a.b.c"),
		 false, false},
		/* A wildcard is not permitted by one of the names that it matches. */
		{DER("\x82\x05"
		     "a.b.c"),
		 DER("\x82\x05*.b.c"), true, true},
		{DER("\x82\x03"
		     "b.c"),
		 DER("\x82\x05*.b.c"), true, false},
		{DER("\x82\x05"
		     "a.x.c"),
		 DER("\x82\x05*.b.c"), false, false},
		{DER("\x82\x07"
		     "a.a.b.c"),
		 DER("\x82\x05*.b.c"), false, false},
		/* each byte of an address, and only those that the mask has */
		{DER("\x87\x08\x0a\0\0\0\xff\0\0\0"), DER("\x87\x04\x0a\1\1\1"), true, false},
		{DER("\x87\x08\x0a\0\0\0\xff\0\0\0"), DER("\x87\x04\x0b\0\0\0"), false, false},
		{DER("\x87\x08\x0a\0\0\0\xff\xff\0\0"), DER("\x87\x04\x0a\1\0\0"), false, false},
		{DER("\x87\x08\x0a\0\0\0\xff\xff\xff\0"), DER("\x87\x04\x0a\0\1\0"), false, false},
		{DER("\x87\x08\x0a\0\0\0\xff\xff\xff\xff"), DER("\x87\x04\x0a\0\0\1"), false,
		 false},
		/* addresses of another length */
		{DER("\x87\x20\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		 DER("\x87\x04\x0a\0\0\0"), false, false},
		{DER("\x87\x08\0\0\0\0\0\0\0\0"), DER("\x87\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		 false, false},
		{DER("\x87\x20\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		     "\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		 DER("\x87\x10\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), true, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t list[64] = {0xa0, 0, 0x30};
		struct sts_der der = {list, 4 + rows[i].base.len};

		list[1] = (uint8_t)(2 + rows[i].base.len);
		list[3] = (uint8_t)rows[i].base.len;
		memcpy(list + 4, rows[i].base.data, rows[i].base.len);
		CHECK_INT(constrain(der, rows[i].name),
			  rows[i].inside && !rows[i].partly ? STS_OK : STS_ECERT_CONSTRAINT);
		list[0] = 0xa1;
		CHECK_INT(constrain(der, rows[i].name),
			  rows[i].inside ? STS_ECERT_CONSTRAINT : STS_OK);
		CHECK(!unread);
	}
}

/* Excluded subtrees that do not hold the name are refused if they cannot be read. */
static void unreadable_constraints(void)
{
	static const struct sts_der unreadable[] = {
		DER(""),
		DER("\xa1\x00"),
		DER("\xa1\x02\x30\x00"),                    /* no base */
		DER("\xa1\x05\x04\x03\x82\x01x"),           /* not a SEQUENCE */
		DER("\xa1\x05\x30\x03\x82\x02x"),           /* cut */
		DER("\xa1\x06\x30\x03\x82\x01x\0"),         /* a byte more in the list, */
		DER("\xa1\x06\x30\x04\x82\x01x\0"),         /* in the subtree, */
		DER("\xa1\x05\x30\x03\x82\x01x\0"),         /* or behind the lists */
		DER("\xa1\x08\x30\x06\x82\x01x\x80\x01\0"), /* a minimum */
		DER("\xa1\x05\x30\x03\x02\x01x"),           /* a number of another class */
		DER("\xa1\x05\x30\x03\x42\x01x"),
		DER("\xa1\x05\x30\x03\xc2\x01x"),
		DER("\xa1\x05\x30\x03\x89\x01x"), /* no such kind */
		DER("\xa1\x05\x30\x03\x82\x01."), /* no names of DNS */
		DER("\xa1\x05\x30\x03\x82\x01*"),
		DER("\xa1\x07\x30\x05\x82\x03x.."),
		DER("\xa1\x04\x30\x02\x87\x00"), /* no addresses with a mask */
		DER("\xa1\x05\x30\x03\x87\x01\0"),
		DER("\xa1\x08\x30\x06\x87\x04\1\1\1\1"),
		DER("\xa1\x0b\x30\x09\x87\x07\1\1\1\xff\xff\xff\0"),
		DER("\xa1\x0d\x30\x0b\x87\x09\1\1\1\1\xff\xff\xff\0\0"),
		DER("\xa1\x14\x30\x12\x87\x10\1\1\1\1\1\1\1\1\0\0\0\0\0\0\0\0"),
		DER("\xa1\x23\x30\x21\x87\x1f\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
		    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		DER("\xa1\x25\x30\x23\x87\x21\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
		    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	};
	static const struct sts_der readable[] = {
		DER("\xa1\x05\x30\x03\x82\x01x"),
		DER("\xa1\x06\x30\x04\x82\x02.x"),
		DER("\xa1\x05\x30\x03\xa0\x01x"), /* other kinds */
		DER("\xa1\x05\x30\x03\x81\x01x"),
		DER("\xa1\x05\x30\x03\xa4\x01x"),
		DER("\xa1\x05\x30\x03\x86\x01x"),
		DER("\xa1\x05\x30\x03\x88\x01x"),
		/* no permitted subtree of the name's kind */
		DER("\xa0\x0c\x30\x0a\x87\x08\1\1\1\1\xff\xff\xff\xff\xa1\x05\x30\x03\x82\x01x"),
	};
	struct sts_der name = DER("\x82\x05"
				  "a.b.c");

	for (size_t i = 0; i < COUNT(unreadable); i++) {
		CHECK_INT(constrain(unreadable[i], name), STS_ECERT_CONSTRAINT);
		CHECK(unread);
	}
	for (size_t i = 0; i < COUNT(readable); i++)
		CHECK_INT(constrain(readable[i], name), STS_OK);
}

/* A subject is a name of the kind that these constraints are for. */
static void subject_is_a_name(void)
{
	struct sts_cert ca = {.name_constraints = DER("\xa1\x05\x30\x03\xa4\x01x"),
			      .has_name_constraints = true};
	struct sts_cert below = {.subject = DER("\x30\x00")};
	struct sts_error e;

	CHECK_INT(sts_cert_names_constraints(&ca, &below, &e), STS_OK);
	below.subject = DER("\x30\x01x");
	CHECK_INT(sts_cert_names_constraints(&ca, &below, &e), STS_ECERT_CONSTRAINT);
	CHECK(strstr(e.msg, "cannot be judged for the subject of the certificate below"));
}

/* As many names may be compared with one subtree as there may be comparisons. */
static void comparisons_have_a_bound(void)
{
	static uint8_t names[2 * (100000 + 1)];

	for (size_t i = 0; i < sizeof(names); i += 2)
		names[i] = 0x82;
	CHECK_INT(constrain(DER("\xa1\x05\x30\x03\x82\x01x"), (struct sts_der){names, 2 * 100000}),
		  STS_OK);
	CHECK_INT(constrain(DER("\xa1\x05\x30\x03\x82\x01x"), (struct sts_der){names, 2 * 100001}),
		  STS_ECERT_CONSTRAINT);
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

/* Of all masks that differ from a prefix in one bit, only the prefixes next to it are read. */
static void masks_are_prefixes(void)
{
	for (size_t len = 4; len <= 16; len *= 4)
		for (size_t prefix = 0; prefix <= 8 * len; prefix++)
			for (size_t flipped = 0; flipped <= 8 * len; flipped++) {
				uint8_t der[6 + 32] = {0xa1, (uint8_t)(2 * len + 4),
						       0x30, (uint8_t)(2 * len + 2),
						       0x87, (uint8_t)(2 * len)};
				uint8_t *mask = der + 6 + len;

				for (size_t i = 0; i < prefix; i++)
					mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
				if (flipped < 8 * len)
					mask[flipped / 8] ^= (uint8_t)(0x80 >> flipped % 8);
				constrain((struct sts_der){der, 6 + 2 * len}, DER(""));
				CHECK_INT(unread, flipped != prefix && flipped + 1 != prefix &&
							  flipped < 8 * len);
			}
}

static const struct sts_test tests[] = {
	{"DNS names are matched", dns_matches},
	{"a NUL is a character of a name", nul_is_a_character},
	{"addresses match byte for byte", addresses_match_byte_for_byte},
	{"only DNS names are DNS names", only_dns_names_are_dns_names},
	{"a malformed subjectAltName is refused", malformed_san},
	{"messages have a bound", messages_are_bounded},
	{"name constraints are applied", constraints},
	{"one subtree and one name", one_subtree_and_one_name},
	{"constraints that cannot be read are refused", unreadable_constraints},
	{"a subject is a name", subject_is_a_name},
	{"comparisons have a bound", comparisons_have_a_bound},
	{"a base that is longer than a name is refused", no_base_is_longer_than_a_name},
	{"masks of addresses", masks},
	{"masks are prefixes", masks_are_prefixes},
};

STS_TEST_MAIN(tests)
