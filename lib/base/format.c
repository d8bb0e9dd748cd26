/* SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/packed.h"

/* The text so far. len goes on counting when the buffer is full. */
struct out {
	char *data;
	size_t size, len;
};

/* A conversion specification: everything between % and the letter of the conversion. */
struct spec {
	bool left, zeros; /* the flags - and 0 */
	size_t width, precision;
	int length; /* one for each l, two for z; 0 means int */
};

#define NO_PRECISION     SIZE_MAX
#define WIDTH_MAX        512 /* further digits of a width or precision above this are ignored */
#define DIGITS_MAX_BYTES 24  /* a number of 64 bits has 22 octal digits */

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->data[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, size_t width, size_t len)
{
	for (; width > len; width--)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
	size_t len = strnlen(text, s->precision);

	if (!s->left)
		pad(o, ' ', s->width, len);
	for (size_t i = 0; i < len; i++)
		put(o, text[i]);
	if (s->left)
		pad(o, ' ', s->width, len);
}

static void put_number(struct out *o, const struct spec *s, uint64_t value, unsigned base,
		       bool negative)
{
	char digits[DIGITS_MAX_BYTES];
	size_t at = sizeof(digits), len;

	do
		digits[--at] = "0123456789abcdef"[value % base];
	while ((value /= base) > 0);
	len = sizeof(digits) - at + negative;
	if (!s->left && !s->zeros)
		pad(o, ' ', s->width, len);
	if (negative)
		put(o, '-');
	if (!s->left && s->zeros)
		pad(o, '0', s->width, len);
	while (at < sizeof(digits))
		put(o, digits[at++]);
	if (s->left)
		pad(o, ' ', s->width, len);
}

static size_t read_number(struct sts_unpacker *fmt)
{
	size_t value = 0;

	for (; sts_is_digit(fmt->c); sts_unpacker_next(fmt))
		if (value < WIDTH_MAX)
			value = value * 10 + (size_t)(fmt->c - '0');
	return value;
}

/* The arguments, in a struct so that functions can share them by pointer. A pointer to a va_list
 * parameter is not portable, since va_list may be an array type. */
struct args {
	va_list list;
};

static size_t read_number_or_star(struct sts_unpacker *fmt, struct args *args)
{
	int value;

	if (fmt->c != '*')
		return read_number(fmt);
	sts_unpacker_next(fmt);
	value = va_arg(args->list, int);
	return value < 0 ? 0 : (size_t)value;
}

static struct spec read_spec(struct sts_unpacker *fmt, struct args *args)
{
	struct spec s = {.precision = NO_PRECISION};

	for (; fmt->c == '-' || fmt->c == '0'; sts_unpacker_next(fmt))
		*(fmt->c == '-' ? &s.left : &s.zeros) = true;
	s.width = read_number_or_star(fmt, args);
	if (fmt->c == '.') {
		sts_unpacker_next(fmt);
		s.precision = read_number_or_star(fmt, args);
	}
	for (; fmt->c == 'l' || fmt->c == 'z'; sts_unpacker_next(fmt))
		s.length += fmt->c == 'z' ? 2 : 1;
	return s;
}

static uint64_t unsigned_arg(const struct spec *s, struct args *args)
{
	return s->length ? va_arg(args->list, unsigned long long) : va_arg(args->list, unsigned);
}

static int64_t signed_arg(const struct spec *s, struct args *args)
{
	return s->length ? va_arg(args->list, long long) : va_arg(args->list, int);
}

_Static_assert(sizeof(long) == sizeof(long long) && sizeof(size_t) == sizeof(long long),
	       "l, ll and z are all read as long long");

/* Returns false for a conversion that is not supported. */
static bool convert(struct out *o, char letter, const struct spec *s, struct args *args)
{
	static const char letters[] = "uxo";
	static const unsigned bases[] = {10, 16, 8};
	int64_t value;

	switch (letter) {
	case '%':
		put(o, '%');
		return true;
	case 'c':
		put(o, (char)va_arg(args->list, int));
		return true;
	case 's':
		put_text(o, s, va_arg(args->list, const char *));
		return true;
	case 'd':
		value = signed_arg(s, args);
		put_number(o, s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0);
		return true;
	default:
		if (!letter || !strchr(letters, letter))
			return false;
		put_number(o, s, unsigned_arg(s, args), bases[strchr(letters, letter) - letters],
			   false);
		return true;
	}
}

size_t sts_format(char *data, size_t size, const char *fmt, va_list list)
{
	struct out o = {data, size, 0};
	struct sts_unpacker format;
	struct args args;

	va_copy(args.list, list);
	for (sts_unpacker_init(&format, fmt); format.c; sts_unpacker_next(&format)) {
		struct spec s;

		if (format.c != '%') {
			put(&o, format.c);
			continue;
		}
		sts_unpacker_next(&format);
		s = read_spec(&format, &args);
		if (!convert(&o, format.c, &s, &args)) {
			put(&o, '%');
			put(&o, '!');
			break;
		}
	}
	va_end(args.list);
	if (size > 0)
		data[o.len < size ? o.len : size - 1] = '\0';
	return o.len;
}
