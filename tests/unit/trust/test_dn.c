/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/dn.h"

#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

static void name_text(struct sts_der name, char *out, size_t size)
{
	struct sts_text t;

	sts_text_init(&t, out, size);
	sts_dn_add(&t, name);
}

static void names_for_messages(void)
{
	static const struct {
		struct sts_der name;
		const char *want;
	} cases[] = {
		{DER("\x30\x00"), "(no name)"},
		{DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		     "a"),
		 "\"a\""},
		/* the last of several; a CN before an O */
		{DER("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		     "a\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		     "b"),
		 "\"b\""},
		{DER("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		     "a\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
		     "b"),
		 "\"a\""},
		{DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
		     "o"),
		 "\"o\""},
		{DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
		     "u"),
		 "\"u\""},
		{DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x0c\x01"
		     "c"),
		 "(no name)"},
		/* an O before an OU, wherever it stands */
		{DER("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
		     "o\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
		     "u"),
		 "\"o\""},
		{DER("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
		     "u\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
		     "o"),
		 "\"o\""},
		/* escaped */
		{DER("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03\x1b\n\xc3"),
		 "\"\\x1B\\x0A\\xC3\""},
		/* malformed: as much as can be read is shown */
		{DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x02"
		     "a"),
		 "(no name)"},
		{DER("\x30\x0e\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		     "a\x30\x00"),
		 "\"a\""},
		{DER("\x30\x02\x30\x00"), "(no name)"},
		{DER("\x31\x00"), "(no name)"},
		{DER(""), "(no name)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[128];

		name_text(cases[i].name, got, sizeof(got));
		CHECK_STR(got, cases[i].want);
	}
}

static void long_names_are_cut(void)
{
	uint8_t name[17 + 195 + 1] =
		"\x30\x81\xd1\x31\x81\xce\x30\x81\xcb\x06\x03\x55\x04\x03\x0c\x81\xc3";
	char got[256];

	memset(name + 17, 'n', 195);
	name_text((struct sts_der){name, 17 + 195}, got, sizeof(got));
	CHECK_INT(strlen(got), 80);
	CHECK(strstr(got, "n...\""));
}

/* Make a Name of one attribute from the type of its string and its bytes. */
static struct sts_der one_attribute(uint8_t *out, uint8_t tag, const char *value)
{
	uint8_t len = (uint8_t)strlen(value);
	const uint8_t head[] = {0x30, (uint8_t)(len + 11),
				0x31, (uint8_t)(len + 9),
				0x30, (uint8_t)(len + 7),
				0x06, 3,
				0x55, 4,
				3,    tag,
				len};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), value, len);
	return (struct sts_der){out, sizeof(head) + len};
}

/* Which types of strings are compared by their letters: UTF8String, PrintableString, T61String and
 * IA5String. */
static void types_of_strings(void)
{
	for (uint8_t tag = 0; tag < 0x1f; tag++) {
		bool is_string = tag == 0x0c || tag == 0x13 || tag == 0x14 || tag == 0x16;
		uint8_t a[64], b[64];
		struct sts_der x = one_attribute(a, tag, "a b");
		struct sts_der y = one_attribute(b, 0x0c, "A  B");

		CHECK_INT(sts_dn_equal(x, y), is_string);
		CHECK_INT(sts_dn_equal(y, x), is_string);
	}
}

