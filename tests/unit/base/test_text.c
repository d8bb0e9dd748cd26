/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "built_text.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_slices(void)
{
	struct sts_slice none = {0};

	CHECK_INT(sts_slice_of(NULL).len, 0);
	CHECK_INT(sts_slice_of("abc").len, 3);
	CHECK(sts_slice_eq(none, "") && sts_slice_eq_nocase(none, "") &&
	      sts_slice_starts(none, ""));
	CHECK(!sts_slice_eq(none, "a") && !sts_slice_eq_nocase(none, "a") &&
	      !sts_slice_starts(none, "a"));
	CHECK(sts_slice_eq(STS_SLICE("abc"), "abc") && !sts_slice_eq(STS_SLICE("abc"), "abd"));
	CHECK(!sts_slice_eq(STS_SLICE("abc"), "ab") && !sts_slice_eq(STS_SLICE("ab"), "abc"));
	CHECK(!sts_slice_eq(STS_SLICE("ab\0c"), "ab"));
	CHECK(sts_slice_same(none, STS_SLICE("")) &&
	      sts_slice_same(STS_SLICE("a\0b"), STS_SLICE("a\0b")));
	CHECK(!sts_slice_same(STS_SLICE("ab"), STS_SLICE("aB")) &&
	      !sts_slice_same(STS_SLICE("ab"), STS_SLICE("a")));
	CHECK(sts_slice_eq_nocase(STS_SLICE("aBc-[{"), "AbC-[{"));
	CHECK(!sts_slice_eq_nocase(STS_SLICE("["), "{") &&
	      !sts_slice_eq_nocase(STS_SLICE("@"), "`"));
	CHECK(!sts_slice_eq_nocase(STS_SLICE("abc"), "ab"));
	CHECK(sts_slice_starts(STS_SLICE("abc"), "ab") &&
	      sts_slice_starts(STS_SLICE("abc"), "abc"));
	CHECK(!sts_slice_starts(STS_SLICE("abc"), "abcd") &&
	      !sts_slice_starts(STS_SLICE("abc"), "b"));
}

static void test_prefix(void)
{
	struct sts_slice none = {0}, s = STS_SLICE("abc");

	CHECK(!sts_slice_take_prefix(&none, "a"));
	CHECK(!sts_slice_take_prefix(&s, "b") && !sts_slice_take_prefix(&s, "A"));
	CHECK(!sts_slice_take_prefix(&s, "abcd"));
	CHECK(sts_slice_eq(s, "abc"));
	CHECK(sts_slice_take_prefix(&s, "ab"));
	CHECK(sts_slice_eq(s, "c"));
	CHECK(sts_slice_take_prefix(&s, "c"));
	CHECK_INT(s.len, 0);
}

static void test_trim(void)
{
	CHECK(sts_slice_eq(sts_slice_trim(STS_SLICE(" \t\n\v\f\ra b\r\n")), "a b"));
	CHECK(sts_slice_eq(sts_slice_trim(STS_SLICE("a")), "a"));
	CHECK_INT(sts_slice_trim(STS_SLICE(" \n ")).len, 0);
	CHECK_INT(sts_slice_trim((struct sts_slice){0}).len, 0);
	CHECK_INT(sts_slice_trim(STS_SLICE("\0a\0")).len, 3);
	CHECK_INT(sts_slice_trim(STS_SLICE("\xa0 a\x85")).len, 4);
}

static void test_builder(void)
{
	start(6);
	CHECK_STR(buf, "");
	sts_text_add_str(&t, "abc");
	sts_text_add_char(&t, 'd');
	sts_text_add(&t, "e", 1);
	CHECK(!t.overflow);
	sts_text_add(&t, NULL, 0);
	sts_text_add_slice(&t, (struct sts_slice){0});
	CHECK(!t.overflow);
	sts_text_add_char(&t, 'f');
	CHECK(t.overflow);
	CHECK_STR(buf, "abcde");
	CHECK(buf[6] == '#');
	start(6);
	sts_text_add_str(&t, "abcdefgh");
	CHECK(t.overflow && t.len == 5);
	CHECK_STR(buf, "abcde");
	start(1);
	sts_text_addf(&t, "%s", "");
	CHECK(!t.overflow);
	sts_text_add_char(&t, 'a');
	CHECK(t.overflow && t.len == 0 && buf[1] == '#');
}

