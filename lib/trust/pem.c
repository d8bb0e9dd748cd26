/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pem.h"

#include <string.h>

#include "base/text.h"

enum state {
	TEXT, /* outside of a block */
	BODY, /* base64 */
	SKIP, /* in a block that is malformed or too big */
};

void sts_pem_init(struct sts_pem *p, uint8_t *out, size_t size)
{
	*p = (struct sts_pem){.state = TEXT, .out = out, .size = size};
}

/* The value of a base64 digit, or -1. */
static int digit(unsigned char c)
{
	/* From '+' to 'z', value + 1; 0 is none. */
	static const char values['z' - '+' + 1] =
		"\77\0\0\0\100\65\66\67\70\71\72\73\74\75\76\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10\11\12"
		"\13\14\15\16\17\20\21"
		"\22\23\24\25\26\27\30\31\32\0\0\0\0\0\0\33\34\35\36\37\40\41\42\43\44\45\46\47\50"
		"\51\52\53\54\55\56\57"
		"\60\61\62\63\64";

	return c >= '+' && c <= 'z' ? values[c - '+'] - 1 : -1;
}

static void decode(struct sts_pem *p, char c)
{
	int value = digit((unsigned char)c);

	if (c == ' ' || c == '\t')
		return;
	if (c == '=' && p->pad < 2) {
		p->pad++;
		return;
	}
	if (value < 0 || p->pad > 0) {
		p->state = SKIP;
		return;
	}
	p->bits = p->bits << 6 | (uint32_t)value;
	p->bit_count += 6;
	if (p->bit_count < 8)
		return;
	if (p->len == p->size) {
		p->state = SKIP;
		return;
	}
	p->bit_count -= 8;
	p->out[p->len++] = (uint8_t)(p->bits >> p->bit_count);
}

/* Whole groups of four digits: nearly all of a bundle. The rest goes byte by byte. Returns bytes
 * used. */
static size_t decode_groups(struct sts_pem *p, const char *data, size_t len)
{
	size_t i = 0;

	if (p->state != BODY || p->line_len > 0 || p->bit_count > 0 || p->pad > 0)
		return 0;
	for (; len - i >= 4 && p->size - p->len >= 3; i += 4) {
		int a = digit((unsigned char)data[i]), b = digit((unsigned char)data[i + 1]);
		int c = digit((unsigned char)data[i + 2]), d = digit((unsigned char)data[i + 3]);

		if ((a | b | c | d) < 0)
			break;
		p->out[p->len++] = (uint8_t)(a << 2 | b >> 4);
		p->out[p->len++] = (uint8_t)(b << 4 | c >> 2);
		p->out[p->len++] = (uint8_t)(c << 6 | d);
	}
	return i;
}

/* "-----BEGIN X-----" or "-----END X-----": is the line one, and which label? */
static bool boundary(struct sts_slice line, const char *word, struct sts_slice *label)
{
	size_t skip = strlen(word);

	if (!sts_slice_starts(line, word) || line.len < skip + 5 ||
	    memcmp(line.data + line.len - 5, "-----", 5) != 0)
		return false;
	*label = (struct sts_slice){line.data + skip, line.len - skip - 5};
	return true;
}

static void begin(struct sts_pem *p, struct sts_slice label)
{
	if (p->state != TEXT)
		p->skipped++; /* the block before was cut short */
	p->state = label.len < sizeof(p->label) ? BODY : SKIP;
	p->bits = 0;
	p->bit_count = p->pad = 0;
	p->len = 0;
	p->label[0] = '\0';
	if (p->state == BODY) {
		memcpy(p->label, label.data, label.len);
		p->label[label.len] = '\0';
	}
}

/* Padding as RFC 4648 section 4 wants it: two bits are left over for each '=', and they are zero.
 */
static bool complete(const struct sts_pem *p)
{
	return p->state == BODY && p->bit_count == 2 * p->pad &&
	       (p->bits & ((1u << p->bit_count) - 1)) == 0 && p->len > 0;
}

static enum sts_pem_event end(struct sts_pem *p, struct sts_slice label)
{
	bool good = complete(p) && sts_slice_eq(label, p->label);

	if (p->state == TEXT)
		return STS_PEM_MORE; /* an end without a beginning is text */
	p->state = TEXT;
	if (!good) {
		p->skipped++;
		return STS_PEM_MORE;
	}
	p->objects++;
	return STS_PEM_OBJECT;
}

/* A line that began with a dash, or any line outside of a block, is complete. */
static enum sts_pem_event end_line(struct sts_pem *p)
{
	struct sts_slice line = sts_slice_trim((struct sts_slice){p->line, p->line_len}), label;
	bool fits = p->line_len < sizeof(p->line);

	p->line_len = 0;
	if (fits && boundary(line, "-----BEGIN ", &label))
		begin(p, label);
	else if (fits && boundary(line, "-----END ", &label))
		return end(p, label);
	else if (line.len > 0 && p->state == BODY)
		p->state = SKIP;
	return STS_PEM_MORE;
}

/* A byte of the byte order mark, in UTF-8. */
static bool is_mark(char c)
{
	return c == '\xef' || c == '\xbb' || c == '\xbf';
}

/*
 * Boundary lines are gathered, base64 is decoded as it comes. White space before a boundary and a
 * byte order mark are let pass: people indent, and editors add.
 */
static enum sts_pem_event feed_byte(struct sts_pem *p, char c)
{
	if (c == '\n' || c == '\r')
		return p->line_len > 0 ? end_line(p) : STS_PEM_MORE;
	if (p->line_len == 0 && (c == ' ' || c == '\t' || (p->state == TEXT && is_mark(c))))
		return STS_PEM_MORE;
	if (p->state != TEXT && p->line_len == 0 && c != '-') {
		if (p->state == BODY)
			decode(p, c);
		return STS_PEM_MORE;
	}
	if (p->line_len < sizeof(p->line))
		p->line[p->line_len++] = c;
	return STS_PEM_MORE;
}

enum sts_pem_event sts_pem_feed(struct sts_pem *p, const char *data, size_t len, size_t *used)
{
	enum sts_pem_event event = STS_PEM_MORE;
	size_t i = 0;

	while (i < len && event == STS_PEM_MORE) {
		i += decode_groups(p, data + i, len - i);
		if (i < len)
			event = feed_byte(p, data[i++]);
	}
	*used = i;
	return event;
}

enum sts_pem_event sts_pem_end(struct sts_pem *p)
{
	enum sts_pem_event event = end_line(p);

	if (p->state != TEXT) {
		p->state = TEXT;
		p->skipped++;
	}
	return event;
}
