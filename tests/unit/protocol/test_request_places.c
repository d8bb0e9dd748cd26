/* SPDX-License-Identifier: Apache-2.0 */
/* Where values go in a request: their places in the URL. */
#include "protocol/request.h"

#include "test.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define S(literal) STS_SLICE(literal)

static struct sts_url url;

static struct sts_request request_of(const char *protocol, const char *text)
{
	CHECK_INT(sts_url_parse(sts_slice_of(text), &url, NULL), STS_OK);
	struct sts_request r = {.protocol = sts_protocol_find(sts_slice_of(protocol)),
				.url = &url,
				.subject = S("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
				.agent = "sts-sidecar/test"};

	r.body = r.protocol->body;
	return r;
}

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
		char text[200], want[200];
		struct sts_text filled, wanted;

		r.url_template = sts_protocol_text(r.protocol, STS_PROTOCOL_URL);
		r.params = params;
		r.param_count = COUNT(params);
		sts_text_init(&filled, text, sizeof(text));
		sts_request_url(&r, &filled);
		sts_text_init(&wanted, want, sizeof(want));
		sts_text_addf(&wanted, "https://vault.example/v1/auth/%s/login", rows[i].path);
		CHECK_STR(text, want);
	}
}

static const struct sts_test tests[] = {
	{"the path segment before a value of the URL", segment_before},
};

STS_TEST_MAIN(tests)
