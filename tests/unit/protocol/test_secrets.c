/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "protocol/secrets.h"

#include <string.h>

#include "base64url.h"
#include "test.h"
#include "wiped.h"

#define SECRET "Ab3/dE+fG7=hI9-jK_lM.nO~pQ"

static bool found(const char *text)
{
	return sts_secrets_repeats(sts_slice_of(text), STS_SLICE(SECRET), 8);
}

static void wrapped(void)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
		{"", false},
		{"the STS, or a gateway in front of it, refused this ServiceAccount", false},
		{"a " SECRET " b", true},
		{"b/"
		 "Ab3/dE+f",
		 true},
		{"Ab3/dE+", false}, /* seven bytes */
		{"ab3/de+fg7=hi9-jk_lm", true},
		{"AB3/DE+FG7=HI9-JK_LM", true},
		{"Ab3%2FdE%2BfG7%3DhI9", true},
		{"%41%62%33%2f%64%45%2b%66%47%37", true},
		{"Ab3%2", false},
		{"Ab3%", false},
		{"Ab3%zzdE+", false},
		{"4162332f64452b66", true},
		{"bad: 41 62 33 2F 64 45 2B 66 (hex)", true},
		{"a dump: \\x41\\x62\\x33\\x2f\\x64\\x45\\x2b\\x66", true},
		{"4162332f64452b", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(found(rows[i].text), rows[i].found);
}

/* The secret is encoded in base64, in either alphabet, with up to three bytes before it and up to
 * three characters before the base64. In "Basic ..." it is percent-encoded first. */
static void base64(void)
{
	static const char *const plains[] = {SECRET, "Ab3%2FdE%2BfG7%3DhI9-jK_lM.nO~pQ"};
	char plain[96], text[192];
	struct sts_text p, t;

	for (size_t i = 0; i < 64; i++) {
		size_t before = i % 4, prefix = i / 4 % 4;

		sts_text_init(&p, plain, sizeof(plain));
		sts_text_add(&p, "id:", before < 3 ? before : 3);
		sts_text_add_str(&p, plains[i / 16 % 2]);
		sts_text_init(&t, text, sizeof(text));
		sts_text_add(&t, "xyz", prefix < 3 ? prefix : 3);
		sts_text_add_str(&t, "Basic ");
		(i < 32 ? sts_base64_encode : base64url_encode)(&t, p.data, p.len);
		CHECK(found(text));
		sts_text_init(&t, text, sizeof(text));
		sts_base64_encode(&t, "nothing of it is in here, nothing", 33);
		CHECK(!found(text));
	}
}

/* Each digit of base64 counts. The first and the last of each kind are in here. */
static void digits_of_base64(void)
{
	static const char *const alphabets[] = {"AZaz09+/AZaz", "AZaz09-_AZaz"};
	static const char secret[] = "\x01\x96\xb3\xd3\xdf\xbf\x01\x96\xb3";

	for (size_t i = 0; i < 2; i++) {
		struct sts_slice text = sts_slice_of(alphabets[i]);
		char changed[16];

		CHECK(sts_secrets_repeats(text, STS_SLICE(secret), 9));
		for (size_t at = 0; at < text.len; at++) {
			memcpy(changed, text.data, text.len);
			changed[at] = changed[at] == 'q' ? 'r' : 'q';
			CHECK(!sts_secrets_repeats((struct sts_slice){changed, text.len},
						   STS_SLICE(secret), 9));
		}
	}
}

/* A byte that is percent-encoded may stand at the very end, and may be cut there. What an earlier
 * text has left in memory is not read. */
static void percent_at_the_end(void)
{
	CHECK(found("Ab3/dE+%66"));
	CHECK(!found("xxxxxxxxx6xx"));
	CHECK(!found("Ab3/dE+%6"));
	CHECK(!found("Ab3/dE+%"));
}

