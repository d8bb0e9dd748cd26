/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 as the key exchange uses it: known answers of RFC 7748, all points with which the secret
 * is zero, and the other inputs that are not in their shortest form, which RFC 7748 section 5 wants
 * taken.
 */
#include "bearssl_choice/implementations.h"

#include "base/text.h"
#include "test.h"

#define BYTES 32
#define TOP   0x80 /* of the last byte; it does not count */

/* A number that is below 2^255, as 64 hexadecimal digits, the lowest byte first. */
static void number(uint8_t out[BYTES], const char *hex)
{
	CHECK_INT(strlen(hex), 2 * BYTES);
	for (size_t i = 0; i < BYTES; i++)
		out[i] = (uint8_t)(sts_hex_value(hex[2 * i]) << 4 | sts_hex_value(hex[2 * i + 1]));
}

/* 2^255 - 19 + more, which is `more` in the field. */
static void past_the_prime(uint8_t out[BYTES], int more)
{
	memset(out, 0xff, BYTES);
	out[0] = (uint8_t)(0xed + more);
	out[BYTES - 1] = 0x7f;
}

/* Multiply, with a key that is like any other. Returns what mul() returns. */
static uint32_t multiply(uint8_t result[BYTES], const uint8_t point[BYTES])
{
	uint8_t key[BYTES];

	number(key, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	memcpy(result, point, BYTES);
	return sts_crypto_ec()->mul(result, BYTES, key, sizeof(key), BR_EC_curve25519);
}

static void known_answers(void)
{
	/* RFC 7748 section 5.2 */
	static const char *const rows[][3] = {
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		 "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		 "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		 "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		 "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t key[BYTES], point[BYTES], want[BYTES];

		number(key, rows[i][0]);
		number(point, rows[i][1]);
		number(want, rows[i][2]);
		CHECK_INT(sts_crypto_ec()->mul(point, BYTES, key, BYTES, BR_EC_curve25519), 1);
		CHECK(memcmp(point, want, BYTES) == 0);
	}
}

/* All points of small order, in all forms that 255 bits allow, with the top bit and without it. */
static void zero_is_refused(void)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		for (int top = 0; top <= TOP; top += TOP) {
			uint8_t point[BYTES], result[BYTES], zero[BYTES] = {0};

			number(point, points[i]);
			point[BYTES - 1] |= (uint8_t)top;
			CHECK_INT(multiply(result, point), 0);
			CHECK(memcmp(result, zero, BYTES) == 0);
		}
}

/* Numbers from the prime to 2^255 - 1, and a top bit, mean the number that is left of them. */
static void other_forms_are_taken(void)
{
	for (int small = 2; small < 19; small++)
		for (int form = 0; form < 3; form++) {
			uint8_t canonical[BYTES] = {(uint8_t)small}, other[BYTES];
			uint8_t want[BYTES], result[BYTES];

			if (form == 0)
				memcpy(other, canonical, BYTES);
			else
				past_the_prime(other, small);
			other[BYTES - 1] |= form == 1 ? 0 : TOP;
			CHECK_INT(multiply(want, canonical), 1);
			CHECK_INT(multiply(result, other), 1);
			CHECK(memcmp(result, want, BYTES) == 0);
		}
}

static void other_lengths_are_refused(void)
{
	uint8_t key[BYTES + 1] = {9}, point[BYTES + 1] = {9};

	CHECK_INT(sts_crypto_ec()->mul(point, BYTES - 1, key, BYTES, BR_EC_curve25519), 0);
	CHECK_INT(sts_crypto_ec()->mul(point, BYTES + 1, key, BYTES, BR_EC_curve25519), 0);
	CHECK_INT(sts_crypto_ec()->mul(point, 0, key, BYTES, BR_EC_curve25519), 0);
	CHECK_INT(sts_crypto_ec()->mul(point, BYTES, key, BYTES + 1, BR_EC_curve25519), 0);
}

