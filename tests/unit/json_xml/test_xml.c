/* SPDX-License-Identifier: Apache-2.0 */
#include "json_xml/xml.h"

#include "json_xml/json.h"
#include "test.h"

static char buf[4096];
static struct sts_text json;
static struct sts_error error;

static enum sts_err convert(struct sts_slice xml)
{
	memset(&error, 0, sizeof(error));
	sts_text_init(&json, buf, sizeof(buf));
	return sts_xml_to_json(xml, &json, &error);
}

static void documents(void)
{
	static const struct {
		const char *xml, *json;
	} rows[] = {
		{"<a/>", "{\"a\":\"\"}"},
		{"<a></a>", "{\"a\":\"\"}"},
		{"<a>b</a>", "{\"a\":\"b\"}"},
		{"<a> b\n</a>\n", "{\"a\":\" b\\n\"}"},
		{"<a><b>1</b><c/></a>", "{\"a\":{\"b\":\"1\",\"c\":\"\"}}"},
		{"<a>\n <b>1</b>\n <b>2</b>\n</a>", "{\"a\":{\"b\":\"1\",\"b\":\"2\"}}"},
		{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>b</a>", "{\"a\":\"b\"}"},
		{"<!-- c --><a><!-- <b> --><b>1</b><!----></a><!-- d -->", "{\"a\":{\"b\":\"1\"}}"},
		{"<a x=\"1\" y='>'><b z='/'/></a >", "{\"a\":{\"b\":\"\"}}"},
		{"<n:a-1_b.c xmlns:n='u'>x</n:a-1_b.c>", "{\"a-1_b.c\":\"x\"}"},
		{"<a>&lt;&gt;&amp;&quot;&apos;</a>", "{\"a\":\"<>&\\\"'\"}"},
		{"<a>x&#65;&#x3d;&#x3D;y</a>", "{\"a\":\"xA==y\"}"},
		{"<a>&#10;</a>", "{\"a\":\"\\n\"}"},
		{"<a>&#x1F600;&#x10ffff;</a>", "{\"a\":\"\\uD83D\\uDE00\\uDBFF\\uDFFF\"}"},
		{"<a>\"\\\xc3\xa9</a>", "{\"a\":\"\\\"\\\\\\u00E9\"}"},
		{"<a>]]></a>", "{\"a\":\"]]>\"}"},
		{"<n:a xmlns:n='u'><n:b>1</n:b><m:c/></n:a>", "{\"a\":{\"b\":\"1\",\"c\":\"\"}}"},
		{"<n:a><n:b/><m:b/></n:a>", "{\"a\":{\"b\":\"\",\"b\":\"\"}}"},
		{"<a><![CDATA[x]]></a>", "{\"a\":\"x\"}"},
		{"<a><![CDATA[]]></a>", "{\"a\":\"\"}"},
		{"<a><![CDATA[<b>&amp;&x]]]]></a>", "{\"a\":\"<b>&amp;&x]]\"}"},
		{"<a>1&lt;<![CDATA[2]]>&gt;3<![CDATA[4]]> </a>", "{\"a\":\"1<2>34 \"}"},
		{"<a>1<!-- <b> -->2<!----></a>", "{\"a\":\"12\"}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sts_json *root;
		enum sts_err err = convert(sts_slice_of(rows[i].xml));

		if (err != STS_OK)
			printf("# %s: %s\n", rows[i].xml, error.msg);
		CHECK_INT(err, STS_OK);
		CHECK_STR(buf, rows[i].json);
		CHECK_INT(sts_json_parse((struct sts_slice){json.data, json.len}, &root, NULL),
			  STS_OK);
		sts_json_close();
	}
}

static void hostile(void)
{
	static const struct sts_slice rows[] = {
#define S(literal) STS_SLICE(literal)
		S("<"),
		S("< a/>"),
		S("<a"),
		S("<a>"),
		S("<a/"),
		S("<a/><b/>"),
		S("<a></b>"),
		S("<a></ab>"),
		S("<ab></a>"),
		S("<a></a"),
		S("<a></a x>"),
		S("</a>"),
		S("<a><b></a></b>"),
		S("<a/>x"),
		S("<a>x<b/></a>"),
		S("<a><b/>x</a>"),
		S("<a><b/>x<c/></a>"),
		S("<a b=\"></a>"),
		S("<a <b/></a>"),
		S("<a>&nbsp;</a>"),
		S("<a>&amp</a>"),
		S("<a>&</a>"),
		S("<a>&;</a>"),
		S("<a>&#;</a>"),
		S("<a>&#x;</a>"),
		S("<a>&#0;</a>"),
		S("<a>&#x0;</a>"),
		S("<a>&#xd800;</a>"),
		S("<a>&#xdfff;</a>"),
		S("<a>&#x110000;</a>"),
		S("<a>&#4294967361;</a>"),
		S("<a>&#x100000041;</a>"),
		S("<a>&#a;</a>"),
		S("<a>&#-1;</a>"),
		S("<a>&#X41;</a>"),
		S("<a>&amp amp;</a>"),
		S("<a><!-- </a>"),
		S("<a><![CDATA[x]></a>"),
		S("<a><![CDATA[x</a>"),
		S("<a><![cdata[x]]></a>"),
		S("<a><b/><![CDATA[x]]></a>"),
		S("<a><![CDATA[x]]><b/></a>"),
		S("<a>x<!-- c --><b/></a>"),
		S("<![CDATA[x]]>"),
		S("<![CDATA[x]]><a/>"),
		S("<a/><![CDATA[x]]>"),
		S("<a/>x<!-- c -->"),
		S("<a><![CDATA[x]]>&y;</a>"),
		S("<n:a></a>"),
		S("<n:a></m:a>"),
		S("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
		S("<!DOCTYPE htmlx><htmlx/>"),
		S("<a><?php x ?></a>"),
		S("<?xml version=\"1.0\"<a/>"),
		S("<?xml-stylesheet x?><a/>"),
		S("<!ENTITY x \"y\"><a/>"),
		S("<a>x\0y</a>"),
		S("<a\0/>"),
		S("<\xc3\xa9/>"),
		S("<?xml version=\"1.0\"?>"),
		S("<a><b><c><d><e><f><g><h><i><j><k><l><m><n><o><p><q>"),
#undef S
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum sts_err err = convert(rows[i]);

		if (err != STS_EJSON)
			printf("# %s is %d\n", rows[i].data, (int)err);
		CHECK_INT(err, STS_EJSON);
		CHECK(strncmp(error.msg, "not usable XML: ", 16) == 0);
	}
}

static void pages(void)
{
	static const char *const rows[] = {"<!DOCTYPE html>",
					   "<!doctype html><html/>",
					   "<HTML>",
					   "<html lang='en'></html>",
					   "<?xml version='1.0'?>\n<html>",
					   "<!-- c -->\n<!DOCTYPE html PUBLIC \"x\">",
					   "<h1>Not Found</h1>",
					   "<head/>",
					   "<body",
					   "<html"};
	static const char *const others[] = {"<Error>",  "<htmls/>",   "<h:html/>", "<he",
					     "<a:body>", "<!doctype>", "<?xml ",    "<!-- <html>"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(convert(sts_slice_of(rows[i])), STS_EHTML);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!sts_xml_is_page(sts_slice_of(others[i])));
}

static void bounds(void)
{
	static const char open[] = "<a><b><c><d><e><f><g><h><i><j><k><l><m><n>";
	char deep[200];
	struct sts_text text;
	const struct sts_json *root;

	/* The deepest document that this reader takes is taken by the JSON reader too. */
	sts_text_init(&text, deep, sizeof(deep));
	sts_text_add_str(&text, open);
	for (char c = 'n'; c >= 'a'; c--)
		sts_text_addf(&text, "</%c>", c);
	CHECK_INT(convert((struct sts_slice){deep, text.len}), STS_OK);
	CHECK_INT(sts_json_parse((struct sts_slice){json.data, json.len}, &root, NULL), STS_OK);
	sts_json_close();

	sts_text_init(&json, buf, 12);
	CHECK_INT(sts_xml_to_json(STS_SLICE("<a>12345</a>"), &json, &error), STS_ETOOBIG);
	sts_text_init(&json, buf, 14);
	CHECK_INT(sts_xml_to_json(STS_SLICE("<a>12345</a>"), &json, &error), STS_OK);
}

static const struct sts_test tests[] = {
	{"documents that are read", documents},
	{"hostile documents are refused", hostile},
	{"web pages are refused", pages},
	{"bounds of depth and size", bounds},
};

STS_TEST_MAIN(tests)
