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

/* It crosses a pipe in one write, so that no reader sees half of it. */
static void test_size(void)
{
	CHECK(sizeof(struct sts_report) <= 4096);
}

/* A time that ran out is of the stage in which it did so; any other error is of its own gate. */
static void test_gate(void)
{
	struct sts_report r = good();

	r.error = STS_ETIMEOUT;
	r.stage = STS_STAGE_TLS;
	CHECK_INT(sts_report_gate(&r), STS_GATE_TLS);
	r.stage = STS_STAGE_ANSWER;
	CHECK_INT(sts_report_gate(&r), STS_GATE_ANSWER);
	r.stage = STS_STAGE_WRITE;
	CHECK_INT(sts_report_gate(&r), STS_GATE_OUTPUT);
	r.error = STS_EHOST;
	CHECK_INT(sts_report_gate(&r), STS_GATE_NAME);
}

static const struct sts_test tests[] = {
	{"reports that are right", test_good},
	{"every field within its range", test_ranges},
	{"identities are odd, or one of two numbers", test_identities},
	{"values that do not go together", test_odd_values},
	{"texts that are refused", test_texts},
	{"the gate of a failure", test_gate},
	{"a report fits into one write to a pipe", test_size},
};
STS_TEST_MAIN(tests)
