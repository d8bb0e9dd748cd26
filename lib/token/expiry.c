/* SPDX-License-Identifier: Apache-2.0 */
#include "token/expiry.h"

#include <math.h>
#include <string.h>

#include "base/ascii.h"
#include "base/decimal.h"
#include "base/timefmt.h"

#define NEARLY_OVER_S   60 /* see is_ignored() */
#define IAT_AHEAD_MAX_S 60 /* by which an iat may be later than both clocks */
#define NBF_AHEAD_MAX_S 5  /* by which an nbf may be in the future */

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

bool sts_expiry_number(struct sts_slice text, double *number)
{
	char z[STS_EXPIRY_NUMBER_MAX_BYTES + 1];

	if (text.len > STS_EXPIRY_NUMBER_MAX_BYTES || !is_decimal(text))
		return false;
	memcpy(z, text.data, text.len);
	z[text.len] = '\0';
	*number = sts_decimal(z, NULL);
	return isfinite(*number);
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

static bool to_seconds(double number, enum sts_expiry_kind kind, int64_t *seconds)
{
	bool absolute = kind == STS_EXPIRY_ABSOLUTE;

	return round_down(number, absolute ? 0 : -STS_EXPIRY_MAX_S,
			  absolute ? STS_EPOCH_MAX_S : STS_EXPIRY_MAX_S, seconds);
}

bool sts_expiry_text(struct sts_slice text, enum sts_expiry_kind kind, int64_t *seconds)
{
	double number;

	if (kind == STS_EXPIRY_ABSOLUTE && sts_rfc3339_parse(text, seconds))
		return true;
	return sts_expiry_number(text, &number) && to_seconds(number, kind, seconds);
}

bool sts_expiry_value(const struct sts_json *value, enum sts_expiry_kind kind, int64_t *seconds)
{
	struct sts_slice text;
	double number;

	if (sts_json_string(value, &text))
		return sts_expiry_text(text, kind, seconds);
	return sts_json_number(value, &number) && to_seconds(number, kind, seconds);
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

	if (date_s < 0 || (skew <= STS_CLOCKS_SAME_S && skew >= -STS_CLOCKS_SAME_S))
		return 0;
	return min(max(skew, -STS_EXPIRY_MAX_S), STS_EXPIRY_MAX_S);
}

int64_t sts_expiry_skew_of_iat(const struct sts_expiry_input *in)
{
	return max(sts_expiry_skew(in->token_iat_s, in->received_real_s, in->received_real_s), 0);
}

/* The clocks when the answer had arrived. */
struct clocks {
	int64_t sent_s, local_s; /* on the node's clock */
	int64_t date_s;          /* the STS's clock, where has_date is set */
	int64_t offset_s;        /* date_s minus the node's clock; 0: they agree */
	bool has_date;
};

static struct clocks read_clocks(const struct sts_expiry_input *in)
{
	int64_t sent = max(clamp_time(in->sent_real_s), 0);
	struct clocks clocks = {.sent_s = sent, .local_s = max(sent, in->received_real_s)};
	int64_t date = clamp_time(in->date_s), off;

	clocks.local_s = clamp_time(clocks.local_s);
	off = offset(date, sent, clocks.local_s);
	clocks.has_date = in->date_s >= 0 && max(off, -off) <= STS_CLOCKS_BELIEVED_S;
	clocks.offset_s = clocks.has_date ? off : 0;
	/* A Date between sending and receiving agrees with the node's clock. */
	clocks.date_s = clocks.offset_s == 0 ? clocks.local_s : date;
	return clocks;
}

/* What one clock says of an end. */
struct view {
	bool is_over;
	int64_t left_s; /* from when the request was sent */
};

static struct view local_view(const struct clocks *clocks, int64_t end_s)
{
	return (struct view){end_s <= clocks->local_s, end_s - clocks->sent_s};
}

/* The answer was dated after the request was sent, so left_s is not too long. Without a Date, the
 * node's clock counts in its place. */
static struct view date_view(const struct clocks *clocks, int64_t end_s)
{
	if (clocks->offset_s == 0)
		return local_view(clocks, end_s);
	return (struct view){end_s <= clocks->date_s, end_s - clocks->date_s};
}

static bool has_lifetime(const struct sts_expiry_input *in)
{
	return in->lifetime_s != INT64_MIN;
}

/* exp - iat, a lifetime by the token itself; STS_EXPIRY_MAX_S where the token does not say it. */
static int64_t own_lifetime(const struct sts_expiry_input *in)
{
	int64_t exp = clamp_time(in->token_exp_s), iat = clamp_time(in->token_iat_s);

	return iat >= 0 && exp > iat ? min(exp - iat, STS_EXPIRY_MAX_S) : STS_EXPIRY_MAX_S;
}

static enum sts_expiry_verdict judge(const struct sts_expiry_input *in, const struct clocks *clocks,
				     int64_t end_s)
{
	bool local = local_view(clocks, end_s).is_over, date = date_view(clocks, end_s).is_over;

	if (has_lifetime(in) && in->lifetime_s <= 0)
		return STS_EXPIRY_NO_LIFETIME;
	if (end_s < 0 || !local || !date)
		return STS_EXPIRY_OK;
	/* Without a Date, a lifetime counts more than the node's clock, unless the end is over a
	 * day ago. */
	if (!clocks->has_date && has_lifetime(in) &&
	    clocks->local_s - end_s <= STS_CLOCKS_BELIEVED_S)
		return STS_EXPIRY_OK;
	return STS_EXPIRY_ENDED;
}

/*
 * Is the clock of `view` to be ignored, by what the other statements say? This is about a token
 * that has not expired, so a clock by which it has expired is ignored. A clock by which it ends
 * within NEARLY_OVER_S is ignored too, if a lifetime and the other clock both allow over
 * STS_CLOCKS_SAME_S more. Each new token would have as short a life, so believing that clock would
 * only make many requests.
 *   life  in  the shortest lifetime that is stated; STS_EXPIRY_MAX_S: none
 */
static bool is_ignored(struct view view, struct view other, bool has_other, int64_t life)
{
	return view.is_over ||
	       (life < STS_EXPIRY_MAX_S && view.left_s < NEARLY_OVER_S &&
		life - view.left_s > STS_CLOCKS_SAME_S &&
		(!has_other || (!other.is_over && other.left_s - view.left_s > STS_CLOCKS_SAME_S)));
}

/* The shorter of a life and what is left until an end, by the clocks that are not ignored. */
static int64_t until(int64_t life, int64_t stated, const struct clocks *clocks, int64_t end_s)
{
	struct view local = local_view(clocks, end_s), date = date_view(clocks, end_s);

	if (end_s >= 0 && !is_ignored(local, date, clocks->has_date, stated))
		life = min(life, local.left_s);
	if (end_s >= 0 && clocks->has_date && !is_ignored(date, local, true, stated))
		life = min(life, date.left_s);
	return life;
}

/* The earliest end, in seconds from when the request was sent, of a token that has not expired. */
static int64_t earliest(const struct sts_expiry_input *in, const struct clocks *clocks)
{
	int64_t absolute = clamp_time(in->absolute_s), exp = clamp_time(in->token_exp_s);
	int64_t life = own_lifetime(in), stated;

	if (has_lifetime(in))
		life = min(life, in->lifetime_s);
	/* Without a Date, a clock is ignored only if both lifetimes allow more than it does. */
	stated = clocks->has_date || (has_lifetime(in) && own_lifetime(in) < STS_EXPIRY_MAX_S)
			 ? life
			 : STS_EXPIRY_MAX_S;
	if (!has_lifetime(in) && absolute < 0 && exp < 0)
		life = min(life, in->default_ttl_s);
	return until(until(life, stated, clocks, absolute), stated, clocks, exp);
}

/* How long a service may accept the token. A service that is shown a JWT goes by its exp, even
 * where the answer says that the token ends earlier. */
static int64_t usable(const struct sts_expiry_input *in, const struct clocks *clocks)
{
	int64_t exp = clamp_time(in->token_exp_s), iat = clamp_time(in->token_iat_s);
	int64_t end_s = exp >= 0 ? exp : clamp_time(in->absolute_s);
	struct view local = local_view(clocks, end_s), date = date_view(clocks, end_s);
	int64_t own = own_lifetime(in), life = 0;

	if (end_s < 0 || (exp < 0 && has_lifetime(in)))
		return has_lifetime(in) ? in->lifetime_s : 0;
	if (!local.is_over)
		life = local.left_s;
	if (!date.is_over)
		life = max(life, date.left_s);
	/* A token may be older than the answer: Entra dates an iat five minutes back. So exp - iat
	 * only makes the life shorter. */
	if (iat >= 0 && exp > iat && iat <= max(clocks->local_s, clocks->date_s) + IAT_AHEAD_MAX_S)
		life = life > 0 ? min(life, own) : own;
	return life > 0 || !has_lifetime(in) ? life : in->lifetime_s;
}

/* Returns when the token becomes valid, on the node's clock; 0 if it is valid now. The Date decides
 * if it is believed. But it may be behind: a token that was valid when it was issued, and is valid
 * by the node's clock, is valid. Without a Date, only iat says anything about the STS's clock: a
 * token that was valid at that time is valid. */
static int64_t not_before(const struct sts_expiry_input *in, const struct clocks *clocks)
{
	int64_t nbf = clamp_time(in->token_nbf_s), iat = clamp_time(in->token_iat_s);
	int64_t from = nbf - clocks->offset_s;

	if (nbf < 0 || from - clocks->local_s <= NBF_AHEAD_MAX_S)
		return 0;
	if (iat >= 0 && nbf - iat <= NBF_AHEAD_MAX_S &&
	    (!clocks->has_date || nbf - clocks->local_s <= NBF_AHEAD_MAX_S))
		return 0;
	return min(from, STS_EPOCH_MAX_S);
}

bool sts_expiry_combine(const struct sts_expiry_input *in, struct sts_expiry *out)
{
	struct clocks clocks = read_clocks(in);
	int64_t absolute = clamp_time(in->absolute_s), exp = clamp_time(in->token_exp_s);
	int64_t end_s = absolute < 0 || (exp >= 0 && exp < absolute) ? exp : absolute;
	int64_t life = 0;

	*out = (struct sts_expiry){
		.verdict = judge(in, &clocks, end_s),
		.usable_s = max(min(usable(in, &clocks), STS_EXPIRY_MAX_S), 0),
		.not_before_s = not_before(in, &clocks),
		.end_s = end_s,
		.ago_local_s = clocks.local_s - end_s,
		.ago_date_s = clocks.date_s - end_s,
		.has_date = clocks.has_date,
	};
	if (out->verdict == STS_EXPIRY_NO_LIFETIME)
		life = in->lifetime_s;
	else if (out->verdict == STS_EXPIRY_OK)
		life = earliest(in, &clocks);
	out->lifetime_s = max(min(life, STS_EXPIRY_MAX_S), -STS_EXPIRY_MAX_S);
	out->expires_s = max(min(clocks.sent_s + out->lifetime_s, STS_EPOCH_MAX_S), 0);
	if (out->verdict == STS_EXPIRY_OK && out->expires_s <= clocks.local_s)
		out->verdict = out->lifetime_s > 0 ? STS_EXPIRY_TOO_LATE : STS_EXPIRY_NO_LIFETIME;
	/* No token becomes valid after its end, so not_before_s does not count then, unless the
	 * token's own nbf is not before its exp. */
	if (out->not_before_s >= out->expires_s && (exp < 0 || in->token_nbf_s < exp))
		out->not_before_s = 0;
	return out->verdict == STS_EXPIRY_OK;
}
