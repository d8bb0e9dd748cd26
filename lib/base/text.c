/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

#include "base/ascii.h"
#include "base/format.h"

#define CODE_POINT_MAX  0x10ffff
#define HIGH_SURROGATES 0xd800 /* the first one; surrogates are not characters (RFC 3629) */
#define LOW_SURROGATES  0xdc00
#define SURROGATES_LAST 0xdfff

struct sts_slice sts_slice_of(const char *z)
{
	return (struct sts_slice){z, z ? strlen(z) : 0};
}

const char *sts_text_at(const char *texts, size_t n)
{
	while (n-- > 0)
		texts += strlen(texts) + 1;
	return texts;
}

bool sts_slice_eq(struct sts_slice a, const char *z)
{
	return a.len == strlen(z) && memcmp(a.data ? a.data : "", z, a.len) == 0;
}

bool sts_slice_same(struct sts_slice a, struct sts_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool sts_slice_same_nocase(struct sts_slice a, struct sts_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (sts_lower(a.data[i]) != sts_lower(b.data[i]))
			return false;
	return true;
}

bool sts_slice_eq_nocase(struct sts_slice a, const char *z)
{
	return sts_slice_same_nocase(a, sts_slice_of(z));
}

bool sts_slice_starts(struct sts_slice a, const char *z)
{
	size_t len = strlen(z);

	return a.len >= len && memcmp(a.data ? a.data : "", z, len) == 0;
}

bool sts_slice_has_only(struct sts_slice a, const char *more)
{
	for (size_t i = 0; i < a.len; i++) {
		char c = a.data[i];

		if (!sts_is_digit(c) && !sts_is_letter(c) && (c == '\0' || !strchr(more, c)))
			return false;
	}
	return true;
}

static bool is_word_byte(struct sts_slice s, size_t at)
{
	return at < s.len && (sts_is_letter(s.data[at]) || sts_is_digit(s.data[at]));
}

/* Are the bytes on both sides of this place those of one word? */
static bool is_in_word(struct sts_slice s, size_t at)
{
	return at > 0 && is_word_byte(s, at - 1) && is_word_byte(s, at);
}

bool sts_slice_has_phrase(struct sts_slice hay, struct sts_slice phrase)
{
	for (size_t at = 0; at + phrase.len <= hay.len; at++) {
		struct sts_slice part = {hay.data + at, phrase.len};

		if (sts_slice_same_nocase(part, phrase) && !is_in_word(hay, at) &&
		    !is_in_word(hay, at + phrase.len))
			return true;
	}
	return false;
}

bool sts_slice_take_prefix(struct sts_slice *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!sts_slice_starts(*s, prefix))
		return false;
	s->data += len;
	s->len -= len;
	return true;
}

struct sts_slice sts_slice_cut(struct sts_slice *rest, char separator)
{
	struct sts_slice front = *rest;
	const char *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;

	*rest = (struct sts_slice){NULL, 0};
	if (at) {
		size_t len = (size_t)(at - front.data);

		*rest = (struct sts_slice){at + 1, front.len - len - 1};
		front.len = len;
	}
	return front;
}

bool sts_slice_take_line(struct sts_slice *text, struct sts_slice *line)
{
	if (text->len == 0)
		return false;
	*line = sts_slice_cut(text, '\n');
	return true;
}

bool sts_slice_take_word(struct sts_slice *line, struct sts_slice *word)
{
	size_t start = 0;

	while (start < line->len && sts_is_space(line->data[start]))
		start++;
	size_t end = start;
	while (end < line->len && !sts_is_space(line->data[end]))
		end++;
	*word = (struct sts_slice){line->data + start, end - start};
	line->data += end;
	line->len -= end;
	return word->len > 0;
}

struct sts_slice sts_slice_trim(struct sts_slice a)
{
	while (a.len > 0 && sts_is_space(a.data[0])) {
		a.data++;
		a.len--;
	}
	while (a.len > 0 && sts_is_space(a.data[a.len - 1]))
		a.len--;
	return a;
}

/* Not inlined: a call is half as long, and there are a hundred. */
__attribute__((noinline)) void sts_text_init(struct sts_text *t, char *data, size_t size)
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

void sts_text_add_format(struct sts_text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len, len;
	va_list args;

	va_start(args, fmt);
	len = sts_format(t->data + t->len, room, fmt, args);
	va_end(args);
	t->overflow |= len >= room;
	t->len += len < room ? len : room - 1;
}

/* Not inlined: it is there for the shorter call. */
__attribute__((noinline)) void sts_text_add_words(struct sts_text *t, const char *fmt)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security" /* the callers' formats are literals */
	sts_text_add_format(t, fmt);
#pragma GCC diagnostic pop
}

