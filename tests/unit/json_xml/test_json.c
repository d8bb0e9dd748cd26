/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/json.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char big[STS_JSON_MAX_BYTES + 1];

static enum sts_err parse(struct sts_slice text)
{
	const struct sts_json *root;
	struct sts_error e = {0};
	enum sts_err err = sts_json_parse(text, &root, &e);

	CHECK((root != NULL) == (err == STS_OK));
	CHECK_INT(e.code, err);
	CHECK_INT(e.detail, 0);
	CHECK((e.msg[0] != '\0') == (err != STS_OK));
	sts_json_close();
	return err;
}

static void check_all(const char *const *texts, size_t count, enum sts_err want)
{
	for (size_t i = 0; i < count; i++) {
		enum sts_err err = parse(sts_slice_of(texts[i]));

		if (err != want)
			printf("# text: %s\n", texts[i]);
		CHECK_INT(err, want);
	}
}

static void test_accepted(void)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"\"\"",
		"0",
		"-0",
		"1.5e+3",
		"1E-3",
		"0.0",
		"true",
		"false",
		"null",
		" \t\r\n{ \"a\" : [ 1 , { } , [ ] ] } \n",
		"{\r\"a\"\r:\r[\r]\r,\r\"b\"\r:\r1\r}",
		"{\t\"a\"\t:\t[\t]\t,\t\"b\"\t:\t1\t}",
		"{\n\"a\"\n:\n[\n]\n,\n\"b\"\n:\n1\n}",
		"\xef\xbb\xbf{}",
		"[\"\\u0001\\u007f\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
		"\"\\ud83d\\ude00\"",
		"\"\\uD83D\\uDE00\"",
		"\"\\uABCD\\uabEF\"",
		"\"\\ud7ff\\ue000\\ud800\\udc00\\udbff\\udfff\"",
		"\"\xf0\x9f\x98\x80 \xc3\xa9 \xe2\x82\xac\"",
		"\"\x7f\"",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"{\"a\":1,\"a\":2}",
		"1e308",
		"1e-400",
		"1234567890123456789012345678901234567890123456789012345678901234",
	};

	check_all(texts, COUNT(texts), STS_OK);
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"{",
		"[",
		"}",
		"]",
		"\"",
		"\"a",
		"{]",
		"[}",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,}",
		"{a:1}",
		"{'a':1}",
		"{1:2}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1]",
		"[1]]",
		"{}{}",
		"1 2",
		"{} x",
		"tru",
		"True",
		"nul",
		"nulll",
		"NaN",
		"Infinity",
		"-Infinity",
		"undefined",
		"// c\n1",
		"[1]/**/",
		"01",
		"-01",
		"00",
		"+1",
		".5",
		"5.",
		"5.e1",
		"- 5",
		"1. 5",
		"1e 5",
		"1e",
		"1e+",
		"-",
		"--1",
		"0x10",
		"1_0",
		"1.2.3",
		"1e",
		"1E+",
		"[1e-]",
		"1.5e+]",
		"1e1e1",
		"1e400",
		"-1e400",
		"[0,[1e999]]",
		"12345678901234567890123456789012345678901234567890123456789012345",
		"\"\\u0000\"",
		"{\"a\\u0000b\":1}",
		"\"\\ud83d\"",
		"\"\\ud83dx\"",
		"\"\\ud83dxudc00\"",
		"\"\\ud83d\\n\"",
		"\"\\ud83d\\u0041\"",
		"\"\\ude00\"",
		"\"\\ud800\"",
		"\"\\udfff\"",
		"\"\\udbff\"",
		"\"\\udc00\"",
		"\"\\ud800\\udbff\"",
		"\"\\ud800\\ue000\"",
		"\"\\ude00\\ud83d\"",
		"\"\\ud83d\\ud83d\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u\"",
		"\"\\U0041\"",
		"\"\\x41\"",
		"\"\\a\"",
		"\"\\'\"",
		"\"\\",
		"\"\\\"",
		"\"a\nb\"",
		"\"a\tb\"",
		"\"\x01\"",
		"\"\x1f\"",
		"\"\x80\"",
		"\"\xc0\xaf\"",
		"\"\xc3\"",
		"\"\xe0\x80\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xff\"",
		"{\"\xff\":1}",
		"\xa0{}",
		"\v{}",
		"{\f}",
		"[1,\x01 2]",
		"\xef\xbb\xbf\xef\xbb\xbf{}",
		" \xef\xbb\xbf{}",
		"\xef\xbb{}",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
		"{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
		"[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]",
	};
	static const struct sts_slice with_nul[] = {
		{"{}\0", 3},        {"\0{}", 3},  {"\"a\0b\"", 5},
		{"{\"a\0\":1}", 8}, {"[1\0]", 4}, {"\"\\\0\"", 4},
	};

	check_all(texts, COUNT(texts), STS_EJSON);
	for (size_t i = 0; i < COUNT(with_nul); i++)
		CHECK_INT(parse(with_nul[i]), STS_EJSON);
}

