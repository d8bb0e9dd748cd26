/* SPDX-License-Identifier: Apache-2.0 */
/* The help texts, which are made from the tables of options, errors and protocols. */
#ifndef STS_OTHER_COMMANDS_HELP_H
#define STS_OTHER_COMMANDS_HELP_H

#include "options/options.h"

/* Add the list of exit statuses with their meanings. */
void sts_help_exits(struct sts_text *out);

/* Add the list of protocols, one line each. */
void sts_help_protocols(struct sts_text *out);

/* Print the help of a command on standard output. name, summary and usage come from the table of
 * commands in main.c. */
void sts_help_command(const char *name, const char *summary, const char *usage,
		      enum sts_command command);

#endif
