/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/report.h"

#define NOW_S   1768233157
#define BOOT_MS 5000000

static struct sts_report good(void)
{
	struct sts_report r = {.magic = STS_REPORT_MAGIC,
			       .version = STS_REPORT_VERSION,
			       .stage = STS_STAGE_DONE,
			       .flags = STS_REPORT_THUMBPRINT,
			       .retry_after_s = -1,
			       .expires_s = NOW_S + 900,
			       .lifetime_s = 900,
			       .subject_exp_s = -1,
			       .sent_boot_ms = BOOT_MS - 20,
			       .http_status = 200};
	return r;
}

static bool ok(const struct sts_report *r)
{
	return sts_report_ok(r, sizeof(*r), NOW_S, BOOT_MS);
}

static void test_good(void)
{
	struct sts_report r = good();

	CHECK(ok(&r));
	CHECK(!sts_report_ok(&r, sizeof(r) - 1, NOW_S, BOOT_MS));
	CHECK(!sts_report_ok(&r, sizeof(r) + 1, NOW_S, BOOT_MS));
	CHECK(!sts_report_ok(&r, 0, NOW_S, BOOT_MS));
	r = (struct sts_report){.magic = STS_REPORT_MAGIC,
				.version = STS_REPORT_VERSION,
				.error = STS_EDENIED,
				.detail = 403,
				.http_status = 403,
				.stage = STS_STAGE_ANSWER,
				.retry_after_s = 30,
				.subject_exp_s = NOW_S + 60,
				.clock_skew_s = -3600,
				.sts_error = "access_denied",
				.text = "unexpected status 403: \\x00 ~"};
	CHECK(ok(&r));
	/* This is the report of a poll that found nothing new. */
	r = (struct sts_report){.magic = STS_REPORT_MAGIC,
				.version = STS_REPORT_VERSION,
				.subject_exp_s = -1,
				.retry_after_s = -1};
	CHECK(ok(&r));
}

/* Check one integer field: the least and the greatest value pass, and the next ones do not. */
#define RANGE(field, min, max) \
	do { \
		struct sts_report r = good(); \
		r.field = (min); \
		CHECK(ok(&r)); \
		r.field = (max); \
		CHECK(ok(&r)); \
		r.field = (max); \
		r.field++; \
		CHECK(!ok(&r)); \
		r.field = (min); \
		r.field--; \
		CHECK(!ok(&r)); \
	} while (0)

static void test_ranges(void)
{
	const int64_t century_s = 366LL * 24 * 3600 * 100;

	RANGE(magic, STS_REPORT_MAGIC, STS_REPORT_MAGIC);
	RANGE(version, STS_REPORT_VERSION, STS_REPORT_VERSION);
	RANGE(error, STS_EURL, STS_EBUG); /* STS_EUSAGE before it, STS_ERR__COUNT after */
	RANGE(detail, 0, 65535);
	RANGE(http_status, 100, 599);
	RANGE(stage, 0, STS_STAGE_DONE);
	RANGE(expires_s, 1, NOW_S + century_s); /* 0 is allowed only with a lifetime of 0 */
	RANGE(lifetime_s, 1, century_s);
	RANGE(sent_boot_ms, 0, BOOT_MS);
	RANGE(clock_skew_s, -century_s, century_s);
	RANGE(subject_exp_s, -1, 253402300799);
	RANGE(subject_iat_s, 0, 253402300799);
	RANGE(not_before_s, 0, 253402300799);
}

