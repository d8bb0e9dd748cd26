/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/challenge.h"

#include <string.h>

/* Take the bytes off the front that are among `bytes`, or those that are not. */
static struct sts_slice take_run(struct sts_slice *rest, const char *bytes, bool among)
{
	struct sts_slice taken = {rest->data, 0};

	while (taken.len < rest->len && !strchr(bytes, taken.data[taken.len]) != among)
		taken.len++;
	rest->data += taken.len;
	rest->len -= taken.len;
	return taken;
}

/* Take the inside of a quoted string, whose first mark is behind us. */
static struct sts_slice take_quoted(struct sts_slice *rest)
{
	struct sts_slice taken = {rest->data, 0};

	while (taken.len < rest->len && taken.data[taken.len] != '"')
		taken.len += taken.data[taken.len] == '\\' && taken.len + 1 < rest->len ? 2 : 1;
	rest->data += taken.len;
	rest->len -= taken.len;
	sts_slice_take_prefix(rest, "\"");
	return taken;
}

struct sts_http_challenge sts_http_challenge_read(struct sts_slice value)
{
	struct sts_http_challenge found = {0};
	bool is_unsure = false;

	if (value.len == 0)
		return found;
	for (take_run(&value, " \t,", true); value.len > 0; take_run(&value, " \t,", true)) {
		struct sts_slice name = take_run(&value, " \t,=\"", false);

		take_run(&value, " \t", true);
		if (!sts_slice_take_prefix(&value, "=")) {
			/* A word without a value is the scheme of the next challenge. */
			if (found.error.len + found.description.len > 0)
				break;
			if (sts_slice_take_prefix(&value, "\""))
				take_quoted(&value);
			continue;
		}
		take_run(&value, " \t", true);
		struct sts_slice s = sts_slice_take_prefix(&value, "\"")
					     ? take_quoted(&value)
					     : take_run(&value, " \t,", false);

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
