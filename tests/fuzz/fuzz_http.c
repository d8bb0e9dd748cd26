/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP answer. The first byte says how the connection ends and how big the buffers are. The
 * second byte says how the rest is cut into calls. The same bytes give the same result whether they
 * come at once, one by one, or in pieces. A body that was taken is taken again if it is sent in
 * chunks, and is the same. Bytes that may be sent as a header cannot make a second header.
 */
#include <stdlib.h>
#include <string.h>

#include "http_messages/request.h"
#include "http_messages/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_BYTES 4096
#define BODY_BYTES 4096

struct run {
	struct sts_http_response p;
	enum sts_err err;
	struct sts_error error;
	size_t total;
	char head[HEAD_BYTES], body[BODY_BYTES];
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* A small generator makes pieces of 1 to 16 bytes. */
static size_t piece_bytes(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 24) % 16 + 1;
}

/* Feed the input: with seed 0 at once, with seed 1 byte by byte, else in pieces. */
static void converse(struct run *r, uint8_t flags, uint32_t seed, const char *data, size_t size)
{
	bool by_bytes = seed == 1, small = flags & 2;

	memset(r, 0, sizeof(*r));
	sts_http_response_init(&r->p, r->head, small ? 64 : HEAD_BYTES, r->body,
			       small ? 16 : BODY_BYTES);
	r->err = STS_EAGAIN;
	while (r->err == STS_EAGAIN && r->total < size) {
		size_t len = seed == 0 ? size : by_bytes ? 1 : piece_bytes(&seed), used;

		if (len > size - r->total)
			len = size - r->total;
		r->err = sts_http_response_feed(&r->p, data + r->total, len, &used, &r->error);
		require(used <= len && (used == len || r->err != STS_EAGAIN));
		r->total += used;
	}
	if (r->err == STS_EAGAIN)
		r->err = sts_http_response_eof(&r->p, flags & 1, &r->error);
}

static void require_inside(const struct run *r, struct sts_slice s)
{
	if (s.len == 0)
		return;
	require(s.data >= r->head && s.data + s.len <= r->head + HEAD_BYTES);
	for (size_t i = 0; i < s.len; i++)
		require((unsigned char)s.data[i] >= 0x20 || s.data[i] == '\t');
}

static void check_run(struct run *r)
{
	const struct sts_http_head *head = &r->p.head;
	int retry_s = sts_http_retry_after_s(head, 1768234289, 300);
	enum sts_err again;
	size_t used;

	require(r->p.body_len <= r->p.body_size);
	require(retry_s >= -1 && retry_s <= 300);
	require(head->status == 0 || (head->status >= 200 && head->status <= 599));
	require_inside(r, head->location);
	require_inside(r, head->retry_after);
	require_inside(r, head->date);
	if (r->err == STS_OK) {
		bool bodiless = head->status == 204 || head->status == 304;

		require(head->status != 0 && (!bodiless || r->p.body_len == 0));
		require(!r->p.has_length || bodiless || r->p.body_len == head->content_length);
	} else {
		require(r->err == STS_EHTTP || r->err == STS_ETOOBIG || r->err == STS_ETRUNCATED);
		require(r->error.code == r->err && r->error.msg[0] != '\0');
	}
	again = sts_http_response_feed(&r->p, "HTTP/1.1 200 OK\r\n\r\n", 19, &used, NULL);
	require(again == r->err && used == 0);
	require(sts_http_response_eof(&r->p, true, NULL) == r->err);
}

static bool same_slice(const struct run *a, struct sts_slice x, const struct run *b,
		       struct sts_slice y)
{
	return x.len == y.len && (x.len == 0 || x.data - a->head == y.data - b->head);
}

static void require_same(const struct run *a, const struct run *b)
{
	const struct sts_http_head *x = &a->p.head, *y = &b->p.head;

	require(a->err == b->err && a->total == b->total &&
		strcmp(a->error.msg, b->error.msg) == 0);
	require(x->status == y->status && x->content_length == y->content_length);
	require(same_slice(a, x->location, b, y->location) && same_slice(a, x->date, b, y->date));
	require(same_slice(a, x->retry_after, b, y->retry_after));
	require(memcmp(a->head, b->head, HEAD_BYTES) == 0);
	require(a->p.body_len == b->p.body_len && memcmp(a->body, b->body, BODY_BYTES) == 0);
}

static void check_chunked(const struct run *r, uint32_t seed)
{
	static char text[BODY_BYTES * 8 + 256];
	static struct run chunked;
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_add_str(&t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t done = 0, len; done < r->p.body_len; done += len) {
		len = piece_bytes(&seed);
		if (len > r->p.body_len - done)
			len = r->p.body_len - done;
		sts_text_addf(&t, "%zx\r\n", len);
		sts_text_add(&t, r->body + done, len);
		sts_text_add_str(&t, "\r\n");
	}
	sts_text_add_str(&t, "0\r\n\r\n");
	require(!t.overflow);
	converse(&chunked, 0, seed | 2, text, t.len);
	require(chunked.err == STS_OK && chunked.p.body_len == r->p.body_len);
	require(memcmp(chunked.body, r->body, r->p.body_len) == 0);
}

static size_t count_lines(const char *z)
{
	size_t count = 0;

	for (; *z; z++)
		count += *z == '\n' || *z == '\r';
	return count;
}

/* Send the input as a header: name, colon, value. */
static void check_request(const char *data, size_t size)
{
	static char out[8192];
	const char *colon = size > 0 ? memchr(data, ':', size) : NULL;
	struct sts_slice name, value;
	struct sts_text t;

	if (!colon)
		return;
	name = (struct sts_slice){data, (size_t)(colon - data)};
	value = (struct sts_slice){colon + 1, size - name.len - 1};
	if (!sts_http_name_allowed(name) || !sts_http_value_allowed(value))
		return;
	sts_text_init(&t, out, sizeof(out));
	sts_http_request_start(&t, "GET", STS_SLICE("h"), STS_SLICE("/"), "agent", "*/*");
	sts_http_request_header(&t, name, value);
	sts_http_request_end(&t, NULL, 0);
	require(t.overflow || (strlen(out) == t.len && count_lines(out) == 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, bytes, pieces;
	const char *text = (const char *)data + 2;

	if (size < 2)
		return 0;
	size -= 2;
	converse(&whole, data[0], 0, text, size);
	converse(&bytes, data[0], 1, text, size);
	converse(&pieces, data[0], data[1] + 2u, text, size);
	require_same(&whole, &bytes);
	require_same(&whole, &pieces);
	check_run(&whole);
	if (whole.err == STS_OK)
		check_chunked(&whole, data[1]);
	check_request(text, size);
	return 0;
}
