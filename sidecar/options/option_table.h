/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One option, for the readers of options (read_options.c, config.c): its row in the table of option_table.c. All that comes from flags,
 * environment or the configuration file goes through sts_option_take().
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

/* The texts of a row, one after the other: four pointers would be written to at every start. An empty one is none. */
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

const char *sts_option_text(const struct sts_option *row, enum sts_option_text which);

/* The row of that name that one of the commands takes, or NULL. */
const struct sts_option *sts_option_find(struct sts_slice name, unsigned commands);

/*
 * The name nearest to a word among those that one of the commands takes, or NULL.
 *   last  in  the last place that counts: STS_OPTION_COMMAND_LINE for all options
 *   more  in  a further name; may be NULL
 */
const char *sts_option_nearest(struct sts_slice word, unsigned commands, enum sts_option_place last,
			       const char *more);

/* A layer of options: what it says replaces what the layers before it have said; within it, lists grow. */
struct sts_option_layer {
	struct sts_options *o;
	const char *prefix; /* of a name in messages: "--" */
	uint32_t lists;     /* bits of enum sts_list that this layer has given */
};

/*
 * Take a value.
 *   name   in  of the option, in messages
 *   value  in  kept; NUL-terminated unless the row is a list
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *row,
			     const char *name, struct sts_slice value, struct sts_error *e);

/* "true", "1", "t" and the like; nothing is false. */
bool sts_option_bool(const char *text, bool *value);

#endif
