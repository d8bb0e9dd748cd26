/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that do not supervise. Each prints its result on standard output, prints a mistake
 * in one line on standard error, and returns an exit status.
 */
#ifndef STS_COMMANDS_COMMANDS_H
#define STS_COMMANDS_COMMANDS_H

#include "options/options.h"

/* Does the directory hold a token that is good for --min-ttl more seconds? 0 or 1; no network. */
int sts_command_check(const struct sts_options *o);

/* Decode a JWT. Never prints its signature. */
int sts_command_inspect(const struct sts_options *o);

/* Print the list of protocols, or everything about the protocol that o->file names. */
int sts_command_protocols(const struct sts_options *o);

/* Print the request of `fetch --dry-run` with its secrets masked. If a configuration file has
 * several exchanges, print their requests one after the other. argv is what follows the command's
 * name. */
int sts_command_dry_run(const struct sts_options *o, char *const *argv);

/* Ask the `run` process that owns the directory to refresh now, and wait for the result. */
int sts_command_refresh(const struct sts_options *o);

#endif
