/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) from a peer, read through cJSON behind this facade: the only file that includes it. cJSON allocates from a
 * fixed arena inside this module (the one global state of lib/); one document is open at a time.
 *
 * Before cJSON sees the text: bounded, valid UTF-8, no NUL, no raw control character in a string, no \u0000, no lone
 * surrogate, no leading zeros, depth at most 16. After: end of input reached, numbers finite. Look-ups are case-sensitive
 * and refuse a duplicate key on the path that is read.
 */
#ifndef STS_JSON_H
#define STS_JSON_H

#include "error.h"
#include "text.h"

#define STS_JSON_DEPTH_MAX 16

struct sts_json; /* one value inside the open document; owned by it */

/*
 * Parse a document. Closes the one that was open.
 *   text  in   UNTRUSTED; not kept
 *   root  out  valid until the next sts_json_parse() or sts_json_close()
 * Returns STS_OK; STS_EHTML when the first byte that is not white space is '<'; STS_EEMPTY when there is nothing but white
 * space; STS_ETOOBIG when the arena is full; else STS_EJSON.
 */
enum sts_err sts_json_parse(struct sts_slice text, const struct sts_json **root, struct sts_error *e);

/* Give the arena back and wipe it. */
void sts_json_close(void);

enum sts_json_kind { STS_JSON_NULL, STS_JSON_BOOL, STS_JSON_NUMBER, STS_JSON_STRING, STS_JSON_ARRAY, STS_JSON_OBJECT };
enum sts_json_kind sts_json_kind(const struct sts_json *v);

/*
 * Follow a JSON pointer (RFC 6901) from a value; "" is the value itself.
 *   v      out  NULL when nothing is there (a null value counts as absent)
 * Returns STS_OK (found or absent), STS_EJSON when a key on the path is there twice.
 */
enum sts_err sts_json_at(const struct sts_json *root, const char *pointer, const struct sts_json **v, struct sts_error *e);

/* Readers; false when the kind differs. Strings are UTF-8 without NUL, and slices live as long as the document. */
bool sts_json_string(const struct sts_json *v, struct sts_slice *s);
bool sts_json_number(const struct sts_json *v, double *number);
bool sts_json_bool(const struct sts_json *v, bool *b);

/* Walk an array or object in order. first/next give NULL at the end; key is empty in an array. */
const struct sts_json *sts_json_first(const struct sts_json *v);
const struct sts_json *sts_json_next(const struct sts_json *v);
struct sts_slice sts_json_key(const struct sts_json *v);

#endif
