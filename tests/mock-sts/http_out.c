/* SPDX-License-Identifier: Apache-2.0 */
#include "http_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct reason {
	int status;
	const char *phrase;
} reasons[] = {
	{200, "OK"},
	{204, "No Content"},
	{302, "Found"},
	{307, "Temporary Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{425, "Too Early"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return "Status";
}

void mock_reply_init(struct mock_reply *reply, int status, const char *content_type)
{
	reply->status = status;
	reply->content_type = content_type;
	reply->reason = NULL;
	reply->sent = 0;
	reply->complete = false;
	reply->end = MOCK_END_NOTIFY;
	sts_text_init(&reply->head, reply->head_buf, sizeof(reply->head_buf));
	sts_text_init(&reply->body, reply->body_buf, sizeof(reply->body_buf));
}

void mock_reply_header(struct mock_reply *reply, const char *name, struct sts_slice value)
{
	sts_text_addf(&reply->head, "%s: ", name);
	sts_text_add_slice(&reply->head, value);
	sts_text_add_str(&reply->head, "\r\n");
}

/* ---- the sink ---- */

struct sink {
	struct mock_conn *conn;
	int64_t left; /* until truncation; -1: no end */
	int64_t byte_delay_ms;
	uint64_t sent;
};

/* Returns false if nothing more may be sent. */
static bool sink_write(struct sink *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	bool cut = s->left >= 0 && (uint64_t)s->left < len;

	if (cut)
		len = (size_t)s->left;
	if (s->left >= 0)
		s->left -= (int64_t)len;
	for (size_t at = 0; at < len;) {
		size_t n = s->byte_delay_ms > 0 ? 1 : len - at;

		mock_sleep_ms(s->byte_delay_ms);
		if (!mock_conn_write(s->conn, p + at, n) ||
		    (s->byte_delay_ms > 0 && !mock_conn_flush(s->conn)))
			return false;
		at += n;
		s->sent += n;
	}
	return !cut;
}

static bool sink_text(struct sink *s, const struct sts_text *t)
{
	return sink_write(s, t->data, t->len);
}

static bool sink_spaces(struct sink *s, int64_t count)
{
	static char spaces[16384];

	memset(spaces, ' ', sizeof(spaces));
	for (; count > 0; count -= (int64_t)sizeof(spaces))
		if (!sink_write(s, spaces,
				count < (int64_t)sizeof(spaces) ? (size_t)count : sizeof(spaces)))
			return false;
	return true;
}

static bool sink_garbage(struct sink *s, int64_t count)
{
	uint8_t junk[4096];

	for (; count > 0; count -= (int64_t)sizeof(junk)) {
		mock_random(junk, sizeof(junk));
		if (!sink_write(s, junk,
				count < (int64_t)sizeof(junk) ? (size_t)count : sizeof(junk)))
			return false;
	}
	return true;
}

/* ---- framing ---- */

enum framing { LENGTH, CHUNKED, CLOSE, BOTH, NONE };

static enum framing framing_of(const struct mock_fault *fault)
{
	static const char *const names[] = {[LENGTH] = "length",
					    [CHUNKED] = "chunked",
					    [CLOSE] = "close",
					    [BOTH] = "both",
					    [NONE] = "none"};
	const char *text = mock_fault_text(fault, "framing");

	for (int i = LENGTH; text && i <= NONE; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum framing)i;
	return LENGTH;
}

/* The next size of a list such as "1,7,100", which starts again at its end. */
static size_t next_chunk(const char *list, const char **at)
{
	char *end;

	if (!*at || !**at)
		*at = list;
	unsigned long size = strtoul(*at, &end, 10);
	*at = *end == ',' ? end + 1 : "";
	return size > 0 ? size : 1;
}

static bool send_huge_chunk(struct sink *s, const struct mock_fault *fault)
{
	int64_t huge = mock_fault_int(fault, "huge", 0);
	char line[32];
	struct sts_text t;

	if (huge <= 0)
		return true;
	sts_text_init(&t, line, sizeof(line));
	sts_text_addf(&t, "%" PRIx64 "\r\n", huge);
	return sink_text(s, &t) && sink_spaces(s, huge) && sink_write(s, "\r\n", 2);
}

static bool send_chunks(struct sink *s, struct sts_slice body, const struct mock_fault *fault)
{
	const char *sizes = mock_fault_text(fault, "chunk_sizes"), *at = NULL;
	const char *ext = mock_fault_on(fault, "chunk_ext") ? ";name=\"va;lue\"" : "";
	char line[64];
	struct sts_text t;

	while (body.len > 0) {
		size_t n = next_chunk(sizes && *sizes ? sizes : "64", &at);

		if (n > body.len)
			n = body.len;
		sts_text_init(&t, line, sizeof(line));
		sts_text_addf(&t, "%zx%s\r\n", n, ext);
		if (!sink_text(s, &t) || !sink_write(s, body.data, n) || !sink_write(s, "\r\n", 2))
			return false;
		body.data += n;
		body.len -= n;
	}
	sts_text_init(&t, line, sizeof(line));
	sts_text_addf(&t, "0%s\r\n%s\r\n", ext,
		      mock_fault_on(fault, "trailer") ? "X-Trailer: yes\r\n" : "");
	return sink_text(s, &t);
}

static void head_date(struct sts_text *t, const struct mock_fault *fault, int64_t now_ms)
{
	const char *date = mock_fault_text(fault, "date");

	if (date && !*date)
		return;
	sts_text_add_str(t, "Date: ");
	if (date)
		sts_text_add_str(t, date);
	else
		mock_add_httpdate(t, now_ms / 1000 + mock_fault_int(fault, "date_skew_s", 0));
	sts_text_add_str(t, "\r\n");
}

static void head_extra(struct sts_text *t, const struct mock_fault *fault)
{
	const struct sts_slice *header;
	int64_t pad = mock_fault_int(fault, "head_pad", 0);

	for (size_t at = 0; (header = mock_params_get(&fault->params, "header", at)) != NULL;
	     at++) {
		sts_text_add_slice(t, *header);
		sts_text_add_str(t, "\r\n");
	}
	if (pad <= 0)
		return;
	sts_text_add_str(t, "X-Pad: ");
	for (; pad > 0 && !t->overflow; pad--)
		sts_text_add_char(t, 'x');
	sts_text_add_str(t, "\r\n");
}

static void build_head(struct sts_text *t, const struct mock_reply *reply,
		       const struct mock_fault *fault, int64_t body_len, int64_t now_ms)
{
	enum framing framing = framing_of(fault);
	int64_t interim = mock_fault_int(fault, "interim", 0);

	for (; interim > 0 && !t->overflow; interim--)
		sts_text_add_str(t, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
	sts_text_addf(t, "HTTP/1.1 %d %s\r\n", reply->status,
		      reply->reason ? reply->reason : reason_of(reply->status));
	head_date(t, fault, now_ms);
	if (reply->content_type && *reply->content_type)
		sts_text_addf(t, "Content-Type: %s\r\n", reply->content_type);
	sts_text_add(t, reply->head.data, reply->head.len);
	head_extra(t, fault);
	if (framing == CHUNKED || framing == BOTH)
		sts_text_add_str(t, "Transfer-Encoding: chunked\r\n");
	if (framing == LENGTH || framing == BOTH)
		sts_text_addf(t, "Content-Length: %" PRId64 "\r\n",
			      body_len + mock_fault_int(fault, "length_delta", 0));
	sts_text_addf(t, "Connection: %s\r\n\r\n", reply->keep_alive ? "keep-alive" : "close");
}

static bool send_body(struct sink *s, const struct mock_reply *reply,
		      const struct mock_fault *fault)
{
	struct sts_slice body = {reply->body.data, reply->body.len};
	enum framing framing = framing_of(fault);

	if (framing == CHUNKED || framing == BOTH)
		return send_huge_chunk(s, fault) && send_chunks(s, body, fault);
	return sink_spaces(s, mock_fault_int(fault, "huge", 0)) &&
	       sink_write(s, body.data, body.len);
}

static enum mock_end end_of(const struct mock_fault *fault, bool cut)
{
	static const char *const names[] = {[MOCK_END_NOTIFY] = "notify",
					    [MOCK_END_ABRUPT] = "abrupt",
					    [MOCK_END_RESET] = "reset",
					    [MOCK_END_HOLD] = "hold"};
	const char *text = mock_fault_text(fault, "close");

	for (int i = MOCK_END_NOTIFY; text && i <= MOCK_END_HOLD; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum mock_end)i;
	return cut ? MOCK_END_ABRUPT : MOCK_END_NOTIFY;
}

/* Send the whole answer, as far as the sink allows. */
static bool send_answer(struct sink *s, const struct mock_reply *reply,
			const struct mock_request *request, const struct mock_fault *fault,
			int64_t now_ms)
{
	static char head_buf[512 * 1024];
	const struct sts_slice *raw = mock_params_get(&fault->params, "raw", 0);
	int64_t garbage = mock_fault_int(fault, "garbage", 0);
	struct sts_text head;

	if (raw || garbage > 0)
		return raw ? sink_write(s, raw->data, raw->len) : sink_garbage(s, garbage);
	sts_text_init(&head, head_buf, sizeof(head_buf));
	build_head(&head, reply, fault, (int64_t)reply->body.len + mock_fault_int(fault, "huge", 0),
		   now_ms);
	if (!sink_text(s, &head))
		return false;
	if (mock_fault_on(fault, "delay_body_ms")) {
		mock_conn_flush(s->conn);
		mock_sleep_ms(mock_fault_int(fault, "delay_body_ms", 0));
	}
	if (mock_fault_text(fault, "truncate_body"))
		s->left = mock_fault_int(fault, "truncate_body", 0);
	if (request->method && strcmp(request->method, "HEAD") == 0)
		return true;
	return send_body(s, reply, fault);
}

void mock_reply_send(struct mock_reply *reply, struct mock_conn *c,
		     const struct mock_request *request, const struct mock_fault *fault,
		     int64_t now_ms)
{
	struct sink s = {c, mock_fault_int(fault, "truncate", -1),
			 mock_fault_int(fault, "delay_byte_ms", 0), 0};
	enum framing framing = framing_of(fault);
	bool raw = mock_fault_text(fault, "raw") || mock_fault_on(fault, "garbage") ||
		   mock_fault_on(fault, "length_delta");

	reply->keep_alive = request->keep_alive && !request->wrong &&
			    (framing == LENGTH || framing == CHUNKED) && !raw &&
			    !mock_fault_text(fault, "close");
	mock_sleep_ms(mock_fault_int(fault, "delay_head_ms", 0));
	bool all = send_answer(&s, reply, request, fault, now_ms);
	reply->complete = mock_conn_flush(c) && all;
	reply->sent = s.sent;
	if (!reply->complete)
		reply->keep_alive = false;
	reply->end = end_of(fault, !all);
	if (framing == NONE && !mock_fault_text(fault, "close"))
		reply->end = MOCK_END_HOLD;
}
