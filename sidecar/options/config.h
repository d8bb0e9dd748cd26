/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of --config: JSON whose keys are the names of options, with several
 * exchanges in one file (docs/config.md). It is read strictly: any unknown key or wrong value is an
 * error that names FILE:LINE:COLUMN (in bytes, from 1). This module knows the meaning of the file.
 * config_file.h knows its syntax and shape. Every value goes through sts_option_take(), like the
 * value of a flag.
 *
 * The file is trusted, since the user writes it. It must be a regular file of at most
 * STS_CONFIG_MAX_BYTES. Links are followed, since Kubernetes mounts a ConfigMap as links.
 */
#ifndef STS_OPTIONS_CONFIG_H
#define STS_OPTIONS_CONFIG_H

#include "options/config_file.h"
#include "options/options.h"

/*
 * Read and check a whole file: its syntax, keys, types, values and names, and that no two exchanges
 * share an output directory.
 *   c     out  complete only after STS_OK. The digest is set even if the file has a mistake. It is
 *              zeros if the file could not be read
 *   path  in   kept, for messages
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_read(struct sts_config *c, const char *path, struct sts_error *e);

/* Do the same for a text that is already in memory, without the digest. The caller has set c->path.
 * c->text is not used. text has at most STS_CONFIG_MAX_BYTES and is not kept. e is not NULL. */
enum sts_err sts_config_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e);

/* Put the values of the top level and then the values of exchange i into o. From then on, o points
 * into c. Only sts_options_read() calls this function; other modules call sts_options_read().
 * Returns STS_OK if sts_config_read() has accepted the file. */
enum sts_err sts_config_apply(const struct sts_config *c, size_t i, struct sts_options *o,
			      struct sts_error *e);

/*
 * Is `path` the directory `dir`, or a path beneath it? The two are compared as texts, segment by
 * segment: "//", "/./" and a slash at the end are ignored, ".." is a name like any other, and links
 * are not followed.
 * Returns the rest of path beneath dir, "" if both are the same, or NULL if path is not beneath
 * dir.
 */
const char *sts_path_beneath(const char *dir, const char *path);

#endif
