/* SPDX-License-Identifier: Apache-2.0 */
/* The help texts, which are made from the tables of commands, options and exit statuses. No line is
 * longer than 80 columns. */
#ifndef STS_OTHER_COMMANDS_HELP_H
#define STS_OTHER_COMMANDS_HELP_H

#include "options/option_table.h"

/* Print the list of commands on a descriptor. */
void sts_help_program(int fd);

/* Print the help of a command on standard output. */
void sts_help_command(const struct sts_command_row *row);

#endif
