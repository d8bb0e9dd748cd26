/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of --config: JSON whose keys are the names of options, with several
 * exchanges in one file (docs/config.md). It is read strictly: what is not understood is an error
 * that tells FILE:LINE:COLUMN (bytes, from 1). Here is what the file means; config_file.h has its
 * syntax and shape. Every value goes through sts_option_take(), as if it had been a flag.
 *
 * The file is the user's, but bounded all the same: STS_CONFIG_MAX_BYTES, a regular file (links are
 * followed, since a ConfigMap is mounted so).
 */
#ifndef STS_OPTIONS_CONFIG_H
#define STS_OPTIONS_CONFIG_H

#include "options/config_file.h"
#include "options/options.h"

/*
 * Read and check a whole file: syntax, keys, types, every value, names, and that no two exchanges
 * share an output directory.
 *   c     out  the digest is there as soon as the file could be read, whatever is wrong in it
 *              (zeros when it could not be); all else after STS_OK only
 *   path  in   kept, for messages
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_read(struct sts_config *c, const char *path, struct sts_error *e);

/* The part of it after the file has been read; c->path is set, c->text is not used. text, of at
 * most STS_CONFIG_MAX_BYTES, is not kept; e is not NULL. */
enum sts_err sts_config_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e);

/* STS_CONFIG_DIGEST_BYTES: has the file changed? */
const uint8_t *sts_config_digest(const struct sts_config *c);

/* Put the values of the top level, then those of exchange i, into o (which points into c from then
 * on). STS_OK for what sts_config_read() has taken; a layer of sts_options_read(), which is what
 * others call. */
enum sts_err sts_config_apply(const struct sts_config *c, size_t i, struct sts_options *o,
			      struct sts_error *e);

/*
 * Is `path` the directory `dir` or something in it, read segment by segment ("//", "/./" and a
 * slash at the end mean nothing; ".." is a name like others, links are not followed)? Returns what
 * is left of path, "" when both are the same, NULL when it is not in there.
 */
const char *sts_path_beneath(const char *dir, const char *path);

#endif
