/* SPDX-License-Identifier: Apache-2.0 */
#include "token/expiry.h"

#include <string.h>

#include "base/ascii.h"
#include "base/decimal.h"
#include "base/timefmt.h"

#define SKEW_MIN_S       60            /* a difference of clocks up to this is not reported */
#define DATE_BELIEVED_S  (24LL * 3600) /* the farthest from the local clock that a Date may be */
#define NUMBER_MAX_BYTES 31            /* of a number in a string */

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static size_t skip_digits(struct sts_slice s, size_t at)
{
	while (at < s.len && sts_is_digit(s.data[at]))
		at++;
	return at;
}

/* Is it -?digits(.digits)?([eE][+-]?digits)? The other forms that strtod() accepts (hexadecimal,
 * inf, leading spaces) are refused. */
static bool is_decimal(struct sts_slice s)
{
	size_t start = s.len > 0 && s.data[0] == '-', at = skip_digits(s, start);

	if (at == start)
		return false;
	if (at < s.len && s.data[at] == '.') {
		start = at + 1;
		at = skip_digits(s, start);
		if (at == start)
			return false;
	}
	if (at < s.len && (s.data[at] == 'e' || s.data[at] == 'E')) {
		start = at + 1;
		if (start < s.len && (s.data[start] == '+' || s.data[start] == '-'))
			start++;
		at = skip_digits(s, start);
		if (at == start)
			return false;
	}
	return at == s.len;
}

static bool read_decimal(struct sts_slice s, double *number)
{
	char z[NUMBER_MAX_BYTES + 1];

	if (s.len > NUMBER_MAX_BYTES || !is_decimal(s))
		return false;
	memcpy(z, s.data, s.len);
	z[s.len] = '\0';
	*number = sts_decimal(z, NULL);
	return true;
}

/* Round a number down to whole seconds. Returns false when the number is not in the range from low
 * to high, or is a NaN. A double must hold low and high exactly. */
static bool round_down(double number, int64_t low, int64_t high, int64_t *seconds)
{
	if (!(number >= (double)low && number <= (double)high))
		return false;
	*seconds = (int64_t)number;
	if ((double)*seconds > number)
		--*seconds;
	return true;
}

bool sts_expiry_value(const struct sts_json *value, enum sts_expiry_kind kind, int64_t *seconds)
{
	bool absolute = kind == STS_EXPIRY_ABSOLUTE;
	struct sts_slice text;
	double number;

	if (sts_json_string(value, &text)) {
		if (absolute && sts_rfc3339_parse(text, seconds))
			return true;
		if (!read_decimal(text, &number))
			return false;
	} else if (!sts_json_number(value, &number)) {
		return false;
	}
	return round_down(number, absolute ? 0 : -STS_EXPIRY_MAX_S,
			  absolute ? STS_EPOCH_MAX_S : STS_EXPIRY_MAX_S, seconds);
}

/* Clamp a time to a range in which sums and differences cannot overflow. An absent time (-1) stays
 * negative. */
static int64_t clamp_time(int64_t t)
{
	return min(max(t, -1), STS_EPOCH_MAX_S);
}

/* How far a Date lies outside of the time between sending and receiving; 0 inside of it. */
static int64_t offset(int64_t date, int64_t sent, int64_t received)
{
	if (date > max(sent, received))
		return date - max(sent, received);
	return min(date - min(sent, received), 0);
}

int64_t sts_expiry_skew(int64_t date_s, int64_t sent_real_s, int64_t received_real_s)
{
	int64_t skew = offset(clamp_time(date_s), clamp_time(sent_real_s),
			      clamp_time(received_real_s));

	if (date_s < 0 || (skew <= SKEW_MIN_S && skew >= -SKEW_MIN_S))
		return 0;
	return min(max(skew, -STS_EXPIRY_MAX_S), STS_EXPIRY_MAX_S);
}

bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out)
{
	int64_t absolute = clamp_time(in->absolute_s), exp = clamp_time(in->token_exp_s),
		iat = clamp_time(in->token_iat_s);
	int64_t sent = max(clamp_time(in->sent_real_s), 0),
		now = max(sent, clamp_time(in->received_real_s));
	int64_t life = STS_EXPIRY_MAX_S, end = STS_EPOCH_MAX_S;

	out->clock_skew_s = sts_expiry_skew(in->date_s, in->sent_real_s, in->received_real_s);
	if (in->date_s >= 0 && max(out->clock_skew_s, -out->clock_skew_s) <= DATE_BELIEVED_S)
		now = clamp_time(in->date_s);

	if (absolute >= 0)
		end = absolute;
	if (exp >= 0)
		end = min(end, exp);
	if (absolute >= 0 || exp >= 0)
		life = min(life, end - now);
	if (iat >= 0 && exp > iat)
		life = min(life, exp - iat);
	if (in->lifetime_s != INT64_MIN)
		life = min(life, in->lifetime_s);
	else if (absolute < 0 && exp < 0)
		life = min(life, in->default_ttl_s);

	out->lifetime_s = max(life, -STS_EXPIRY_MAX_S);
	out->expires_s = max(min(sent + out->lifetime_s, end), 0);
	return out->lifetime_s > 0;
}
