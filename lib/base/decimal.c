/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

/* More digits than these say nothing that a double can hold. */
#define DIGITS_MAX   19
#define EXPONENT_MAX 1000

struct reader {
	const char *at;
	uint64_t mantissa;
	int digits, exponent;
	bool any;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Each digit shifts the exponent when it is no longer kept, or stands after the point. */
static void read_digits(struct reader *r, bool fraction)
{
	for (; is_digit(*r->at); r->at++) {
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
	if (!is_digit(*at))
		return; /* the letter is not part of the number */
	for (; is_digit(*at); at++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*at - '0');
	r->exponent += negative ? -value : value;
	r->at = at;
}

/* By squaring: few roundings. */
static double power_of_ten(int exponent)
{
	double power = 1, base = 10;

	for (; exponent > 0; exponent >>= 1, base *= base)
		if (exponent & 1)
			power *= base;
	return power;
}

static double scale(double value, int exponent)
{
	if (exponent < -300) {
		value /= 1e300;
		exponent += 300;
	}
	if (exponent < -330 || value == 0)
		return 0;
	if (exponent > 330)
		exponent = 330;
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
