/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file: its syntax and shape, and the positions of its mistakes. For config.c alone, which knows what the values
 * mean.
 */
#ifndef STS_OPTIONS_CONFIG_FILE_H
#define STS_OPTIONS_CONFIG_FILE_H

#include "options/config.h"

/*
 * Read a document: every key is an option that may stand where it does, every value has a type that the option takes, every exchange has a
 * name of its own. The values are put into c as texts, and not looked into.
 *   c     out  all but digest, path and text
 *   text  in   at most STS_CONFIG_MAX_BYTES; not kept
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_file_parse(struct sts_config *c, struct sts_slice text,
				   struct sts_error *e);

/*
 * STS_EUSAGE: FILE:LINE:COLUMN: "WORD" WHY "NAME".
 *   at    in  byte of the text
 *   word  in  from the file, any bytes; without data: left out
 *   name  in  one of ours; NULL: left out
 */
enum sts_err sts_config_fail(const struct sts_config *c, struct sts_slice text, size_t at,
			     struct sts_slice word, const char *why, const char *name,
			     struct sts_error *e);

#endif
