/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker of `doctor` writes before its report. */
#include "child_pipe.h"

static char findings[1000], memory[1000];

static void set_up(void)
{
	set_up_pipe();
	c.findings = memory;
	c.findings_bytes = sizeof(memory);
	memset(memory, 0, sizeof(memory));
	for (size_t i = 0; i < sizeof(findings); i++)
		findings[i] = (char)('f' + i % 100);
	put("\3", 1); /* the file that is read */
	put("S12345678", STS_REPORT_STAGE_SENT_BYTES);
}

static void put_report(void)
{
	put(&refused, sizeof(refused));
	close(in);
	while (c.fd >= 0)
		sts_child_read(&c);
	sts_child_finish(&c, 0, &got);
}

static void test_whole(void)
{
	for (int cut = 1; cut < 1000; cut += 333) {
		set_up();
		put(findings, (size_t)cut);
		sts_child_read(&c);
		CHECK_INT(c.findings_len, cut);
		put(findings + cut, sizeof(findings) - (size_t)cut);
		put_report();
		CHECK_INT(got.error, STS_EDENIED);
		CHECK_INT(c.findings_len, sizeof(findings));
		CHECK(memcmp(memory, findings, sizeof(findings)) == 0);
		CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
	}
}

/* Bytes that are missing are taken from the report, which is then too short. */
static void test_short(void)
{
	set_up();
	put(findings, sizeof(findings) - 1);
	put_report();
	CHECK_INT(c.findings_len, sizeof(findings));
	CHECK_INT(got.error, STS_EWORKER);
}

static void test_long(void)
{
	set_up();
	put(findings, sizeof(findings));
	put("x", 1);
	put_report();
	CHECK_INT(c.findings_len, sizeof(findings));
	CHECK_INT(got.error, STS_EWORKER);
}

static void test_none(void)
{
	set_up();
	close(in);
	sts_child_read(&c);
	sts_child_finish(&c, 9, &got);
	CHECK_INT(c.findings_len, 0);
	CHECK_INT(got.error, STS_EWORKER);
	CHECK_STR(got.text, "the worker was killed by signal 9 (after the request was sent)");
}

static const struct sts_test tests[] = {
	{"findings and a report, in pieces", test_whole},
	{"findings that are too short", test_short},
	{"findings that are too long", test_long},
	{"a worker that dies", test_none},
};
STS_TEST_MAIN(tests)