static void names_are_compared(void)
{
	enum { UTF8 = 0x0c, PRINTABLE = 0x13, IA5 = 0x16, BMP = 0x1e };
	static const struct {
		uint8_t tag_a;
		const char *a;
		uint8_t tag_b;
		const char *b;
		bool equal;
	} cases[] = {
		{UTF8, "Root CA", UTF8, "Root CA", true},
		{UTF8, "Root CA", PRINTABLE, "Root CA", true},
		{UTF8, "Root CA", PRINTABLE, "root ca", true},
		{UTF8, " Root  CA ", IA5, "ROOT\tCA", true},
		{UTF8, "", PRINTABLE, "  ", true},
		{UTF8, "\xc3\xa4", UTF8, "\xc3\xa4", true},
		{UTF8, "RootCA", UTF8, "Root CA", false},
		{UTF8, "Root!CA", UTF8, "Root CA", false},
		{UTF8,
		 "Root\x1f"
		 "CA",
		 UTF8, "Root CA", false},
		{UTF8, "Root CA", UTF8, "Root CA 2", false},
		{UTF8, "Root", UTF8, "Roo", false},
		{UTF8, "", UTF8, "a", false},
		{UTF8, "\xc3\xa4", UTF8, "\xc3\x84", false},
		{BMP, "ab", BMP, "ab", true},
		{BMP, "ab", BMP, "aB", false},
		{BMP, "ab", UTF8, "ab", false},
		{0x02, "a", UTF8, "a", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t a[64], b[64];
		struct sts_der x = one_attribute(a, cases[i].tag_a, cases[i].a);
		struct sts_der y = one_attribute(b, cases[i].tag_b, cases[i].b);

		/* What stands behind a name is not part of it. */
		memset(a + x.len, ' ', sizeof(a) - x.len);
		memset(b + y.len, 'x', sizeof(b) - y.len);
		CHECK_INT(sts_dn_equal(x, y), cases[i].equal);
		CHECK_INT(sts_dn_equal(y, x), cases[i].equal);
	}
}

static void shapes_of_names(void)
{
#define ATTRIBUTE(value) "\x30\x08\x06\x03\x55\x04\x03\x0c\x01" value
	/* two sets of one attribute each, or one set of two */
	struct sts_der apart = DER("\x30\x18\x31\x0a" ATTRIBUTE("a") "\x31\x0a" ATTRIBUTE("b"));
	struct sts_der apart_upper =
		DER("\x30\x18\x31\x0a" ATTRIBUTE("A") "\x31\x0a" ATTRIBUTE("B"));
	struct sts_der together = DER("\x30\x16\x31\x14" ATTRIBUTE("a") ATTRIBUTE("B"));
	struct sts_der swapped = DER("\x30\x18\x31\x0a" ATTRIBUTE("b") "\x31\x0a" ATTRIBUTE("a"));
	struct sts_der first = DER("\x30\x0c\x31\x0a" ATTRIBUTE("A"));

	/* what differs is the last attribute of a set, or its type, or what follows its value */
	struct sts_der together_upper = DER("\x30\x16\x31\x14" ATTRIBUTE("A") ATTRIBUTE("b"));
	struct sts_der together_other = DER("\x30\x16\x31\x14" ATTRIBUTE("A") ATTRIBUTE("c"));
	struct sts_der country = DER("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x0c\x01"
				     "a");
	struct sts_der two_types = DER(
		"\x30\x16\x31\x14" ATTRIBUTE("a") "\x30\x08\x06\x03\x55\x04\x06\x0c\x01"
						  "c");
#define LONGER(value, rest) DER("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x01" value rest)
#define THREE(value)        DER("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" value)
#define NUMBER(value)       "\x30\x08\x06\x03\x55\x04\x03\x02\x01" value
#define NO_VALUE            "\x31\x07\x30\x05\x06\x03\x55\x04\x03"

	CHECK(sts_dn_equal(together, together_upper));
	CHECK(!sts_dn_equal(together, together_other));
	CHECK(!sts_dn_equal(first, country));
	CHECK(!sts_dn_equal(THREE("a\0b"), THREE("a b")));
	CHECK(!sts_dn_equal(THREE("a\0b"), THREE("a\0c")));
	CHECK(sts_dn_equal(THREE("a\0b"), THREE("A\0B")));
	CHECK(sts_dn_has(two_types, DER("\x55\x04\x03")));
	CHECK(sts_dn_has(two_types, DER("\x55\x04\x06")));
	CHECK(!sts_dn_equal(LONGER("a", "\x05\x00"), LONGER("A", "\x05\x00")));
	CHECK(!sts_dn_equal(DER("\x30\x15\x31\x0a" ATTRIBUTE("a") NO_VALUE),
			    DER("\x30\x15\x31\x0a" ATTRIBUTE("A") NO_VALUE)));
	/* what is no string is compared as it is */
	CHECK(sts_dn_equal(DER("\x30\x18\x31\x0a" NUMBER("a") "\x31\x0a" ATTRIBUTE("b")),
			   DER("\x30\x18\x31\x0a" NUMBER("a") "\x31\x0a" ATTRIBUTE("B"))));
	CHECK(!sts_dn_equal(DER("\x30\x18\x31\x0a" NUMBER("a") "\x31\x0a" ATTRIBUTE("b")),
			    DER("\x30\x18\x31\x0a" NUMBER("A") "\x31\x0a" ATTRIBUTE("B"))));
	CHECK(sts_dn_equal(apart, apart_upper));
	CHECK(!sts_dn_equal(apart, together));
	CHECK(!sts_dn_equal(apart, swapped));
	CHECK(!sts_dn_equal(apart, first));
	CHECK(!sts_dn_equal(first, apart));
	CHECK(sts_dn_equal(DER("\x30\x00"), DER("\x30\x00")));
	CHECK(!sts_dn_equal(DER("\x30\x00"), first));
	/* a malformed name is equal to itself only */
	CHECK(!sts_dn_equal(DER("\x30\x02\x31\x00"), DER("\x30\x02\x31\x01")));
	CHECK(!sts_dn_equal(DER("\x30\x02\x30\x00"), DER("\x30\x02\x02\x00")));
	CHECK(!sts_dn_equal(DER("junk"), first));
	CHECK(sts_dn_has(first, DER("\x55\x04\x03")));
	CHECK(!sts_dn_has(first, DER("\x55\x04\x0a")));
}

static const struct sts_test tests[] = {
	{"names are shown in messages", names_for_messages},
	{"long names are cut", long_names_are_cut},
	{"types of strings are compared", types_of_strings},
	{"names are compared", names_are_compared},
	{"which shapes names have", shapes_of_names},
};

STS_TEST_MAIN(tests)
