/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/der.h"

#include <time.h>

#include "test.h"

#define DER(literal) ((struct sts_der){(const uint8_t *)(literal), sizeof(literal) - 1})

static void elements_are_taken(void)
{
	struct sts_der in = DER("\x02\x01\x05\x30\x00\x04\x02"
				"ab"),
		       content, whole;
	uint8_t tag;

	CHECK(sts_der_peek(&in, STS_DER_INTEGER));
	CHECK(sts_der_any(&in, &tag, &content, &whole));
	CHECK_INT(tag, STS_DER_INTEGER);
	CHECK(sts_der_eq(content, DER("\x05")));
	CHECK(sts_der_eq(whole, DER("\x02\x01\x05")));
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(in.len, 6);
	CHECK(sts_der_take(&in, STS_DER_SEQUENCE, &content));
	CHECK_INT(content.len, 0);
	CHECK(content.data == NULL);
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK(sts_der_eq(content, DER("ab")));
	CHECK_INT(in.len, 0);
	CHECK(in.data == NULL);
	CHECK(!sts_der_peek(&in, 0));
	CHECK(!sts_der_any(&in, &tag, &content, NULL));
	in = DER("\x04\x00"); /* nothing but a header */
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	in = DER("\x04\x00\x04"); /* one byte is left */
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(in.len, 1);
	CHECK(in.data != NULL);
	CHECK(sts_der_peek(&in, STS_DER_OCTETS));
}

static void long_lengths(void)
{
	static uint8_t data[6 + (1 << 24)];
	struct sts_der in = {data, 4 + 256}, content;

	memcpy(data, "\x04\x82\x01\x00", 4);
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(content.len, 256);
	in = (struct sts_der){data, 4 + 255}; /* one byte short */
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(in.len, 4 + 255);
	memcpy(data, "\x04\x81\x80", 3);
	in = (struct sts_der){data, 3 + 128};
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	memcpy(data, "\x04\x82\x00\x80", 4); /* a leading zero */
	in = (struct sts_der){data, 4 + 128};
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
	memcpy(data, "\x04\x83\x01\x00\x00", 5);
	in = (struct sts_der){data, 5 + 65536};
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(content.len, 65536);
	memcpy(data, "\x04\x84\x01\x00\x00\x00", 6);
	in = (struct sts_der){data, sizeof(data)};
	CHECK(sts_der_take(&in, STS_DER_OCTETS, &content));
	CHECK_INT(content.len, 1 << 24);
	memcpy(data, "\x04\x89\x01\x00\x00\x00\x00\x00\x00\x00\x80", 11); /* 128 and 2^64 */
	in = (struct sts_der){data, 11 + 128};
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
	memcpy(data, "\x04\x80", 2); /* 128 bytes follow an indefinite length */
	in = (struct sts_der){data, 2 + 128};
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
	memcpy(data, "\x04\x81\x80", 3); /* the length is behind the end */
	in = (struct sts_der){data, 2};
	CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
}