/* A point beside the curve would give away bits of the key. */
static void points_of_p256(void)
{
	uint8_t key[BYTES] = {[BYTES - 1] = 3}, point[2 * BYTES + 1], other[2 * BYTES + 1];
	size_t len;

	memcpy(point, sts_crypto_ec()->generator(BR_EC_secp256r1, &len), sizeof(point));
	CHECK_INT(len, sizeof(point));
	memcpy(other, point, sizeof(other));
	CHECK_INT(sts_crypto_ec()->mul(point, len, key, BYTES, BR_EC_secp256r1), 1);
	other[2 * BYTES] ^= 1;
	CHECK_INT(sts_crypto_ec()->mul(other, len, key, BYTES, BR_EC_secp256r1), 0);
}

/* The functions are given scalars and points of other lengths, although no caller does that. */
static void other_lengths_of_p256(void)
{
	enum { POINT_BYTES = 2 * BYTES + 1 };
	uint8_t x[BYTES + 1] = {[BYTES - 1] = 3}, longer[BYTES + 1] = {[BYTES] = 3};
	uint8_t generator[POINT_BYTES + 1], sum[POINT_BYTES + 1], beside[POINT_BYTES];
	size_t len;
	const br_ec_impl *ec = sts_crypto_ec();
	const struct {
		size_t point_len, x_len, y_len;
		uint32_t ok;
	} rows[] = {
		{POINT_BYTES, BYTES, BYTES, 1},     {POINT_BYTES - 1, BYTES, BYTES, 0},
		{POINT_BYTES + 1, BYTES, BYTES, 0}, {POINT_BYTES, BYTES + 1, BYTES, 0},
		{POINT_BYTES, BYTES, BYTES + 1, 0}, {POINT_BYTES, 0, BYTES, 1},
		{POINT_BYTES, BYTES, 0, 1},         {POINT_BYTES, 0, 0, 0},
	};

	memset(generator, 0, sizeof(generator));
	memcpy(generator, ec->generator(BR_EC_secp256r1, &len), POINT_BYTES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(sum, generator, sizeof(sum));
		CHECK_INT(ec->muladd(sum, NULL, rows[i].point_len,
				     rows[i].x_len > BYTES ? longer : x, rows[i].x_len,
				     rows[i].y_len > BYTES ? longer : x, rows[i].y_len,
				     BR_EC_secp256r1),
			  rows[i].ok);
	}

	/* The second point is decoded as the first is: 3G + 3G is 6G, and a point beside the curve
	 * is refused in either place. */
	memcpy(beside, generator, POINT_BYTES);
	beside[2 * BYTES] ^= 1;
	memcpy(sum, generator, sizeof(sum));
	CHECK_INT(ec->muladd(sum, beside, POINT_BYTES, x, BYTES, x, BYTES, BR_EC_secp256r1), 0);
	CHECK_INT(ec->muladd(beside, generator, POINT_BYTES, x, BYTES, x, BYTES, BR_EC_secp256r1),
		  0);
	CHECK_INT(ec->muladd(sum, generator, POINT_BYTES, x, BYTES, x, BYTES, BR_EC_secp256r1), 1);
	x[BYTES - 1] = 6;
	CHECK_INT(ec->mulgen(generator, x, BYTES, BR_EC_secp256r1), POINT_BYTES);
	CHECK(memcmp(sum, generator, POINT_BYTES) == 0);
}

/* Where the coordinate x of a point begins, and how long it is. */
static void coordinates(void)
{
	static const struct {
		int curve;
		size_t begin, len;
	} rows[] = {
		{BR_EC_curve25519, 0, 32},
		{BR_EC_secp256r1, 1, 32},
		{BR_EC_secp384r1, 1, 48},
		{BR_EC_secp521r1, 1, 66},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = 0;

		CHECK_INT(sts_crypto_ec()->xoff(rows[i].curve, &len), rows[i].begin);
		CHECK_INT(len, rows[i].len);
	}
}

static const struct sts_test tests[] = {
	{"X25519: known answers", known_answers},
	{"X25519: a result of zero is refused", zero_is_refused},
	{"X25519: other forms of a number are taken", other_forms_are_taken},
	{"X25519: a point or a key of another length is refused", other_lengths_are_refused},
	{"P-256: a point beside the curve is refused", points_of_p256},
	{"P-256: a point or a scalar of another length is refused", other_lengths_of_p256},
	{"the coordinate x of each curve", coordinates},
};

STS_TEST_MAIN(tests)
