/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pem.h"

#include <string.h>

#include "base/text.h"

#define DASHES "-----"

enum state {
	TEXT, /* outside of a block */
	BODY, /* in a block */
	SKIP, /* in a block that is malformed or too big */
};

void sts_pem_init(struct sts_pem *p, uint8_t *out, size_t size)
{
	*p = (struct sts_pem){.state = TEXT, .out = out, .size = size};
}

/* The value of a digit of base64 (RFC 4648 section 4), or -1. */
static int digit(unsigned char c)
{
	/* For each character from '+' to 'z' its value + 1; 0 for a character that is not a
	 * digit. */
	static const char values[] =
		"\77\0\0\0\100\65\66\67\70\71\72\73\74\75\76\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10\11\12"
		"\13\14\15\16\17\20\21"
		"\22\23\24\25\26\27\30\31\32\0\0\0\0\0\0\33\34\35\36\37\40\41\42\43\44\45\46\47\50"
		"\51\52\53\54\55\56\57"
		"\60\61\62\63\64";

	return c >= '+' && c <= 'z' ? values[c - '+'] - 1 : -1;
}

/* Decode one character of a block that is not white space. A block that is malformed or too big is
 * skipped from here on. */
static void decode(struct sts_pem *p, char c)
{
	int value = digit((unsigned char)c);
	bool ends_byte = p->bit_count > 0; /* each digit but the first of four */

	if (c == '=' && p->pad < 2) {
		p->pad++;
	} else if (value < 0 || p->pad > 0 || p->len == p->size) {
		p->state = SKIP;
	} else {
		p->bits = p->bits << 6 | (uint32_t)value;
		p->bit_count += ends_byte ? -2 : 6;
		if (ends_byte)
			p->out[p->len++] = (uint8_t)(p->bits >> p->bit_count);
	}
}

/* Decode whole groups of four digits, which nearly all of a bundle consists of; feed_byte() does
 * the rest. Padding where no bits are left over is malformed whatever follows, so it is not looked
 * for here. Returns the bytes consumed. */
static size_t decode_groups(struct sts_pem *p, const char *data, size_t len)
{
	size_t i = 0;

	if (p->state != BODY || p->line_len > 0 || p->bit_count > 0)
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

/* Is the line "-----BEGIN LABEL-----" or "-----END LABEL-----"?
 *   word  in  how it begins, up to the label; its last byte is a space, so the dashes at the end
 *             are never dashes of the word */
static bool boundary(struct sts_slice line, const char *word, struct sts_slice *label)
{
	const size_t skip = strlen(word), dashes = strlen(DASHES);

	if (!sts_slice_starts(line, word) ||
	    memcmp(line.data + line.len - dashes, DASHES, dashes) != 0)
		return false;
	*label = (struct sts_slice){line.data + skip, line.len - skip - dashes};
	return true;
}

static void begin(struct sts_pem *p, struct sts_slice label)
{
	if (p->state != TEXT)
		p->skipped++; /* the block before it has no end */
	p->state = label.len < sizeof(p->label) ? BODY : SKIP;
	p->bit_count = p->pad = 0;
	p->len = 0;
	if (p->state == BODY) {
		memcpy(p->label, label.data, label.len);
		p->label[label.len] = '\0';
	}
}

/* Is the block complete? For each '=' two bits are left over, and they must be zero (RFC 4648
 * section 3.5). */
static bool complete(const struct sts_pem *p)
{
	return p->state == BODY && p->bit_count == 2 * p->pad &&
	       (p->bits & ((1u << p->bit_count) - 1)) == 0 && p->len > 0;
}

static enum sts_pem_event end(struct sts_pem *p, struct sts_slice label)
{
	bool good = complete(p) && sts_slice_eq(label, p->label);

	if (p->state == TEXT)
		return STS_PEM_MORE; /* an END without a BEGIN is text */
	p->state = TEXT;
	if (!good) {
		p->skipped++;
		return STS_PEM_MORE;
	}
	return STS_PEM_OBJECT;
}

/* End a line that was gathered: any line outside of a block, and a line of a block that begins with
 * a dash. */
static enum sts_pem_event end_line(struct sts_pem *p)
{
	struct sts_slice line = sts_slice_trim((struct sts_slice){p->line, p->line_len}), label;
	bool fits = p->line_len < sizeof(p->line);

	p->line_len = 0;
	if (fits && boundary(line, DASHES "BEGIN ", &label))
		begin(p, label);
	else if (fits && boundary(line, DASHES "END ", &label))
		return end(p, label);
	else if (p->state == BODY)
		p->state = SKIP;
	return STS_PEM_MORE;
}

/* Is it a byte of the byte order mark, in UTF-8? */
static bool is_mark(char c)
{
	return c == '\xef' || c == '\xbb' || c == '\xbf';
}

/*
 * Scan one byte. Lines that may be boundaries are gathered, and base64 is decoded at once. White
 * space before a boundary and a byte order mark are passed over, since people indent bundles and
 * editors add the mark.
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
