/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of JSON (RFC 8259) from a peer. It is a facade over cJSON: no other file includes cJSON.
 * cJSON allocates from a fixed arena inside this module, which is the one global state of lib/.
 * One document is open at a time.
 *
 * Before cJSON reads the text, our own scanner (json_scan.h) has checked that the text is valid
 * UTF-8, that no string holds a NUL, \u0000, a raw control character or half a surrogate pair, that
 * no number has leading zeros, and that there are at most STS_JSON_DEPTH_MAX levels. After cJSON,
 * this module checks that cJSON has read the text to its end and that every number is finite.
 * Look-ups are case-sensitive. A look-up fails when a key on its path appears twice.
 */
#ifndef STS_JSON_XML_JSON_H
#define STS_JSON_XML_JSON_H

#include "base/error.h"
#include "base/text.h"
#include "json_xml/json_scan.h"

#define STS_JSON_MAX_BYTES (256 * 1024) /* of a document */

/* One value of the open document, which owns it. */
struct sts_json;

/*
 * Parse a document, and close the document that was open before.
 *   text  in   UNTRUSTED; at most STS_JSON_MAX_BYTES; a byte order mark is skipped; the text is not
 *              needed after the call
 *   root  out  valid until the next sts_json_parse() or sts_json_close()
 * Returns:
 *   STS_OK
 *   STS_EHTML    the text is a web page
 *   STS_EEMPTY   there is nothing but white space
 *   STS_ETOOBIG  the text is too long, or the arena is full
 *   STS_EBUG     cJSON refuses what our scanner accepted
 *   STS_EJSON    anything else that is wrong
 * After an error no document is open. A message holds no byte of the text.
 */
enum sts_err sts_json_parse(struct sts_slice text, const struct sts_json **root,
			    struct sts_error *e);

/*
 * The offset of the byte at which the grammar was broken, when the last sts_json_parse() returned
 * STS_EJSON for that reason. It is meant for text that the user wrote, such as a configuration
 * file.
 */
size_t sts_json_fault_at(void);

/* Close the document: wipe and free what was used of the arena. Every value of the document, and
 * every slice into it, is invalid afterwards. */
void sts_json_close(void);

enum sts_json_kind {
	STS_JSON_NULL,
	STS_JSON_BOOL,
	STS_JSON_NUMBER,
	STS_JSON_STRING,
	STS_JSON_ARRAY,
	STS_JSON_OBJECT
};

/* The kind of a value. v must not be NULL. */
enum sts_json_kind sts_json_kind(const struct sts_json *v);

/*
 * Follow a JSON pointer (RFC 6901) from a value. The pointer "" leads to the value itself.
 *   root     in   where the pointer starts; from NULL it leads nowhere
 *   pointer  in   ours or the user's; text that is not a pointer ("name" without a slash) leads
 *                 nowhere
 *   v        out  NULL when the pointer leads nowhere, or to null
 * Returns STS_OK (found or absent), or STS_EJSON when a key on the path appears twice.
 */
enum sts_err sts_json_at(const struct sts_json *root, const char *pointer,
			 const struct sts_json **v, struct sts_error *e);

/* Take the first character off a reference token of a JSON pointer, and return it. ~1 stands for a
 * slash there, and ~0 for a tilde (RFC 6901 section 4). The token must not be empty. */
char sts_json_pointer_char(struct sts_slice *token);

/* Each of these functions reads a value of one kind. They return false when v is NULL or of another
 * kind. Numbers are finite. Strings are UTF-8 without a NUL, and their slices are valid as long as
 * the document is open. */
bool sts_json_string(const struct sts_json *v, struct sts_slice *s);
bool sts_json_number(const struct sts_json *v, double *number);
bool sts_json_bool(const struct sts_json *v, bool *b);

/*
 * Read a string that a JSON pointer leads to.
 *   s  out  data is NULL when the pointer leads nowhere, or to null
 * Returns false when the pointer leads to a value of another kind, or a key on its path appears
 * twice.
 */
bool sts_json_text_at(const struct sts_json *root, const char *pointer, struct sts_slice *s);

/* Walk through an array or object in order. sts_json_first() and sts_json_next() accept NULL, and
 * return NULL at the end. sts_json_key() returns the key of a member of an object, and an empty
 * slice for an element of an array. */
const struct sts_json *sts_json_first(const struct sts_json *v);
const struct sts_json *sts_json_next(const struct sts_json *v);
struct sts_slice sts_json_key(const struct sts_json *v);

#endif