static void malformed_headers(void)
{
	static const struct sts_der bad[] = {
		DER(""),                     /* nothing */
		DER("\x04"),                 /* no length */
		DER("\x04\x01"),             /* no content */
		DER("\x04\x80\x00\x00"),     /* indefinite */
		DER("\x04\x81\x01z"),        /* could be shorter */
		DER("\x04\x81\x7fz"),        /* could be shorter */
		DER("\x04\x82\x00\x80z"),    /* a leading zero */
		DER("\x04\x82\x01"),         /* cut in the length */
		DER("\x04\xff\xff\xff\xff"), /* reserved */
		DER("\x04\x85\x01\x00\x00\x00\x00"),
		DER("\x04\x84\xff\xff\xff\xff"),
		DER("\x1f\x01\x00"), /* a tag of several bytes */
		DER("\xbf\x01\x00"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sts_der in = bad[i], content;
		uint8_t tag;

		CHECK(!sts_der_any(&in, &tag, &content, NULL));
		CHECK_INT(in.len, bad[i].len);
		CHECK(!sts_der_take(&in, STS_DER_OCTETS, &content));
		CHECK_INT(in.len, bad[i].len);
	}
}

static void equality(void)
{
	CHECK(sts_der_eq(DER(""), (struct sts_der){NULL, 0}));
	CHECK(sts_der_eq(DER("ab"), DER("ab")));
	CHECK(!sts_der_eq(DER("a"), DER("b")));
	CHECK(!sts_der_eq(DER("ab"), DER("ac")));
	CHECK(!sts_der_eq(DER("ab"), DER("abc")));
}

static void booleans(void)
{
	bool value = true;

	CHECK(sts_der_bool(DER("\x00"), &value) && !value);
	CHECK(sts_der_bool(DER("\xff"), &value) && value);
	CHECK(!sts_der_bool(DER("\x01"), &value));
	CHECK(!sts_der_bool(DER(""), &value));
	CHECK(!sts_der_bool(DER("\xff\xff"), &value));
}

static void integers(void)
{
	static const struct {
		struct sts_der in;
		uint64_t value;
		bool good;
	} cases[] = {
		{DER("\x00"), 0, true},
		{DER("\x7f"), 127, true},
		{DER("\x00\x80"), 128, true},
		{DER("\x01\x00"), 256, true},
		{DER("\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX, true},
		{DER(""), 0, false},
		{DER("\x80"), 0, false},     /* negative */
		{DER("\x00\x7f"), 0, false}, /* could be shorter */
		{DER("\x00\x00"), 0, false},
		{DER("\xff\xff"), 0, false},
		{DER("\x00\x80\x00\x00\x00\x00\x00\x00\x00"), 0, false}, /* 64 bits */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = UINT64_MAX;

		CHECK_INT(sts_der_uint(cases[i].in, &value), cases[i].good);
		CHECK(!cases[i].good || value == cases[i].value);
	}
}

static void times(void)
{
	static const struct {
		const char *text;
		int64_t epoch_s;
	} cases[] = {
		{"260101000000Z", 1767225600},
		{"700101000000Z", 0},
		{"691231235959Z", -1},
		{"500101000000Z", -631152000},
		{"491231235959Z", 2524607999},
		{"240229120000Z", 1709208000},
		{"240229123456Z", 1709210096},
		{"20260101000000Z", 1767225600},
		{"20500101000000Z", 2524608000},
		{"99991231235959Z", 253402300799},
		{"19700101000000Z", 0},
		{"20000229000000Z", 951782400},
		{"00000101000000Z", -62167219200},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sts_der in = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
		uint8_t tag = in.len == 13 ? STS_DER_UTC_TIME : STS_DER_GENERAL_TIME;
		int64_t epoch_s = 0;

		CHECK(sts_der_time(tag, in, &epoch_s));
		CHECK_INT(epoch_s, cases[i].epoch_s);
		/* an integer is not a time */
		CHECK(!sts_der_time(tag ^ STS_DER_UTC_TIME ^ STS_DER_GENERAL_TIME, in, &epoch_s));
		CHECK(!sts_der_time(STS_DER_OCTETS, in, &epoch_s));
	}
}

static void bad_times(void)
{
	static const char *const bad[] = {
		"",
		"Z",
		"260101000000",
		"2601010000Z",
		"260101000000z",
		"260101000000+0000",
		"260101000000.0Z",
		"260001000000Z",
		"261301000000Z",
		"260100000000Z",
		"260132000000Z",
		"260229000000Z",
		"260431000000Z",
		"260101240000Z",
		"260101006000Z",
		"260101000060Z",
		" 60101000000Z",
		"26010100000/Z",
		"-60101000000Z",
		"19000229000000Z",
		"2026010100000:Z",
		"x0260101000000Z",
		"20260101000000.5Z",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sts_der in = {(const uint8_t *)bad[i], strlen(bad[i])};
		int64_t epoch_s;

		CHECK(!sts_der_time(STS_DER_UTC_TIME, in, &epoch_s));
		CHECK(!sts_der_time(STS_DER_GENERAL_TIME, in, &epoch_s));
	}

	/* No digit may be anything else. */
	for (size_t i = 0; i < 2 * 14; i++) {
		char time[] = "20261231235959Z";
		struct sts_der in = {(const uint8_t *)time, strlen(time)};
		int64_t epoch_s;

		time[i / 2] = i % 2 ? '9' + 1 : '0' - 1;
		CHECK(!sts_der_time(STS_DER_GENERAL_TIME, in, &epoch_s));
		in = (struct sts_der){in.data + 2, in.len - 2};
		CHECK(i < 4 || !sts_der_time(STS_DER_UTC_TIME, in, &epoch_s));
	}
}

/* Every day that a month can have, as the C library counts them. */
static void every_day(void)
{
	static const int years[] = {1970, 1999, 2000, 2023, 2024, 2100};

	for (size_t i = 0; i < sizeof(years) / sizeof(years[0]); i++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 32; day++) {
				struct tm tm = {.tm_year = years[i] - 1900,
						.tm_mon = month - 1,
						.tm_mday = day};
				int64_t want_s = timegm(&tm), epoch_s = 0;
				bool exists = tm.tm_mday == day; /* else timegm() has changed it */
				char text[32];

				snprintf(text, sizeof(text), "%04d%02d%02d000000Z", years[i], month,
					 day);
				CHECK_INT(sts_der_time(STS_DER_GENERAL_TIME,
						       (struct sts_der){(uint8_t *)text, 15},
						       &epoch_s),
					  exists);
				CHECK(!exists || epoch_s == want_s);
			}
}

static const struct sts_test tests[] = {
	{"elements are taken", elements_are_taken},
	{"long lengths", long_lengths},
	{"malformed headers", malformed_headers},
	{"elements are compared", equality},
	{"booleans", booleans},
	{"integers", integers},
	{"times are read", times},
	{"bad times", bad_times},
	{"every day", every_day},
};

STS_TEST_MAIN(tests)