static void test_identities(void)
{
	static const struct {
		uint64_t identity;
		bool is_ok;
	} rows[] = {{0, true},
		    {1, true},
		    {2, true},
		    {3, true},
		    {4, false},
		    {UINT64_MAX, true},
		    {UINT64_MAX - 1, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_report r = good();

		r.subject_identity = rows[i].identity;
		CHECK_INT(ok(&r), rows[i].is_ok);
		r = good();
		r.cas_identity = rows[i].identity;
		CHECK_INT(ok(&r), rows[i].is_ok);
	}
}

static void test_odd_values(void)
{
	struct sts_report r = good();

	r.error = STS_EAGAIN;
	CHECK(!ok(&r));
	r = good();
	r.error = -1;
	CHECK(!ok(&r));
	r.error = STS_ESTOPPED;
	CHECK(!ok(&r));
	r = good();
	r.http_status = 0;
	CHECK(ok(&r));
	r.http_status = 1;
	CHECK(!ok(&r));
	r = good();
	r.retry_after_s = INT32_MAX;
	CHECK(ok(&r));
	r.retry_after_s = -2;
	CHECK(!ok(&r));
	r = good();
	r.flags = STS_REPORT_FLAGS_ALL;
	CHECK(ok(&r));
	r.flags = STS_REPORT_FLAGS_ALL + 1;
	CHECK(!ok(&r));
	r.flags = UINT32_MAX;
	CHECK(!ok(&r));
	r = good();
	r.expires_s = INT64_MAX;
	CHECK(!ok(&r));
	r.expires_s = INT64_MIN;
	CHECK(!ok(&r));
	r = good();
	r.lifetime_s = 0;
	CHECK(!ok(&r));
	r.error = STS_ELIFETIME; /* a failure does not need both */
	CHECK(ok(&r));
	/* Whatever the clock of this node says, no time is after the year 9999. */
	r = good();
	r.expires_s = 253402300799;
	CHECK(sts_report_ok(&r, sizeof(r), r.expires_s - 10, BOOT_MS));
	r.expires_s++;
	CHECK(!sts_report_ok(&r, sizeof(r), r.expires_s - 10, BOOT_MS));
	/* The clock of this node starts in 1970. */
	r = good();
	CHECK(sts_report_ok(&r, sizeof(r), 5, BOOT_MS));
}

static void test_texts(void)
{
	struct sts_report r = good();

	memset(r.text, 'x', sizeof(r.text));
	CHECK(!ok(&r));
	r.text[sizeof(r.text) - 1] = '\0';
	CHECK(ok(&r));
	r.text[3] = '\n';
	CHECK(!ok(&r));
	r.text[2] = '\0'; /* what follows the end does not count */
	CHECK(ok(&r));
	r.text[0] = (char)0x7f;
	CHECK(!ok(&r));
	r.text[0] = (char)0xc3;
	CHECK(!ok(&r));
	r.text[0] = 0x1b;
	CHECK(!ok(&r));

	r = good();
	strcpy(r.sts_error, "Az09_.-");
	CHECK(ok(&r));
	strcpy(r.sts_error, "a b");
	CHECK(!ok(&r));
	strcpy(r.sts_error, "a\"b");
	CHECK(!ok(&r));
	memset(r.sts_error, 'a', sizeof(r.sts_error));
	CHECK(!ok(&r));
	r.sts_error[sizeof(r.sts_error) - 1] = '\0';
	CHECK(ok(&r));
}

/* Which bytes a text and a code may have: all of them are tried. */
static void test_every_byte(void)
{
	for (int c = 1; c < 256; c++) {
		struct sts_report r = good();
		char text[] = {(char)c, '\0'};

		CHECK_INT(sts_report_text_ok(text, sizeof(text)), c >= 0x20 && c <= 0x7e);
		r.sts_error[0] = (char)c;
		CHECK_INT(ok(&r), strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_.-",
					 c) != NULL);
	}
}

/* The bytes behind the array are not read: the array ends where the sanitizers look. */
static void test_no_end(void)
{
	char *text = malloc(2);

	text[0] = text[1] = 'x';
	CHECK(!sts_report_text_ok(text, 2));
	CHECK(!sts_report_text_ok(text, 0));
	text[1] = '\0';
	CHECK(sts_report_text_ok(text, 2));
	CHECK(!sts_report_text_ok(text, 1));
	free(text);
}

static void test_failure(void)
{
	struct sts_error e = {.code = STS_ETLS, .detail = 40};
	struct sts_report r = good();

	strcpy(e.msg, "words");
	sts_report_failure(&r, &e);
	CHECK(ok(&r));
	CHECK_INT(r.error, STS_ETLS);
	CHECK_INT(r.detail, 40);
	CHECK_STR(r.text, "words");
	CHECK_INT(r.retry_after_s, -1);
	CHECK_INT(r.subject_exp_s, -1);
	CHECK(r.flags == 0 && r.expires_s == 0 && r.lifetime_s == 0 && r.http_status == 0);
}

/* It crosses a pipe in one write, so that no reader sees half of it. */
static void test_size(void)
{
	CHECK(sizeof(struct sts_report) <= 4096);
}

/* A time that ran out is of the stage in which it did so; any other error is of its own gate. */
static void test_gate(void)
{
	struct sts_report r = good();

	static const struct {
		enum sts_stage stage;
		enum sts_gate gate;
	} rows[] = {
		{STS_STAGE_START, STS_GATE_SIDECAR},   {STS_STAGE_INPUTS, STS_GATE_SUBJECT},
		{STS_STAGE_CONNECT, STS_GATE_CONNECT}, {STS_STAGE_TLS, STS_GATE_TLS},
		{STS_STAGE_REQUEST, STS_GATE_ANSWER},  {STS_STAGE_ANSWER, STS_GATE_ANSWER},
		{STS_STAGE_CHECK, STS_GATE_ANSWER},    {STS_STAGE_WRITE, STS_GATE_OUTPUT},
		{STS_STAGE_DONE, STS_GATE_SIDECAR},
	};

	CHECK_INT(sizeof(rows) / sizeof(rows[0]), STS_STAGE__COUNT);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		r.error = i % 2 ? STS_ETIMEOUT : STS_EHANGS;
		r.stage = (uint32_t)rows[i / 2].stage;
		CHECK_INT(sts_report_gate(&r), rows[i / 2].gate);
	}
	r.error = STS_EHOST;
	CHECK_INT(sts_report_gate(&r), STS_GATE_NAME);
}

static const struct sts_test tests[] = {
	{"reports that are right", test_good},
	{"every field within its range", test_ranges},
	{"identities are odd, or one of two numbers", test_identities},
	{"values that do not go together", test_odd_values},
	{"texts that are refused", test_texts},
	{"every byte of a text and of a code", test_every_byte},
	{"a text that does not end", test_no_end},
	{"the report of a failure", test_failure},
	{"the gate of a failure", test_gate},
	{"a report fits into one write to a pipe", test_size},
};
STS_TEST_MAIN(tests)
