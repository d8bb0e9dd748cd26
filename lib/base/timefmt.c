/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"

#include "base/ascii.h"
#include "base/resident.h"

#define DAY_S           86400
#define HOUR_S          3600
#define BEGIN_YEAR      (-400) /* so that no year of the calculation is negative */
#define BEGIN_DAYS      865565 /* days from 1 March of that year to 1970-01-01 */
#define DURATION_MAX_MS (INT64_C(365) * DAY_S * 1000)

/* A date and a time of day. */
struct civil {
	int year, month, day, hour, minute, second;
};

/* Days from the epoch to a date. The years of the calculation begin on 1 March, so that the leap
 * day is the last day of its year, and one formula gives the lengths of the months. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t y = (month > 2 ? year : year - 1) - BEGIN_YEAR;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - BEGIN_DAYS;
}

int64_t sts_epoch_from_civil(int year, int month, int day, int hour, int minute, int second)
{
	return days_from_civil(year, month, day) * DAY_S + hour * INT64_C(3600) + minute * 60 +
	       second;
}

/* Find the last year that does not begin after the day, then the last month. The first guess is at
 * most two dozen years too early. */
static struct civil civil_from_epoch(int64_t epoch_s)
{
	int64_t days = epoch_s / DAY_S;
	int rest = (int)(epoch_s % DAY_S);
	struct civil c = {1970 + (int)(days / 366), 1, 1, rest / 3600, rest / 60 % 60, rest % 60};

	while (days_from_civil(c.year + 1, 1, 1) <= days)
		c.year++;
	while (c.month < 12 && days_from_civil(c.year, c.month + 1, 1) <= days)
		c.month++;
	c.day = (int)(days - days_from_civil(c.year, c.month, 1)) + 1;
	return c;
}

void sts_rfc3339_format(int64_t epoch_s, char out[STS_RFC3339_BYTES])
{
	struct civil c = civil_from_epoch(epoch_s < 0                 ? 0
					  : epoch_s > STS_EPOCH_MAX_S ? STS_EPOCH_MAX_S
								      : epoch_s);
	struct sts_text t;

	sts_text_init(&t, out, STS_RFC3339_BYTES);
	sts_text_addf(&t, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour,
		      c.minute, c.second);
}

const char *sts_rfc3339(int64_t epoch_s)
{
	static char text[STS_RFC3339_BYTES] STS_RESIDENT;

	sts_rfc3339_format(epoch_s, text);
	return text;
}

/* Returns false for a date or time of day that does not exist. Second 60 is read as 59. */
static bool civil_to_epoch(const struct civil *c, int64_t *epoch_s)
{
	static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);

	if (c->year < 1 || c->month < 1 || c->month > 12)
		return false;
	if (c->day < 1 || c->day > month_days[c->month - 1] + (c->month == 2 ? leap : 0))
		return false;
	if (c->hour > 23 || c->minute > 59 || c->second > 60)
		return false;
	*epoch_s = sts_epoch_from_civil(c->year, c->month, c->day, c->hour, c->minute,
					c->second == 60 ? 59 : c->second);
	return true;
}

static bool in_range(int64_t epoch_s)
{
	return epoch_s >= 0 && epoch_s <= STS_EPOCH_MAX_S;
}

static bool take_digits(struct sts_slice *s, size_t count, int *value)
{
	uint64_t number;

	if (s->len < count || !sts_parse_u64((struct sts_slice){s->data, count}, 9999, &number))
		return false;
	*value = (int)number;
	s->data += count;
	s->len -= count;
	return true;
}

static bool take_char(struct sts_slice *s, char c)
{
	if (s->len == 0 || s->data[0] != c)
		return false;
	s->data++;
	s->len--;
	return true;
}

/*
 * Take one of several names.
 *   names  in   one behind the other, as sts_text_at() wants them
 *   index  out  the place of the name among the names, counted from 1
 */
static bool take_name(struct sts_slice *s, const char *names, int count, int *index)
{
	for (int i = 0; i < count; i++) {
		if (!sts_slice_take_prefix(s, sts_text_at(names, (size_t)i)))
			continue;
		*index = i + 1;
		return true;
	}
	return false;
}

/* Take a day of two characters: " 6" or "16". */
static bool take_day_padded(struct sts_slice *s, int *day)
{
	return take_char(s, ' ') ? take_digits(s, 1, day) : take_digits(s, 2, day);
}

static bool take_year_short(struct sts_slice *s, int *year)
{
	if (!take_digits(s, 2, year))
		return false;
	*year += *year < 70 ? 2000 : 1900;
	return true;
}

/* Take one field. The letter says which: take_form() gives the letter behind a %. */
static bool take_field(struct sts_slice *s, char field, struct civil *c)
{
	static const char months[] = "Jan\0Feb\0Mar\0Apr\0May\0Jun\0Jul\0Aug\0Sep\0Oct\0Nov\0Dec";
	static const char days[] = "Mon\0Tue\0Wed\0Thu\0Fri\0Sat\0Sun";
	static const char long_days[] =
		"Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0Sunday";
	int weekday;

	switch (field) {
	case 'Y':
		return take_digits(s, 4, &c->year);
	case 'y':
		return take_year_short(s, &c->year);
	case 'o':
		return take_digits(s, 2, &c->month);
	case 'N':
		return take_name(s, months, 12, &c->month);
	case 'D':
		return take_digits(s, 2, &c->day);
	case 'd':
		return take_day_padded(s, &c->day);
	case 'h':
		return take_digits(s, 2, &c->hour);
	case 'm':
		return take_digits(s, 2, &c->minute);
	case 's':
		return take_digits(s, 2, &c->second);
	case 'w':
		return take_name(s, days, 7, &weekday);
	default:
		return take_name(s, long_days, 7, &weekday);
	}
}

