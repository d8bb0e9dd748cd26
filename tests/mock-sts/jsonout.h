/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of JSON, or of XML with an element for each member. It asks the active fault about each
 * member, so that any field of any answer can be left out, written twice, or replaced by a value of
 * another type.
 */
#ifndef MOCK_JSONOUT_H
#define MOCK_JSONOUT_H

#include "base/text.h"
#include "fault.h"

struct mock_json {
	struct sts_text *out;
	const struct mock_fault *fault; /* NULL: nothing is bent */
	bool html; /* escape = & < > ' as \u003d and so on, as OpenUnison's writer does */
	bool comma;
	const char *xmlns; /* XML with this namespace; NULL: JSON */
	const char *open[8];
	size_t depth;
};

void mock_json_init(struct mock_json *j, struct sts_text *out, const struct mock_fault *fault,
		    bool html);
/* The same as XML, with a declaration before it. */
void mock_json_init_xml(struct mock_json *j, struct sts_text *out, const struct mock_fault *fault,
			const char *xmlns);
/* Open an object, as a member if `name` is not NULL. Returns false, with nothing written, if the
 * fault leaves the member out. */
bool mock_json_open(struct mock_json *j, const char *name);
void mock_json_close(struct mock_json *j);
void mock_json_string(struct mock_json *j, const char *name, struct sts_slice value);
void mock_json_z(struct mock_json *j, const char *name, const char *value);
void mock_json_int(struct mock_json *j, const char *name, int64_t value);
/* Write JSON (or XML) text as it is. */
void mock_json_raw(struct mock_json *j, const char *name, struct sts_slice json);

/* Write a quoted string. */
void mock_json_add_string(struct sts_text *t, struct sts_slice s, bool html);

#endif
