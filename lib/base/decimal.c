/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <stdint.h>

#include "base/ascii.h"

#define DIGITS_MAX   19        /* 19 digits fit into 64 bits; a double holds 17 of them */
#define EXPONENT_MAX 100000000 /* the digits that are counted; ten times as much fits in an int */
#define SCALE_MAX    330       /* beyond the range of a double: the result is infinity or 0 */
#define SCALE_STEP   300       /* a power of ten that a double can hold */

/* A number that is being read. Its value is mantissa * 10^exponent. */
struct reader {
	const char *at;
	uint64_t mantissa;
	int digits; /* in the mantissa, without leading zeros */
	int exponent;
	bool any; /* the number has a digit */
};

/*
 * Read digits before or behind the point. A digit behind the point that gets into the mantissa
 * lowers the exponent. A digit before the point that does not fit any more raises it.
 */
static void read_digits(struct reader *r, bool fraction)
{
	for (; sts_is_digit(*r->at); r->at++) {
		bool kept = r->digits < DIGITS_MAX;

		r->any = true;
		if (kept) {
			r->mantissa = r->mantissa * 10 + (uint64_t)(*r->at - '0');
			r->digits += r->mantissa > 0;
		}
		if (kept == fraction && r->exponent > -EXPONENT_MAX && r->exponent < EXPONENT_MAX)
			r->exponent += kept ? -1 : 1;
	}
}

static void read_exponent(struct reader *r)
{
	const char *at = r->at + 1;
	bool negative = *at == '-';
	int value = 0;

	if (*at == '-' || *at == '+')
		at++;
	if (!sts_is_digit(*at))
		return; /* the letter is not part of the number */
	for (; sts_is_digit(*at); at++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*at - '0');
	r->exponent += negative ? -value : value;
	r->at = at;
}

/* Square and multiply, since each multiplication rounds and this way has few of them. */
static double power_of_ten(int exponent)
{
	double power = 1, base = 10;

	for (; exponent > 0; exponent >>= 1, base *= base)
		if (exponent & 1)
			power *= base;
	return power;
}

/* The power of ten of a subnormal number is out of range, so it is applied in two steps. */
static double scale(double value, int exponent)
{
	if (exponent < -SCALE_STEP) {
		value /= 1e300;
		exponent += SCALE_STEP;
	}
	if (exponent < -SCALE_MAX || value == 0)
		return 0;
	if (exponent > SCALE_MAX)
		exponent = SCALE_MAX;
	return exponent < 0 ? value / power_of_ten(-exponent) : value * power_of_ten(exponent);
}

double sts_decimal(const char *z, char **end)
{
	struct reader r = {.at = z};
	bool negative = *z == '-';
	double value;

	if (*z == '-' || *z == '+')
		r.at++;
	read_digits(&r, false);
	if (*r.at == '.') {
		r.at++;
		read_digits(&r, true);
	}
	if (r.any && (*r.at == 'e' || *r.at == 'E'))
		read_exponent(&r);
	if (end)
		*end = (char *)(uintptr_t)(r.any ? r.at : z);
	value = r.any ? scale((double)r.mantissa, r.exponent) : 0;
	return negative ? -value : value;
}
