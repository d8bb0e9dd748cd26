/* SPDX-License-Identifier: Apache-2.0 */
#include "http_in.h"

#include <string.h>

void mock_request_init(struct mock_request *r)
{
	r->len = r->used = 0;
	r->header_count = 0;
	r->wrong = NULL;
	r->method = r->path = r->query = NULL;
}

struct sts_slice mock_request_header(const struct mock_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (sts_slice_eq_nocase(r->header[i].name, name))
			return r->header[i].value;
	return (struct sts_slice){NULL, 0};
}

static bool refuse(struct mock_request *r, int status, const char *why)
{
	r->wrong = why;
	r->wrong_status = status;
	return false;
}

/* Read until the buffer holds len bytes. */
static bool fill(struct mock_request *r, struct mock_conn *c, size_t len)
{
	while (r->len < len) {
		int n = mock_conn_read(c, r->buf + r->len, sizeof(r->buf) - r->len);

		if (n <= 0)
			return false;
		r->len += (size_t)n;
	}
	return true;
}

/* Read until the end of the head; its length with the empty line, or 0. */
static size_t read_head(struct mock_request *r, struct mock_conn *c)
{
	size_t looked = 0;

	for (;;) {
		for (; looked + 4 <= r->len; looked++)
			if (memcmp(r->buf + looked, "\r\n\r\n", 4) == 0)
				return looked + 4;
		if (r->len >= MOCK_HEAD_BYTES) {
			refuse(r, 431, "head too big");
			return 0;
		}
		if (!fill(r, c, r->len + 1)) {
			if (r->len > 0)
				refuse(r, 0, "closed in the middle of a request");
			return 0;
		}
	}
}

static bool is_token(struct sts_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("!#$%&'*+-.^_`|~"
			    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
			    s.data[i]) ||
		    !s.data[i])
			return false;
	return s.len > 0;
}

static bool request_line(struct mock_request *r, char *line, char *end)
{
	char *space = memchr(line, ' ', (size_t)(end - line));
	char *second = space ? memchr(space + 1, ' ', (size_t)(end - space - 1)) : NULL;

	if (!second || !is_token((struct sts_slice){line, (size_t)(space - line)}))
		return refuse(r, 400, "malformed request line");
	struct sts_slice version = {second + 1, (size_t)(end - second - 1)};
	if (!sts_slice_eq(version, "HTTP/1.1") && !sts_slice_eq(version, "HTTP/1.0"))
		return refuse(r, 505, "HTTP version");
	r->keep_alive = sts_slice_eq(version, "HTTP/1.1");
	*space = *second = *end = 0;
	r->method = line;
	r->path = space + 1;
	if (r->path[0] != '/')
		return refuse(r, 400, "request target in no origin form");
	for (char *p = r->path; p < second; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return refuse(r, 400,
				      "a byte in the request target that must not be there");
	char *mark = strchr(r->path, '?');
	r->query = mark ? mark + 1 : second;
	if (mark)
		*mark = 0;
	return true;
}

static bool header_line(struct mock_request *r, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);

	if (!colon || r->header_count == MOCK_HEADERS_MAX)
		return refuse(r, 400, colon ? "too many headers" : "header without a colon");
	struct mock_header *h = &r->header[r->header_count];
	h->name = (struct sts_slice){line, (size_t)(colon - line)};
	h->value = sts_slice_trim((struct sts_slice){colon + 1, len - h->name.len - 1});
	if (!is_token(h->name))
		return refuse(r, 400, "malformed header name");
	for (size_t i = 0; i < h->value.len; i++)
		if (((unsigned char)h->value.data[i] < ' ' && h->value.data[i] != '\t') ||
		    h->value.data[i] == 0x7f)
			return refuse(r, 400, "control character in a header");
	r->header_count++;
	return true;
}

static bool parse_head(struct mock_request *r, size_t head_len)
{
	char *line = r->buf, *end = r->buf + head_len - 2;

	r->header_count = 0;
	for (bool first = true; line < end; first = false) {
		char *next = memchr(line, '\r', (size_t)(end - line));

		if (!next || next[1] != '\n' || memchr(line, '\n', (size_t)(next - line)))
			return refuse(r, 400, "bare CR or LF");
		if (!(first ? request_line(r, line, next)
			    : header_line(r, line, (size_t)(next - line))))
			return false;
		line = next + 2;
	}
	return true;
}

static bool once(struct mock_request *r, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < r->header_count; i++)
		count += sts_slice_eq_nocase(r->header[i].name, name);
	return count <= 1;
}

static bool check_head(struct mock_request *r)
{
	static const char *const single[] = {"Host",          "Content-Length", "Content-Type",
					     "Authorization", "Accept",         "User-Agent"};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (!once(r, single[i]))
			return refuse(r, 400, "a header twice that may be there once");
	if (mock_request_header(r, "Host").len == 0)
		return refuse(r, 400, "no Host");
	if (mock_request_header(r, "Transfer-Encoding").data)
		return refuse(r, 411, "Transfer-Encoding in a request");
	if (sts_slice_eq_nocase(mock_request_header(r, "Connection"), "close"))
		r->keep_alive = false;
	return true;
}

static bool read_body(struct mock_request *r, struct mock_conn *c, size_t head_len)
{
	struct sts_slice length = mock_request_header(r, "Content-Length");
	uint64_t body_len = 0;

	if (length.data && !sts_parse_u64(length, MOCK_BODY_BYTES, &body_len))
		return refuse(r, 413, "Content-Length malformed or too big");
	if (sts_slice_eq_nocase(mock_request_header(r, "Expect"), "100-continue")) {
		static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";

		mock_conn_write(c, go, sizeof(go) - 1);
		mock_conn_flush(c);
	}
	r->used = head_len + (size_t)body_len;
	r->body = (struct sts_slice){r->buf + head_len, (size_t)body_len};
	return fill(r, c, r->used) || refuse(r, 0, "closed in the middle of a request");
}

bool mock_request_read(struct mock_request *r, struct mock_conn *c)
{
	memmove(r->buf, r->buf + r->used, r->len - r->used);
	r->len -= r->used;
	r->used = 0;
	r->wrong = NULL;
	r->method = r->path = r->query = NULL;
	r->header_count = 0;
	size_t head_len = read_head(r, c);
	return head_len > 0 && parse_head(r, head_len) && check_head(r) &&
	       read_body(r, c, head_len);
}
