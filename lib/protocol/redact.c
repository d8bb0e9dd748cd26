/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/redact.h"

#include <string.h>

#define SECRET_RUN_BYTES 8
#define SECRET_MIN_BYTES 4

static bool shares(const char *text, size_t len, struct sts_slice secret, size_t run)
{
	for (size_t i = 0; i + run <= len; i++)
		for (size_t j = 0; j + run <= secret.len; j++)
			if (sts_slice_same_nocase((struct sts_slice){text + i, run},
						  (struct sts_slice){secret.data + j, run}))
				return true;
	return false;
}

/* In place. Returns the new length. */
static size_t percent_decode(char *text, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? sts_hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? sts_hex_value(text[i + 2]) : -1;

		text[out++] = low >= 0 ? (char)(high << 4 | low) : text[i];
		i += low >= 0 ? 2 : 0;
	}
	return out;
}

/* Either alphabet. What is in none of them ends a run: any value will do for it. */
static unsigned base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0' + 52);
	return c == '+' || c == '-' ? 62 : 63;
}

/* Whatever stands there, from `start` on, as base64. Returns the bytes in out. */
static size_t base64_view(struct sts_slice text, size_t start, char *out)
{
	uint32_t bits = 0;
	size_t len = 0;

	for (size_t i = start; i < text.len; i++) {
		size_t place = (i - start) % 4;

		bits = bits << 6 | base64_value(text.data[i]);
		if (place > 0)
			out[len++] = (char)(bits >> (6 - 2 * place));
	}
	return len;
}

/* Whatever hexadecimal digits stand there, two a byte, but for the first `start`. Returns the bytes
 * in out. */
static size_t hex_view(struct sts_slice text, size_t start, char *out)
{
	size_t digits = 0, len = 0;
	int byte = 0;

	for (size_t i = 0; i < text.len; i++) {
		int digit = sts_hex_value(text.data[i]);

		if (digit < 0 || digits++ < start)
			continue;
		byte = (byte & 15) << 4 | digit;
		if ((digits - start) % 2 == 0)
			out[len++] = (char)byte;
	}
	return len;
}

bool sts_redact_repeats(struct sts_slice text, struct sts_slice secret, size_t run)
{
	char view[STS_REDACT_TEXT_MAX_BYTES];

	if (run == 0 || secret.len < run || text.len == 0)
		return false;
	if (text.len > sizeof(view))
		return true;
	/* As it is, then as base64 that begins at each of the four places where it may, and as
	 * hexadecimal, at each of two. */
	for (size_t i = 0; i <= 6; i++) {
		size_t len = text.len;

		if (i == 0)
			memcpy(view, text.data, len);
		else if (i <= 4)
			len = base64_view(text, i - 1, view);
		else
			len = hex_view(text, i - 5, view);
		if (shares(view, len, secret, run) ||
		    shares(view, percent_decode(view, len), secret, run))
			return true;
	}
	return false;
}

static bool repeats(struct sts_slice text, struct sts_slice secret)
{
	size_t run = secret.len < SECRET_RUN_BYTES ? secret.len : SECRET_RUN_BYTES;

	/* So short, it is none, and would hide every message. */
	return secret.len >= SECRET_MIN_BYTES && sts_redact_repeats(text, secret, run);
}

static bool repeats_any(struct sts_slice text, const struct sts_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((fields[i].secret || sts_request_name_is_secret(fields[i].name)) &&
		    repeats(text, fields[i].value))
			return true;
	return false;
}

bool sts_redact_has_secret(const struct sts_request *r, struct sts_slice text)
{
	if (text.len == 0)
		return false;
	return sts_slice_find(text, STS_SLICE("eyJ")) >= 0 || repeats(text, r->subject) ||
	       repeats(text, r->client_secret) || repeats_any(text, r->params, r->param_count) ||
	       repeats_any(text, r->headers, r->header_count);
}