static void test_printf(void)
{
	start(8);
	sts_text_addf(&t, "%d-%s", 12, "ab");
	CHECK_STR(buf, "12-ab");
	CHECK_INT(t.len, 5);
	sts_text_addf(&t, "%d", 34);
	CHECK(!t.overflow && t.len == 7);
	sts_text_addf(&t, "%d", 5);
	CHECK(t.overflow && t.len == 7 && buf[8] == '#');
	CHECK_STR(buf, "12-ab34");
	/* A NUL that was added to the text does not change the length. */
	start(8);
	sts_text_add(&t, "a\0b", 3);
	sts_text_addf(&t, "%s", "cdefgh");
	CHECK(t.overflow && t.len == 7 && memcmp(buf, "a\0bcdef", 8) == 0);
}

static void test_escaped(void)
{
	static const struct {
		const char *in, *out;
		size_t max;
	} rows[] = {
		{"plain ~!", "plain ~!", 100},
		{"a\\b", "a\\\\b", 100},
		{"\r\n\t\x1b[31m", "\\x0D\\x0A\\x09\\x1B[31m", 100},
		{"\x7f\x80\xff", "\\x7F\\x80\\xFF", 100},
		{"%s%n", "%s%n", 100},
		{"", "", 100},
		{"abcdef", "abcdef", 6},
		{"abcdefg", "abc...", 6},
		{"abc\x01", "abc\\x01", 7},
		{"abc\x01", "abc...", 6},
		{"\\\\\\", "\\\\...", 5},
		{"abc", "..", 2},
		{"abc", "", 0},
		{"", "", 0},
		{"abcd", "...", 3},
		{"abc", "abc", 3},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		start(sizeof(buf));
		sts_text_add_escaped(&t, sts_slice_of(rows[i].in), rows[i].max);
		CHECK_STR(buf, rows[i].out);
		CHECK(t.len <= rows[i].max);
	}
	start(sizeof(buf));
	sts_text_add_escaped(&t, STS_SLICE("a\0b"), 100);
	CHECK_STR(buf, "a\\x00b");
}