static bool is_printable(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* The length of a byte in the form that sts_text_add_escaped() gives it. */
static size_t escaped_bytes(unsigned char c)
{
	if (c == '\\')
		return 2;
	return is_printable(c) ? 1 : 4;
}

/* How many bytes of peer fit into max bytes of output? */
static size_t escaped_fit(struct sts_slice peer, size_t max)
{
	size_t used = 0, i = 0;

	while (i < peer.len && used + escaped_bytes((unsigned char)peer.data[i]) <= max)
		used += escaped_bytes((unsigned char)peer.data[i++]);
	return i;
}

void sts_text_add_escaped(struct sts_text *t, struct sts_slice peer, size_t max)
{
	static const char dots[] = "...";
	size_t fit = escaped_fit(peer, max), mark = 0;

	if (fit < peer.len) {
		mark = max < sizeof(dots) - 1 ? max : sizeof(dots) - 1;
		fit = escaped_fit(peer, max - mark);
	}
	for (size_t i = 0; i < fit; i++) {
		char c = peer.data[i];

		if (c == '\\') {
			sts_text_add(t, "\\\\", 2);
		} else if (is_printable((unsigned char)c)) {
			sts_text_add_char(t, c);
		} else {
			sts_text_add(t, "\\x", 2);
			sts_hex_encode(t, &c, 1);
		}
	}
	sts_text_add(t, dots, mark);
}

size_t sts_utf8_decode(struct sts_slice s, uint32_t *code)
{
	/* For each number of bytes, the smallest code point that needs so many. A smaller code
	 * point in as many bytes is an overlong form. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.data;
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	/* Bytes from 0x80 to 0xbf do not begin a character. 0xc0 and 0xc1 begin only overlong
	 * forms, bytes from 0xf5 on only code points above U+10FFFF. */
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > s.len)
		return 0;
	*code = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[len] || *code > CODE_POINT_MAX ||
	    (*code >= HIGH_SURROGATES && *code <= SURROGATES_LAST))
		return 0;
	return len;
}

/* Add a UTF-16 code unit as \uNNNN. */
static void add_json_unit(struct sts_text *t, uint32_t unit)
{
	unsigned char be[2] = {(unsigned char)(unit >> 8), (unsigned char)unit};

	sts_text_add(t, "\\u", 2);
	sts_hex_encode(t, be, sizeof(be));
}

void sts_text_add_json_code(struct sts_text *t, uint32_t code)
{
	/* Pairs: a character, and the letter that stands for it behind a backslash. */
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i < sizeof(named) - 1; i += 2)
		if (code == (unsigned char)named[i]) {
			sts_text_add_char(t, '\\');
			sts_text_add_char(t, named[i + 1]);
			return;
		}
	if (code <= 0x7e && is_printable((unsigned char)code)) {
		sts_text_add_char(t, (char)code);
	} else if (code <= 0xffff) {
		add_json_unit(t, code);
	} else {
		add_json_unit(t, HIGH_SURROGATES + ((code - 0x10000) >> 10));
		add_json_unit(t, LOW_SURROGATES + ((code - 0x10000) & 0x3ff));
	}
}

void sts_text_add_json(struct sts_text *t, struct sts_slice s)
{
	while (s.len > 0) {
		uint32_t code;
		size_t used = sts_utf8_decode(s, &code);

		if (used == 0) {
			/* Not UTF-8: the byte becomes the code point of the same number. */
			code = (unsigned char)s.data[0];
			used = 1;
		}
		sts_text_add_json_code(t, code);
		s.data += used;
		s.len -= used;
	}
}

void sts_text_add_json_string(struct sts_text *t, struct sts_slice s)
{
	sts_text_add_char(t, '"');
	sts_text_add_json(t, s);
	sts_text_add_char(t, '"');
}

void sts_text_add_urlencoded(struct sts_text *t, struct sts_slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (sts_slice_has_only((struct sts_slice){&s.data[i], 1}, "-._~")) {
			sts_text_add_char(t, s.data[i]);
		} else {
			sts_text_add_char(t, '%');
			sts_hex_encode(t, &s.data[i], 1);
		}
	}
}

const char *sts_shown(struct sts_slice peer, size_t max)
{
	static char shown[STS_SHOWN_MAX_BYTES + 1];
	struct sts_text t;

	sts_text_init(&t, shown, sizeof(shown));
	sts_text_add_escaped(&t, peer, max);
	return shown;
}

const char *sts_shown_str(const char *peer, size_t max)
{
	return sts_shown(sts_slice_of(peer), max);
}

ptrdiff_t sts_slice_find(struct sts_slice hay, struct sts_slice needle)
{
	if (needle.len == 0)
		return -1;
	for (size_t i = 0; i + needle.len <= hay.len; i++)
		if (hay.data[i] == needle.data[0] &&
		    memcmp(hay.data + i, needle.data, needle.len) == 0)
			return (ptrdiff_t)i;
	return -1;
}

bool sts_parse_u64(struct sts_slice s, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!sts_is_digit(s.data[i]))
			return false;
		uint64_t digit = (uint64_t)(s.data[i] - '0');

		if (digit > max || sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

void sts_hex_encode(struct sts_text *t, const void *data, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		sts_text_add_char(t, digits[p[i] >> 4]);
		sts_text_add_char(t, digits[p[i] & 15]);
	}
}

int sts_hex_value(char c)
{
	if (sts_is_digit(c))
		return c - '0';
	c = sts_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sts_hex_decode(struct sts_slice in, uint8_t *out, size_t len)
{
	if (in.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = sts_hex_value(in.data[2 * i]), low = sts_hex_value(in.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void sts_wipe(void *data, size_t len)
{
	if (len > 0)
		explicit_bzero(data, len);
}
