/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of options. What reads them (read_options.c, config.c) finds an option here, and gives
 * its value to option_value.h.
 */
#ifndef STS_OPTIONS_OPTION_TABLE_H
#define STS_OPTIONS_OPTION_TABLE_H

#include "options/options.h"

enum sts_option_kind {
	STS_OPTION_FLAG,
	STS_OPTION_TEXT,
	STS_OPTION_DURATION,
	STS_OPTION_MODE,
	STS_OPTION_GROUP,
	STS_OPTION_CHOICE,
	STS_OPTION_FRACTION,
	STS_OPTION_LIST,
	STS_OPTION_PAIRS, /* a list of NAME=VALUE */
};

/* Where an option may stand in a configuration file. */
enum sts_option_place {
	STS_OPTION_ANYWHERE,     /* at the top level for all exchanges, or in one */
	STS_OPTION_PROCESS,      /* at the top level: of the whole process */
	STS_OPTION_COMMAND_LINE, /* nowhere */
};

/* The texts of an option, one after the other: four pointers would be written to at every start. An
 * empty one is none. */
enum sts_option_text {
	STS_OPTION_NAME,
	STS_OPTION_METAVAR, /* of CHOICE: the choices themselves, "none|basic|post" */
	STS_OPTION_FALLBACK,
	STS_OPTION_HELP
};

struct sts_option {
	const char *texts;
	uint8_t kind; /* enum sts_option_kind */
	uint8_t commands;
	uint16_t offset; /* into struct sts_options; enum sts_list for lists */
	uint8_t place;   /* enum sts_option_place */
};

extern const struct sts_option sts_option_table[];
extern const size_t sts_option_count;

const char *sts_option_text(const struct sts_option *option, enum sts_option_text which);

/* The option of that name that one of the commands takes, or NULL. */
const struct sts_option *sts_option_find(struct sts_slice name, unsigned commands);

/*
 * The name nearest to a word among those that one of the commands takes, or NULL.
 *   last  in  the last place that counts: STS_OPTION_COMMAND_LINE for all options
 *   more  in  a further name; may be NULL
 */
const char *sts_option_nearest(struct sts_slice word, unsigned commands, enum sts_option_place last,
			       const char *more);

#endif
