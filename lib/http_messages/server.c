/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/server.h"

/* Returns 0 for HTTP/1.x, else the status for the response. */
static int check_version(struct sts_slice version)
{
	if (!sts_slice_take_prefix(&version, "HTTP/") || version.len != 3 || version.data[1] != '.')
		return 400;
	return version.data[0] == '1' ? 0 : 505;
}

/* Find the path in "/metrics?x" or "http://host/metrics?x". A server must accept both forms (RFC
 * 9112 section 3.2.2). */
static void find_path(struct sts_http_server *r, struct sts_slice target)
{
	if (sts_slice_take_prefix(&target, "http://")) {
		sts_slice_cut(&target, '/');
		if (target.data) /* the path begins with the slash */
			target = (struct sts_slice){target.data - 1, target.len + 1};
	}
	target = sts_slice_cut(&target, '?');
	r->path_at = target.len > 0 ? (uint16_t)(target.data - r->line) : 0;
	r->path_len = (uint16_t)target.len;
}

/* Read the request line. Returns 0 to go on with the header, else the status for the response. */
static int end_line(struct sts_http_server *r)
{
	struct sts_slice line = {r->line, r->line_len}, method, target;
	int status;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	r->line_len = 0;
	/* An empty line before the request is passed over (RFC 9112 section 2.2). */
	if (line.len == 0)
		return 0;
	method = sts_slice_cut(&line, ' ');
	target = sts_slice_cut(&line, ' ');
	status = check_version(line);
	if (status)
		return status;
	if (method.len == 0 || target.len == 0)
		return 400;
	r->head = sts_slice_eq(method, "HEAD");
	if (!r->head && !sts_slice_eq(method, "GET"))
		return 405;
	find_path(r, target);
	r->in_header = true;
	return 0;
}

static int take_line_byte(struct sts_http_server *r, char c)
{
	if (c == '\n')
		return end_line(r);
	/* A carriage return may only be the last byte of a line. */
	if ((c < ' ' && c != '\r') || c > '~' ||
	    (r->line_len > 0 && r->line[r->line_len - 1] == '\r'))
		return 400;
	if (r->line_len == sizeof(r->line))
		return 414;
	r->line[r->line_len++] = c;
	return 0;
}

/* Only the end of the header matters, which is an empty line. */
static int take_header_byte(struct sts_http_server *r, char c)
{
	if (c == '\n' && !r->in_field)
		return 200;
	if (c == '\0')
		return 400;
	r->in_field = c != '\n' && (r->in_field || c != '\r');
	return 0;
}

int sts_http_server_feed(struct sts_http_server *r, const char *data, size_t len)
{
	int status = 0;

	for (size_t i = 0; i < len && !status; i++) {
		if (r->taken++ == STS_HTTP_SERVER_MAX_BYTES)
			return 431;
		status = r->in_header ? take_header_byte(r, data[i]) : take_line_byte(r, data[i]);
	}
	return status;
}

struct sts_slice sts_http_server_path(const struct sts_http_server *r)
{
	return (struct sts_slice){r->line + r->path_at, r->path_len};
}

const char *sts_http_server_status(int status)
{
	static const char statuses[] = "200 OK\0"
				       "400 Bad Request\0"
				       "404 Not Found\0"
				       "405 Method Not Allowed\0"
				       "414 URI Too Long\0"
				       "431 Request Header Fields Too Large\0"
				       "503 Service Unavailable\0"
				       "505 HTTP Version Not Supported\0";
	const char *at = statuses;

	while (*at && (at[0] - '0') * 100 + (at[1] - '0') * 10 + at[2] - '0' != status)
		at = sts_text_at(at, 1);
	return *at ? at : "500 Internal Server Error";
}
