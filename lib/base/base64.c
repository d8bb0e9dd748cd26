/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

/* The six bits that a character stands for; -1 when it is not in the alphabet of base64url. */
static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool sts_base64url_decode(struct sts_slice in, uint8_t *out, size_t size, size_t *len)
{
	uint32_t bits = 0;
	unsigned count = 0;

	*len = 0;
	if (in.len % 4 == 1 || in.len / 4 * 3 + (in.len % 4 * 3) / 4 > size)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		int value = base64url_value(in.data[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[(*len)++] = (uint8_t)(bits >> count);
			bits &= (1u << count) - 1;
		}
	}
	/* The bits that are left over must be zero. Otherwise two texts would decode to the same
	 * bytes. */
	return bits == 0;
}

void sts_base64_encode(struct sts_text *t, const void *data, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;

		if (have > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (have > 2)
			bits |= p[i + 2];
		for (size_t j = 0; j < 4; j++)
			sts_text_add_char(t, j <= have ? alphabet[bits >> (18 - 6 * j) & 63] : '=');
	}
}
