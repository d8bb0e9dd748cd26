/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum fault_kind { INT, FLAG, TEXT };

static const struct fault_row {
	const char *name;
	enum fault_kind kind;
	bool early;
	const char *help;
} rows[] = {
	{"times", INT, false,
	 "apply to this many requests (connections, for a fault that acts before the request); "
	 "else for ever"},
	{"after", INT, false, "let this many pass first"},
	{"chance", INT, false, "apply to so many of a hundred, at random"},
	{"path", TEXT, false,
	 "only where the request's path starts so; not for faults that act before the request"},
	{"method", TEXT, false, "only for this method"},

	{"delay_accept_ms", INT, true, "wait before reading the first byte of a connection"},
	{"close_accept", FLAG, true, "close at once, without a byte"},
	{"tls_alert", INT, true,
	 "answer the ClientHello with this fatal alert (40 handshake_failure, 70 "
	 "protocol_version)"},
	{"tls_garbage", INT, true, "answer the ClientHello with this many random bytes"},
	{"delay_handshake_ms", INT, true,
	 "wait in the middle of the handshake, after the server's first flight"},
	{"close_handshake", FLAG, true,
	 "close in the middle of the handshake, after the server's first flight"},
	{"delay_request_ms", INT, true, "wait before reading the request"},

	{"delay_head_ms", INT, false, "wait before the first byte of the answer"},
	{"delay_body_ms", INT, false, "wait between head and body"},
	{"delay_byte_ms", INT, false,
	 "wait before each byte of the answer, each in a record of its own"},

	{"status", INT, false,
	 "this status in place of the answer; the body is empty, or as the following say"},
	{"reason", TEXT, false, "the reason phrase"},
	{"error", TEXT, false, "an OAuth error body with this code (status 400 if none is given)"},
	{"error_description", TEXT, false, "its description"},
	{"echo", FLAG, false,
	 "put the subject token into the error's description, a header and the reason phrase"},
	{"retry_after", TEXT, false, "a Retry-After header"},
	{"redirect", TEXT, false, "a redirect to here (302, or the given status)"},
	{"html", FLAG, false, "an HTML page as the body (200, or the given status)"},
	{"empty", FLAG, false, "no body (200, or the given status)"},
	{"body", TEXT, false, "this body (200, or the given status)"},
	{"content_type", TEXT, false, "this Content-Type; none when empty"},
	{"header", TEXT, false, "a further header, \"Name: value\"; may be repeated"},
	{"interim", INT, false, "this many 103 answers before the real one"},
	{"head_pad", INT, false, "a further header of this many bytes"},
	{"date", TEXT, false, "this text as the Date; none when empty"},
	{"date_skew_s", INT, false, "shift the Date header only"},

	{"raw", TEXT, false, "these bytes in place of head and body"},
	{"garbage", INT, false, "this many random bytes in place of head and body"},
	{"huge", INT, false, "this many spaces before the body"},
	{"framing", TEXT, false,
	 "length (as usual), chunked, close, both, none (no length, and no close)"},
	{"chunk_sizes", TEXT, false, "sizes of the chunks in turn, as \"1,7,100\" (64)"},
	{"chunk_ext", FLAG, false, "a chunk extension on every chunk"},
	{"trailer", FLAG, false, "a trailer section after the last chunk"},
	{"length_delta", INT, false, "lie about the Content-Length by this much"},
	{"truncate", INT, false, "only this many bytes of the answer, then close"},
	{"truncate_body", INT, false, "the head and this many bytes of what follows, then close"},
	{"close", TEXT, false,
	 "how a connection ends: notify, abrupt (no close_notify), reset, hold (never); truncated "
	 "ones: abrupt"},

	{"omit", TEXT, false,
	 "leave out these members, as \"jwt,expires\", at whatever depth they are"},
	{"xml", FLAG, false, "aws: answer in XML, whatever Accept says"},
	{"dup", TEXT, false, "write these members twice"},
	{"set", TEXT, false, "MEMBER:JSON: replace a member's value; may be repeated"},
	{"token_insert", TEXT, false, "put this text into the middle of the token"},
	{"lifetime_s", INT, false, "lifetime of the token; may be zero or negative"},
	{"once", TEXT, false,
	 "accept each subject token once (by its jti); refuse it then as this server does: "
	 "keycloak, fosite, anthropic"},
	{"clock_s", INT, false, "shift the whole clock for this answer: Date, expiry, claims"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Decode one name or value to *at, NUL-terminated; moves *at past it. */
static bool decode(struct sts_slice in, char **at, const char *end, struct sts_slice *out)
{
	char *p = *at;

	out->data = p;
	for (size_t i = 0; i < in.len; i++) {
		char c = in.data[i];

		if (p + 1 >= end)
			return false;
		if (c == '%') {
			if (in.len - i < 3 || hex(in.data[i + 1]) < 0 || hex(in.data[i + 2]) < 0)
				return false;
			c = (char)(hex(in.data[i + 1]) << 4 | hex(in.data[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		*p++ = c;
	}
	if (p >= end)
		return false;
	out->len = (size_t)(p - out->data);
	*p++ = 0;
	*at = p;
	return true;
}

bool mock_params_decode(struct mock_params *params, struct sts_slice text, char *buf, size_t size)
{
	char *end = buf + size;

	params->count = 0;
	while (text.len > 0) {
		const char *amp = memchr(text.data, '&', text.len);
		struct sts_slice pair = {text.data, amp ? (size_t)(amp - text.data) : text.len};
		size_t skip = pair.len + (amp != NULL);
		const char *eq = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
		struct sts_slice name = {pair.data, eq ? (size_t)(eq - pair.data) : pair.len};
		struct sts_slice value = eq ? (struct sts_slice){eq + 1, pair.len - name.len - 1}
					    : (struct sts_slice){"", 0};

		text.data += skip;
		text.len -= skip;
		if (pair.len == 0)
			continue;
		if (params->count == MOCK_FAULT_PARAMS)
			return false;
		struct mock_param *param = &params->param[params->count++];
		if (!decode(name, &buf, end, &param->name) ||
		    !decode(value, &buf, end, &param->value))
			return false;
	}
	return true;
}

const struct sts_slice *mock_params_get(const struct mock_params *params, const char *name,
					size_t at)
{
	for (size_t i = 0; i < params->count; i++)
		if (sts_slice_eq(params->param[i].name, name) && at-- == 0)
			return &params->param[i].value;
	return NULL;
}

static bool is_int(const char *z)
{
	char *end;

	strtoll(z, &end, 10);
	return *z && *end == 0;
}

static const struct fault_row *find(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool mock_fault_parse(struct mock_fault *fault, struct sts_slice spec, char *why, size_t why_size)
{
	if (spec.len > MOCK_FAULT_BYTES ||
	    !mock_params_decode(&fault->params, spec, fault->buf, sizeof(fault->buf))) {
		snprintf(why, why_size, "malformed, or too much of it");
		return false;
	}
	for (size_t i = 0; i < fault->params.count; i++) {
		const struct mock_param *param = &fault->params.param[i];
		const struct fault_row *row = find(param->name.data);

		if (!row) {
			snprintf(why, why_size, "no fault has a parameter \"%.40s\"",
				 param->name.data);
			return false;
		}
		if (row->kind == INT && !is_int(param->value.data)) {
			snprintf(why, why_size, "%s wants a number", row->name);
			return false;
		}
	}
	if (mock_fault_early(fault) &&
	    (mock_fault_text(fault, "path") || mock_fault_text(fault, "method"))) {
		snprintf(why, why_size,
			 "a fault that acts before the request cannot know its path");
		return false;
	}
	return true;
}

const char *mock_fault_text(const struct mock_fault *fault, const char *name)
{
	const struct sts_slice *value = mock_params_get(&fault->params, name, 0);

	return value ? value->data : NULL;
}

bool mock_fault_on(const struct mock_fault *fault, const char *name)
{
	const char *text = mock_fault_text(fault, name);

	return text && strcmp(text, "0") != 0;
}

int64_t mock_fault_int(const struct mock_fault *fault, const char *name, int64_t otherwise)
{
	const char *text = mock_fault_text(fault, name);

	return text ? strtoll(text, NULL, 10) : otherwise;
}

bool mock_fault_lists(const struct mock_fault *fault, const char *name, const char *word)
{
	const char *list = mock_fault_text(fault, name);
	size_t len = strlen(word);

	while (list && *list) {
		size_t here = strcspn(list, ",");

		if (here == len && memcmp(list, word, len) == 0)
			return true;
		list += here + (list[here] == ',');
	}
	return false;
}

const char *mock_fault_set(const struct mock_fault *fault, const char *member)
{
	const struct sts_slice *value;
	size_t len = strlen(member);

	for (size_t at = 0; (value = mock_params_get(&fault->params, "set", at)) != NULL; at++)
		if (sts_slice_starts(*value, member) && value->data[len] == ':')
			return value->data + len + 1;
	return NULL;
}

bool mock_fault_early(const struct mock_fault *fault)
{
	for (size_t i = 0; i < fault->params.count; i++) {
		const struct fault_row *row = find(fault->params.param[i].name.data);

		if (row && row->early)
			return true;
	}
	return false;
}

void mock_fault_print_table(void)
{
	static const char *const values[] = {[INT] = "N", [FLAG] = "1", [TEXT] = "TEXT"};

	for (size_t i = 0; i < ROWS; i++)
		printf("%s=%-*s %s\n", rows[i].name, (int)(20 - strlen(rows[i].name)),
		       values[rows[i].kind], rows[i].help);
}

bool mock_slots_add(struct mock_fault_slots *slots, const struct mock_fault *fault,
		    struct sts_slice spec)
{
	if (slots->count == MOCK_FAULT_SLOTS)
		return false;
	struct mock_fault_slot *slot = &slots->slot[slots->count++];

	slot->times = mock_fault_int(fault, "times", -1);
	slot->after = mock_fault_int(fault, "after", 0);
	slot->used = 0;
	slot->len = spec.len;
	memcpy(slot->spec, spec.data, spec.len);
	return true;
}

static bool matches(const struct mock_fault *fault, const char *method, const char *path)
{
	const char *want_path = mock_fault_text(fault, "path"),
		   *want_method = mock_fault_text(fault, "method");

	if (mock_fault_early(fault))
		return !path;
	if (!path)
		return false;
	return (!want_path || strncmp(path, want_path, strlen(want_path)) == 0) &&
	       (!want_method || strcmp(method, want_method) == 0);
}

static bool lucky(const struct mock_fault *fault)
{
	int64_t chance = mock_fault_int(fault, "chance", 100);
	uint32_t draw;

	if (chance >= 100)
		return true;
	mock_random(&draw, sizeof(draw));
	return draw % 100 < chance;
}

bool mock_slots_take(struct mock_fault_slots *slots, const char *method, const char *path,
		     struct mock_fault *fault)
{
	char why[128];

	for (size_t i = 0; i < slots->count; i++) {
		struct mock_fault_slot *slot = &slots->slot[i];

		if (slot->times == 0)
			continue;
		if (!mock_fault_parse(fault, (struct sts_slice){slot->spec, slot->len}, why,
				      sizeof(why)))
			continue;
		if (!matches(fault, method, path))
			continue;
		if (!lucky(fault))
			continue;
		if (slot->after > 0) {
			slot->after--;
			continue;
		}
		if (slot->times > 0)
			slot->times--;
		slot->used++;
		return true;
	}
	fault->params.count = 0;
	return false;
}