/* Take a text of a form. In the form, % and a letter stand for a field of take_field(), and any
 * other character stands for itself. */
static bool take_form(struct sts_slice *s, const char *form, struct civil *c)
{
	for (; *form; form++) {
		bool taken = *form == '%' ? take_field(s, *++form, c) : take_char(s, *form);

		if (!taken)
			return false;
	}
	return true;
}

/* Take a fraction of a second, if there is one. Its value is dropped. */
static bool take_fraction(struct sts_slice *s)
{
	int digit;

	if (!take_char(s, '.'))
		return true;
	if (!take_digits(s, 1, &digit))
		return false;
	while (take_digits(s, 1, &digit))
		;
	return true;
}

/* Take the offset from UTC: "Z", "+02:00". */
static bool take_offset(struct sts_slice *s, int *offset_s)
{
	struct civil c = {0};
	int sign;

	*offset_s = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	sign = take_char(s, '-') ? -1 : take_char(s, '+') ? 1 : 0;
	if (sign == 0 || !take_form(s, "%h:%m", &c) || c.hour > 23 || c.minute > 59)
		return false;
	*offset_s = sign * (c.hour * HOUR_S + c.minute * 60);
	return true;
}

bool sts_rfc3339_parse(struct sts_slice s, int64_t *epoch_s)
{
	struct civil c = {0};
	int64_t local_s;
	int offset_s;

	if (!take_form(&s, "%Y-%o-%D", &c) || !(take_char(&s, 'T') || take_char(&s, 't')) ||
	    !take_form(&s, "%h:%m:%s", &c))
		return false;
	if (!take_fraction(&s) || !take_offset(&s, &offset_s) || s.len > 0 ||
	    !civil_to_epoch(&c, &local_s))
		return false;
	if (!in_range(local_s - offset_s))
		return false;
	*epoch_s = local_s - offset_s;
	return true;
}

bool sts_httpdate_parse(struct sts_slice s, int64_t *epoch_s)
{
	static const char forms[][26] = {
		"%w, %D %N %Y %h:%m:%s GMT", /* IMF-fixdate */
		"%W, %D-%N-%y %h:%m:%s GMT", /* RFC 850 */
		"%w %N %d %h:%m:%s %Y",      /* asctime() */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct sts_slice rest = s;
		struct civil c = {0};
		int64_t when_s;

		if (!take_form(&rest, forms[i], &c) || rest.len > 0)
			continue;
		if (!civil_to_epoch(&c, &when_s) || !in_range(when_s))
			return false;
		*epoch_s = when_s;
		return true;
	}
	return false;
}

/* Take the unit that s begins with. Returns its milliseconds, 0 when there is none. "ms" is tried
 * before "m", which is its prefix. */
static int64_t take_unit(struct sts_slice *s)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"h", HOUR_S * 1000}, {"ms", 1}, {"m", 60 * 1000}, {"s", 1000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (sts_slice_take_prefix(s, units[i].name))
			return units[i].ms;
	return 0;
}

static bool take_number(struct sts_slice *s, int64_t *number)
{
	struct sts_slice digits = {s->data, 0};
	uint64_t value;

	while (digits.len < s->len && sts_is_digit(s->data[digits.len]))
		digits.len++;
	if (!sts_parse_u64(digits, DURATION_MAX_MS, &value))
		return false;
	*number = (int64_t)value;
	s->data += digits.len;
	s->len -= digits.len;
	return true;
}

bool sts_duration_parse(struct sts_slice s, int64_t *ms)
{
	int64_t sum_ms = 0, number, unit_ms = 0;

	do {
		int64_t last_ms = unit_ms;

		if (!take_number(&s, &number))
			return false;
		/* A number alone is in seconds. */
		unit_ms = s.len == 0 && last_ms == 0 ? 1000 : take_unit(&s);
		if (unit_ms == 0 || (last_ms != 0 && unit_ms >= last_ms))
			return false;
		if (number > (DURATION_MAX_MS - sum_ms) / unit_ms)
			return false;
		sum_ms += number * unit_ms;
	} while (s.len > 0);
	*ms = sum_ms;
	return true;
}

void sts_duration_words(struct sts_text *t, int64_t seconds)
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = {{"d", DAY_S}, {"h", HOUR_S}, {"min", 60}, {"s", 1}};
	const size_t smallest = sizeof(units) / sizeof(units[0]) - 1;
	size_t largest = 0;

	if (seconds < 0)
		seconds = 0;
	while (largest < smallest && seconds < units[largest].s)
		largest++;
	sts_text_addf(t, "%lld %s", (long long)(seconds / units[largest].s), units[largest].name);
	if (largest == smallest)
		return;
	seconds = seconds % units[largest].s / units[largest + 1].s;
	if (seconds > 0)
		sts_text_addf(t, " %lld %s", (long long)seconds, units[largest + 1].name);
}
