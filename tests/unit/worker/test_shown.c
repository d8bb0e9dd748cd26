/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/shown.h"

#include "base64url.h"
#include "test.h"

#define NOW_S 1768234289

static char text[1024], scratch[8192];
static struct sts_text out;

static void begin(const char *before)
{
	sts_text_init(&out, text, sizeof(text));
	sts_text_add_str(&out, before);
}

/* What is said of a subject token that is made of this JSON. */
static const char *subject_of(const char *json, int64_t exp_s)
{
	char token[2048];
	struct sts_subject subject = {.exp_s = exp_s};
	struct sts_text t;

	sts_text_init(&t, token, sizeof(token));
	sts_text_add_str(&t, "e30.");
	base64url_encode(&t, json, strlen(json));
	sts_text_add_str(&t, ".c2ln");
	subject.token = (struct sts_slice){token, t.len};
	begin("refused");
	sts_shown_add_subject(&out, &subject, scratch, sizeof(scratch), NOW_S);
	return text;
}

static void test_subject_tokens(void)
{
	struct sts_subject opaque = {.token = STS_SLICE("opaque"), .exp_s = -1};

	CHECK_STR(subject_of("{\"iss\":\"https://k\",\"sub\":\"s:a\",\"aud\":[\"x\",7,\"y\"]}",
			     NOW_S + 3120),
		  "refused; subject token: iss https://k, sub s:a, aud x, y, 52 min left");
	/* A claim that is missing, or not text, is left out. */
	CHECK_STR(subject_of("{\"iss\":7,\"aud\":[7]}", NOW_S + 1),
		  "refused; subject token: 1 s left");
	CHECK_STR(subject_of("{\"sub\":\"a\\nb\"}", NOW_S - 90),
		  "refused; subject token: sub a\\x0Ab, expired 1 min 30 s ago");
	CHECK_STR(subject_of("{}", NOW_S), "refused; subject token: expired 0 s ago");
	CHECK_STR(subject_of("{}", -1), "refused; subject token: no exp");
	begin("refused");
	sts_shown_add_subject(&out, &opaque, scratch, sizeof(scratch), NOW_S);
	CHECK_STR(text, "refused; subject token: it is not a JWT");
}

static void test_files(void)
{
	static const char token[] = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl";

	begin("expired");
	sts_shown_add_file(&out, NULL);
	CHECK_STR(text, "expired");
	sts_shown_add_file(&out, "/tokens/a\tb");
	CHECK_STR(text, "expired; file: /tokens/a\\x09b");
	begin("cannot read /tokens/a: no such file");
	sts_shown_add_file(&out, "/tokens/a");
	CHECK_STR(text, "cannot read /tokens/a: no such file");
	begin("expired");
	sts_shown_add_file(&out, token);
	CHECK_STR(text, "expired; file: (a token)");
}

static void test_requests(void)
{
	struct sts_url url;
	struct sts_request r = {.url = &url,
				.protocol = sts_protocol_find(STS_SLICE("token-exchange"))};

	CHECK_INT(sts_url_parse(STS_SLICE("http://localhost:8080/a?key=secret"), &url, NULL),
		  STS_OK);
	begin("404");
	sts_shown_add_request(&out, &r);
	CHECK_STR(text, "404; request: POST http://localhost:8080/a");
	r.method = "PUT";
	begin("404");
	sts_shown_add_request(&out, &r);
	CHECK_STR(text, "404; request: PUT http://localhost:8080/a");
}

static void test_servers(void)
{
	static struct sts_fields fields;
	struct sts_connect_facts facts = {.last = {.ip = {10, 4, 0, 17}}, .port = 443};

	CHECK_INT(sts_url_parse(STS_SLICE("https://sts.example"), &fields.url, NULL), STS_OK);
	CHECK_INT(sts_url_parse(STS_SLICE("http://proxy:3128"), &fields.proxy.url, NULL), STS_OK);
	begin("reset");
	sts_shown_add_server(&out, &fields, &facts);
	CHECK_STR(text, "reset; server: sts.example:443 at 10.4.0.17:443");
	fields.proxy.used = true;
	begin("reset");
	sts_shown_add_server(&out, &fields, &facts);
	CHECK_STR(text, "reset; server: sts.example:443 through the proxy proxy:3128");
}

static const struct sts_test tests[] = {
	{"the subject token", test_subject_tokens},
	{"the file", test_files},
	{"the request", test_requests},
	{"the server", test_servers},
};
STS_TEST_MAIN(tests)