static void test_empty_and_html(void)
{
	static const char *const empty[] = {"", " ", "\r\n\t ", "\xef\xbb\xbf", "\xef\xbb\xbf \n"};
	static const char *const html[] = {"<!DOCTYPE html>", "\n  <html>",
					   "\xef\xbb\xbf<?xml ?><html/>"};
	static const char *const xml[] = {"<", "\xef\xbb\xbf<?xml?>", "<Error/>"};

	check_all(empty, COUNT(empty), STS_EEMPTY);
	check_all(html, COUNT(html), STS_EHTML);
	check_all(xml, COUNT(xml), STS_EJSON);
	CHECK_INT(parse((struct sts_slice){NULL, 0}), STS_EEMPTY);
}

/* Each prefix of a good document is refused, and the reader does not look past its end (ASan checks
 * that). */
static void test_prefixes(void)
{
	static const char text[] =
		"{\"a\\u00e9\":[1.5e3,true,null,{\"b\":\"\\ud83d\\ude00\xe2\x82\xac\"}],\"c\":-0}";

	for (size_t len = 1; len < sizeof(text) - 1; len++)
		CHECK_INT(parse((struct sts_slice){text, len}), STS_EJSON);
	CHECK_INT(parse(STS_SLICE(text)), STS_OK);
}

static struct sts_slice repeat(const char *open, const char *unit, const char *close, size_t bytes)
{
	struct sts_text t;

	sts_text_init(&t, big, sizeof(big));
	sts_text_add_str(&t, open);
	while (t.len + strlen(unit) + strlen(close) <= bytes)
		sts_text_add_str(&t, unit);
	t.len -= unit[strlen(unit) - 1] == ',';
	sts_text_add_str(&t, close);
	return (struct sts_slice){big, t.len};
}

