/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a command: a table of names and of the places for their values. Forms are `--name
 * value` and `--name=value`.
 */
#ifndef MOCK_OPT_H
#define MOCK_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOCK_LIST_MAX 32

struct mock_list {
	const char *v[MOCK_LIST_MAX];
	size_t count;
};

enum mock_opt_kind {
	MOCK_OPT_TEXT,     /* const char * */
	MOCK_OPT_INT,      /* int64_t */
	MOCK_OPT_DURATION, /* int64_t, seconds: 90, 90s, 15m, 1h, with a sign where that makes sense
			    */
	MOCK_OPT_FLAG,     /* bool */
	MOCK_OPT_LIST,     /* struct mock_list: may be repeated */
};

struct mock_opt {
	const char *name;
	enum mock_opt_kind kind;
	void *target;
	const char *help;
};

/*
 * Read the options of a command. Ends the program with a message at the first that is wrong, and
 * after the help at --help.
 *   usage       in   "serve [OPTIONS]"
 *   positional  out  the arguments that are not options; NULL when there must be none
 */
void mock_opt_read(const char *usage, const struct mock_opt *opts, size_t count, int argc,
		   char **argv, struct mock_list *positional);

bool mock_list_has(const struct mock_list *list, const char *data, size_t len);

#endif
