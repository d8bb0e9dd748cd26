/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of options, which the build makes of options.toml. read_options.c and config_file.c
 * look up an option here, and give its value to option_value.h.
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
	STS_OPTION_INTEGER,
	/* These repeat. */
	STS_OPTION_LIST,
	STS_OPTION_PAIRS,      /* of NAME=VALUE */
	STS_OPTION_FILE_PAIRS, /* of NAME=PATH, where the file has the value */
};

/* Where an option may stand in a configuration file. */
enum sts_option_stands {
	STS_OPTION_ANYWHERE,     /* at the top level, for all exchanges, or in one exchange */
	STS_OPTION_PROCESS,      /* at the top level only: it is for the whole process */
	STS_OPTION_COMMAND_LINE, /* nowhere */
};

/* The texts of an option. A text that the option does not have is empty. */
enum sts_option_text {
	STS_OPTION_NAME,
	STS_OPTION_METAVAR, /* of STS_OPTION_CHOICE: the choices themselves, "none|basic|post" */
	STS_OPTION_DEFAULT,
	STS_OPTION_HELP,
	STS_OPTION_TEXTS /* how many there are */
};

struct sts_option {
	uint16_t texts[STS_OPTION_TEXTS]; /* for sts_option_text() */
	uint16_t field;     /* offset in struct sts_options; enum sts_list if it repeats */
	uint8_t commands;   /* bits of enum sts_command */
	uint8_t kind : 4;   /* enum sts_option_kind */
	uint8_t stands : 2; /* enum sts_option_stands */
	bool variable : 1;  /* does an environment variable set it? */
};

extern const struct sts_option sts_option_table[];
extern const size_t sts_option_count;

const char *sts_option_text(const struct sts_option *option, enum sts_option_text which);

/* The option of that name that one of the commands takes, or NULL. */
const struct sts_option *sts_option_find(struct sts_slice name, unsigned commands);

/*
 * The name nearest to a word among those that one of the commands takes, or NULL.
 *   last  in  only options that stand there or in an earlier place of the enum count;
 *             STS_OPTION_COMMAND_LINE for all options
 *   more  in  a further name that counts; may be NULL
 */
const char *sts_option_nearest(struct sts_slice word, unsigned commands,
			       enum sts_option_stands last, const char *more);

#endif
