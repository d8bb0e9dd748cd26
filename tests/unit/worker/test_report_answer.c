/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/report_answer.h"

#include "test.h"

#define EXPIRES_S 1768236757

static const struct sts_answer answer = {
	.expires_s = EXPIRES_S,
	.lifetime_s = 900,
	.not_before_s = 7,
	.clock_skew_s = -90,
	.http_status = 200,
	.retry_after_s = 5,
	.sts_error = "code",
};

static void test_every_answer(void)
{
	struct sts_report r = {.flags = STS_REPORT_REPLAN};

	sts_report_answer(&r, &answer);
	CHECK(r.http_status == 200 && r.retry_after_s == 5 && r.clock_skew_s == -90);
	CHECK_STR(r.sts_error, "code");
	CHECK_INT(r.flags, STS_REPORT_REPLAN);
	/* What only a token has is not reported yet. */
	CHECK(r.expires_s == 0 && r.lifetime_s == 0 && r.not_before_s == 0);
	sts_report_answer(&r, &(struct sts_answer){.has_date = true});
	CHECK_INT(r.flags, STS_REPORT_REPLAN | STS_REPORT_DATED);
}

static void test_a_token(void)
{
	struct sts_report r = {.flags = STS_REPORT_ADOPTED | STS_REPORT_THUMBPRINT |
					STS_REPORT_REPLAN | STS_REPORT_UNDUMPABLE |
					STS_REPORT_DATED,
			       .expires_s = 1,
			       .lifetime_s = 1};
	struct sts_answer with = answer;

	sts_report_token(&r, &answer, -1);
	CHECK(r.expires_s == EXPIRES_S && r.lifetime_s == 900 && r.not_before_s == 7);
	CHECK_INT(r.flags, STS_REPORT_REPLAN | STS_REPORT_UNDUMPABLE | STS_REPORT_DATED);
	with.is_assumed = with.has_thumbprint = true;
	memset(with.thumbprint, 'x', sizeof(with.thumbprint));
	r.flags = 0;
	sts_report_token(&r, &with, -1);
	CHECK_INT(r.flags, STS_REPORT_ASSUMED | STS_REPORT_THUMBPRINT);
	CHECK(memcmp(r.thumbprint, with.thumbprint, sizeof(r.thumbprint)) == 0);
}

static bool is_capped(int64_t subject_exp_s)
{
	struct sts_report r = {0};

	sts_report_token(&r, &answer, subject_exp_s);
	return r.flags & STS_REPORT_CAPPED;
}

static void test_capped(void)
{
	CHECK(is_capped(EXPIRES_S - 1) && is_capped(EXPIRES_S) && is_capped(EXPIRES_S + 1));
	CHECK(!is_capped(EXPIRES_S - 2) && !is_capped(EXPIRES_S + 2));
	CHECK(!is_capped(0) && !is_capped(-1));
}

static const struct sts_test tests[] = {
	{"what every answer has", test_every_answer},
	{"a token, after one on disk", test_a_token},
	{"a life that is limited by the subject token", test_capped},
};

STS_TEST_MAIN(tests)
