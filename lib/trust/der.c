/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/der.h"

#include <string.h>

#include "base/ascii.h"
#include "base/timefmt.h"

/* A bit of the first length octet. When it is set, the other bits count the length octets that
 * follow. */
#define LENGTH_LONG       0x80
#define LENGTH_OCTETS_MAX 4 /* no input of ours is longer */

/* Read the header of an element. The length must be definite and in the fewest octets (X.690
 * section 10.1). */
static bool read_length(const uint8_t *data, size_t len, size_t *header, size_t *content)
{
	size_t count, value = 0;

	if (len < 2)
		return false;
	if (data[1] < LENGTH_LONG) {
		*header = 2;
		*content = data[1];
		return true;
	}
	count = data[1] & ~LENGTH_LONG;
	if (count > LENGTH_OCTETS_MAX || len - 2 < count)
		return false;
	for (size_t i = 0; i < count; i++)
		value = value << 8 | data[2 + i];
	/* An indefinite length has no octets, and its value is 0. */
	if (value < LENGTH_LONG || data[2] == 0)
		return false;
	*header = 2 + count;
	*content = value;
	return true;
}

bool sts_der_any(struct sts_der *in, uint8_t *tag, struct sts_der *content, struct sts_der *whole)
{
	size_t header, len;

	if (!read_length(in->data, in->len, &header, &len) ||
	    (in->data[0] & STS_DER_TAG_NUMBER) == STS_DER_TAG_NUMBER)
		return false;
	if (len > in->len - header)
		return false;
	*tag = in->data[0];
	if (whole)
		*whole = (struct sts_der){in->data, header + len};
	*content = (struct sts_der){len > 0 ? in->data + header : NULL, len};
	in->len -= header + len;
	in->data = in->len > 0 ? in->data + header + len : NULL;
	return true;
}

bool sts_der_take(struct sts_der *in, uint8_t tag, struct sts_der *content)
{
	uint8_t got;

	return sts_der_peek(in, tag) && sts_der_any(in, &got, content, NULL);
}

bool sts_der_peek(const struct sts_der *in, uint8_t tag)
{
	return in->len > 0 && in->data[0] == tag;
}

bool sts_der_eq(struct sts_der a, struct sts_der b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool sts_der_bool(struct sts_der content, bool *value)
{
	if (content.len != 1 || (content.data[0] != 0 && content.data[0] != 0xff))
		return false;
	*value = content.data[0] != 0;
	return true;
}

bool sts_der_uint(struct sts_der content, uint64_t *value)
{
	if (content.len == 0 || content.len > 8 || content.data[0] > 0x7f)
		return false;
	if (content.len > 1 && content.data[0] == 0 && content.data[1] < 0x80)
		return false;
	*value = 0;
	for (size_t i = 0; i < content.len; i++)
		*value = *value << 8 | content.data[i];
	return true;
}

/* The number that two digits stand for, or -1. */
static int two_digits(const uint8_t *p)
{
	if (!sts_is_digit((char)p[0]) || !sts_is_digit((char)p[1]))
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static int days_of_month(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool sts_der_time(uint8_t tag, struct sts_der content, int64_t *epoch_s)
{
	size_t year_len = tag == STS_DER_GENERAL_TIME ? 4 : 2;
	const uint8_t *p = content.data;
	int century, year, field[5]; /* month, day, hour, minute, second */

	if ((tag != STS_DER_GENERAL_TIME && tag != STS_DER_UTC_TIME) ||
	    content.len != year_len + 11)
		return false;
	year = two_digits(p + year_len - 2);
	century = year_len == 4 ? two_digits(p) : year < 50 ? 20 : 19;
	for (size_t i = 0; i < 5; i++)
		field[i] = two_digits(p + year_len + 2 * i);
	if (year < 0 || century < 0 || p[content.len - 1] != 'Z')
		return false;
	year += 100 * century;
	if (field[0] < 1 || field[0] > 12 || field[1] < 1 ||
	    field[1] > days_of_month(year, field[0]))
		return false;
	if (field[2] < 0 || field[2] > 23 || field[3] < 0 || field[3] > 59 || field[4] < 0 ||
	    field[4] > 59)
		return false;
	*epoch_s = sts_epoch_from_civil(year, field[0], field[1], field[2], field[3], field[4]);
	return true;
}

struct sts_slice sts_der_text(struct sts_der content)
{
	return (struct sts_slice){(const char *)content.data, content.len};
}
