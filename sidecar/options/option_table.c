/* SPDX-License-Identifier: Apache-2.0 */
#include "options/option_table.h"

#include <stddef.h>
#include <string.h>

#include "base/log_level.h"
#include "base/nearest.h"
#include "base/packed.h"
#include "base/resident.h"
#include "protocol/request.h"

/* Another name of an option: the offset of the name in `texts`, and the index of the option. */
struct alias {
	uint16_t text;
	uint8_t option;
};

/* An option of other programs: the offsets in `texts` of its names, of the option that the answer
 * is about, and of the answer. */
struct absent {
	uint16_t names, option, says;
};

/* The packed table asserts with this that each member of struct sts_options has the type that its
 * kind of option needs. */
#define IS_A(member, type) __builtin_types_compatible_p(__typeof__(member), type)

/* The build makes this file from options.toml. It defines texts, sts_option_table, aliases,
 * sts_command_table, chapters, groups and absents. */
#include "options/packed_options.h"

#undef IS_A

#define OPTIONS (sizeof(sts_option_table) / sizeof(sts_option_table[0]))
#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))
#define ABSENTS (sizeof(absents) / sizeof(absents[0]))

const size_t sts_option_count = OPTIONS;
const size_t sts_command_count = sizeof(sts_command_table) / sizeof(sts_command_table[0]);

static const char *text_at(uint16_t at)
{
	static char text[LONGEST_BYTES + 1] STS_RESIDENT; /* the supervisor reads its options */

	return sts_unpacked(texts + at, text, sizeof(text));
}

const char *sts_option_text(const struct sts_option *option, enum sts_option_text which)
{
	return text_at(option->texts[which]);
}

const char *sts_option_group(size_t group)
{
	return text_at(groups[group]);
}

const char *sts_command_text(const struct sts_command_row *row, enum sts_command_text which)
{
	return text_at(row->texts[which]);
}

const char *sts_command_chapter(size_t chapter)
{
	return text_at(chapters[chapter]);
}

const struct sts_command_row *sts_command_find(const char *name)
{
	for (size_t i = 0; i < sts_command_count; i++)
		if (strcmp(name, sts_command_text(&sts_command_table[i], STS_COMMAND_NAME)) == 0)
			return &sts_command_table[i];
	return NULL;
}

const char *sts_option_absent(struct sts_slice name, unsigned command)
{
	for (size_t i = 0; i < ABSENTS; i++) {
		struct sts_slice names = sts_slice_of(text_at(absents[i].names));
		bool named = false;

		while (names.len > 0)
			named |= sts_slice_same(sts_slice_cut(&names, '|'), name);
		if (named && sts_option_find(sts_slice_of(texts + absents[i].option), command))
			return text_at(absents[i].says);
	}
	return NULL;
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