static void bounds(void)
{
	char text[STS_SECRETS_TEXT_MAX_BYTES + 2];

	memset(text, '.', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CHECK(found(text)); /* too long to look at */
	text[sizeof(text) - 2] = '\0';
	CHECK(!found(text));
	memcpy(text + sizeof(text) - 10, "Ab3/dE+f", 8);
	CHECK(found(text));
	CHECK(!sts_secrets_repeats(STS_SLICE("ab"), STS_SLICE("ab"), 0));
	CHECK(!sts_secrets_repeats(STS_SLICE("ab"), STS_SLICE("ab"), 3));
	CHECK(sts_secrets_repeats(STS_SLICE("xAb"), STS_SLICE("ab"), 2));
	CHECK(!sts_secrets_repeats((struct sts_slice){NULL, 0}, STS_SLICE("ab"), 2));
}

/* The values in the query of the user's URL are masked in what --dry-run prints. */
static void url_query(void)
{
	static const struct {
		const char *target, *masked;
	} rows[] = {
		{"/k", "/k"},
		{"/k?", "/k?"},
		{"/k?key=s3cret", "/k?key=***"},
		{"/k?a=&s3cret&&b=s3=cret", "/k?a=***&***&&b=***"},
	};
	static struct sts_url url;
	char head_buf[1024], body_buf[64], wanted[64];
	struct sts_request r = {.protocol = sts_protocol_find(STS_SLICE("openunison")),
				.url = &url,
				.subject = STS_SLICE(SECRET),
				.agent = "x"};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool masked = i % 2;
		struct sts_text head, body;

		sts_text_init(&head, head_buf, sizeof(head_buf));
		sts_text_addf(&head, "https://sts.example%s", rows[i / 2].target);
		CHECK_INT(sts_url_parse((struct sts_slice){head.data, head.len}, &url, NULL),
			  STS_OK);
		sts_text_init(&head, head_buf, sizeof(head_buf));
		sts_text_init(&body, body_buf, sizeof(body_buf));
		CHECK_INT(sts_request_build(&r, masked, &head, &body, NULL), STS_OK);
		snprintf(wanted, sizeof(wanted), "GET %s HTTP/1.1\r\n",
			 masked ? rows[i / 2].masked : rows[i / 2].target);
		CHECK(masked || was_wiped(rows[i / 2].target));
		head_buf[strlen(wanted)] = '\0';
		CHECK_STR(head_buf, wanted);
	}
}

/* A value of the query that is longer than a URL may be counts as repeated. */
static void long_query(void)
{
	static char target[STS_URL_MAX_BYTES + 4];
	static struct sts_url url = {.target = {target, sizeof(target)}};
	struct sts_request r = {.url = &url};

	memset(target, 'x', sizeof(target));
	memcpy(target, "/?v=", 4);
	CHECK(!sts_secrets_found(&r, STS_SLICE("no piece of it")));
	target[3] = 'v';
	CHECK(sts_secrets_found(&r, STS_SLICE("no piece of it")));
}

/* Each value in the query of the URL is looked for as it is and decoded. */
static void query_in_a_text(void)
{
	static struct sts_url url;
	struct sts_request r = {.protocol = sts_protocol_find(STS_SLICE("openunison")),
				.url = &url};

	CHECK_INT(sts_url_parse(STS_SLICE("https://sts.example/k?key=s3%2fcret"), &url, NULL),
		  STS_OK);
	CHECK(!sts_secrets_found(&r, STS_SLICE("another text")));
	CHECK(was_wiped("s3/cret"));
	CHECK(sts_secrets_found(&r, STS_SLICE("it was s3/cret")));
	CHECK(was_wiped("s3/cret"));
}

static const struct sts_test tests[] = {
	{"a secret that is encoded or broken into pieces", wrapped},
	{"a secret in base64", base64},
	{"the digits of base64", digits_of_base64},
	{"a percent-encoded byte at the end of a text", percent_at_the_end},
	{"short secrets and long texts", bounds},
	{"the query of the URL, masked", url_query},
	{"a value of the query that is too long", long_query},
	{"the query of the URL in a text", query_in_a_text},
};

STS_TEST_MAIN(tests)
