/* SPDX-License-Identifier: Apache-2.0 */
#include "token/expiry.h"

#include "base/timefmt.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define A        STS_EXPIRY_ABSOLUTE
#define L        STS_EXPIRY_LIFETIME
#define N        INT64_MIN

static void values(void)
{
	static const struct {
		const char *json;
		enum sts_expiry_kind kind;
		int64_t seconds; /* N: refused */
	} rows[] = {
		{"300", L, 300},
		{"300.9", L, 300},
		{"3.6e3", L, 3600},
		{"\"300\"", L, 300},
		{"\"3599.9\"", L, 3599},
		{"\"3.6E+3\"", L, 3600},
		{"\"0300\"", L, 300},
		{"0", L, 0},
		{"0.5", L, 0},
		{"-0.5", L, -1},
		{"-1", L, -1},
		{"\"-1.5\"", L, -2},
		{"3162240000", L, STS_EXPIRY_MAX_S},
		{"3162240001", L, N},
		{"-3162240001", L, N},
		{"1e300", L, N},
		{"\"1e300\"", L, N},
		{"\"1e999\"", L, N},
		{"\"2026-01-12T16:11:29Z\"", L, N},

		{"1768234289", A, 1768234289},
		{"1768234289.99", A, 1768234289},
		{"1.768234289E9", A, 1768234289},
		{"\"1768234289\"", A, 1768234289},
		{"\"1.768234289E9\"", A, 1768234289},
		{"\"2026-01-12T16:11:29Z\"", A, 1768234289},
		{"\"2026-01-12T17:11:29.999+01:00\"", A, 1768234289},
		{"0", A, 0},
		{"-1", A, N},
		{"-0.1", A, N},
		{"253402300799", A, STS_EPOCH_MAX_S},
		{"253402300799.5", A, N},
		{"1768234289000", A, N}, /* milliseconds */
		{"\"2026-13-12T16:11:29Z\"", A, N},

		{"\"\"", L, N},
		{"\" 300\"", L, N},
		{"\"300 \"", L, N},
		{"\"+300\"", L, N},
		{"\"300s\"", L, N},
		{"\"0x12c\"", L, N},
		{"\"inf\"", L, N},
		{"\"nan\"", L, N},
		{"\"1.\"", L, N},
		{"\".5\"", L, N},
		{"\"-\"", L, N},
		{"\"-.5\"", L, N},
		{"\"1e\"", L, N},
		{"\"1e+\"", L, N},
		{"\"1 e5\"", L, N},
		{"\"1,5\"", L, N},
		{"\"0000000000000000000000000000300\"", L, 300}, /* 31 bytes */
		{"\"00000000000000000000000000000300\"", L, N},
		{"true", L, N},
		{"false", A, N},
		{"null", L, N},
		{"[300]", L, N},
		{"{\"seconds\":300}", L, N},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sts_json *root;
		int64_t seconds = 12345;

		CHECK_INT(sts_json_parse(sts_slice_of(rows[i].json), &root, NULL), STS_OK);
		bool ok = sts_expiry_value(root, rows[i].kind, &seconds);

		if (ok != (rows[i].seconds != N) || (ok && seconds != rows[i].seconds))
			printf("# %s: %d %lld\n", rows[i].json, ok, (long long)seconds);
		CHECK(ok == (rows[i].seconds != N));
		CHECK(!ok || seconds == rows[i].seconds);
	}
	sts_json_close();
	int64_t seconds;
	CHECK(!sts_expiry_value(NULL, A, &seconds));
	CHECK(!sts_expiry_value(NULL, L, &seconds));
}

/* Times are relative to T, the true time, and N is none. The request was sent at `node` and the
 * answer received a second later. */
#define T 1768233389