static void test_utf8(void)
{
	static const struct {
		const char *in;
		size_t used;
		uint32_t code;
	} rows[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\xc3\xa9x", 2, 0xe9},
		{"\x80", 0, 0},
		{"\xbf", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xed\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xff", 0, 0},
		{"\xc3", 0, 0},
		{"\xe2\x82", 0, 0},
		{"\xf0\x9f\x98", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xf8\x90\x80\x80", 0, 0}, /* the form of five bytes begins so */
		{"\xff\xbf\xbf\xbf", 0, 0},
		{"\xc3x", 0, 0},
		{"\xe2\x82x", 0, 0},
		{"\xf0\x9f\x98x", 0, 0},
		{"\xe2(\xac", 0, 0},
		{"", 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t code = 0;

		CHECK_INT(sts_utf8_decode(sts_slice_of(rows[i].in), &code), rows[i].used);
		CHECK(rows[i].used == 0 || code == rows[i].code);
	}
}

static void test_json(void)
{
	start(sizeof(buf));
	sts_text_add_json(&t, STS_SLICE("a\"b\\c/d\b\f\n\r\t\x01\x1f\x7f\0~"));
	CHECK_STR(buf, "a\\\"b\\\\c/d\\b\\f\\n\\r\\t\\u0001\\u001F\\u007F\\u0000~");
	start(sizeof(buf));
	sts_text_add_json(&t, STS_SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xc3"));
	CHECK_STR(buf, "\\u00E9\\u20AC\\uD83D\\uDE00\\u00FF\\u00C3");
	start(sizeof(buf));
	sts_text_add_json_string(&t, STS_SLICE("a\"b"));
	CHECK_STR(buf, "\"a\\\"b\"");
}

static void test_encodings(void)
{
	start(sizeof(buf));
	sts_hex_encode(&t, "foobar\xfb\xff\xbe", 9);
	CHECK_STR(buf, "666F6F626172FBFFBE");
	start(sizeof(buf));
	sts_hex_encode(&t, "", 0);
	CHECK_STR(buf, "");
	start(sizeof(buf));
	sts_text_add_urlencoded(&t, STS_SLICE("aZ09-._~ +/=&%\xc3\0"));
	CHECK_STR(buf, "aZ09-._~%20%2B%2F%3D%26%25%C3%00");
}

static void test_lines_and_words(void)
{
	struct sts_slice text = STS_SLICE("one  two\t three\r\n\n \n last"), line, word;

	CHECK(sts_slice_take_line(&text, &line) && sts_slice_eq(line, "one  two\t three\r"));
	CHECK(sts_slice_take_word(&line, &word) && sts_slice_eq(word, "one"));
	CHECK(sts_slice_take_word(&line, &word) && sts_slice_eq(word, "two"));
	CHECK(sts_slice_take_word(&line, &word) && sts_slice_eq(word, "three"));
	CHECK(!sts_slice_take_word(&line, &word) && word.len == 0);
	CHECK(sts_slice_take_line(&text, &line) && line.len == 0);
	CHECK(sts_slice_take_line(&text, &line) && sts_slice_eq(line, " "));
	CHECK(!sts_slice_take_word(&line, &word));
	CHECK(sts_slice_take_line(&text, &line) && sts_slice_eq(line, " last"));
	CHECK(sts_slice_take_word(&line, &word) && sts_slice_eq(word, "last"));
	CHECK(!sts_slice_take_line(&text, &line));
	text = (struct sts_slice){0};
	CHECK(!sts_slice_take_line(&text, &line));
}

static void test_cut(void)
{
	struct sts_slice rest = STS_SLICE("a.b."), front = sts_slice_cut(&rest, '.');

	CHECK(sts_slice_eq(front, "a") && sts_slice_eq(rest, "b."));
	front = sts_slice_cut(&rest, '.');
	CHECK(sts_slice_eq(front, "b") && rest.len == 0 && rest.data);
	front = sts_slice_cut(&rest, '.');
	CHECK(front.len == 0 && rest.len == 0 && !rest.data);
	rest = STS_SLICE("ab");
	front = sts_slice_cut(&rest, '.');
	CHECK(sts_slice_eq(front, "ab") && rest.len == 0 && !rest.data);
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} rows[] = {
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"7", 5, false, 0},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"007", 10, true, 7},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999", UINT64_MAX, false, 0},
		{"184467440737095516150", UINT64_MAX, false, 0},
		{"", 9, false, 0},
		{"-1", 9, false, 0},
		{"+1", 9, false, 0},
		{" 1", 9, false, 0},
		{"1 ", 9, false, 0},
		{"1.0", 99, false, 0},
		{"0x1", 9, false, 0},
		{"/", 9, false, 0},
		{":", 9, false, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 0;

		CHECK(sts_parse_u64(sts_slice_of(rows[i].text), rows[i].max, &value) == rows[i].ok);
		CHECK(value == rows[i].value);
	}
	CHECK(!sts_parse_u64(STS_SLICE("1\0"), 9, &(uint64_t){0}));
}

static void test_wipe(void)
{
	char secret[] = "secret";

	sts_wipe(secret, 3);
	CHECK(memcmp(secret, "\0\0\0ret", 7) == 0);
	sts_wipe(NULL, 0);
}

static bool has(const char *hay, const char *phrase)
{
	return sts_slice_has_phrase(sts_slice_of(hay), sts_slice_of(phrase));
}

static void test_find(void)
{
	CHECK_INT(sts_slice_find(STS_SLICE("abab"), STS_SLICE("ab")), 0);
	CHECK_INT(sts_slice_find(STS_SLICE("abab"), STS_SLICE("ba")), 1);
	CHECK_INT(sts_slice_find(STS_SLICE("aab"), STS_SLICE("ab")), 1);
	CHECK_INT(sts_slice_find(STS_SLICE("aba"), STS_SLICE("abab")), -1);
	CHECK_INT(sts_slice_find(STS_SLICE("ab"), STS_SLICE("")), -1);
	CHECK_INT(sts_slice_find(STS_SLICE(""), STS_SLICE("")), -1);
}

static void test_phrases(void)
{
	CHECK(has("kid not found", "kid") && has("no KID", "kid") && has("invalid_scope", "scope"));
	CHECK(!has("kids", "kid") && !has("akid", "kid") && !has("ki", "kid") && !has("", "kid"));
	CHECK(has("kids, kid", "kid") && has("audience(aud) claim", "(aud) claim"));
	/* An end of the phrase that is no letter and no digit may stand beside anything. */
	CHECK(has("h: 127.0.0.1:443", ": 127.0.0.1:") && !has("h: 127.0.0.11:443", ": 127.0.0.1:"));
}

static void only(void)
{
	CHECK(sts_slice_has_only(STS_SLICE("azAZ09"), ""));
	CHECK(sts_slice_has_only(STS_SLICE(""), ""));
	CHECK(sts_slice_has_only(STS_SLICE("a-_"), "_-"));
	CHECK(!sts_slice_has_only(STS_SLICE("a-"), ""));
	CHECK(!sts_slice_has_only(STS_SLICE("a\0"), "-"));
	/* These are the neighbours of the letters and digits, and what the bit for lower case would
	 * make of them. */
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool want = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z');

		CHECK_INT(sts_slice_has_only((struct sts_slice){&byte, 1}, ""), want);
	}
}

static void hex_decode(void)
{
	uint8_t out[2];

	CHECK(sts_hex_decode(STS_SLICE("0aFf"), out, 2) && out[0] == 0x0a && out[1] == 0xff);
	CHECK(!sts_hex_decode(STS_SLICE("0aF"), out, 2));
	CHECK(!sts_hex_decode(STS_SLICE("0aFff"), out, 2));
	CHECK(!sts_hex_decode(STS_SLICE("0g00"), out, 2));
	CHECK(!sts_hex_decode(STS_SLICE("@000"), out, 2));
	CHECK_INT(sts_hex_value('g'), -1);
	CHECK_INT(sts_hex_value('`'), -1);
	CHECK_INT(sts_hex_value('F'), 15);
	CHECK_INT(sts_hex_value('\0'), -1);
	CHECK_INT(sts_hex_value('\x10'), -1);
}

static const struct sts_test tests[] = {
	{"classes of characters", only},
	{"hexadecimal digits are decoded", hex_decode},
	{"slices are compared and cut", test_slices},
	{"a prefix is taken off", test_prefix},
	{"white space is trimmed", test_trim},
	{"lines and words are taken from a text", test_lines_and_words},
	{"a text is cut at a separator", test_cut},
	{"the text builder", test_builder},
	{"the text builder's formats", test_printf},
	{"text of a peer is escaped", test_escaped},
	{"what is UTF-8", test_utf8},
	{"JSON strings are written", test_json},
	{"encodings are written", test_encodings},
	{"numbers are read", test_numbers},
	{"the first place of a text in another", test_find},
	{"phrases", test_phrases},
	{"memory is wiped", test_wipe},
};

STS_TEST_MAIN(tests)
