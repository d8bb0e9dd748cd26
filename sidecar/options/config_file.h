/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file: its syntax and shape, and the positions of its mistakes.
 * config.h knows what the values mean. Reading uses the one open document of data/json.h.
 */
#ifndef STS_OPTIONS_CONFIG_FILE_H
#define STS_OPTIONS_CONFIG_FILE_H

#include "base/error.h"
#include "base/text.h"
#include "wire/limits.h"

#define STS_CONFIG_MAX_BYTES    (64 * 1024)
#define STS_CONFIG_VALUES_MAX   1536 /* in the whole file; each entry of a list counts */
#define STS_CONFIG_DIGEST_BYTES 8    /* the first bytes of the file's SHA-256 */

#define STS_CONFIG_OF_ALL STS_EXCHANGES_MAX /* the owner of the values at the top level */

/* One value of the file. */
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
 * Read a document: every key is an option that may stand where it does, every value has a type that
 * the option takes, every exchange has a name of its own. The values are put into c as texts; they
 * are not checked.
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

/* How many exchanges there are (1 to STS_EXCHANGES_MAX), and what each is called: [a-z0-9-], no
 * dash at either end, all different. */
size_t sts_config_count(const struct sts_config *c);
const char *sts_config_name(const struct sts_config *c, size_t i);

/* The exchange of that name, or -1. */
int sts_config_find(const struct sts_config *c, const char *name);

#endif
