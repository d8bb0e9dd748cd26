/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pem.h"

#include <stdio.h>

#include "test.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

/* Show an object. Returns the length. */
static size_t show(const struct sts_pem *pem, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "%s=%.*s;", pem->label, (int)pem->len,
				(const char *)pem->out);
}

/* Show all objects of a bundle in one line: "LABEL=content;", and then how many were skipped. */
static void scan(const char *text, size_t len, size_t piece, char *out, size_t size)
{
	uint8_t object[64];
	struct sts_pem pem;
	size_t n = 0, used;

	sts_pem_init(&pem, object, sizeof(object));
	for (size_t at = 0; at < len; at += used) {
		size_t left = len - at < piece ? len - at : piece;

		if (sts_pem_feed(&pem, text + at, left, &used) == STS_PEM_OBJECT)
			n += show(&pem, out + n, size - n);
		CHECK(used > 0 && used <= left);
	}
	if (sts_pem_end(&pem) == STS_PEM_OBJECT)
		n += show(&pem, out + n, size - n);
	snprintf(out + n, size - n, "%u", (unsigned)pem.skipped);
}

/* "aGVsbG8=" is hello, "d29ybGQ=" is world. */
static const struct {
	const char *text, *want;
} cases[] = {
	{"", "0"},
	{BEGIN "aGVsbG8=\n" END, "CERTIFICATE=hello;0"},
	{BEGIN "aGVsbG8=\n" END BEGIN "d29ybGQ=\n" END, "CERTIFICATE=hello;CERTIFICATE=world;0"},
	/* what people do with bundles */
	{"-----BEGIN CERTIFICATE-----\r\naGVs\r\nbG8=\r\n-----END CERTIFICATE-----\r\n",
	 "CERTIFICATE=hello;0"},
	{"-----BEGIN CERTIFICATE-----\raGVsbG8=\r-----END CERTIFICATE-----", "CERTIFICATE=hello;0"},
	{BEGIN "aGVsbG8=\n-----END CERTIFICATE-----", "CERTIFICATE=hello;0"},
	{"# a comment\nsubject=CN = x\n-----\n--\n" BEGIN "aGVsbG8=\n" END "text after",
	 "CERTIFICATE=hello;0"},
	{"\xef\xbb\xbf" BEGIN "aGVsbG8=\n" END, "CERTIFICATE=hello;0"},
	{"  \t" BEGIN "  aGVs\n\n \tbG8= \n  " END, "CERTIFICATE=hello;0"},
	{BEGIN "aG Vs\nb\tG8=\n" END, "CERTIFICATE=hello;0"},
	{"-----BEGIN CERTIFICATE----- \naGVsbG8=\n-----END CERTIFICATE-----\t\n",
	 "CERTIFICATE=hello;0"},
	{BEGIN "a\nG\nV\ns\nb\nG\n8\n=\n" END, "CERTIFICATE=hello;0"},
	{BEGIN "aGVsbG8= -----END CERTIFICATE-----\n", "CERTIFICATE=hello;0"},
	{"-----BEGIN -----\naGVsbG8=\n-----END -----\n", "=hello;0"},
	{"-----BEGIN X509 CRL-----\naGVsbG8=\n-----END X509 CRL-----\n" BEGIN "d29ybGQ=\n" END,
	 "X509 CRL=hello;CERTIFICATE=world;0"},
	{BEGIN "aGVsbG8=\n" END "-----BEGIN C-----\nd29ybGQ=\n-----END C-----\n",
	 "CERTIFICATE=hello;C=world;0"},
	{BEGIN "aGVsbG8h\n" END, "CERTIFICATE=hello!;0"},
	{BEGIN "aGVsbA==\n" END, "CERTIFICATE=hell;0"},
	{BEGIN "QQ==\n" END, "CERTIFICATE=A;0"},
	{"#\n" BEGIN "aGVsbG8=\n" END, "CERTIFICATE=hello;0"},
	/* malformed blocks are skipped, and the next block is found */
	{BEGIN "aGVsbG8\n" END BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVsbG8==\n" END BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVsbG8===\n" END, "1"},
	{BEGIN "aGVsA===\n" END, "1"},
	{BEGIN "aGVsbG9=\n" END, "1"}, /* bits that are left over */
	{BEGIN "aGVsbG/=\n" END, "1"},
	{BEGIN "aGVsbB==\n" END, "1"},
	{BEGIN "aGVsbI==\n" END, "1"},
	{BEGIN "aGVsbG9=\n" END BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVsbG8=aGVs\n" END, "1"},
	{BEGIN "aGVs=aGVs\n" END, "1"},
	{BEGIN "aGVs==aGVsbG8=\n" END, "1"},
	{BEGIN "=aGVsbG8=\n" END, "1"},
	{BEGIN "aGVs*bG8=\n" END, "1"},
	{BEGIN "aGVs-bG8=\n" END, "1"},
	{BEGIN "aGVs\xef\xbb\xbf"
	       "bG8=\n" END,
	 "1"},
	{BEGIN END, "1"},
	{BEGIN "\n" END BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVs\n" BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVs\n-----END CERTIFICATE\n" BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "aGVsbG8=\n-----END KEY-----\n" BEGIN "d29ybGQ=\n" END, "CERTIFICATE=world;1"},
	{BEGIN "Proc-Type: 4,ENCRYPTED\n\naGVsbG8=\n" END BEGIN "d29ybGQ=\n" END,
	 "CERTIFICATE=world;1"},
	{BEGIN "aGVsbG8=\n", "1"},
	{BEGIN, "1"},
	{"-----BEGIN CERTIFICATE-----", "1"},
	{END "aGVsbG8=\n" END, "0"},
	{"-----BEGIN CERTIFICATE----\naGVsbG8=\n" END, "0"},
	{"----BEGIN CERTIFICATE-----\naGVsbG8=\n" END, "0"},
	{"x" BEGIN "aGVsbG8=\n" END, "0"},
	{"abcd" BEGIN "aGVsbG8=\n" END, "0"},
	{BEGIN "aGVsbG8=\n-\n" END, "1"},
	{"-----BEGIN -----BEGIN -----\naGVsbG8=\n-----END -----BEGIN -----\n",
	 "-----BEGIN =hello;0"},
	{"-----BEGIN ----\naGVsbG8=\n-----END ----\n", "0"},
	/* too long: a line, a label, an object (64 bytes here) */
	{"-----BEGIN THIS LABEL IS LONGER THAN ANY THAT WE KNOW OF-----\naGVsbG8=\n"
	 "-----END THIS LABEL IS LONGER THAN ANY THAT WE KNOW OF-----\n" BEGIN "d29ybGQ=\n" END,
	 "CERTIFICATE=world;1"},
	{"-----BEGIN "
	 "CERTIFICATECERTIFICATECERTIFICATECERTIFICATECERTIFICATECERTIFICATECERTIFICATE-----\n"
	 "aGVsbG8=\n" BEGIN "d29ybGQ=\n" END,
	 "CERTIFICATE=world;0"},
	{BEGIN "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUF"
	       "BQUE=\n" END BEGIN "d29ybGQ=\n" END,
	 "CERTIFICATE=world;1"},
	{BEGIN "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUF"
	       "BQQ==\n" END,
	 "CERTIFICATE=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA;0"},
};

static void bundles(void)
{
	char got[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scan(cases[i].text, strlen(cases[i].text), 1000, got, sizeof(got));
		CHECK_STR(got, cases[i].want);
	}
}

static void pieces_give_the_same(void)
{
	char got[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece < 9; piece++) {
			scan(cases[i].text, strlen(cases[i].text), piece, got, sizeof(got));
			CHECK_STR(got, cases[i].want);
		}
}

/* Each byte that is not a base64 digit spoils the block. Each base64 digit has its value. */
static void all_bytes(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int c = 1; c < 256; c++) {
		char text[] = BEGIN "AAAx\n" END;
		const char *at = strchr(digits, c);
		uint8_t object[64];
		struct sts_pem pem;
		size_t used;
		bool object_found;

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '=')
			continue;
		*strchr(text, 'x') = (char)c;
		sts_pem_init(&pem, object, sizeof(object));
		object_found = sts_pem_feed(&pem, text, strlen(text), &used) == STS_PEM_OBJECT;
		CHECK_INT(object_found, at != NULL);
		if (at && object_found)
			CHECK_INT(object[2], at - digits);
	}
}

