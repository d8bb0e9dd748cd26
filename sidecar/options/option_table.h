/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of commands and options, which the build makes from options.toml. read_options.c and
 * config_file.c look up an option here, and pass its value to option_value.h.
 */
#ifndef STS_OPTIONS_OPTION_TABLE_H
#define STS_OPTIONS_OPTION_TABLE_H

#include "options/options.h"

/* The kinds of values: see "kind" in options.toml. */
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
	STS_OPTION_PAIRS,      /* each value is NAME=VALUE */
	STS_OPTION_FILE_PAIRS, /* each value is NAME=PATH; the file has the VALUE */
};

/* Where in a configuration file an option may be set. */
enum sts_option_stands {
	STS_OPTION_ANYWHERE,     /* in one exchange, or at the top level for all exchanges */
	STS_OPTION_PROCESS,      /* at the top level only: it applies to the whole process */
	STS_OPTION_COMMAND_LINE, /* nowhere: it is for the command line only */
};

/* The texts of an option. A text that the option does not have is empty. */
enum sts_option_text {
	STS_OPTION_NAME,
	STS_OPTION_METAVAR, /* of STS_OPTION_CHOICE: the choices themselves, "none|basic|post" */
	STS_OPTION_DEFAULT,
	STS_OPTION_HELP,
	STS_OPTION_TEXTS /* the number of texts */
};

struct sts_option {
	uint16_t texts[STS_OPTION_TEXTS]; /* for sts_option_text() */
	uint16_t field;     /* offset in struct sts_options; enum sts_list if the option repeats */
	uint16_t commands;  /* bits of enum sts_command */
	uint8_t group;      /* for sts_option_group() */
	uint8_t kind : 4;   /* enum sts_option_kind */
	uint8_t stands : 2; /* enum sts_option_stands */
	bool variable : 1;  /* the option has an environment variable */
	bool renews : 1;    /* another value in the configuration file leads to a new token */
};

extern const struct sts_option sts_option_table[];
extern const size_t sts_option_count;

/* Returns a text of an option. STS_OPTION_HELP is valid until the next call, and the other texts
 * have static storage. */
const char *sts_option_text(const struct sts_option *option, enum sts_option_text which);

/* Returns the title of a group of options, valid until the next call. */
const char *sts_option_group(size_t group);

/*
 * Find an option by its name or its alias.
 *   commands  in  bits of enum sts_command: at least one of these commands must take the option
 * Returns NULL if there is no such option.
 */
const struct sts_option *sts_option_find(struct sts_slice name, unsigned commands);

/*
 * Find the name that is nearest to a misspelt word.
 *   word      in  UNTRUSTED
 *   commands  in  as above
 *   last      in  options whose `stands` comes after this one in the enum are left out.
 *                 STS_OPTION_COMMAND_LINE leaves no option out
 *   more      in  one more name, which may be the nearest too; may be NULL
 * Returns the name, or NULL if no name is near.
 */
const char *sts_option_nearest(struct sts_slice word, unsigned commands,
			       enum sts_option_stands last, const char *more);

/* The texts of a command. A text that the command does not have is empty. */
enum sts_command_text {
	STS_COMMAND_NAME,
	STS_COMMAND_USAGE,     /* its arguments */
	STS_COMMAND_ABOUT,     /* sentences; the list of commands has the first one */
	STS_COMMAND_EXAMPLE,   /* a command line without the program's name */
	STS_COMMAND_OK,        /* what exit status 0 means */
	STS_COMMAND_NO,        /* what exit status 1 means */
	STS_COMMAND_VARIABLES, /* other variables than those of its options */
	STS_COMMAND_TEXTS      /* the number of texts */
};

struct sts_command_row {
	uint16_t texts[STS_COMMAND_TEXTS]; /* for sts_command_text() */
	uint16_t exits;  /* 1 << row, for the rows of sts_exit_info() that the command has */
	uint8_t chapter; /* for sts_command_chapter() */
	bool groups;     /* the options have so many groups that the help needs their titles */
};

/* The row of a command is the place of its bit in enum sts_command. */
extern const struct sts_command_row sts_command_table[];
extern const size_t sts_command_count;

/* Returns a text of a command, or the title of a chapter of commands. The name has static storage.
 * The others are valid until the next call, also of sts_option_text(). */
const char *sts_command_text(const struct sts_command_row *row, enum sts_command_text which);
const char *sts_command_chapter(size_t chapter);

/* Returns what to say about an option that other programs have, and that this command does not have
 * under this name; NULL if there is nothing to say. The text is valid until the next call.
 *   name     in  UNTRUSTED; without the dashes
 *   command  in  the bit of the command */
const char *sts_option_absent(struct sts_slice name, unsigned command);

/* Find a command by its name, which is UNTRUSTED. Returns NULL if there is no such command. */
const struct sts_command_row *sts_command_find(const char *name);

#endif