static void test_bounds(void)
{
	static const char key[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":"
				  "\"0123456789abcdef0123456789abcdef\","
				  "\"x\":\"0123456789abcdef0123456789abcdef0123456789a\","
				  "\"y\":\"0123456789abcdef0123456789abcdef0123456789a\"},";

	/* The document is as large as a body may be, and its values are as long as those that
	 * servers send. */
	CHECK_INT(parse(repeat("\"", "0123456789abcdef", "\"", STS_JSON_MAX_BYTES)), STS_OK);
	CHECK_INT(parse(repeat("[", key, "]", STS_JSON_MAX_BYTES)), STS_OK);
	/* The document is smaller and has 100,000 values. */
	CHECK_INT(parse(repeat("[", "1,", "]", 200000)), STS_ETOOBIG);
	CHECK_INT(parse(repeat("[", "[],", "]", 262144)), STS_ETOOBIG);
	CHECK_INT(parse(repeat("{", "\"\":0,", "}", 262144)), STS_ETOOBIG);
	CHECK_INT(parse(repeat("[", "\"\",", "]", 262144)), STS_ETOOBIG);
	/* The most values without strings: they have all the memory. */
	CHECK_INT(parse(repeat("[", "[],", "]", 2 + 3 * 16383)), STS_OK);
	CHECK_INT(parse(repeat("[", "[],", "]", 2 + 3 * 16384)), STS_ETOOBIG);
	/* The next document is read as if there had been none before. */
	CHECK_INT(parse(STS_SLICE("[1]")), STS_OK);
	/* The document is one byte too long. */
	memset(big, ' ', sizeof(big));
	big[0] = '1';
	CHECK_INT(parse((struct sts_slice){big, STS_JSON_MAX_BYTES}), STS_OK);
	CHECK_INT(parse((struct sts_slice){big, STS_JSON_MAX_BYTES + 1}), STS_ETOOBIG);
}

static const struct sts_json *at(const struct sts_json *root, const char *pointer)
{
	const struct sts_json *v = (const struct sts_json *)"";
	struct sts_error e;

	CHECK_INT(sts_json_at(root, pointer, &v, &e), STS_OK);
	return v;
}

static void test_pointers(void)
{
	static const char text[] =
		"{\"\":{\"\":1},\"a/"
		"b\":2,\"m~n\":3,\"~1\":4,\"x\":[10,[20,{\"y\":30}],null],\"Case\":5,"
		"\"case\":6,\"null\":null,\"0\":7}";
	static const struct {
		const char *pointer;
		double number; /* 0: there is no such value */
	} rows[] = {
		{"/", 0},
		{"//", 1},
		{"/a~1b", 2},
		{"/m~0n", 3},
		{"/~01", 4},
		{"/x/0", 10},
		{"/x/1/0", 20},
		{"/x/1/1/y", 30},
		{"/Case", 5},
		{"/case", 6},
		{"/0", 7},
		{"/CASE", 0},
		{"/cas", 0},
		{"/cases", 0},
		{"/null", 0},
		{"/x/2", 0},
		{"/x/3", 0},
		{"/x/00", 0},
		{"/x/01", 0},
		{"/x/-", 0},
		{"/x/-1", 0},
		{"/x/1e0", 0},
		{"/x/4294967296", 0},
		{"/x/", 0},
		{"/x/18446744073709551616", 0},
		{"/x/0/0", 0},
		{"/null/a", 0},
		{"/Case/a", 0},
		{"Case", 0},
		{"x/0", 0},
		{"/x/0x", 0},
		{"/a/b", 0},
		{"/m~n", 3},
		{"/~2", 0},
		{"/Case/", 0},
	};
	const struct sts_json *root;
	struct sts_error e;

	CHECK_INT(sts_json_parse(STS_SLICE(text), &root, &e), STS_OK);
	CHECK(at(root, "") == root);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sts_json *v = at(root, rows[i].pointer);
		double number = 0;

		sts_json_number(v, &number);
		if (number != rows[i].number)
			printf("# pointer %s\n", rows[i].pointer);
		CHECK(number == rows[i].number);
		CHECK(rows[i].number == 0 || v);
	}
	CHECK(sts_json_kind(at(root, "/")) == STS_JSON_OBJECT);
	CHECK(at(NULL, "/a") == NULL);
	CHECK(at(NULL, "") == NULL);
	sts_json_close();
}

static void test_duplicates(void)
{
	static const struct {
		const char *text, *pointer;
		enum sts_err err;
	} rows[] = {
		{"{\"a\":1,\"a\":2}", "/a", STS_EJSON},
		{"{\"a\":1,\"\\u0061\":1}", "/a", STS_EJSON},
		{"{\"a\":null,\"a\":2}", "/a", STS_EJSON},
		{"{\"a\":{\"b\":1},\"a\":{\"c\":1}}", "/a/b", STS_EJSON},
		{"{\"a\":{\"b\":1,\"b\":1}}", "/a/b", STS_EJSON},
		{"{\"a\":1,\"b\":2,\"a\":3}", "/b", STS_OK},
		{"{\"a\":1,\"A\":2}", "/a", STS_OK},
		{"[{\"a\":1},{\"a\":1}]", "/0/a", STS_OK},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sts_json *root, *v;
		struct sts_error e = {0};

		CHECK_INT(sts_json_parse(sts_slice_of(rows[i].text), &root, &e), STS_OK);
		CHECK_INT(sts_json_at(root, rows[i].pointer, &v, &e), rows[i].err);
		CHECK((v != NULL) == (rows[i].err == STS_OK));
		CHECK_INT(e.code, rows[i].err);
		CHECK_INT(e.detail, 0);
	}
	sts_json_close();
}

