/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of --config: JSON whose keys are the names of options, with several
 * exchanges in one file (docs/config.md). It is read strictly: anything that is not understood is
 * an error that names FILE:LINE:COLUMN (bytes, from 1). This module knows what the file means;
 * config_file.h knows its syntax and shape. Every value goes through sts_option_take(), as if it
 * had been a flag.
 *
 * The file is trusted, since it is the user's, but bounded: it is a regular file of at most
 * STS_CONFIG_MAX_BYTES. Links are followed, since Kubernetes mounts a ConfigMap as links.
 */
#ifndef STS_OPTIONS_CONFIG_H
#define STS_OPTIONS_CONFIG_H

#include "options/config_file.h"
#include "options/options.h"

/*
 * Read and check a whole file: syntax, keys, types, every value, names, and that no two exchanges
 * share an output directory.
 *   c     out  the digest is set even if the file has a mistake; it is zeros if the file could not
 *              be read. All else is set after STS_OK only
 *   path  in   kept, for messages
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_read(struct sts_config *c, const char *path, struct sts_error *e);

/* The second half of sts_config_read(), for a text that is in memory already. c->path is set by the
 * caller, and c->text is not used. text has at most STS_CONFIG_MAX_BYTES and is not kept; e is not
 * NULL. */
enum sts_err sts_config_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e);

/* Put the values of the top level, and then those of exchange i, into o, which points into c from
 * then on. sts_options_read() calls this for the layer of the configuration file; other modules
 * call sts_options_read(). Returns STS_OK if sts_config_read() has accepted the file. */
enum sts_err sts_config_apply(const struct sts_config *c, size_t i, struct sts_options *o,
			      struct sts_error *e);

/*
 * Is `path` the directory `dir`, or something in it? The two are compared as texts, segment by
 * segment: "//", "/./" and a slash at the end mean nothing, ".." is a name like any other, and
 * links are not followed.
 * Returns the rest of path below dir, "" if both are the same, or NULL if path is not in dir.
 */
const char *sts_path_beneath(const char *dir, const char *path);

#endif
