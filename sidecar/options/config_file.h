/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file: its syntax and shape, and the positions of its mistakes.
 * config.h knows what the values mean. Only one document of json_xml/json.h can be open, and
 * reading a file uses it.
 */
#ifndef STS_OPTIONS_CONFIG_FILE_H
#define STS_OPTIONS_CONFIG_FILE_H

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#define STS_CONFIG_MAX_BYTES    (64 * 1024)
#define STS_CONFIG_VALUES_MAX   1536 /* in the whole file; each entry of a list is one value */
#define STS_CONFIG_DIGEST_BYTES 8    /* the first bytes of the file's SHA-256 */

#define STS_CONFIG_OF_ALL STS_EXCHANGES_MAX /* the owner of the values at the top level */

/* One value of the file. */
struct sts_config_value {
	uint8_t option; /* index in the table of options */
	uint8_t owner;  /* index of the exchange, or STS_CONFIG_OF_ALL */
	uint16_t text;  /* the offset of the text of the value in `pool` */
	uint16_t at;    /* the position of the value in the file: a byte, from 0 */
};

/* A configuration file that was read. The struct has about 150 KiB, so it is always a static
 * variable. The planning child and the workers write to it. The supervisor never writes to it. */
struct sts_config {
	const char *path; /* kept, for messages */
	size_t count, value_count, pool_bytes, text_bytes;
	uint8_t digest[STS_CONFIG_DIGEST_BYTES];
	uint16_t at[STS_EXCHANGES_MAX]; /* the position of each exchange in the file */
	char names[STS_EXCHANGES_MAX][STS_EXCHANGE_NAME_BYTES];
	struct sts_config_value values[STS_CONFIG_VALUES_MAX];
	char text[STS_CONFIG_MAX_BYTES]; /* the file; text_bytes of it are used */
	char pool[STS_CONFIG_MAX_BYTES]; /* the values, each with its NUL; pool_bytes are used */
};

/*
 * Read a document, and check its shape: every key is an option that may stand at this place, every
 * value has a type that the option takes, and every exchange has a name of its own. The values are
 * put into c as texts and are not checked.
 *   c     out  all members except digest, path and text
 *   text  in   at most STS_CONFIG_MAX_BYTES; not kept
 * Returns STS_OK or STS_EUSAGE.
 */
enum sts_err sts_config_file_parse(struct sts_config *c, struct sts_slice text,
				   struct sts_error *e);

/*
 * Make the error of a mistake in the file: FILE:LINE:COLUMN: "WORD" WHY "NAME".
 *   c     in  only c->path is used
 *   text  in  the text of the file
 *   at    in  the position of the mistake: a byte of text, from 0
 *   word  in  UNTRUSTED, from the file; the message leaves it out if it has no data
 *   name  in  a name of ours; the message leaves it out if it is NULL
 * Returns STS_EUSAGE.
 */
enum sts_err sts_config_fail(const struct sts_config *c, struct sts_slice text, size_t at,
			     struct sts_slice word, const char *why, const char *name,
			     struct sts_error *e);

/* Returns the number of exchanges, 1 to STS_EXCHANGES_MAX. */
size_t sts_config_count(const struct sts_config *c);

/* Returns the name of exchange i: [a-z0-9-], no dash at either end. All names are different. */
const char *sts_config_name(const struct sts_config *c, size_t i);

/* Returns the index of the exchange with this name, or -1. */
int sts_config_find(const struct sts_config *c, const char *name);

#endif
