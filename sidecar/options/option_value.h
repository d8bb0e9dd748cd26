/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of one option. All that comes from flags, the environment or the configuration file
 * goes through sts_option_take().
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
 *   value  in  kept; NUL-terminated unless the option repeats
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *option,
			     const char *name, struct sts_slice value, struct sts_error *e);

/* Set the field of an option that does not repeat to the value that text has. The field may have
 * changed, too, when the text is not a value: false. text is kept. */
bool sts_option_set(const struct sts_option *option, struct sts_options *o, const char *text);

/* What a value should have been, for a message. */
const char *sts_option_wanted(const struct sts_option *option);

#endif
