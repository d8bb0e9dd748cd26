/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/response.h"

#include <stddef.h>
#include <string.h>

#include "base/packed.h"
#include "base/timefmt.h"
#include "http_messages/challenge.h"
#include "http_messages/request.h"

/* What the next byte belongs to. */
enum state {
	STATUS_LINE,
	HEADER_LINE,
	BODY,             /* the next body_left bytes are the rest of the body */
	BODY_UNTIL_CLOSE, /* the body ends with the connection */
	CHUNK_LINE,       /* the line with the size of a chunk */
	CHUNK,            /* the next body_left bytes are the rest of the chunk */
	CHUNK_CR,         /* the line break behind a chunk */
	CHUNK_LF,
	TRAILER_LINE,
	DONE,
	FAILED,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Offsets in a status line: "HTTP/1.1 200 OK". */
enum { AT_MINOR = 7, AT_STATUS = 9, AT_REASON = 12 };

void sts_http_response_init(struct sts_http_response *p, char *head_buf, size_t head_size,
			    char *body_buf, size_t body_size)
{
	*p = (struct sts_http_response){.head_buf = head_buf,
					.head_size = head_size,
					.body_buf = body_buf,
					.body_size = body_size};
}

void sts_http_response_head_only(struct sts_http_response *p)
{
	p->head_only = true;
}

/* Note the failure.
 *   why  in  packed */
static void fail(struct sts_http_response *p, enum sts_err error, const char *why)
{
	p->state = FAILED;
	p->error = error;
	p->why = why;
}

static void malformed(struct sts_http_response *p, const char *why)
{
	fail(p, STS_EHTTP, why);
	p->is_malformed = true;
}

/* Is there a control character other than HTAB in a field value, a reason or a chunk extension?
 * Bytes above 0x7f are allowed there (obs-text, RFC 9110 section 5.5). */
static bool has_control(struct sts_slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* Read "HTTP/1.1 200 OK". head_byte() has checked the part up to the dot. A higher minor version is
 * read as HTTP/1.1 (RFC 9110 section 2.5). The reason may be missing, and the space before it too,
 * since many servers leave out both. */
static void read_status_line(struct sts_http_response *p, struct sts_slice line)
{
	uint64_t status;

	if (line.len < AT_REASON || line.data[AT_MINOR] < '0' || line.data[AT_MINOR] > '9' ||
	    line.data[AT_MINOR + 1] != ' ')
		return malformed(p, STS_PACKED("the status line is not HTTP/1.0 or HTTP/1.1"));
	if (!sts_parse_u64((struct sts_slice){line.data + AT_STATUS, AT_REASON - AT_STATUS}, 599,
			   &status) ||
	    status < 100 || (line.len > AT_REASON && line.data[AT_REASON] != ' '))
		return malformed(p, STS_PACKED("the status is no number from 100 to 599"));
	if (has_control(line))
		return malformed(p, STS_PACKED("a control character stands in the status line"));
	if (status == 101)
		return malformed(p, STS_PACKED("it switches to another protocol, unasked"));
	p->status = (int)status;
	p->state = HEADER_LINE;
}

/* Equal lengths, in one line or in several, count as one (RFC 9112 section 6.3). */
static void read_content_length(struct sts_http_response *p, struct sts_slice value)
{
	while (value.data) {
		struct sts_slice item = sts_slice_trim(sts_slice_cut(&value, ','));
		uint64_t length;

		if (!sts_parse_u64(item, UINT64_MAX, &length))
			return malformed(p, STS_PACKED("Content-Length is no number"));
		if (p->has_length && length != p->head.content_length)
			return malformed(
				p, STS_PACKED("Content-Length is there twice, with two values"));
		p->head.content_length = length;
		p->has_length = true;
	}
}

/* Items of the list may be empty (RFC 9110 section 5.6.1). A list in several lines is refused,
 * since there are readers that see the first or the last line alone. */
static void read_transfer_encoding(struct sts_http_response *p, struct sts_slice value)
{
	bool again = p->has_coding;

	while (value.data) {
		struct sts_slice item = sts_slice_trim(sts_slice_cut(&value, ','));

		if (item.len == 0)
			continue;
		again = again || p->has_coding || !sts_slice_eq_nocase(item, "chunked");
		p->has_coding = true;
	}
	if (again || !p->has_coding)
		return malformed(p, STS_PACKED("Transfer-Encoding is not chunked, once"));
}

/* The words that are no compression are mistakes that servers make; the body is as it is. */
static void read_content_encoding(struct sts_http_response *p, struct sts_slice value)
{
	static const char as_it_is[][9] = {"", "identity", "none", "utf-8", "utf8", "binary"};

	while (value.data) {
		struct sts_slice item = sts_slice_trim(sts_slice_cut(&value, ','));
		size_t i = 0;

		while (i < COUNT(as_it_is) && !sts_slice_eq_nocase(item, as_it_is[i]))
			i++;
		p->is_compressed |= i == COUNT(as_it_is);
	}
}

/* Most challenges only say which scheme is wanted; those are not kept. */
static void read_challenge(struct sts_http_response *p, struct sts_slice value)
{
	struct sts_http_challenge challenge = sts_http_challenge_read(value);

	if (challenge.error.len + challenge.description.len == 0)
		return;
	for (size_t i = 0; i < STS_HTTP_CHALLENGES_MAX; i++)
		if (p->head.challenges[i].len == 0) {
			p->head.challenges[i] = value;
			return;
		}
}

/* The headers that are read. The first two say how long the body is, the third how it is coded. */
enum { BODY_FIELDS = 3 };

static const struct {
	const char *name;
	void (*read)(struct sts_http_response *p, struct sts_slice value);
} fields[] = {
	{"content-length", read_content_length},
	{"transfer-encoding", read_transfer_encoding},
	{"content-encoding", read_content_encoding},
	{"www-authenticate", read_challenge},
};

/* The headers of which the first value is kept. */
#define KEPT(name, field) \
	{ \
		name, offsetof(struct sts_http_head, field) \
	}
static const struct {
	char name[17]; /* no pointer, which would need a relocation */
	uint8_t offset;
} kept[] = {
	KEPT("location", location),
	KEPT("retry-after", retry_after),
	KEPT("date", date),
	KEPT("allow", allow),
	KEPT("content-type", content_type),
	KEPT("www-authenticate", challenge),
};

static void keep_first(struct sts_http_head *head, struct sts_slice name, struct sts_slice value)
{
	for (size_t i = 0; i < COUNT(kept); i++) {
		struct sts_slice *field = (struct sts_slice *)((char *)head + kept[i].offset);

		if (sts_slice_eq_nocase(name, kept[i].name) && !field->data)
			*field = value;
	}
}

/* Cut a line at its first colon. The value has no white space at its ends. Returns the name, which
 * is the whole line when there is no colon. */
static struct sts_slice cut_field(struct sts_slice line, struct sts_slice *value)
{
	struct sts_slice name = sts_slice_cut(&line, ':');

	*value = sts_slice_trim(line);
	return name;
}

/* Read a header whose last line is complete. In the trailer nothing is read. */
static void end_field(struct sts_http_response *p)
{
	struct sts_slice line = {p->head_buf + p->field_start, p->head_len - p->field_start};
	struct sts_slice value, name = cut_field(line, &value);

	p->in_field = false;
	if (p->state != HEADER_LINE)
		return;
	for (size_t i = p->head_only ? BODY_FIELDS : 0; i < COUNT(fields); i++)
		if (sts_slice_eq_nocase(name, fields[i].name))
			fields[i].read(p, value);
	keep_first(&p->head, name, value);
}

/* Does this line say how long the body is, or would it to a reader that ignores white space before
 * the line and before the colon? */
static bool is_framing(struct sts_slice line)
{
	struct sts_slice value, name = sts_slice_trim(cut_field(line, &value));

	return sts_slice_eq_nocase(name, fields[0].name) ||
	       sts_slice_eq_nocase(name, fields[1].name);
}

/*
 * Read a line that goes on with the header before it (RFC 9112 section 5.2). Both stand one behind
 * the other in the buffer, so that the white space of the second line is all that is between them.
 * The second line is refused if another reader could take it for another length of the body, or for
 * the end of the head.
 */
static void read_folded_line(struct sts_http_response *p, struct sts_slice line)
{
	struct sts_slice field = {p->head_buf + p->field_start, p->line_start - p->field_start};

	if (!p->in_field)
		return malformed(p, STS_PACKED("the first header begins with white space"));
	if (sts_slice_trim(line).len == 0)
		return malformed(p, STS_PACKED("a header is folded, and a line of it is empty"));
	if (has_control(line))
		return malformed(p, STS_PACKED("a control character stands in a header"));
	if (!p->head_only && (is_framing(field) || is_framing(line)))
		return malformed(
			p, STS_PACKED("a header that gives the length of the body is folded"));
	for (size_t i = 0; line.data[i] == '\t' || line.data[i] == ' '; i++)
		p->head_buf[p->line_start + i] = ' ';
}

/* Read a line of the header or of the trailer. The next line may go on with it. */
static void read_field_line(struct sts_http_response *p, struct sts_slice line)
{
	struct sts_slice value, name = cut_field(line, &value);

	if (line.data[0] == ' ' || line.data[0] == '\t')
		return read_folded_line(p, line);
	if (name.len == line.len)
		return malformed(p, STS_PACKED("a header line has no colon"));
	if (!sts_http_is_token(name))
		return malformed(p, STS_PACKED("a header has a malformed name"));
	if (has_control(line))
		return malformed(p, STS_PACKED("a control character stands in a header"));
	p->field_start = p->line_start;
	p->in_field = true;
}

/*
 * Is this a response whose body says no more than why there is no success? Its status counts even
 * if the body cannot be read as a whole: a body that is compressed is not read, and of one that is
 * too big the beginning is the body.
 */
static bool is_failure(const struct sts_http_response *p)
{
	return p->status >= 300;
}

/* End the head of a 1xx response, and go on with the next response. */
static void end_interim(struct sts_http_response *p)
{
	if (p->head.content_length > 0 || p->has_coding)
		return malformed(p, STS_PACKED("an interim answer announces a body"));
	_Static_assert(STS_HTTP_INTERIM_MAX == 8, "the message states this bound");
	if (++p->interim > STS_HTTP_INTERIM_MAX)
		return fail(p, STS_ETOOBIG, STS_PACKED("there are more than 8 interim answers"));
	p->head = (struct sts_http_head){0};
	p->head_len = 0;
	p->has_length = p->is_compressed = false;
	p->may_be_empty = true;
	p->state = STATUS_LINE;
}

/* Fail because of a compressed body, which cannot be read. */
static void compressed(struct sts_http_response *p)
{
	p->detail = STS_HTTP_COMPRESSED;
	fail(p, STS_EHTTP,
	     STS_PACKED("the server compressed the body (Content-Encoding), although it was asked "
			"not to"));
}

/* Find the length of the body (RFC 9112 section 6.3). The RFC lets a client repair some malformed
 * heads; here they are errors. */
static void end_head(struct sts_http_response *p)
{
	if (p->has_length && p->has_coding)
		return malformed(p, STS_PACKED("it has both Content-Length and Transfer-Encoding"));
	if (p->has_coding && p->head_buf[AT_MINOR] == '0')
		return malformed(p, STS_PACKED("HTTP/1.0 with Transfer-Encoding"));
	if (p->status < 200)
		return end_interim(p);
	p->head.status = p->status;
	if (p->is_compressed && !is_failure(p))
		return compressed(p);
	if (p->status == 204 || p->status == 304 || p->head_only || p->is_compressed) {
		p->state = DONE;
	} else if (p->has_coding) {
		p->state = CHUNK_LINE;
	} else if (!p->has_length) {
		p->state = BODY_UNTIL_CLOSE;
	} else if (p->head.content_length > p->body_size && !is_failure(p)) {
		fail(p, STS_ETOOBIG, STS_PACKED("the answer's Content-Length is too large"));
	} else {
		bool fits = p->head.content_length <= p->body_size;

		p->body_left = fits ? p->head.content_length : p->body_size;
		p->state = p->body_left > 0 ? BODY : DONE;
	}
}

/* Does a quoted string begin in this line that does not end in it? */
static bool is_in_quotes(struct sts_slice line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '"')
			quoted = !quoted;
		else if (quoted && line.data[i] == '\\')
			i++;
	return quoted;
}

/* There is no room for the next part of the body. */
static void too_big(struct sts_http_response *p)
{
	if (is_failure(p))
		p->state = DONE;
	else
		fail(p, STS_ETOOBIG, STS_PACKED("the answer's body is too large"));
}

/* Read the size of a chunk (RFC 9112 section 7.1). A chunk extension is skipped. White space may
 * stand before it, and nowhere else. A reader that looks for the end of a quoted string behind the
 * line would see other chunks. */
static void read_chunk_line(struct sts_http_response *p, struct sts_slice line)
{
	uint64_t size = 0;
	size_t i = 0;

	for (; i < line.len && sts_hex_value(line.data[i]) >= 0; i++) {
		if (size > UINT64_MAX >> 4)
			return malformed(p, STS_PACKED("a chunk size overflows"));
		size = size << 4 | (uint64_t)sts_hex_value(line.data[i]);
	}
	line = (struct sts_slice){line.data + i, line.len - i};
	if (i == 0 || has_control(line) ||
	    (line.len > 0 && !sts_slice_starts(sts_slice_trim(line), ";")))
		return malformed(p, STS_PACKED("a chunk size is malformed"));
	if (is_in_quotes(line))
		return malformed(p,
				 STS_PACKED("a quoted string in a chunk extension does not end"));
	if (size > p->body_size - p->body_len)
		return too_big(p);
	p->body_left = size;
	p->state = size > 0 ? CHUNK : TRAILER_LINE;
}

/* Skip the line break that some servers send behind an interim response. head_byte() has seen that
 * it may stand here. */
static void skip_empty_line(struct sts_http_response *p)
{
	p->may_be_empty = false;
}

static void read_line(struct sts_http_response *p, struct sts_slice line)
{
	switch (p->state) {
	case STATUS_LINE:
		return line.len > 0 ? read_status_line(p, line) : skip_empty_line(p);
	case CHUNK_LINE:
		return read_chunk_line(p, line);
	case HEADER_LINE:
		return line.len > 0 ? read_field_line(p, line) : end_head(p);
	default: /* TRAILER_LINE */
		if (line.len > 0)
			read_field_line(p, line);
		else
			p->state = DONE;
	}
}

/*
 * Add a byte to a line, and read the line when it is complete. Only CR LF ends a line. A bare CR or
 * LF is an error: other parsers may take it for the end of a line, and would then see other lines
 * than this parser.
 *   start  in      where the line begins in buf
 *   len    in/out  bytes in buf
 */
static void line_byte(struct sts_http_response *p, char *buf, size_t size, size_t start,
		      size_t *len, char c)
{
	bool after_cr = *len > start && buf[*len - 1] == '\r';

	if (after_cr != (c == '\n'))
		return malformed(p, after_cr ? STS_PACKED("a bare CR") : STS_PACKED("a bare LF"));
	if (c == '\0')
		return malformed(p, STS_PACKED("a NUL byte"));
	if (after_cr) {
		*len -= 1;
		return read_line(p, (struct sts_slice){buf + start, *len - start});
	}
	if (*len == size)
		return fail(p, STS_ETOOBIG,
			    p->state == CHUNK_LINE
				    ? STS_PACKED("a chunk-size line of the answer is too large")
				    : STS_PACKED("the answer's head is too large"));
	buf[(*len)++] = c;
}

/* Add a byte to the head or the trailer. Its lines stay in the buffer, one behind the other, since
 * slices point to them. */
static void head_byte(struct sts_http_response *p, char c)
{
	static const char version[] = "HTTP/1.";
	size_t len = p->head_len;
	bool empty = p->may_be_empty && (len == 0 ? c == '\r' : len == 1 && p->head_buf[0] == '\r');

	/* Bytes that are not HTTP are refused at once. Their first line may never end. */
	if (len < sizeof(version) - 1 && c != version[len] && !empty)
		return malformed(p, STS_PACKED("it does not begin with HTTP/1."));
	if (p->in_field && len == p->line_start && c != ' ' && c != '\t')
		end_field(p);
	if (p->state == FAILED)
		return;
	line_byte(p, p->head_buf, p->head_size, p->line_start, &p->head_len, c);
	if (c == '\n')
		p->line_start = p->head_len;
}

static void chunk_line_byte(struct sts_http_response *p, char c)
{
	line_byte(p, p->chunk_line, sizeof(p->chunk_line), 0, &p->chunk_line_len, c);
	if (c == '\n')
		p->chunk_line_len = 0;
}

/* Store bytes of the body or of a chunk. Returns how many were taken, 0 after an error. */
static size_t take_body(struct sts_http_response *p, const char *data, size_t len)
{
	uint64_t room = p->state == BODY_UNTIL_CLOSE ? p->body_size - p->body_len : p->body_left;

	if (room == 0) {
		too_big(p);
		return 0;
	}
	if (len > room)
		len = (size_t)room;
	memcpy(p->body_buf + p->body_len, data, len);
	p->body_len += len;
	if (p->state == BODY_UNTIL_CLOSE)
		return len;
	p->body_left -= len;
	if (p->body_left == 0)
		p->state = p->state == BODY ? DONE : CHUNK_CR;
	return len;
}

/* Read some bytes. Returns how many were taken: at least 1, or 0 after an error. */
static size_t step(struct sts_http_response *p, const char *data, size_t len)
{
	switch (p->state) {
	case BODY:
	case BODY_UNTIL_CLOSE:
	case CHUNK:
		return take_body(p, data, len);
	case CHUNK_LINE:
		chunk_line_byte(p, data[0]);
		return 1;
	case CHUNK_CR:
	case CHUNK_LF:
		if (data[0] != (p->state == CHUNK_CR ? '\r' : '\n'))
			malformed(p, STS_PACKED("a chunk is longer than its size"));
		else
			p->state = p->state == CHUNK_CR ? CHUNK_LF : CHUNK_LINE;
		return 1;
	default: /* STATUS_LINE, HEADER_LINE, TRAILER_LINE */
		head_byte(p, data[0]);
		return 1;
	}
}

static enum sts_err report(const struct sts_http_response *p, struct sts_error *e)
{
	return sts_fail(e, p->error, p->detail,
			p->is_malformed ? "the answer is no valid HTTP: %s" : "%s",
			sts_words(p->why));
}

enum sts_err sts_http_response_feed(struct sts_http_response *p, const char *data, size_t len,
				    size_t *used, struct sts_error *e)
{
	*used = 0;
	while (*used < len && p->state != DONE && p->state != FAILED)
		*used += step(p, data + *used, len - *used);
	if (p->state == FAILED)
		return report(p, e);
	return p->state == DONE ? STS_OK : STS_EAGAIN;
}

static const char *what_is_missing(const struct sts_http_response *p)
{
	if (p->state == BODY_UNTIL_CLOSE)
		return STS_PACKED("the connection ended without a close_notify");
	if (p->head_len == 0)
		return STS_PACKED("the peer closed without an answer");
	if (p->state == STATUS_LINE || p->state == HEADER_LINE)
		return STS_PACKED("the peer closed within the head");
	return STS_PACKED("the peer closed within the body");
}

enum sts_err sts_http_response_eof(struct sts_http_response *p, bool clean, struct sts_error *e)
{
	if (p->state == BODY_UNTIL_CLOSE && clean)
		p->state = DONE;
	if (p->state == DONE)
		return STS_OK;
	if (p->state != FAILED)
		fail(p, STS_ETRUNCATED, what_is_missing(p));
	return report(p, e);
}

int sts_http_retry_after_s(const struct sts_http_head *head, int64_t now_s, int most_s)
{
	struct sts_slice s = head->retry_after;
	uint64_t delta_s;
	int64_t when_s, date_s;

	if (sts_parse_u64(s, UINT64_MAX, &delta_s))
		return delta_s > (uint64_t)most_s ? most_s : (int)delta_s;
	if (!sts_httpdate_parse(s, &when_s))
		return -1;
	if (!sts_httpdate_parse(head->date, &date_s))
		date_s = now_s;
	if (when_s <= date_s)
		return 0;
	return when_s - date_s > most_s ? most_s : (int)(when_s - date_s);
}
