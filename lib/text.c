/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sts_slice sts_slice_of(const char *z)
{
	return (struct sts_slice){z, z ? strlen(z) : 0};
}

bool sts_slice_eq(struct sts_slice a, const char *z)
{
	return a.len == strlen(z) && memcmp(a.data ? a.data : "", z, a.len) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool sts_slice_eq_nocase(struct sts_slice a, const char *z)
{
	if (a.len != strlen(z))
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(z[i]))
			return false;
	return true;
}

bool sts_slice_starts(struct sts_slice a, const char *z)
{
	size_t len = strlen(z);

	return a.len >= len && memcmp(a.data ? a.data : "", z, len) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sts_slice sts_slice_trim(struct sts_slice a)
{
	while (a.len > 0 && is_space(a.data[0])) {
		a.data++;
		a.len--;
	}
	while (a.len > 0 && is_space(a.data[a.len - 1]))
		a.len--;
	return a;
}

void sts_text_init(struct sts_text *t, char *data, size_t size)
{
	*t = (struct sts_text){.data = data, .size = size};
	data[0] = '\0';
}

void sts_text_add(struct sts_text *t, const char *data, size_t len)
{
	size_t room = t->size - t->len - 1;

	if (len > room) {
		t->overflow = true;
		len = room;
	}
	if (len > 0)
		memcpy(t->data + t->len, data, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void sts_text_add_str(struct sts_text *t, const char *z)
{
	sts_text_add(t, z, strlen(z));
}

void sts_text_add_slice(struct sts_text *t, struct sts_slice s)
{
	sts_text_add(t, s.data, s.len);
}

void sts_text_add_char(struct sts_text *t, char c)
{
	sts_text_add(t, &c, 1);
}

void sts_text_addf(struct sts_text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(t->data + t->len, room, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room) {
		t->overflow = true;
		t->len = strlen(t->data);
	} else {
		t->len += (size_t)len;
	}
}
