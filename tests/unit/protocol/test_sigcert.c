/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/sigcert.h"

#include "test.h"

#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define GOOD "{\"thumbprint\":\"" HEX "\"}"

static void urls(void)
{
	static const struct {
		const char *exchange, *target;
	} rows[] = {
		{"https://sts.example/token/user", "/sig-cert"},
		{"https://sts.example/a/b/token/user", "/a/b/sig-cert"},
		{"https://sts.example/token/user/", NULL},
		{"https://sts.example/token/users", NULL},
		{"https://sts.example/token/user?a=b", NULL},
		{"https://sts.example/atoken/user", NULL},
		{"/token/user", NULL},
		{"token/user", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_url url;

		CHECK_INT(sts_sigcert_url(rows[i].exchange, &url), rows[i].target != NULL);
		if (rows[i].target)
			CHECK(sts_slice_eq(url.target, rows[i].target) &&
			      strcmp(url.host, "sts.example") == 0);
	}
}

/* The poll's URL may be shorter than the exchange URL, but not too long itself. */
static void long_urls(void)
{
	static char text[STS_URL_MAX_BYTES + 64];
	struct sts_url url;

	for (size_t len = STS_URL_MAX_BYTES - 4; len < STS_URL_MAX_BYTES + 32; len++) {
		memset(text, 'a', sizeof(text));
		memcpy(text, "https://sts.example/", 20);
		strcpy(text + len - 11, "/token/user");
		CHECK_INT(sts_sigcert_url(text, &url), len - 2 < STS_URL_MAX_BYTES);
	}
}

static void statuses(void)
{
	static const struct {
		int status;
		enum sts_err err;
		bool found;
	} rows[] = {
		{199, STS_EBUSY, false}, {200, STS_OK, true},     {299, STS_OK, true},
		{300, STS_OK, false},    {399, STS_OK, false},    {400, STS_EBUSY, false},
		{403, STS_EBUSY, false}, {404, STS_OK, false},    {405, STS_EBUSY, false},
		{500, STS_EBUSY, false}, {100, STS_EBUSY, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_http_head head = {.status = rows[i].status};
		struct sts_error e = {.code = STS_OK};
		uint8_t thumbprint[STS_THUMBPRINT_BYTES];
		bool found = !rows[i].found;

		CHECK_INT(sts_sigcert_read(&head, STS_SLICE(GOOD), thumbprint, &found, &e),
			  rows[i].err);
		CHECK_INT(found, rows[i].found);
		CHECK_INT(e.detail, rows[i].err ? rows[i].status : 0);
		CHECK(!rows[i].err || strncmp(e.msg, "unexpected status ", 18) == 0);
		for (size_t at = 0; found && at < sizeof(thumbprint); at++)
			CHECK_INT(thumbprint[at], at);
	}
}

static void bodies(void)
{
	static const struct {
		const char *body;
		bool found;
	} rows[] = {
		{GOOD, true},
		{"{\"other\":1,\"thumbprint\":\"" HEX "\"}", true},
		{"", false},
		{"not found", false},
		{"{}", false},
		{"[]", false},
		{"{\"thumbprint\":null}", false},
		{"{\"thumbprint\":7}", false},
		{"{\"thumbprint\":\"\"}", false},
		{"{\"thumbprint\":\"" HEX "00\"}", false},
		{"{\"thumbprint\":\"0001\"}", false},
		{"{\"thumbprint\":\"x" HEX "\"}", false},
		{"{\"thumbprint\":\"" HEX "\",\"thumbprint\":\"" HEX "\"}", false},
	};

	/* Twice: the memory of the reader is given back each time. */
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_http_head head = {.status = 200};
		uint8_t thumbprint[STS_THUMBPRINT_BYTES];
		bool found;

		CHECK_INT(sts_sigcert_read(&head, sts_slice_of(rows[i / 2].body), thumbprint,
					   &found, NULL),
			  STS_OK);
		CHECK_INT(found, rows[i / 2].found);
	}
}

static const struct sts_test tests[] = {
	{"the URL of the poll", urls},
	{"long URLs", long_urls},
	{"the status of the answer", statuses},
	{"the body of the answer", bodies},
};

STS_TEST_MAIN(tests)