/* A label has 39 characters at most, and a line 79. What stands behind them is not known, so a
 * longer line is not a boundary, even if its start looks like one. */
static void lengths_of_lines(void)
{
	char text[512], got[128], want[128], label[64], spaces[96];

	for (int len = 38; len <= 42; len++) {
		memset(label, 'L', sizeof(label));
		snprintf(text, sizeof(text), "-----BEGIN %.*s-----\naGVsbG8=\n-----END %.*s-----\n",
			 len, label, len, label);
		scan(text, strlen(text), sizeof(text), got, sizeof(got));
		snprintf(want, sizeof(want), "%.*s=hello;0", len, label);
		CHECK_STR(got, len < 40 ? want : "1");
	}
	memset(spaces, ' ', sizeof(spaces));
	for (int len = 78; len <= 82; len++) {
		const char *const end[] = {"", "x"};
		int begin_pad = len - (int)strlen("-----BEGIN A-----");
		int end_pad = len - (int)strlen("-----END A-----");

		for (size_t i = 0; i < 2; i++) {
			bool is_boundary = i == 0 && len < 80;

			snprintf(text, sizeof(text),
				 "-----BEGIN A-----%.*s%s\naGVsbG8=\n-----END A-----\n", begin_pad,
				 spaces, end[i]);
			scan(text, strlen(text), sizeof(text), got, sizeof(got));
			CHECK_STR(got, is_boundary ? "A=hello;0" : "0");
			snprintf(text, sizeof(text),
				 "-----BEGIN A-----\naGVsbG8=\n-----END A-----%.*s%s\n", end_pad,
				 spaces, end[i]);
			scan(text, strlen(text), sizeof(text), got, sizeof(got));
			CHECK_STR(got, is_boundary ? "A=hello;0" : "1");
		}
	}
}

