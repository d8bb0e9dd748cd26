/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that start no process. Each command prints its result on standard output, prints an
 * error as one line on standard error, and returns an exit status (enum sts_exit). `o` has the
 * options of the command, which sts_options_read() has checked. No command keeps `o`.
 */
#ifndef STS_OTHER_COMMANDS_COMMANDS_H
#define STS_OTHER_COMMANDS_COMMANDS_H

#include "options/options.h"

/* Check that each directory holds a token that stays valid for --min-ttl. Checks again and again
 * until --wait is over. Uses no network. Returns STS_EXIT_OK, or STS_EXIT_NO after the first
 * directory without such a token. */
int sts_command_check(const struct sts_options *o);

/* Decode the JWT (RFC 7519) in o->file ("-" is standard input), or the JWT in the output directory
 * if o->file is NULL. Neither verifies nor prints the signature. */
int sts_command_inspect(const struct sts_options *o);

/* Verify the JWT that sts_command_inspect() would decode, by the keys of its issuer. Uses the
 * network, through worker/document.h alone. Returns STS_EXIT_OK if its signature is right and all
 * that is asked of it holds, STS_EXIT_NO if not, and the exit status of the error if this cannot be
 * found out. */
int sts_command_verify(const struct sts_options *o);

/* Print the list of protocols, or everything about the protocol that o->file names. */
int sts_command_protocols(const struct sts_options *o);

/* Print the request of `fetch --dry-run` with its secrets masked. If a configuration file has
 * several exchanges, print their requests one after the other. argv has the arguments after the
 * name of the command. */
int sts_command_dry_run(const struct sts_options *o, char *const *argv);

/* Ask the `run` process that owns the output directory to refresh now (SIGHUP), and wait for the
 * result until --timeout. Returns the exit status of that result. */
int sts_command_refresh(const struct sts_options *o);

#endif
