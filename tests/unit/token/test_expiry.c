/* SPDX-License-Identifier: Apache-2.0 */
#include "token/expiry.h"

#include "base/timefmt.h"
#include "test.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define A         STS_EXPIRY_ABSOLUTE
#define L         STS_EXPIRY_LIFETIME
#define N         INT64_MIN
#define ZEROES_60 "000000000000000000000000000000000000000000000000000000000000"

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
		/* A number may have 64 bytes. */
		{"\"" ZEROES_60 "0300\"", L, 300},
		{"\"" ZEROES_60 "00300\"", L, N},
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

#define GOOD  STS_EXPIRY_OK
#define ENDED STS_EXPIRY_ENDED
#define ZERO  STS_EXPIRY_NO_LIFETIME
#define LATE  STS_EXPIRY_TOO_LATE

static const struct combination {
	const char *name;
	int64_t absolute, exp, iat, lifetime, date, node;
	enum sts_expiry_verdict want;
	/* `expires` is always node + want_lifetime, after STS_EXPIRY_ENDED 0. */
	int64_t want_lifetime, want_usable;
} combinations[] = {
	{"nothing: the default", N, N, N, N, N, 0, GOOD, 300, 0},
	{"an iat alone is nothing", N, N, 0, N, N, 0, GOOD, 300, 0},
	{"a lifetime", N, N, N, 900, N, 0, GOOD, 900, 900},
	{"an absolute time", 900, N, N, N, N, 0, GOOD, 900, 900},
	{"a token's exp", N, 900, N, N, N, 0, GOOD, 900, 900},
	{"the earliest: lifetime", 900, 800, N, 60, N, 0, GOOD, 60, 800},
	{"the earliest: exp", 900, 800, N, 3600, N, 0, GOOD, 800, 800},
	{"the earliest: absolute", 700, 800, N, 3600, N, 0, GOOD, 700, 800},
	{"the earliest: exp - iat", 900, 800, 100, 3600, N, 0, GOOD, 700, 800},
	{"an iat after exp is nothing", N, 900, 901, N, N, 0, GOOD, 900, 900},

	{"each end is held against the clocks", 900, 2400, N, N, 0, 1200, GOOD, 900, 2400},
	{"each end, a shorter one", 900, 1300, N, N, 0, 1200, GOOD, 100, 1300},

	{"Date agrees", 900, N, N, N, 0, 0, GOOD, 900, 900},
	{"Date within the exchange", 900, N, N, N, 1, 0, GOOD, 900, 900},
	{"Date 2 s ahead", 900, N, N, N, 3, 0, GOOD, 897, 900},
	{"Date 2 s behind", 900, N, N, N, -2, 0, GOOD, 900, 902},

	/* The node's clock is ahead. */
	{"node 11 min ahead", 900, N, N, N, 0, 660, GOOD, 240, 900},
	{"node 11 min ahead, a JWT", N, 900, 0, N, 0, 660, GOOD, 240, 900},
	{"node 20 min ahead", 900, N, N, N, 0, 1200, GOOD, 900, 900},
	{"node 20 min ahead, a JWT", 900, 900, 0, N, 0, 1200, GOOD, 900, 900},
	{"node nearly a life ahead", N, 900, 0, 900, 0, 841, GOOD, 900, 900},
	{"node 840 s ahead", N, 900, 0, 900, 0, 840, GOOD, 60, 900},
	{"the same life by exp - iat", N, 900, 0, N, 0, 899, GOOD, 900, 900},
	{"a short life is no wrong clock", N, 59, 0, 59, 0, 0, GOOD, 59, 59},
	{"nearly over by both clocks", N, 20, -880, 900, 0, 0, GOOD, 20, 20},
	{"nearly over by both, no Date", N, 20, -880, N, N, 0, GOOD, 20, 20},
	{"nearly over here, no Date", N, 20, N, 900, N, 0, GOOD, 20, 20},
	{"the same, exp - iat agrees", N, 20, -880, 900, N, 0, GOOD, 900, 20},
	{"over in 50 s here, at most 60 more", N, 50, N, 110, -150, 0, GOOD, 50, 200},
	{"over in 50 s here, at least 61 more", N, 50, N, 111, -150, 0, GOOD, 111, 200},
	{"an absolute time alone", 900, N, N, N, 0, 880, GOOD, 20, 900},
	{"node 2 h ahead, a lifetime", N, N, N, 900, 0, 7200, GOOD, 900, 900},
	{"node 20 min ahead, no Date", 900, N, N, N, N, 1200, ENDED, 0, 0},
	{"the same, a JWT", N, 900, 0, N, N, 1200, ENDED, 0, 900},
	{"the same, a JWT and a lifetime", N, 900, N, 900, N, 1200, GOOD, 900, 900},
	{"by less than a day", N, -86399, N, 900, N, 0, GOOD, 900, 900},
	{"by more than a day", N, -86400, N, 900, N, 0, ENDED, 0, 900},
	{"node 11 min ahead, no Date", N, 900, 0, 900, N, 660, GOOD, 240, 240},

	/* The node's clock is behind. */
	{"node 2 h behind", 900, N, N, N, 0, -7200, GOOD, 900, 8100},
	{"node 2 h behind, a JWT", N, 900, 0, N, 0, -7200, GOOD, 900, 900},
	{"node 2 h behind, a lifetime", N, N, N, 900, 0, -7200, GOOD, 900, 900},
	{"the same, no Date: iat bounds", N, 900, 0, N, N, -7200, GOOD, 900, 8100},
	{"expired at the STS, not here", N, 0, N, N, 0, -7200, GOOD, 7200, 7200},

	/* The Date is wrong. */
	{"Date 10 min behind", 20, N, N, N, -600, 0, GOOD, 20, 620},
	{"Date 20 min ahead, a lifetime", N, 900, 0, 900, 1200, 0, GOOD, 900, 900},
	{"Date nearly a life ahead", N, 900, 0, 900, 841, 0, GOOD, 900, 900},
	{"Date 840 s ahead", N, 900, 0, 900, 840, 0, GOOD, 60, 900},
	{"Date 20 min ahead, an absolute", 900, N, N, N, 1200, 0, GOOD, 900, 900},
	{"Date 23.5 h ahead", 86400, N, N, N, 84600, 0, GOOD, 1800, 86400},
	{"Date 23.5 h ahead, a JWT", N, 86400, 0, N, 84600, 0, GOOD, 1800, 86400},
	{"Date 23.5 h behind, a JWT", N, 900, 0, N, -84600, 0, GOOD, 900, 900},
	{"Date 23.5 h behind", 900, N, N, N, -84600, 0, GOOD, 900, 85500},
	{"Date of 1970", 900, N, N, N, -T, 0, GOOD, 900, 900},
	{"Date a day off", 900, N, N, N, -86400, 0, GOOD, 900, 87300},
	{"Date over a day off", 900, N, N, N, -86401, 0, GOOD, 900, 900},
	{"Date over a day ahead", 900, N, N, N, 86402, 0, GOOD, 900, 900},
	{"the same, expired here", 0, N, N, N, -86401, 0, ENDED, 0, 0},

	/* exp - iat must not let a long life through --max-lifetime. */
	{"iat close to exp", N, 86400, 86300, N, 0, 0, GOOD, 100, 86400},
	{"iat 60 s ahead", N, 900, 61, N, 0, 0, GOOD, 839, 839},
	{"iat 61 s ahead", N, 900, 62, N, 0, 0, GOOD, 838, 900},
	{"iat ahead of the node alone", N, 4500, 3600, N, 3600, 0, GOOD, 900, 900},
	{"iat five minutes back", N, 3600, -300, N, 0, 0, GOOD, 3600, 3600},
	{"a cached token", N, 600, -85800, 600, 0, 0, GOOD, 600, 600},

	/* The token has expired. */
	{"lifetime 0", N, 900, N, 0, N, 0, ZERO, 0, 900},
	{"lifetime -1", N, N, N, -1, N, 0, ZERO, -1, 0},
	{"both clocks", 1, N, N, N, 0, 0, ENDED, 0, 0},
	{"the node's clock, no Date", N, 1, N, N, N, 0, ENDED, 0, 0},
	{"both clocks against a lifetime", N, -1200, N, 900, 0, 0, ENDED, 0, 900},
	{"both clocks against exp - iat", N, -1200, -2100, N, 0, 0, ENDED, 0, 900},
	{"the same in the first seconds", N, 900 - T, -T, N, 0, 0, ENDED, 0, 900},
	{"both clocks, each in its way", N, -1200, N, 900, -600, 600, ENDED, 0, 900},
	{"over before the answer is there", N, N, N, 1, N, 0, LATE, 1, 1},
	{"a second later", N, N, N, 2, N, 0, GOOD, 2, 2},
};

