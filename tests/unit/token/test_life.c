/* SPDX-License-Identifier: Apache-2.0 */
#include "token/life.h"

#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      1768233600 /* 2026-01-12T16:00:00Z */
#define N        INT64_MIN

static int64_t time_at(int64_t relative)
{
	return relative == N ? -1 : NOW + relative;
}

static void messages(void)
{
	static const struct {
		int64_t absolute, exp, lifetime, date, documented,
			max; /* times are relative to NOW */
		enum sts_err err;
		const char *msg;
	} rows[] = {
		{900, N, N, 0, 0, 900, STS_OK, NULL},
		{-300, N, N, -60, 0, 0, STS_ELIFETIME,
		 "the returned token has no life left: it ended at 2026-01-12T15:55:00Z, 5 min ago "
		 "by "
		 "the node's clock and 4 min ago by the answer's Date"},
		{N, 0, N, N, 0, 0, STS_ELIFETIME,
		 "the returned token has no life left: it ended at 2026-01-12T16:00:00Z, 0 s ago "
		 "by "
		 "the node's clock"},
		{0, -65, N, 100000, 0, 0, STS_ELIFETIME,
		 "the returned token has no life left: it ended at 2026-01-12T15:58:55Z, 1 min 5 s "
		 "ago "
		 "by the node's clock (the answer's Date is over a day away from it)"},
		{N, 900, 0, 0, 0, 0, STS_ELIFETIME, "the returned token's lifetime is 0 s"},
		{N, N, -5, 0, 0, 0, STS_ELIFETIME, "the returned token's lifetime is -5 s"},
		{N, N, 900, 0, 0, 899, STS_EEXPECT,
		 "the returned token lives 900 s, and at most 899 s are allowed "
		 "(--max-lifetime)"},
		{86400, N, N, 84600, 0, 3600, STS_EEXPECT,
		 "the returned token lives 86400 s, and at most 3600 s are allowed "
		 "(--max-lifetime)"},
		{N, N, N, 0, 0, 3600, STS_EEXPECT,
		 "nothing tells how long the returned token lives, so its lifetime cannot be "
		 "checked"},
		/* What the protocol documents counts, and --default-ttl (300) does not. */
		{N, N, N, 0, 3600, 3600, STS_OK, NULL},
		{N, N, N, 0, 3600, 3599, STS_EEXPECT,
		 "the returned token lives 3600 s, and at most 3599 s are allowed "
		 "(--max-lifetime)"},
		{N, N, N, 0, 0, 0, STS_OK, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_expiry_input in = {.absolute_s = time_at(rows[i].absolute),
					      .token_exp_s = time_at(rows[i].exp),
					      .token_iat_s = -1,
					      .token_nbf_s = -1,
					      .lifetime_s = rows[i].lifetime,
					      .default_ttl_s = 300,
					      .date_s = time_at(rows[i].date),
					      .sent_real_s = NOW,
					      .received_real_s = NOW};
		struct sts_expiry out;
		struct sts_error error = {0};

		CHECK_INT(sts_life_judge(&in, rows[i].documented, rows[i].max, &out, &error),
			  rows[i].err);
		CHECK_STR(error.msg, rows[i].msg ? rows[i].msg : "");
		CHECK(out.lifetime_s != 0 || rows[i].err != STS_OK);
	}
}

static void too_late(void)
{
	struct sts_expiry_input in = {-1, -1, -1, -1, 2, 300, -1, NOW, NOW + 2};
	struct sts_expiry out;
	struct sts_error error = {0};

	CHECK_INT(sts_life_judge(&in, 0, 0, &out, &error), STS_ELIFETIME);
	CHECK_STR(error.msg, "the returned token's lifetime is 2 s, which was over before the "
			     "answer had arrived");
	in.received_real_s = NOW + 1;
	CHECK_INT(sts_life_judge(&in, 0, 0, &out, &error), STS_OK);
	CHECK(sts_life_is_stated(&in));
	in.lifetime_s = INT64_MIN;
	CHECK(!sts_life_is_stated(&in));
}

static const struct sts_test tests[] = {
	{"which clock said what", messages},
	{"a lifetime that was over at once", too_late},
};

STS_TEST_MAIN(tests)
