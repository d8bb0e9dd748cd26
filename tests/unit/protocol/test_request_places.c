/* SPDX-License-Identifier: Apache-2.0 */
/* Where values go in a request: their places in the URL, and JSON pointers into the body. */
#include "request_input.h"

/* A value that begins with the path segment before it has that segment once in the URL. */
static void segment_before(void)
{
	static const struct {
		const char *mount, *path;
	} rows[] = {
		{"auth/jwt", "jwt"},
		{"/auth/jwt/", "jwt"},
		{"auth/team/jwt", "team/jwt"},
		{"auth", "auth"},
		{"auth/", "auth"},
		{"auth/auth/jwt", "auth/jwt"},
		{"authority/x", "authority/x"},
		{"v1/auth/jwt", "v1/auth/jwt"},
		{"jwt/auth/x", "jwt/auth/x"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_field params[] = {{S("address"), S("https://vault.example/")},
					     {S("mount"), sts_slice_of(rows[i].mount)}};
		struct sts_request r = request_of("vault", "https://sts.example:8443/x");
		char want[200];
		struct sts_text wanted;

		r.params = params;
		r.param_count = COUNT(params);
		sts_text_init(&wanted, want, sizeof(want));
		sts_text_addf(&wanted, "https://vault.example/v1/auth/%s/login", rows[i].path);
		CHECK_STR(made_url(&r), want);
	}
}

/* A slash at the end of a value is cut off only where the URL has one after the value. */
static void slash_at_the_end(void)
{
	static const char *const rows[][2] = {
		{"https://vault.example/v1/auth/{mount}/login",
		 "https://vault.example/v1/auth/jwt/login"},
		{"https://vault.example/v1/auth/{mount}", "https://vault.example/v1/auth/jwt/"},
		{"https://vault.example/v1/auth/{mount}?a", "https://vault.example/v1/auth/jwt/?a"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_field mount = {S("mount"), S("jwt/")};
		char made[200];
		struct sts_text text;
		struct sts_request r = request_of("vault", "https://sts.example:8443/x");

		r.params = &mount;
		r.param_count = 1;
		r.url_template = rows[i][0];
		sts_text_init(&text, made, sizeof(made));
		sts_request_url(&r, &text);
		CHECK_STR(made, rows[i][1]);
	}
}

static char body_buf[4096];

static const char *body_of(const struct sts_request *r)
{
	static char head_buf[4096];
	struct sts_text head, body;
	struct sts_error e;

	sts_text_init(&head, head_buf, sizeof(head_buf));
	sts_text_init(&body, body_buf, sizeof(body_buf));
	CHECK_INT(sts_request_build(r, false, &head, &body, &e), STS_OK);
	return body_buf;
}

#define START_OF_BODY \
	"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{"

/* Fields of one object stand in one object, and fixed fields go with a parameter. */
static void pointers(void)
{
	struct sts_field params[] = {
		{S("audience"), S("a")}, {S("pod"), S("p-0")}, {S("pod-uid"), S("u-1")}};
	struct sts_request r = request_of("kubernetes", "https://api.example/x");

	r.params = params;
	r.param_count = 1;
	CHECK_STR(body_of(&r), START_OF_BODY "\"audiences\":[\"a\"],\"expirationSeconds\":600}}");
	r.param_count = 2;
	CHECK_STR(body_of(&r), START_OF_BODY
		  "\"audiences\":[\"a\"],\"expirationSeconds\":600,\"boundObjectRef\":"
		  "{\"name\":\"p-0\",\"kind\":\"Pod\",\"apiVersion\":\"v1\"}}}");
	r.param_count = 3;
	CHECK_STR(body_of(&r), START_OF_BODY
		  "\"audiences\":[\"a\"],\"expirationSeconds\":600,\"boundObjectRef\":"
		  "{\"name\":\"p-0\",\"kind\":\"Pod\",\"apiVersion\":\"v1\","
		  "\"uid\":\"u-1\"}}}");
}

/* The port is a number without leading zeros. */
static void ports(void)
{
	static const struct {
		const char *port;
		enum sts_err err;
	} rows[] = {
		{"6443", STS_OK},   {"1", STS_OK},      {"65535", STS_OK},     {"0", STS_EINPUT},
		{"05", STS_EINPUT}, {"00", STS_EINPUT}, {"06443", STS_EINPUT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_field params[] = {{S("audience"), S("a")},
					     {S("namespace"), S("n")},
					     {S("service-account"), S("s")},
					     {S("port"), sts_slice_of(rows[i].port)}};
		struct sts_request r = request_of("kubernetes", "https://api.example/x");
		struct sts_error e = {.code = STS_OK};

		r.url_template = "https://{host}:{port}/";
		r.params = params;
		r.param_count = 4;
		CHECK((sts_request_check(&r, &e) == STS_OK) == (rows[i].err == STS_OK));
		CHECK((strstr(e.msg, "from 1 to 65535") != NULL) == (rows[i].err != STS_OK));
	}
}

/* The reference tokens of a pointer, the empty ones too, until the pointer ends. */
static void reference_tokens(void)
{
	static const char *const tokens[] = {"a", "", "b~1c", ""};
	struct sts_slice pointer = S("/a//b~1c");

	for (size_t i = 0; i < COUNT(tokens); i++)
		CHECK(sts_slice_eq(sts_request_reference_token(&pointer), tokens[i]));
	CHECK_INT(pointer.len, 0);
}

/* The subject token of `custom` at a pointer, before and after fields that are not at a pointer. */
static void subject_at_pointer(void)
{
	static const struct sts_field params[] = {{S("tenant"), S("t")}, {S("scope"), S("s")}};
	static const struct {
		const char *pointer, *json;
	} rows[] = {
		{"/a", "{\"a\":\"T\",\"scope\":\"s\",\"tenant\":\"t\"}"},
		{"/a/b/c", "{\"a\":{\"b\":{\"c\":\"T\"}},\"scope\":\"s\",\"tenant\":\"t\"}"},
		{"/a~1b/c~0d", "{\"a/b\":{\"c~d\":\"T\"},\"scope\":\"s\",\"tenant\":\"t\"}"},
		{"//", "{\"\":{\"\":\"T\"},\"scope\":\"s\",\"tenant\":\"t\"}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_request r = request_of("custom", "https://api.example/x");

		r.params = params;
		r.param_count = COUNT(params);
		r.subject = S("T");
		r.own_subject = true;
		r.subject_place = STS_PLACE_POINTER;
		r.subject_field = rows[i].pointer;
		r.body = STS_BODY_JSON;
		CHECK_STR(body_of(&r), rows[i].json);
	}
}

/* An IPv6 address gets brackets in the URL. No part of a host name is left out. */
static void hosts(void)
{
	static const struct {
		const char *protocol, *name, *host, *start;
	} rows[] = {
		{"kubernetes", "host", "fd00:10:96::1", "https://[fd00:10:96::1]:443/"},
		{"kubernetes", "host", "10.96.0.1", "https://10.96.0.1:443/"},
		{"kubernetes", "host", "api.example", "https://api.example:443/"},
		{"gcp", "universe", "sts.example", "https://sts.sts.example/"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_field params[] = {
			{sts_slice_of(rows[i].name), sts_slice_of(rows[i].host)}};
		struct sts_request r = request_of(rows[i].protocol, "https://sts.example/x");

		r.params = params;
		r.param_count = COUNT(params);
		CHECK(sts_slice_starts(sts_slice_of(made_url(&r)), rows[i].start));
	}
}

static const struct sts_test tests[] = {
	{"fields at JSON pointers", pointers},
	{"ports", ports},
	{"the reference tokens of a JSON pointer", reference_tokens},
	{"the subject token at a JSON pointer", subject_at_pointer},
	{"hosts in the URL", hosts},
	{"the path segment before a value of the URL", segment_before},
	{"a slash at the end of a value", slash_at_the_end},
};

STS_TEST_MAIN(tests)