static const struct combination {
	const char *name;
	int64_t absolute, exp, iat, lifetime, ttl, date, node, received;
	int64_t want_lifetime, want_expires, want_skew;
} combinations[] = {
	{"nothing: the default", N, N, N, N, 300, N, 0, 1, 300, 300, 0},
	{"a lifetime", N, N, N, 900, 300, N, 0, 1, 900, 900, 0},
	{"an absolute time", 901, N, N, N, 300, N, 0, 1, 900, 900, 0},
	{"a token's exp", N, 901, N, N, 300, N, 0, 1, 900, 900, 0},
	{"the default is for nothing else", N, 901, N, N, 10, N, 0, 1, 900, 900, 0},
	{"an iat alone is nothing", N, N, 0, N, 300, N, 0, 1, 300, 300, 0},
	{"the earliest: lifetime", 900, 800, N, 60, 300, N, 0, 1, 60, 60, 0},
	{"the earliest: exp", 900, 800, N, 3600, 300, N, 0, 1, 799, 799, 0},
	{"the earliest: absolute", 700, 800, N, 3600, 300, N, 0, 1, 699, 699, 0},

	{"Date agrees", 900, N, N, N, 300, 0, 0, 1, 900, 900, 0},
	{"Date within the exchange", 900, N, N, N, 300, 1, 0, 1, 899, 899, 0},
	{"60 s ahead are not a skew", 900, N, N, N, 300, 0, 60, 61, 900, 900, 0},
	{"61 s are", 900, N, N, N, 300, 0, 61, 62, 900, 900, -61},
	{"60 s behind are not a skew", 900, N, N, N, 300, 0, -61, -60, 900, 839, 0},
	{"61 s behind are", 900, N, N, N, 300, 0, -62, -61, 900, 838, 61},

	/* The node's clock is wrong by hours. The schedule is right, and the file promises
	 * nothing. */
	{"node ahead", 900, N, N, N, 300, 0, 7200, 7201, 900, 900, -7200},
	{"node ahead, a JWT", N, 900, N, N, 300, 0, 7200, 7201, 900, 900, -7200},
	{"node ahead, lifetime only", N, N, N, 900, 300, 0, 7200, 7201, 900, 8100, -7200},
	{"node behind", 900, N, N, N, 300, 0, -7200, -7199, 900, -6300, 7199},
	{"node behind, lifetime only", N, N, N, 900, 300, 0, -7200, -7199, 900, -6300, 7199},
	{"node behind, no Date: iat helps", N, 900, 0, N, 300, N, -7200, -7199, 900, -6300, 0},
	{"an iat after exp does not count", N, 901, 902, N, 300, N, 0, 1, 900, 900, 0},
	{"node ahead, no Date", N, 900, N, N, 300, N, 7200, 7201, -6301, 899, 0},

	/* A Date that cannot be believed. */
	{"Date of 1970", 901, N, N, N, 300, -T, 0, 1, 900, 900, -T},
	{"Date a day off", 900, N, N, N, 300, -86400, 0, 1, 87300, 900, -86400},
	{"Date over a day off", 901, N, N, N, 300, -86401, 0, 1, 900, 900, -86401},
	{"Date over a day ahead", 901, N, N, N, 300, 86402, 0, 1, 900, 900, 86401},

	/* The clock was set during the exchange. The later reading counts. */
	{"set forward", 900, N, N, N, 300, N, 5 - T, 0, 900, 905 - T, 0},
	{"set back", 900, N, N, N, 300, N, 0, 5 - T, 900, 900, 0},

	/* The token has no life left. */
	{"lifetime 0", N, 900, N, 0, 300, N, 0, 1, 0, 0, 0},
	{"lifetime -1", N, N, N, -1, 300, N, 0, 1, -1, -1, 0},
	{"expired", 1, N, N, N, 300, N, 0, 1, 0, 0, 0},
	{"expired at the STS, not here", N, 0, N, N, 300, 0, -7200, -7199, 0, -7200, 7199},
	{"default 0", N, N, N, N, 0, N, 0, 1, 0, 0, 0},
};

static int64_t time_at(int64_t relative)
{
	return relative == N ? -1 : T + relative;
}

static void combine(void)
{
	for (size_t i = 0; i < COUNT(combinations); i++) {
		const struct combination *row = &combinations[i];
		struct sts_expiry_input in = {time_at(row->absolute),
					      time_at(row->exp),
					      time_at(row->iat),
					      row->lifetime,
					      row->ttl,
					      time_at(row->date),
					      time_at(row->node),
					      time_at(row->received)};
		struct sts_expiry out;
		bool ok = sts_expiry_combine(&in, &out);
		bool right = out.lifetime_s == row->want_lifetime &&
			     out.expires_s == T + row->want_expires &&
			     out.clock_skew_s == row->want_skew;

		if (!right)
			printf("# %s: %lld %lld %lld\n", row->name, (long long)out.lifetime_s,
			       (long long)out.expires_s - T, (long long)out.clock_skew_s);
		CHECK(right);
		CHECK(ok == (row->want_lifetime > 0));
	}
}

static const int64_t extremes[] = {INT64_MIN,
				   INT64_MIN + 1,
				   -STS_EXPIRY_MAX_S,
				   -2,
				   -1,
				   0,
				   1,
				   900,
				   T - 86400,
				   T - 1,
				   T,
				   T + 1,
				   T + 900,
				   T + 86400,
				   STS_EPOCH_MAX_S - 1,
				   STS_EPOCH_MAX_S + 1,
				   INT64_MAX};

static uint64_t random_state = 0x2545f4914f6cdd1du;

static uint32_t random32(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32);
}

static int64_t any(void)
{
	switch (random32() % 3) {
	case 0:
		return extremes[random32() % COUNT(extremes)];
	case 1:
		return T + (int64_t)(random32() % 8000) - 4000;
	default:
		return (int64_t)((uint64_t)random32() << 32 | random32()) >> random32() % 64;
	}
}

/* Check what must hold whatever a server says. */
static void properties(void)
{
	for (int i = 0; i < 1000000; i++) {
		struct sts_expiry_input in = {any(), any(), any(), any(),
					      any(), any(), any(), any()};
		struct sts_expiry out;
		bool ok = sts_expiry_combine(&in, &out);

		CHECK(ok == (out.lifetime_s > 0));
		CHECK(out.lifetime_s <= STS_EXPIRY_MAX_S && out.lifetime_s >= -STS_EXPIRY_MAX_S);
		CHECK(out.expires_s >= 0 && out.expires_s <= STS_EPOCH_MAX_S);
		CHECK(in.lifetime_s == N || out.lifetime_s <= in.lifetime_s || !ok);
		CHECK(in.absolute_s < 0 || out.expires_s <= in.absolute_s);
		CHECK(in.token_exp_s < 0 || out.expires_s <= in.token_exp_s);
		if (ok && in.sent_real_s >= 0 && in.sent_real_s < STS_EPOCH_MAX_S)
			CHECK(out.expires_s <= in.sent_real_s + out.lifetime_s);
	}
}

static const struct sts_test tests[] = {
	{"a time or a lifetime is read from JSON", values},
	{"the earliest end counts, on the right clock", combine},
	{"what holds for 1e6 pseudo-random inputs", properties},
};

STS_TEST_MAIN(tests)
