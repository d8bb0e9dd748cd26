/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/request.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool sts_http_is_token(struct sts_slice s)
{
	return s.len > 0 && sts_slice_has_only(s, "!#$%&'*+-.^_`|~");
}

bool sts_http_name_allowed(struct sts_slice name)
{
	static const char *const ours[] = {
		"host", "content-length", "transfer-encoding", "connection",
		"te",   "trailer",        "upgrade",           "expect",
	};
	static const char proxy[] = "proxy-";

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (sts_slice_eq_nocase(name, ours[i]))
			return false;
	if (name.len >= sizeof(proxy) - 1 &&
	    sts_slice_eq_nocase((struct sts_slice){name.data, sizeof(proxy) - 1}, proxy))
		return false;
	return sts_http_is_token(name);
}

bool sts_http_value_allowed(struct sts_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '\t' && (value.data[i] < ' ' || value.data[i] > '~'))
			return false;
	return value.len == 0 || (!is_blank(value.data[0]) && !is_blank(value.data[value.len - 1]));
}

static void add_header(struct sts_text *head, struct sts_slice name, struct sts_slice value)
{
	sts_text_add_slice(head, name);
	sts_text_add_str(head, ": ");
	sts_text_add_slice(head, value);
	sts_text_add_str(head, "\r\n");
}

void sts_http_request_start(struct sts_text *head, const char *method, struct sts_slice authority,
			    struct sts_slice target, const char *agent, const char *accept)
{
	sts_text_add_str(head, method);
	sts_text_add_char(head, ' ');
	sts_text_add_slice(head, target);
	sts_text_add_str(head, " HTTP/1.1\r\nHost: ");
	sts_text_add_slice(head, authority);
	sts_text_add_str(head, "\r\nUser-Agent: ");
	sts_text_add_str(head, agent);
	sts_text_add_str(head, "\r\nAccept: ");
	sts_text_add_str(head, accept);
	/* Without Accept-Encoding, a server may compress its response (RFC 9110 section 12.5.3). */
	sts_text_add_str(head, "\r\nAccept-Encoding: identity\r\nConnection: close\r\n");
}

void sts_http_request_header(struct sts_text *head, struct sts_slice name, struct sts_slice value)
{
	/* A header that is not allowed is a bug of the caller. The program ends, since a line break
	 * here could begin a second request. */
	if (!sts_http_name_allowed(name) || !sts_http_value_allowed(value))
		__builtin_trap();
	add_header(head, name, value);
}

void sts_http_request_end(struct sts_text *head, const char *content_type, size_t body_bytes)
{
	if (content_type) {
		add_header(head, STS_SLICE("Content-Type"), sts_slice_of(content_type));
		sts_text_addf(head, "Content-Length: %zu\r\n", body_bytes);
	}
	sts_text_add_str(head, "\r\n");
}
