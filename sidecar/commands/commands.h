/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that start no process: they print an answer and end. Each prints its result on
 * standard output, prints an error as one line on standard error, and returns an exit status (enum
 * sts_exit). The options `o` are checked ones of that command; nothing keeps them.
 */
#ifndef STS_COMMANDS_COMMANDS_H
#define STS_COMMANDS_COMMANDS_H

#include "options/options.h"

/* Check that each directory holds a token that stays valid for --min-ttl. Tries again for --wait.
 * Uses no network. Returns STS_EXIT_OK, or STS_EXIT_NO after the first directory that does not. */
int sts_command_check(const struct sts_options *o);

/* Decode the JWT in o->file ("-" is standard input), or the one in the output directory if o->file
 * is NULL. Does not verify the signature and does not print it (RFC 7519). */
int sts_command_inspect(const struct sts_options *o);

/* Print the list of protocols, or everything about the protocol that o->file names. */
int sts_command_protocols(const struct sts_options *o);

/* Print the request of `fetch --dry-run` with its secrets masked. If a configuration file has
 * several exchanges, print their requests one after the other. argv is what follows the command's
 * name. */
int sts_command_dry_run(const struct sts_options *o, char *const *argv);

/* Ask the `run` process that owns the output directory to refresh now (SIGHUP), and wait for the
 * result until --timeout. Returns the exit status of that result. */
int sts_command_refresh(const struct sts_options *o);

#endif
