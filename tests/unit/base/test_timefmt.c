/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_civil(void)
{
	CHECK_INT(sts_epoch_from_civil(1970, 1, 1, 0, 0, 0), 0);
	CHECK_INT(sts_epoch_from_civil(2026, 1, 12, 16, 11, 29), 1768234289);
	CHECK_INT(sts_epoch_from_civil(2000, 2, 29, 23, 59, 59), 951868799);
	CHECK_INT(sts_epoch_from_civil(2100, 3, 1, 0, 0, 0), 4107542400);
	CHECK_INT(sts_epoch_from_civil(9999, 12, 31, 23, 59, 59), 253402300799);
	CHECK_INT(sts_epoch_from_civil(1950, 1, 1, 0, 0, 0), -631152000);
	CHECK_INT(sts_epoch_from_civil(1, 1, 1, 0, 0, 0), -62135596800);
	CHECK_INT(sts_epoch_from_civil(0, 3, 1, 0, 0, 0), -62162035200);
	CHECK_INT(sts_epoch_from_civil(0, 1, 1, 0, 0, 0), -62167219200);
}

static void test_format(void)
{
	static const struct {
		int64_t epoch_s;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1768234289, "2026-01-12T16:11:29Z"},
		{951868799, "2000-02-29T23:59:59Z"},
		{951868800, "2000-03-01T00:00:00Z"},
		{4107542399, "2100-02-28T23:59:59Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{253402300800, "9999-12-31T23:59:59Z"},
		{INT64_MAX, "9999-12-31T23:59:59Z"},
		{-1, "1970-01-01T00:00:00Z"},
		{INT64_MIN, "1970-01-01T00:00:00Z"},
	};
	char out[STS_RFC3339_BYTES];

	for (size_t i = 0; i < COUNT(rows); i++) {
		sts_rfc3339_format(rows[i].epoch_s, out);
		CHECK_STR(out, rows[i].text);
	}
}

/* Each day of 400 years, after which the calendar repeats itself, and later days up to the year
 * 9999 are converted both ways: they follow each other, and both ways agree. */
static void test_round_trip(void)
{
	int64_t back_s;
	char out[STS_RFC3339_BYTES], last[STS_RFC3339_BYTES] = "";

	for (int64_t s = 0; s <= 253402300799;
	     s += (s < 400 * 366 * 86400LL ? 1 : 97) * 86400LL + 3661) {
		sts_rfc3339_format(s, out);
		if (!sts_rfc3339_parse(sts_slice_of(out), &back_s) || back_s != s ||
		    strcmp(last, out) >= 0) {
			CHECK_STR(out,
				  "a time that is read back as itself, after the one before it");
			return;
		}
		memcpy(last, out, sizeof(last));
	}
}

struct parse_row {
	const char *text;
	int64_t epoch_s; /* -1: refused */
};

static void check_parser(bool (*parse)(struct sts_slice, int64_t *), const struct parse_row *rows,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t epoch_s = -2;
		bool ok = parse(sts_slice_of(rows[i].text), &epoch_s);

		if (ok != (rows[i].epoch_s >= 0) || (ok && epoch_s != rows[i].epoch_s))
			printf("# \"%s\" gave %d, %lld\n", rows[i].text, ok, (long long)epoch_s);
		CHECK(ok == (rows[i].epoch_s >= 0));
		CHECK_INT(epoch_s, ok ? rows[i].epoch_s : -2);
	}
}

static void test_rfc3339(void)
{
	static const struct parse_row rows[] = {
		{"2026-01-12T16:11:29Z", 1768234289},
		{"2026-01-12t16:11:29z", 1768234289},
		{"2026-01-12T16:11:29.999999999Z", 1768234289},
		{"2026-01-12T16:11:29.5+00:00", 1768234289},
		{"2026-01-12T16:11:29-00:00", 1768234289},
		{"2026-01-12T17:41:29+01:30", 1768234289},
		{"2026-01-11T16:12:29-23:59", 1768234289},
		{"2016-12-31T23:59:60Z", 1483228799},
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:00:00-01:00", 0},
		{"2000-02-29T00:00:00Z", 951782400},
		{"9999-12-31T23:59:59Z", 253402300799},
		{"9999-12-31T23:59:59-00:01", -1},
		{"1970-01-01T00:00:00+00:01", -1},
		{"1969-12-31T23:59:59Z", -1},
		{"0001-01-01T00:00:00Z", -1},
		{"0000-01-01T00:00:00Z", -1},
		{"2100-02-29T00:00:00Z", -1},
		{"2026-02-29T00:00:00Z", -1},
		{"2026-00-12T16:11:29Z", -1},
		{"2026-13-12T16:11:29Z", -1},
		{"2026-01-00T16:11:29Z", -1},
		{"2026-04-31T16:11:29Z", -1},
		{"2026-01-12T24:00:00Z", -1},
		{"2026-01-12T16:60:29Z", -1},
		{"2026-01-12T16:11:61Z", -1},
		{"2026-01-12T16:11:29", -1},
		{"2026-01-12 16:11:29Z", -1},
		{"2026-01-12T16:11:29.Z", -1},
		{"2026-01-12T16:11:29,5Z", -1},
		{"2026-01-12T16:11:29+24:00", -1},
		{"2026-01-12T16:11:29+01:60", -1},
		{"2026-01-12T16:11:29+0100", -1},
		{"2026-01-12T16:11:2901:30", -1},
		{"2026-01-12T16:11:29 01:30", -1},
		{"2026-01-12T16:11:29+01", -1},
		{"2026-01-12T16:11Z", -1},
		{"2026-1-12T16:11:29Z", -1},
		{"+2026-01-12T16:11:29Z", -1},
		{" 2026-01-12T16:11:29Z", -1},
		{"2026-01-12T16:11:29Z ", -1},
		{"2026-01-12T16:11:29ZZ", -1},
		{"2026-01-12", -1},
		{"20260112T161129Z", -1},
		{"", -1},
	};
	int64_t epoch_s;

	check_parser(sts_rfc3339_parse, rows, COUNT(rows));
	CHECK(!sts_rfc3339_parse((struct sts_slice){"2026-01-12T16:11:29Z\0", 21}, &epoch_s));
	CHECK(!sts_rfc3339_parse((struct sts_slice){NULL, 0}, &epoch_s));
}

