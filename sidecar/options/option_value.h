/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of one option. All values from flags, the environment and the configuration file go
 * through sts_option_take().
 */
#ifndef STS_OPTIONS_OPTION_VALUE_H
#define STS_OPTIONS_OPTION_VALUE_H

#include "options/option_table.h"

/* A layer of options: one source of values, for example the environment. The values of a layer
 * replace the values of the layers before it. Within a layer, each value of a repeating option is
 * added to the list. */
struct sts_option_layer {
	struct sts_options *o;
	const char *prefix; /* written before the name of an option in messages: "--", or "" */
	uint32_t lists;     /* 1 << enum sts_list: the lists that this layer has added to */
};

/*
 * Check a value, and put it into layer->o.
 *   name   in  the name of the option as this layer writes it, for messages
 *   value  in  UNTRUSTED; kept; NUL-terminated unless the option repeats
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_option_take(struct sts_option_layer *layer, const struct sts_option *option,
			     const char *name, struct sts_slice value, struct sts_error *e);

/* Set the field of an option that does not repeat. text is kept. Returns false if text is not a
 * value of this option; the field may have changed all the same. */
bool sts_option_set(const struct sts_option *option, struct sts_options *o, const char *text);

/* Returns what a valid value is, in words for a message. */
const char *sts_option_wanted(const struct sts_option *option);

#endif
