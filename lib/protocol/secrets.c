/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/secrets.h"

#include <string.h>

#include "tls/key_schedule.h"

#define SECRET_RUN_BYTES 8 /* so many bytes of a secret in a row are a piece of the secret */
#define SECRET_MIN_BYTES 4 /* a shorter value is not looked for */

/* The views of a text in which a secret is looked for: the text as it is, base64 that begins at
 * each of four places, and hexadecimal that begins at each of two. */
#define BASE64_VIEW 1
#define HEX_VIEW    (BASE64_VIEW + 4)
#define VIEWS       (HEX_VIEW + 2)

/* Does a run of `run` bytes of the secret stand in the text, in any case? */
static bool shares(const char *text, size_t len, struct sts_slice secret, size_t run)
{
	return sts_shares_run((struct sts_slice){text, len}, secret, run);
}

/* Decode in place. Returns the new length. */
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

/* The value of a digit of either alphabet of base64. Any other byte ends a run, so it does not
 * matter which value it gets. */
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

/* Decode all bytes from `start` on as base64. Returns the bytes in out. */
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

/* Decode all hexadecimal digits but the first `start`, two to a byte, and pass over any other
 * character. Returns the bytes in out. */
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

bool sts_secrets_repeats(struct sts_slice text, struct sts_slice secret, size_t run)
{
	char view[STS_SECRETS_TEXT_MAX_BYTES];

	if (run == 0 || secret.len < run || text.len == 0)
		return false;
	if (text.len > sizeof(view))
		return true;
	for (size_t i = 0; i < VIEWS; i++) {
		size_t len = text.len;

		if (i < BASE64_VIEW)
			memcpy(view, text.data, len);
		else if (i < HEX_VIEW)
			len = base64_view(text, i - BASE64_VIEW, view);
		else
			len = hex_view(text, i - HEX_VIEW, view);
		if (shares(view, len, secret, run) ||
		    shares(view, percent_decode(view, len), secret, run))
			return true;
	}
	return false;
}

static bool repeats(struct sts_slice text, struct sts_slice secret)
{
	size_t run = secret.len < SECRET_RUN_BYTES ? secret.len : SECRET_RUN_BYTES;

	/* A value this short is not a secret, and would hide nearly every message. */
	return secret.len >= SECRET_MIN_BYTES && sts_secrets_repeats(text, secret, run);
}

static bool repeats_any(struct sts_slice text, const struct sts_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((fields[i].secret || sts_request_name_is_secret(fields[i].name)) &&
		    repeats(text, fields[i].value))
			return true;
	return false;
}

/* Does the text repeat a value from the query of the URL that the user gave? The values are looked
 * for as they stand in the URL, and decoded. */
static bool repeats_query(struct sts_slice text, const struct sts_request *r)
{
	struct sts_slice query = r->url && !r->url_template ? r->url->target : STS_SLICE("");
	char decoded[STS_URL_MAX_BYTES];

	sts_slice_cut(&query, '?');
	while (query.len > 0) {
		struct sts_slice value = sts_slice_cut(&query, '&'), field = value;

		if (sts_slice_cut(&field, '=').len < value.len)
			value = field;
		if (value.len > sizeof(decoded))
			return true;
		memcpy(decoded, value.data, value.len);
		size_t len = percent_decode(decoded, value.len);
		bool found = repeats(text, value) ||
			     repeats(text, (struct sts_slice){decoded, len});

		sts_wipe(decoded, len);
		if (found)
			return true;
	}
	return false;
}

bool sts_secrets_found(const struct sts_request *r, struct sts_slice text)
{
	return repeats_query(text, r) || sts_slice_find(text, STS_SLICE("eyJ")) >= 0 ||
	       repeats(text, r->subject) || repeats(text, r->client_secret) ||
	       repeats_any(text, r->params, r->param_count) ||
	       repeats_any(text, r->headers, r->header_count);
}

static bool is_same(struct sts_slice a, struct sts_slice b)
{
	return a.len == b.len &&
	       sts_tls_equal((const uint8_t *)a.data, (const uint8_t *)b.data, a.len);
}

bool sts_secrets_returned(const struct sts_request *r, const struct sts_subject *subject,
			  struct sts_slice token)
{
	/* A request of the user's own may renew an opaque token, which then stays the same. */
	bool renews = r->protocol->flags & STS_PROTOCOL_OPEN && subject && subject->exp_s < 0;
	bool found = !renews && is_same(r->subject, token);

	for (size_t i = 0; i < r->param_count; i++)
		found |= is_same(r->params[i].value, token);
	return found;
}
