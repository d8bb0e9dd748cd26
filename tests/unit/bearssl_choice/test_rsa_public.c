/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public operation of RSA, which has a division of ours, beside BearSSL's own code for words of
 * 32 bits: moduli of all lengths in bits, with long runs of ones and zeros, for which an estimated
 * digit of a quotient is wrong most often.
 */
#include <bearssl.h>

#include "test.h"

#define MAX_BYTES 512
#define ROUNDS    3

static uint64_t state = 1;

/* xorshift64* */
static uint32_t number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1d >> 32);
}

/* Fill a number with random bytes, or with runs of equal bits. */
static void fill(uint8_t *out, size_t len)
{
	unsigned kind = number() % 3, left = 0, bit = 0;

	for (size_t i = 0; i < 8 * len; i++) {
		if (kind == 0 || left-- == 0) {
			bit = number() & 1;
			left = number() % (kind == 1 ? 200 : 40);
		}
		out[i / 8] = (uint8_t)(out[i / 8] << 1 | bit);
	}
}

/* Returns how many of the results were numbers. */
static int compare(size_t bits, size_t e_len)
{
	static uint8_t exponents[][4] = {{3}, {17}, {1}, {1, 0, 1}, {0x80, 0, 0, 1}};
	static const size_t lengths[] = {1, 1, 1, 3, 4};
	uint8_t n[MAX_BYTES], x[MAX_BYTES], y[MAX_BYTES];
	size_t len = (bits + 7) / 8;
	br_rsa_public_key key = {n, len, exponents[e_len], lengths[e_len]};

	fill(n, len);
	fill(x, len);
	n[0] = (uint8_t)(n[0] & (0xff >> (8 * len - bits))) | (uint8_t)(1 << (bits - 1) % 8);
	n[len - 1] |= 1;
	/* Most numbers are just below the modulus, or far below it; some are not. */
	if (number() % 4 == 0)
		memcpy(x, n, len);
	if (number() % 8 != 0)
		x[len - 1 - number() % (len < 9 ? len : 9)] &= (uint8_t)number();
	if (number() % 8 != 0)
		x[0] &= n[0] >> number() % 2;
	memcpy(y, x, len);
	uint32_t got = br_rsa_i31_public(x, len, &key), want = br_rsa_i32_public(y, len, &key);
	CHECK_INT(got, want);
	CHECK(!want || memcmp(x, y, len) == 0);
	return (int)want;
}

static void test_beside_words_of_32_bits(void)
{
	int good = 0, all = 0;

	for (size_t bits = 40; bits <= 8 * MAX_BYTES; bits += bits < 700 ? 1 : bits % 31 ? 31 : 3)
		for (int i = 0; i < ROUNDS; i++, all++)
			good += compare(bits, number() % 5);
	CHECK(all > 2000 && good > all / 2 && good < all);
	printf("# %d numbers, %d below the modulus\n", all, good);
}

static const struct sts_test tests[] = {
	{"the public operation of RSA beside words of 32 bits", test_beside_words_of_32_bits},
};

STS_TEST_MAIN(tests)
