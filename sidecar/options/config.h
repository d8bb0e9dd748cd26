/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of --config: JSON whose keys are the names of options, with several exchanges in one file (docs/config.md). Strict:
 * what is not understood is an error that tells FILE:LINE:COLUMN (bytes, from 1). config_file.c has its syntax and shape, config.c its meaning;
 * every value goes through sts_option_take(), as if it had been a flag.
 *
 * The user's file, but bounded all the same: STS_CONFIG_MAX_BYTES, a regular file (links are followed: a ConfigMap is mounted so). Uses the
 * one open document of lib/data/json.h while it reads.
 */
#ifndef STS_OPTIONS_CONFIG_H
#define STS_OPTIONS_CONFIG_H

#include "base/error.h"
#include "base/text.h"
#include "wire/limits.h"

struct sts_options;

#define STS_CONFIG_MAX_BYTES    (64 * 1024)
#define STS_CONFIG_VALUES_MAX   1536 /* in the whole file, each of a list counts */
#define STS_CONFIG_DIGEST_BYTES 8    /* the first of the file's SHA-256 */

#define STS_CONFIG_OF_ALL STS_EXCHANGES_MAX /* the owner of what stands at the top level */

/* One value: which option, of whom, where its text is, and where it stood. */
struct sts_config_value {
	uint8_t option; /* index in the table of options */
	uint8_t owner;  /* index of the exchange, or STS_CONFIG_OF_ALL */
	uint16_t text;  /* into pool */
	uint16_t at;    /* byte of the file */
};

/* Big (150 KiB): static in the planning child and in workers; the supervisor never touches it. */
struct sts_config {
	const char *path; /* for messages */
	size_t count, value_count, pool_bytes, text_bytes;
	uint8_t digest[STS_CONFIG_DIGEST_BYTES];
	uint16_t at[STS_EXCHANGES_MAX]; /* where each exchange stands */
	char names[STS_EXCHANGES_MAX][STS_EXCHANGE_NAME_BYTES];
	struct sts_config_value values[STS_CONFIG_VALUES_MAX];
	char text[STS_CONFIG_MAX_BYTES], pool[STS_CONFIG_MAX_BYTES];
};

/*
 * Read and check a whole file: syntax, keys, types, every value, names, and that no two exchanges share an output directory.
 *   c     out  the digest is there as soon as the file could be read, whatever is wrong in it (zeros when it could not be);
 *              all else after STS_OK only
 *   path  in   kept, for messages
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_read(struct sts_config *c, const char *path, struct sts_error *e);

/* The part of it after the file has been read; c->path is set, c->text is not used. text, of at most STS_CONFIG_MAX_BYTES, is not kept; e is
 * not NULL. */
enum sts_err sts_config_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e);

/* How many exchanges (1 to STS_EXCHANGES_MAX), and what each is called: [a-z0-9-], no dash at either end, all different. */
size_t sts_config_count(const struct sts_config *c);
const char *sts_config_name(const struct sts_config *c, size_t i);

/* The exchange of that name, or -1. */
int sts_config_find(const struct sts_config *c, const char *name);

/* STS_CONFIG_DIGEST_BYTES: has the file changed? */
const uint8_t *sts_config_digest(const struct sts_config *c);

/* Put the values of the top level, then those of exchange i, into o (which points into c from then on). STS_OK for what
 * sts_config_read() has taken; a layer of sts_options_read(), which is what others call. */
enum sts_err sts_config_apply(const struct sts_config *c, size_t i, struct sts_options *o,
			      struct sts_error *e);

/*
 * Is `path` the directory `dir` or something in it, read segment by segment ("//", "/./" and a slash at the end mean nothing; ".." is a name
 * like others, links are not followed)? Returns what is left of path, "" when both are the same, NULL when it is not in there.
 */
const char *sts_path_beneath(const char *dir, const char *path);

#endif
