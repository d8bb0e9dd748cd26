/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option_table.h"

#include <stddef.h>

#include "base/log_level.h"
#include "base/nearest.h"
#include "base/packed.h"
#include "protocol/request.h"

/* Another name of an option: the offset of the name in `texts`, and the index of the option. */
struct alias {
	uint16_t text;
	uint8_t option;
};

/* The packed table asserts with this that each member of struct sts_options has the type that its
 * kind of option needs. */
#define IS_A(member, type) __builtin_types_compatible_p(__typeof__(member), type)

/* The build makes this file from options.toml. It defines texts, sts_option_table and aliases. */
#include "options/packed_options.h"

#undef IS_A

#define OPTIONS (sizeof(sts_option_table) / sizeof(sts_option_table[0]))
#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))

const size_t sts_option_count = OPTIONS;

const char *sts_option_text(const struct sts_option *option, enum sts_option_text which)
{
	static char text[LONGEST_BYTES + 1];

	return sts_unpacked(texts + option->texts[which], text, sizeof(text));
}

const struct sts_option *sts_option_find(struct sts_slice name, unsigned commands)
{
	for (size_t i = 0; i < ALIASES; i++)
		if ((sts_option_table[aliases[i].option].commands & commands) &&
		    sts_slice_eq(name, texts + aliases[i].text))
			return &sts_option_table[aliases[i].option];
	for (size_t i = 0; i < OPTIONS; i++)
		if ((sts_option_table[i].commands & commands) &&
		    sts_slice_eq(name, sts_option_text(&sts_option_table[i], STS_OPTION_NAME)))
			return &sts_option_table[i];
	return NULL;
}

const char *sts_option_nearest(struct sts_slice word, unsigned commands,
			       enum sts_option_stands last, const char *more)
{
	const char *names[OPTIONS + 1];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS; i++)
		if ((sts_option_table[i].commands & commands) && sts_option_table[i].stands <= last)
			names[count++] = sts_option_text(&sts_option_table[i], STS_OPTION_NAME);
	if (more)
		names[count++] = more;
	return sts_nearest(word, names, count);
}

void sts_options_help(struct sts_text *out, enum sts_command command)
{
	/* The column where the help texts begin. `exchange` has the longest flag. */
	const size_t column = command == STS_COMMAND_EXCHANGE ? 32 : 30;

	for (size_t i = 0; i < OPTIONS; i++) {
		const struct sts_option *option = &sts_option_table[i];
		const char *metavar = sts_option_text(option, STS_OPTION_METAVAR);
		const char *fallback = sts_option_text(option, STS_OPTION_DEFAULT);
		size_t start = out->len;

		if (!(option->commands & command))
			continue;
		sts_text_addf(out, "  --%s", sts_option_text(option, STS_OPTION_NAME));
		if (*metavar)
			sts_text_addf(out, " %s", metavar);
		do
			sts_text_add_char(out, ' ');
		while (out->len - start < column && !out->overflow);
		sts_text_add_str(out, sts_option_text(option, STS_OPTION_HELP));
		if (*fallback)
			sts_text_addf(out, " [%s]", fallback);
		sts_text_add_char(out, '\n');
	}
}
