/* SPDX-License-Identifier: Apache-2.0 */
#include "options/unknown.h"

#include <string.h>

#include "base/packed.h"
#include "options/option_table.h"
#include "protocol/table.h"

#define WORD_SHOWN_BYTES 40 /* of a word of the command line in a message, escaped */
#define MEANT_MAX        3  /* of the options that a message proposes */

enum sts_err sts_unknown(const char *what, struct sts_slice word, const char *near,
			 struct sts_error *e)
{
	return sts_fail(e, STS_EUSAGE, 0,
			near ? "unknown %s \"%s\": did you mean %s?" : "unknown %s \"%s\"", what,
			sts_shown(word, WORD_SHOWN_BYTES), near);
}

/* Add the commands that have an option. Returns whether there are any. */
static bool add_takers(struct sts_text *out, struct sts_slice name)
{
	unsigned takers = 0; /* bits of enum sts_command */

	for (size_t i = 0; i < sts_command_count; i++)
		takers |= (unsigned)(sts_option_find(name, 1u << i) != NULL) << i;
	sts_text_addf(out, "--%s is an option of", sts_shown(name, WORD_SHOWN_BYTES));
	for (unsigned left = takers; left != 0; left &= left - 1) {
		const struct sts_command_row *row = &sts_command_table[__builtin_ctz(left)];

		sts_text_addf(out, "%s %s",
			      left == takers      ? ""
			      : left & (left - 1) ? ","
						  : " and",
			      sts_command_text(row, STS_COMMAND_NAME));
	}
	return takers != 0;
}

/* Add an option that may be meant. Returns the new count of them. */
static unsigned add_name(struct sts_text *out, unsigned count, const char *name)
{
	sts_text_addf(out, count == 0 ? ": did you mean --%s" : " or --%s", name);
	return count + 1;
}

/* Add the options that may be meant: the nearest one, and some that begin with the word. */
static void add_meant(struct sts_text *out, struct sts_slice word, unsigned command)
{
	const char *near = sts_option_nearest(word, command, STS_OPTION_COMMAND_LINE, NULL);
	unsigned count = near ? add_name(out, 0, near) : 0;

	for (size_t i = 0; i < sts_option_count && count < MEANT_MAX && word.len > 0; i++) {
		const char *name = sts_option_text(&sts_option_table[i], STS_OPTION_NAME);

		if ((sts_option_table[i].commands & command) && name != near &&
		    strncmp(name, word.data, word.len) == 0)
			count = add_name(out, count, name);
	}
	if (count > 0)
		sts_text_add_char(out, '?');
}

enum sts_err sts_unknown_option(const char *word, unsigned command, struct sts_error *e)
{
	struct sts_slice typed = {word, strcspn(word, "=")}, name = typed;
	const char *said;
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text text;

	while (name.len > 0 && name.data[0] == '-')
		name = (struct sts_slice){name.data + 1, name.len - 1};
	said = sts_option_absent(name, command);
	sts_text_init(&text, msg, sizeof(msg));
	if (!said && !sts_option_find(name, command) && add_takers(&text, name)) {
		sts_text_addf(&text, ", not of %s",
			      sts_command_text(&sts_command_table[31 - __builtin_clz(command)],
					       STS_COMMAND_NAME));
	} else {
		sts_text_init(&text, msg, sizeof(msg));
		sts_text_addf(&text, said ? "unknown option \"%s\": %s" : "unknown option \"%s\"",
			      sts_shown(typed, WORD_SHOWN_BYTES), said);
		if (!said)
			add_meant(&text, name, command);
	}
	return sts_fail(e, STS_EUSAGE, 0, "%s", msg);
}

enum sts_err sts_unknown_protocol(const char *name, struct sts_error *e)
{
	const char *near = sts_protocol_nearest(sts_slice_of(name));

	if (near)
		return sts_unknown("protocol", sts_slice_of(name), near, e);
	return sts_fail(e, STS_EUSAGE, 0, "unknown protocol \"%s\": %s",
			sts_shown_str(name, WORD_SHOWN_BYTES),
			sts_words("sts-sidecar protocols lists them"));
}