static void test_httpdate(void)
{
	static const struct parse_row rows[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Wed Nov 16 08:49:37 1994", 784975777},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Thursday, 01-Jan-70 00:00:00 GMT", 0},
		{"Tuesday, 31-Dec-69 23:59:59 GMT", 3155759999},
		{"Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799},
		{"Wed, 31 Dec 1969 23:59:59 GMT", -1},
		{"Sun, 06 Nov 1994 08:49:37 UTC", -1},
		{"Sun, 06 Nov 1994 08:49:37 +0000", -1},
		{"sun, 06 nov 1994 08:49:37 gmt", -1},
		{"Sun, 6 Nov 1994 08:49:37 GMT", -1},
		{"Sun,06 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 06-Nov-1994 08:49:37 GMT", -1},
		{"Sun, 06-Nov-94 08:49:37 GMT", -1},
		{"Sunday, 06-Nov-9 08:49:37 GMT", -1},
		{"Sunday, 06 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 31 Nov 1994 08:49:37 GMT", -1},
		{"Sun, 06 Nov 1994 24:49:37 GMT", -1},
		{"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
		{"Sun, 06 Nov 1994 08:49:37", -1},
		{"Sun Nov 6 08:49:37 1994", -1},
		{"Sun Nov  0 08:49:37 1994", -1},
		{"Sun Nov 06 08:49:37 1994 GMT", -1},
		{"Son, 06 Nov 1994 08:49:37 GMT", -1},
		{"784111777", -1},
		{"0", -1},
		{"", -1},
	};

	check_parser(sts_httpdate_parse, rows, COUNT(rows));
}

static void test_duration(void)
{
	static const struct parse_row rows[] = {
		{"30s", 30000},
		{"5m", 300000},
		{"1h", 3600000},
		{"250ms", 250},
		{"1h30m", 5400000},
		{"90", 90000},
		{"0", 0},
		{"0s", 0},
		{"007", 7000},
		{"1h1m1s1ms", 3661001},
		{"1m250ms", 60250},
		{"365h", 1314000000},
		{"8760h", 31536000000},
		{"31536000", 31536000000},
		{"31536000000ms", 31536000000},
		{"8760h1ms", -1},
		{"8761h", -1},
		{"31536001", -1},
		{"99999999999999999999s", -1},
		{"18446744073709551617", -1},
		{"", -1},
		{"s", -1},
		{"ms", -1},
		{"1h30", -1},
		{"30m1h", -1},
		{"1h1h", -1},
		{"1s1s", -1},
		{"-5s", -1},
		{"+5s", -1},
		{"1.5h", -1},
		{"5 m", -1},
		{" 5m", -1},
		{"5m ", -1},
		{"5M", -1},
		{"1d", -1},
		{"5sm", -1},
		{"0x10", -1},
		{"1ms1s", -1},
	};

	check_parser(sts_duration_parse, rows, COUNT(rows));
}

static void test_words(void)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{800, "13 min 20 s"}, {61, "1 min 1 s"},  {7500, "2 h 5 min"},
		{7559, "2 h 5 min"},  {45, "45 s"},       {0, "0 s"},
		{1, "1 s"},           {59, "59 s"},       {60, "1 min"},
		{3600, "1 h"},        {3659, "1 h"},      {273600, "3 d 4 h"},
		{259200, "3 d"},      {262799, "3 d"},    {86399, "23 h 59 min"},
		{-5, "0 s"},          {INT64_MIN, "0 s"}, {INT64_MAX, "106751991167300 d 15 h"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[64];
		struct sts_text t;

		sts_text_init(&t, buf, sizeof(buf));
		sts_duration_words(&t, rows[i].seconds);
		CHECK(!t.overflow);
		CHECK_STR(buf, rows[i].text);
	}
}

static const struct sts_test tests[] = {
	{"a civil time becomes seconds since the epoch", test_civil},
	{"an RFC 3339 time is written", test_format},
	{"an RFC 3339 time is read back, for each day of 400 years", test_round_trip},
	{"an RFC 3339 time is read", test_rfc3339},
	{"an HTTP date is read", test_httpdate},
	{"a duration of the command line is read", test_duration},
	{"a duration is written in words", test_words},
};

STS_TEST_MAIN(tests)
