/* SPDX-License-Identifier: Apache-2.0 */
#include "other_commands/help.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/packed.h"
#include "log/print.h"

#define HELP_MAX_BYTES (16 * 1024)
#define WIDTH          80 /* columns; tools/tables/commands.py has it, too */
#define LIST_COLUMN    13 /* where the list of commands has its sentences; the same */
#define OPTION_COLUMN  28 /* where the help texts of options begin */
#define STATUS_COLUMN  6  /* where the meanings of exit statuses begin */

static char buf[HELP_MAX_BYTES];

static size_t column(const struct sts_text *out)
{
	const char *line = memrchr(out->data, '\n', out->len);

	return (size_t)(out->data + out->len - (line ? line + 1 : out->data));
}

/* Add words to a line that has some columns already. What does not fit goes on in lines that begin
 * at the column `indent`. The space before the first word is left out at the start of a line. */
static void add_words(struct sts_text *out, size_t indent, struct sts_slice words)
{
	struct sts_slice word;

	while (sts_slice_take_word(&words, &word)) {
		if (column(out) + 1 + word.len > WIDTH)
			sts_text_add_char(out, '\n');
		do
			if (column(out) > 0 || indent > 0)
				sts_text_add_char(out, ' ');
		while (column(out) < indent && !out->overflow);
		sts_text_add_slice(out, word);
	}
}

static void add_option(struct sts_text *out, const struct sts_option *option)
{
	const char *metavar = sts_option_text(option, STS_OPTION_METAVAR);
	const char *fallback = sts_option_text(option, STS_OPTION_DEFAULT);
	char line[256];
	struct sts_text text;

	sts_text_addf(out, "  --%s %s", sts_option_text(option, STS_OPTION_NAME), metavar);
	out->len -= *metavar == '\0';
	if (column(out) >= OPTION_COLUMN)
		sts_text_add_char(out, '\n');
	sts_text_init(&text, line, sizeof(line));
	sts_text_addf(&text, *fallback ? "%s [%s]" : "%s", sts_option_text(option, STS_OPTION_HELP),
		      fallback);
	add_words(out, OPTION_COLUMN, (struct sts_slice){line, text.len});
	sts_text_add_char(out, '\n');
}

/* Add the options of a command. Returns whether one of them has a variable. */
static bool add_options(struct sts_text *out, const struct sts_command_row *row)
{
	unsigned command = 1u << (row - sts_command_table);
	bool variable = false;
	size_t group = SIZE_MAX;

	for (size_t i = 0; i < sts_option_count; i++) {
		const struct sts_option *option = &sts_option_table[i];

		if (!(option->commands & command))
			continue;
		if (group == SIZE_MAX || (row->groups && group != option->group))
			sts_text_addf(out, "\n%s:\n",
				      row->groups ? sts_option_group(option->group) : "Options");
		group = option->group;
		add_option(out, option);
		variable |= option->variable;
	}
	return variable;
}

static void add_variables(struct sts_text *out, const struct sts_command_row *row, bool of_options)
{
	const char *more = sts_command_text(row, STS_COMMAND_VARIABLES);

	if (of_options || *more)
		sts_text_addf(out, "\nVariables:\n");
	if (of_options)
		sts_text_addf(out, "  STS_OUTPUT_DIR is --output-dir, and so on; several values "
				   "stand in lines of\n  their own, and a flag counts before its "
				   "variable.\n");
	add_words(out, 2, sts_slice_of(more));
	if (*more)
		sts_text_add_char(out, '\n');
}

static void add_statuses(struct sts_text *out, const struct sts_command_row *row)
{
	sts_text_addf(out, "\nExit statuses:\n");
	for (size_t i = 0; i < STS_EXIT__COUNT; i++) {
		const struct sts_exit_info info = sts_exit_info(i);

		if (!(row->exits >> i & 1))
			continue;
		sts_text_addf(out, "  %d", info.status);
		add_words(out, STATUS_COLUMN,
			  sts_slice_of(info.status == STS_EXIT_OK
					       ? sts_command_text(row, STS_COMMAND_OK)
				       : info.status == STS_EXIT_NO
					       ? sts_command_text(row, STS_COMMAND_NO)
					       : info.meaning));
		sts_text_add_char(out, '\n');
	}
}

void sts_help_command(const struct sts_command_row *row)
{
	struct sts_text out;

	sts_text_init(&out, buf, sizeof(buf));
	sts_text_addf(&out, "usage: sts-sidecar %s %s\n\n", sts_command_text(row, STS_COMMAND_NAME),
		      sts_command_text(row, STS_COMMAND_USAGE));
	add_words(&out, 0, sts_slice_of(sts_command_text(row, STS_COMMAND_ABOUT)));
	sts_text_addf(&out, "\n\n  sts-sidecar %s\n", sts_command_text(row, STS_COMMAND_EXAMPLE));
	add_variables(&out, row, add_options(&out, row));
	add_statuses(&out, row);
	sts_print(STDOUT_FILENO, (struct sts_slice){buf, out.len});
}

/* The first sentence of a text. */
static struct sts_slice first_sentence(const char *text)
{
	struct sts_slice all = sts_slice_of(text);
	ptrdiff_t end = sts_slice_find(all, STS_SLICE(". "));

	return end < 0 ? all : (struct sts_slice){text, (size_t)end + 1};
}

void sts_help_program(int fd)
{
	struct sts_text out;

	sts_text_init(&out, buf, sizeof(buf));
	sts_text_addf(&out, "usage: sts-sidecar COMMAND [OPTIONS]\n\nExchanges a Pod's projected "
			    "ServiceAccount token at a Security Token Service\nfor a short-lived "
			    "token, and keeps it fresh in a directory.\n");
	for (size_t i = 0; i < sts_command_count; i++) {
		const struct sts_command_row *row = &sts_command_table[i];

		if (i == 0 || row->chapter != row[-1].chapter)
			sts_text_addf(&out, "\n%s:\n", sts_command_chapter(row->chapter));
		sts_text_addf(&out, "  %s", sts_command_text(row, STS_COMMAND_NAME));
		add_words(&out, LIST_COLUMN,
			  first_sentence(sts_command_text(row, STS_COMMAND_ABOUT)));
		sts_text_addf(&out, "\n%*ssts-sidecar %s\n", LIST_COLUMN, "",
			      sts_command_text(row, STS_COMMAND_EXAMPLE));
	}
	sts_text_addf(&out, "\nsts-sidecar help COMMAND lists the options and exit statuses of a "
			    "command.\n");
	sts_print(fd, (struct sts_slice){buf, out.len});
}
