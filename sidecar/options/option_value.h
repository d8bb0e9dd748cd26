/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of one option, for the readers of options (read_options.c, config.c): all that comes
 * from flags, the environment or the configuration file goes through sts_option_take().
 */
#ifndef STS_OPTIONS_OPTION_VALUE_H
#define STS_OPTIONS_OPTION_VALUE_H

#include "options/option_table.h"

/* A layer of options: what it says replaces what the layers before it have said; within it, lists
 * grow. */
struct sts_option_layer {
	struct sts_options *o;
	const char *prefix; /* of a name in messages: "--" */
	uint32_t lists;     /* bits of enum sts_list that this layer has given */
};

/*
 * Take a value.
 *   name   in  of the option, in messages
 *   value  in  kept; NUL-terminated unless the option is a list
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *option,
			     const char *name, struct sts_slice value, struct sts_error *e);

/* "true", "1", "t" and the like; nothing is false. */
bool sts_option_bool(const char *text, bool *value);

#endif