static int64_t time_at(int64_t relative)
{
	return relative == N ? -1 : T + relative;
}

static void combine(void)
{
	for (size_t i = 0; i < COUNT(combinations); i++) {
		const struct combination *row = &combinations[i];
		struct sts_expiry_input in = {
			.absolute_s = time_at(row->absolute),
			.token_exp_s = time_at(row->exp),
			.token_iat_s = time_at(row->iat),
			.token_nbf_s = -1,
			.lifetime_s = row->lifetime,
			.default_ttl_s = 300,
			.date_s = time_at(row->date),
			.sent_real_s = T + row->node,
			.received_real_s = T + row->node + 1,
		};
		struct sts_expiry out;
		bool ok = sts_expiry_combine(&in, &out);
		bool right = out.verdict == row->want && out.lifetime_s == row->want_lifetime &&
			     out.usable_s == row->want_usable;

		if (!right)
			printf("# %s: %d %lld %lld\n", row->name, (int)out.verdict,
			       (long long)out.lifetime_s, (long long)out.usable_s);
		CHECK(right);
		CHECK(ok == (row->want == GOOD));
		CHECK_INT(out.expires_s, T + row->node + row->want_lifetime);
	}
}

static void not_before(void)
{
	static const struct {
		int64_t nbf, iat, date, node, want; /* want: on the node's clock; N: valid now */
	} rows[] = {
		{N, N, N, 0, N},
		{-60, 0, N, 0, N},
		{5, N, N, 0, N},
		{6, N, N, 0, N}, /* the answer arrived at 1 */
		{7, N, N, 0, 7},
		{540, N, N, 0, 540},
		{540, 0, N, 0, 540},
		{540, 0, 0, 0, 540},
		/* The node's clock is wrong, and the Date tells it. */
		{-60, 0, 0, -600, N},
		{540, 0, 0, -600, -59},
		{540, 0, 0, 600, 1140},
		/* The Date is wrong, and iat tells it. */
		{0, 0, -84600, 0, N},
		{5, 0, -600, 0, N},
		{6, 0, -600, 0, 606},
		{0, N, -600, 0, 600},
		/* The STS's clock is ahead of the other two. */
		{540, 540, 0, 0, 540},
		/* Without a Date that is believed, iat alone tells the STS's time. */
		{540, 540, N, 0, N},
		{-60, 0, N, -660, N},
		{-60, 0, 0, -90000, N},
		{6, 0, N, 0, N}, /* the answer arrived at 1 */
		{7, 0, N, 0, 7},
		/* No token becomes valid when it has ended, in 900 s. */
		{899, N, N, 0, 899},
		{900, N, N, 0, N},
		{0, N, -84600, 0, N},
		{6, 0, -84600, 0, N},
		/* This Date is not believed. */
		{540, N, -90000, 0, 540},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_expiry_input in = {.absolute_s = -1,
					      .token_exp_s = -1,
					      .token_iat_s = time_at(rows[i].iat),
					      .token_nbf_s = time_at(rows[i].nbf),
					      .lifetime_s = 900,
					      .date_s = time_at(rows[i].date),
					      .sent_real_s = T + rows[i].node,
					      .received_real_s = T + rows[i].node + 1};
		struct sts_expiry out;

		CHECK(sts_expiry_combine(&in, &out));
		int64_t want = rows[i].want == N ? 0 : T + rows[i].want;

		if (out.not_before_s != want)
			printf("# row %zu: %lld\n", i, (long long)out.not_before_s - T);
		CHECK_INT(out.not_before_s, want);
	}
	/* This token is never valid, by its own words. */
	struct sts_expiry_input in = {.absolute_s = -1,
				      .token_exp_s = T + 900,
				      .token_iat_s = T,
				      .token_nbf_s = T + 900,
				      .lifetime_s = N,
				      .date_s = T,
				      .sent_real_s = T,
				      .received_real_s = T};
	struct sts_expiry out;

	CHECK(sts_expiry_combine(&in, &out));
	CHECK_INT(out.not_before_s, T + 900);
}

