/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/issuer.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ISSUER   "https://sts.example/a b"

static char text[8 * 1024];
static struct sts_error error;
static struct sts_issuer_document document;

static enum sts_err read_document(const char *json)
{
	size_t len = strlen(json);

	memcpy(text, json, len);
	error.detail = -1;
	return sts_issuer_read(text, len, STS_SLICE(ISSUER), &document, &error);
}

static void urls(void)
{
	static const char *const rows[][2] = {
		{"https://a", "https://a/.well-known/openid-configuration"},
		{"https://a/", "https://a/.well-known/openid-configuration"},
		{"https://a/b/c", "https://a/b/c/.well-known/openid-configuration"},
		{"https://a/b//", "https://a/b//.well-known/openid-configuration"},
	};
	char buf[128];
	struct sts_text t;

	for (size_t i = 0; i < COUNT(rows); i++) {
		sts_text_init(&t, buf, sizeof(buf));
		sts_issuer_add_url(&t, sts_slice_of(rows[i][0]));
		CHECK_STR(buf, rows[i][1]);
	}
}

static void discovery(void)
{
	CHECK_INT(read_document("{\"issuer\":\"" ISSUER
				"\",\"jwks_uri\":\"https:\\/\\/k/x\",\"more\":[1]}"),
		  STS_OK);
	CHECK(sts_slice_eq(document.keys_url, "https://k/x"));
	CHECK_INT(document.keys.len, 0);
}

static void another_issuer(void)
{
	static const char *const others[] = {
		"https://sts.example",      "https://sts.example/a b/", "https://sts.example/A b",
		"https://sts.example/a  b", "http://sts.example/a b",
	};
	char json[256];

	for (size_t i = 0; i < COUNT(others); i++) {
		snprintf(json, sizeof(json), "{\"issuer\":\"%s\",\"jwks_uri\":\"https://k\"}",
			 others[i]);
		CHECK_INT(read_document(json), STS_ETOKEN);
		CHECK_INT(error.detail, STS_VERIFY_ISSUER);
	}
	CHECK_INT(read_document("{\"issuer\":\"\\u001b[1m\",\"jwks_uri\":\"https://k\"}"),
		  STS_ETOKEN);
	CHECK(strstr(error.msg, "\"\\x1B[1m\""));
}

static void keys(void)
{
	static const char jwks[] = "{\"keys\":[{\"kty\":\"RSA\"}]}";

	CHECK_INT(read_document(jwks), STS_OK);
	CHECK(sts_slice_eq(document.keys, jwks));
	CHECK_INT(document.keys_url.len, 0);
}

/* Both documents are text within JSON. */
static void issuer_docs(void)
{
	CHECK_INT(read_document("{\"discovery\":\"{\\\"issuer\\\":\\\"" ISSUER
				"\\\",\\\"jwks_uri\\\":\\\"https://"
				"k\\\"}\",\"keys\":\"{\\\"keys\\\":[]}\"}"),
		  STS_OK);
	CHECK(sts_slice_eq(document.keys, "{\"keys\":[]}"));
	CHECK_INT(document.keys_url.len, 0);
	CHECK_INT(read_document(
			  "{\"discovery\":\"{\\\"issuer\\\":\\\"https://other\\\",\\\"jwks_uri\\\":"
			  "\\\"https://k\\\"}\",\"keys\":\"{\\\"keys\\\":[]}\"}"),
		  STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_ISSUER);
	CHECK_INT(read_document("{\"discovery\":\"{\",\"keys\":\"{\\\"keys\\\":[]}\"}"), STS_EJSON);
}

static void other_documents(void)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"1",
		"{\"issuer\":\"" ISSUER "\"}",
		"{\"jwks_uri\":\"https://k\"}",
		"{\"issuer\":\"" ISSUER "\",\"jwks_uri\":7}",
		"{\"issuer\":[\"" ISSUER "\"],\"jwks_uri\":\"https://k\"}",
		"{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://k\"}",
		"{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://k\",\"jwks_uri\":\"https://l\"}",
		"{\"keys\":\"{\\\"keys\\\":[]}\"}",
		"{\"discovery\":\"{}\",\"keys\":\"{\\\"keys\\\":[]}\"}",
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_INT(read_document(rows[i]), STS_EANSWER);
	CHECK_INT(read_document("{\"keys\":[],\"keys\":[]}"), STS_EJSON);
	CHECK_INT(read_document("<!doctype html>"), STS_EHTML);
	CHECK_INT(read_document(""), STS_EEMPTY);
}

static const struct sts_test tests[] = {
	{"URLs of discovery documents", urls},
	{"a discovery document", discovery},
	{"a document of another issuer", another_issuer},
	{"a JWKS", keys},
	{"both documents as text", issuer_docs},
	{"documents of other kinds", other_documents},
};

STS_TEST_MAIN(tests)
