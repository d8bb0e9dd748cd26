/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A search for one string in text that is meant to be JSON. A server that fails often breaks its
 * own JSON: a byte of another character set, a raw line break, half a surrogate pair, a comma too
 * many, an end that is missing. json.h refuses such a document. This search still finds a string in
 * the part that can be read.
 *
 * The search is for words and error codes of a failure alone. Nothing that it finds may decide
 * about a token. It is pure, it does not recurse, and it walks through the text once.
 */
#ifndef STS_JSON_XML_JSON_LENIENT_H
#define STS_JSON_XML_JSON_LENIENT_H

#include "base/text.h"

/* What a pointer leads to. */
struct sts_json_found {
	/* The inside of the first string, as it is written in the text; empty without one. */
	struct sts_slice first;
	bool is_there;  /* the pointer leads to a string */
	bool is_open;   /* the text ends inside of that string */
	bool is_unsure; /* the pointer leads to this string and to another value also */
};

/*
 * Does the text begin as JSON with members or elements does? Before it may stand white space, NUL
 * bytes, and a byte order mark or other bytes that are not ASCII.
 *   text  in  UNTRUSTED
 */
bool sts_json_begins(struct sts_slice text);

/*
 * Find a string. Keys that appear twice are all looked at; null counts as absent.
 *   text     in  UNTRUSTED, of any length
 *   pointer  in  ours: a JSON pointer of at most 4 reference tokens without escapes, each of less
 *                than 32 bytes
 */
struct sts_json_found sts_json_find(struct sts_slice text, const char *pointer);

/*
 * Decode the inside of a string for a log. A NUL byte is left out. The escapes of control
 * characters (\n) become a space, each \u escape of a surrogate pair becomes U+FFFD, and a
 * backslash before any other character is dropped. The result may have any byte.
 *   raw  in  UNTRUSTED
 *   out  in  memory for the result, which is cut when it is longer
 */
struct sts_slice sts_json_decode(struct sts_slice raw, char *out, size_t size);

#endif
