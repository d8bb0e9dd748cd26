/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) from a peer, read through cJSON behind this facade: the only file that includes
 * it. cJSON allocates from a fixed arena inside this module (the one global state of lib/); one
 * document is open at a time.
 *
 * Before cJSON sees the text: bounded, valid UTF-8, no NUL, no raw control character in a string,
 * no \u0000, no lone surrogate, no leading zeros, depth at most 16. After: end of input reached,
 * numbers finite. Look-ups are case-sensitive and refuse a duplicate key on the path that is read.
 */
#ifndef STS_DATA_JSON_H
#define STS_DATA_JSON_H

#include "base/error.h"
#include "base/text.h"
#include "data/json_scan.h"

#define STS_JSON_MAX_BYTES (256 * 1024) /* of a document */

struct sts_json; /* one value inside the open document; owned by it */

/*
 * Parse a document. Closes the one that was open.
 *   text  in   UNTRUSTED; at most STS_JSON_MAX_BYTES; a byte order mark is skipped; not kept
 *   root  out  valid until the next sts_json_parse() or sts_json_close()
 * Returns STS_OK; STS_EHTML when the first byte that is not white space is '<'; STS_EEMPTY when
 * there is nothing but white space; STS_ETOOBIG when the text is too long or the arena is full;
 * else STS_EJSON (STS_EBUG when cJSON refuses what our own reader took). After an error nothing is
 * open. A message holds no byte of the text.
 */
enum sts_err sts_json_parse(struct sts_slice text, const struct sts_json **root,
			    struct sts_error *e);

/* After sts_json_parse() gave STS_EJSON: at which byte of its text, where the grammar was broken;
 * else 0. For what the user wrote: a peer's text is not worth a position. */
size_t sts_json_fault_at(void);

/* Give the arena back and wipe what was used of it. Every value and slice out of the document is
 * invalid from here on. */
void sts_json_close(void);

enum sts_json_kind {
	STS_JSON_NULL,
	STS_JSON_BOOL,
	STS_JSON_NUMBER,
	STS_JSON_STRING,
	STS_JSON_ARRAY,
	STS_JSON_OBJECT
};
enum sts_json_kind sts_json_kind(const struct sts_json *v); /* v is not NULL */

/*
 * Follow a JSON pointer (RFC 6901) from a value; "" is the value itself.
 *   root     in   NULL is as absent
 *   pointer  in   ours or the user's; what is no pointer ("name" without a slash) leads nowhere
 *   v        out  NULL when nothing is there (a null value counts as absent)
 * Returns STS_OK (found or absent), STS_EJSON when a key on the path is there twice.
 */
enum sts_err sts_json_at(const struct sts_json *root, const char *pointer,
			 const struct sts_json **v, struct sts_error *e);

/* Readers; false when v is NULL or of another kind. Numbers are finite. Strings are UTF-8 without
 * NUL, and slices live as long as the document. */
bool sts_json_string(const struct sts_json *v, struct sts_slice *s);
bool sts_json_number(const struct sts_json *v, double *number);
bool sts_json_bool(const struct sts_json *v, bool *b);

/* Walk an array or object in order. first/next take NULL and give NULL at the end; key is empty in
 * an array. */
const struct sts_json *sts_json_first(const struct sts_json *v);
const struct sts_json *sts_json_next(const struct sts_json *v);
struct sts_slice sts_json_key(const struct sts_json *v);

#endif