static void skew(void)
{
	/* The request was sent at 0 and the answer received at 1. */
	static const int64_t rows[][2] = {{N, 0},   {0, 0},     {1, 0},           {61, 0}, {62, 61},
					  {-60, 0}, {-61, -61}, {-86400, -86400}, {-T, -T}};

	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_INT(sts_expiry_skew(time_at(rows[i][0]), T, T + 1), rows[i][1]);
}

/* Without a Date, only an iat that is later than the node's time says how the clocks differ. */
static void skew_of_iat(void)
{
	static const int64_t rows[][2] = {{-1, 0},     {T - 7200, 0}, {T, 0},
					  {T + 60, 0}, {T + 61, 61},  {T + 630, 630}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_expiry_input in = {
			.token_iat_s = rows[i][0], .sent_real_s = T - 1, .received_real_s = T};

		CHECK_INT(sts_expiry_skew_of_iat(&in), rows[i][1]);
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

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Check what must hold whatever a server says. */
static void properties(void)
{
	for (int i = 0; i < 1000000; i++) {
		struct sts_expiry_input in = {any(), any(), any(), any(), any(),
					      any(), any(), any(), any()};
		struct sts_expiry out;
		bool ok = sts_expiry_combine(&in, &out);

		CHECK(ok == (out.verdict == GOOD));
		CHECK(!ok || out.lifetime_s > 0);
		CHECK(out.lifetime_s <= STS_EXPIRY_MAX_S && out.lifetime_s >= -STS_EXPIRY_MAX_S);
		CHECK(out.usable_s >= 0 && out.usable_s <= STS_EXPIRY_MAX_S);
		CHECK(out.expires_s >= 0 && out.expires_s <= STS_EPOCH_MAX_S);
		CHECK(out.not_before_s >= 0 && out.not_before_s <= STS_EPOCH_MAX_S);
		CHECK(out.not_before_s < out.expires_s || in.token_nbf_s >= in.token_exp_s ||
		      in.token_nbf_s >= STS_EPOCH_MAX_S || !out.not_before_s);
		CHECK(in.lifetime_s == N || out.lifetime_s <= in.lifetime_s || !ok);
		if (!ok || in.sent_real_s < 0 || in.sent_real_s > T + 86400)
			continue;
		/* `expires` on disk and the planned refresh follow from the same lifetime. */
		CHECK(out.expires_s == in.sent_real_s + out.lifetime_s ||
		      out.expires_s == STS_EPOCH_MAX_S);
		/* A reader of the file finds a token that is valid. */
		CHECK(out.expires_s > in.received_real_s);
		/* `expires` is later than the exp only if the exp has passed by the node's clock,
		 * or is less than a minute ahead. */
		int64_t soon_s = max(in.received_real_s, in.sent_real_s + 59);
		if (in.token_exp_s > soon_s)
			CHECK(out.expires_s <= in.token_exp_s);
		if (in.absolute_s > soon_s)
			CHECK(out.expires_s <= in.absolute_s);
	}
}

/* A digit behind the text is not read. */
static void end_of_text(void)
{
	static const char *const texts[] = {"123", "1.23", "1e23", "1.5e23"};
	static const double want[] = {12, 1.2, 1e2, 1.5e2};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double number = 0;

		CHECK(sts_expiry_number((struct sts_slice){texts[i], strlen(texts[i]) - 1},
					&number));
		CHECK(number > want[i] * 0.999 && number < want[i] * 1.001);
	}
}

static const struct sts_test tests[] = {
	{"a digit behind a text", end_of_text},
	{"a time or a lifetime is read from JSON", values},
	{"two clocks, one decision", combine},
	{"a token that is not valid yet", not_before},
	{"the difference of the clocks", skew},
	{"the difference of the clocks by an iat", skew_of_iat},
	{"what holds for 1e6 pseudo-random inputs", properties},
};

STS_TEST_MAIN(tests)