/* An object that is larger than the buffer is skipped, and nothing is written behind the buffer. */
static void sizes(void)
{
	static const char text[] = BEGIN "aGVsbG8gd29ybGQh\n" END; /* "hello world!" */
	const size_t len = 12;
	uint8_t object[32];
	struct sts_pem pem;
	size_t used;

	for (size_t size = 1; size < 20; size++) {
		memset(object, 0xaa, sizeof(object));
		sts_pem_init(&pem, object, size);
		bool found = sts_pem_feed(&pem, text, strlen(text), &used) == STS_PEM_OBJECT;
		CHECK_INT(found, size >= len);
		CHECK_INT(pem.skipped, size < len);
		CHECK(!found || (pem.len == len && memcmp(object, "hello world!", len) == 0));
		for (size_t i = size; i < sizeof(object); i++)
			CHECK_INT(object[i], 0xaa);
	}
}

/* The end of a file ends its block: the next file begins anew, and one block was skipped. */
static void files_follow_each_other(void)
{
	static const char cut[] = BEGIN "aGVs", whole[] = BEGIN "aGVsbG8=\n" END;
	uint8_t object[64];
	struct sts_pem pem;
	size_t used;

	sts_pem_init(&pem, object, sizeof(object));
	CHECK_INT(sts_pem_feed(&pem, cut, strlen(cut), &used), STS_PEM_MORE);
	CHECK_INT(sts_pem_end(&pem), STS_PEM_MORE);
	CHECK_INT(sts_pem_feed(&pem, whole, strlen(whole), &used), STS_PEM_OBJECT);
	CHECK_INT(sts_pem_end(&pem), STS_PEM_MORE);
	CHECK_INT(pem.skipped, 1);
}

static void nul_bytes_are_no_end(void)
{
	static const char text[] = "a\0b\n" BEGIN "aGVsbG8=\n" END;
	char got[64];

	scan(text, sizeof(text) - 1, 100, got, sizeof(got));
	CHECK_STR(got, "CERTIFICATE=hello;0");
}

static const struct sts_test tests[] = {
	{"bundles are read", bundles},
	{"pieces of any size give the same objects", pieces_give_the_same},
	{"lengths of labels and lines", lengths_of_lines},
	{"buffers of any size", sizes},
	{"files follow each other", files_follow_each_other},
	{"each byte in a block", all_bytes},
	{"a NUL byte is not the end", nul_bytes_are_no_end},
};

STS_TEST_MAIN(tests)