static void test_values(void)
{
	static const char text[] = "{\"s\":\"a\\u003db\\n\\u00e9\\ud83d\\ude00\",\"e\":\"\",\"n\":"
				   "1.5,\"big\":1768233157561,\"t\":true,"
				   "\"f\":false,\"z\":null,\"o\":{},\"a\":[]}";
	static const enum sts_json_kind kinds[] = {
		STS_JSON_STRING, STS_JSON_STRING, STS_JSON_NUMBER, STS_JSON_NUMBER, STS_JSON_BOOL,
		STS_JSON_BOOL,   STS_JSON_NULL,   STS_JSON_OBJECT, STS_JSON_ARRAY,
	};
	const struct sts_json *root;
	struct sts_slice s = {0};
	struct sts_error e;
	double number = 0;
	size_t count = 0;
	bool b;

	CHECK_INT(sts_json_parse(STS_SLICE(text), &root, &e), STS_OK);
	for (const struct sts_json *v = sts_json_first(root); v && count < COUNT(kinds);
	     v = sts_json_next(v), count++) {
		CHECK(sts_json_kind(v) == kinds[count]);
		CHECK(sts_json_string(v, &s) == (kinds[count] == STS_JSON_STRING));
		CHECK(sts_json_number(v, &number) == (kinds[count] == STS_JSON_NUMBER));
		CHECK(sts_json_bool(v, &b) == (kinds[count] == STS_JSON_BOOL));
	}
	CHECK_INT(count, COUNT(kinds));
	CHECK(sts_json_string(at(root, "/s"), &s) &&
	      sts_slice_eq(s, "a=b\n\xc3\xa9\xf0\x9f\x98\x80"));
	CHECK(sts_json_string(at(root, "/e"), &s) && s.len == 0);
	CHECK(sts_json_number(at(root, "/big"), &number) && number == 1768233157561.0);
	CHECK(sts_json_bool(at(root, "/t"), &b) && b);
	CHECK(sts_json_bool(at(root, "/f"), &b) && !b);
	CHECK(sts_json_first(at(root, "/o")) == NULL);
	CHECK(sts_json_first(at(root, "/a")) == NULL);
	CHECK(sts_json_first(at(root, "/s")) == NULL);
	CHECK(sts_slice_eq(sts_json_key(sts_json_first(root)), "s"));
	CHECK_INT(sts_json_key(root).len, 0);
	CHECK(!sts_json_string(NULL, &s) && !sts_json_number(NULL, &number) &&
	      !sts_json_bool(NULL, &b));
	CHECK(!sts_json_first(NULL) && !sts_json_next(NULL) && sts_json_key(NULL).len == 0);
	sts_json_close();
}

/* A slice of the document reads as zeros after the document was closed: the token does not stay in
 * memory. */
static void test_wiped(void)
{
	const struct sts_json *root;
	struct sts_slice s = {0};
	struct sts_error e;

	CHECK_INT(sts_json_parse(STS_SLICE("{\"token\":\"abcdefgh\"}"), &root, &e), STS_OK);
	CHECK(sts_json_string(at(root, "/token"), &s) && s.len == 8);
	sts_json_close();
	for (size_t i = 0; i < s.len; i++)
		CHECK_INT(s.data[i], 0);
	sts_json_close();
}

/* The message says where and what, and has no byte of the text. */
static void test_messages(void)
{
	const struct sts_json *root;
	struct sts_error e;

	CHECK_INT(sts_json_parse(STS_SLICE("{\"token\":\"secret\" \"x\"}"), &root, &e), STS_EJSON);
	CHECK_STR(e.msg, "not usable JSON: no comma between values at byte 18");
	CHECK_INT(sts_json_parse(STS_SLICE("secret"), &root, &e), STS_EJSON);
	CHECK_STR(e.msg, "not usable JSON: no JSON value at byte 0");
	CHECK_INT(sts_json_parse(STS_SLICE("\"\\u0000\""), &root, &e), STS_EJSON);
	CHECK_STR(e.msg, "not usable JSON: a NUL character at byte 7");
	CHECK_INT(sts_json_parse(STS_SLICE("{"), &root, NULL), STS_EJSON);
}

/* The position counts from the beginning of the text as it was given. */
static void test_positions(void)
{
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
		{"{\"a\" 1}", 5},
		{" \n {\"a\" 1}", 8},
		{"\xef\xbb\xbf[1,]", 6},
		{"[01]", 2},
		{"[\"a\nb\"]", 3},
		{"{", 1},
		{"{} x", 3},
		{"", 0},
		{"<", 0},
		{"  ", 0},
		{"[1e999]", 0},
		{"[1]", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		parse(sts_slice_of(cases[i].text));
		CHECK_INT(sts_json_fault_at(), cases[i].at);
	}
}

static const struct sts_test tests[] = {
	{"documents that are JSON", test_accepted},
	{"where a document is wrong", test_positions},
	{"documents that are refused", test_refused},
	{"empty answers and web pages", test_empty_and_html},
	{"each prefix of a document is refused", test_prefixes},
	{"large documents", test_bounds},
	{"values are found by their pointers", test_pointers},
	{"a key that is there twice on the path", test_duplicates},
	{"values are read, and members are walked through", test_values},
	{"a document that is closed is wiped", test_wiped},
	{"messages have no byte of the document", test_messages},
};

STS_TEST_MAIN(tests)
