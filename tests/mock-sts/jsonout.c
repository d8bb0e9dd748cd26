/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"

#include <stdio.h>
#include <string.h>

void mock_json_init(struct mock_json *j, struct sts_text *out, const struct mock_fault *fault,
		    bool html)
{
	*j = (struct mock_json){.out = out, .fault = fault, .html = html};
}

void mock_json_init_xml(struct mock_json *j, struct sts_text *out, const struct mock_fault *fault,
			const char *xmlns)
{
	*j = (struct mock_json){.out = out, .fault = fault, .xmlns = xmlns};
	sts_text_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

static void add_char(struct sts_text *t, char c, bool html)
{
	unsigned char u = (unsigned char)c;

	if (c == '"' || c == '\\') {
		sts_text_add_char(t, '\\');
		sts_text_add_char(t, c);
	} else if (c == '\n') {
		sts_text_add_str(t, "\\n");
	} else if (u < 0x20 || u == 0x7f || (html && strchr("=&<>'", c))) {
		sts_text_addf(t, "\\u%04x", u);
	} else {
		sts_text_add_char(t, c);
	}
}

void mock_json_add_string(struct sts_text *t, struct sts_slice s, bool html)
{
	sts_text_add_char(t, '"');
	for (size_t i = 0; i < s.len; i++)
		add_char(t, s.data[i], html);
	sts_text_add_char(t, '"');
}

static void add_xml(struct sts_text *t, struct sts_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("<>&", s.data[i]))
			sts_text_addf(t, "&#%d;", s.data[i]);
		else
			sts_text_add_char(t, s.data[i]);
}

static void put(struct mock_json *j, const char *name, struct sts_slice json)
{
	if (j->xmlns) {
		sts_text_addf(j->out, "<%s>", name);
		sts_text_add_slice(j->out, json);
		sts_text_addf(j->out, "</%s>", name);
		return;
	}
	if (j->comma)
		sts_text_add_char(j->out, ',');
	mock_json_add_string(j->out, sts_slice_of(name), j->html);
	sts_text_add_char(j->out, ':');
	sts_text_add_slice(j->out, json);
	j->comma = true;
}

/* Do with a member what the fault says. Returns true if it was left out or replaced. */
static bool bent(struct mock_json *j, const char *name)
{
	const char *raw;

	if (!j->fault || !name)
		return false;
	if (mock_fault_lists(j->fault, "dup", name))
		put(j, name, STS_SLICE("\"first of two\""));
	if (mock_fault_lists(j->fault, "omit", name))
		return true;
	raw = mock_fault_set(j->fault, name);
	if (raw)
		put(j, name, sts_slice_of(raw));
	return raw != NULL;
}

bool mock_json_open(struct mock_json *j, const char *name)
{
	if (bent(j, name))
		return false;
	if (j->depth < sizeof(j->open) / sizeof(j->open[0]))
		j->open[j->depth++] = name;
	if (j->xmlns && name && j->out->data[j->out->len - 1] == '\n')
		sts_text_addf(j->out, "<%s xmlns=\"%s\">", name, j->xmlns);
	else if (j->xmlns && name)
		sts_text_addf(j->out, "<%s>", name);
	if (j->xmlns)
		return true;
	if (name)
		put(j, name, STS_SLICE("{"));
	else
		sts_text_add_str(j->out, j->comma ? ",{" : "{");
	j->comma = false;
	return true;
}

void mock_json_close(struct mock_json *j)
{
	const char *name = j->depth > 0 ? j->open[--j->depth] : NULL;

	if (j->xmlns && name)
		sts_text_addf(j->out, "</%s>", name);
	if (j->xmlns)
		return;
	sts_text_add_char(j->out, '}');
	j->comma = true;
}

void mock_json_string(struct mock_json *j, const char *name, struct sts_slice value)
{
	if (bent(j, name))
		return;
	if (j->xmlns) {
		sts_text_addf(j->out, "<%s>", name);
		add_xml(j->out, value);
		sts_text_addf(j->out, "</%s>", name);
		return;
	}
	put(j, name, STS_SLICE(""));
	mock_json_add_string(j->out, value, j->html);
}

void mock_json_z(struct mock_json *j, const char *name, const char *value)
{
	mock_json_string(j, name, sts_slice_of(value));
}

void mock_json_int(struct mock_json *j, const char *name, int64_t value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	mock_json_raw(j, name, sts_slice_of(digits));
}

void mock_json_raw(struct mock_json *j, const char *name, struct sts_slice json)
{
	if (!bent(j, name))
		put(j, name, json);
}
