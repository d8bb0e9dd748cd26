/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/challenge.h"

#include <string.h>

/* Take the bytes off the front up to one of `ends`. */
static struct sts_slice take_until(struct sts_slice *rest, const char *ends)
{
	struct sts_slice taken = {rest->data, 0};

	while (taken.len < rest->len && !strchr(ends, taken.data[taken.len]))
		taken.len++;
	rest->data += taken.len;
	rest->len -= taken.len;
	return taken;
}

static bool take(struct sts_slice *rest, char c)
{
	if (rest->len == 0 || *rest->data != c)
		return false;
	rest->data++;
	rest->len--;
	return true;
}

static void skip(struct sts_slice *rest, const char *bytes)
{
	while (rest->len > 0 && strchr(bytes, *rest->data))
		take(rest, *rest->data);
}

/* Take the inside of a quoted string, whose first mark is behind us. */
static struct sts_slice take_quoted(struct sts_slice *rest)
{
	struct sts_slice taken = {rest->data, 0};

	while (taken.len < rest->len && taken.data[taken.len] != '"')
		taken.len += taken.data[taken.len] == '\\' && taken.len + 1 < rest->len ? 2 : 1;
	rest->data += taken.len;
	rest->len -= taken.len;
	take(rest, '"');
	return taken;
}

struct sts_http_challenge sts_http_challenge_read(struct sts_slice value)
{
	struct sts_http_challenge found = {0};
	bool is_unsure = false;

	for (skip(&value, " \t,"); value.len > 0; skip(&value, " \t,")) {
		struct sts_slice name = take_until(&value, " \t,=\"");

		skip(&value, " \t");
		if (!take(&value, '=')) {
			/* A word without a value is the scheme of the next challenge. */
			if (found.error.len + found.description.len > 0)
				break;
			if (take(&value, '"'))
				take_quoted(&value);
			continue;
		}
		skip(&value, " \t");
		struct sts_slice s = take(&value, '"') ? take_quoted(&value)
						       : take_until(&value, " \t,");

		if (sts_slice_eq_nocase(name, "error")) {
			is_unsure |= found.error.len > 0 && !sts_slice_same(found.error, s);
			found.error = s;
		} else if (sts_slice_eq_nocase(name, "error_description") &&
			   found.description.len == 0) {
			found.description = s;
		}
	}
	if (is_unsure)
		found.error.len = 0;
	return found;
}

struct sts_slice sts_http_unquote(struct sts_slice raw, char *out, size_t size)
{
	struct sts_slice text = {out, 0};

	for (size_t i = 0; i < raw.len && text.len < size; i++) {
		if (raw.data[i] == '\\' && i + 1 < raw.len)
			i++;
		out[text.len++] = raw.data[i];
	}
	return text;
}
