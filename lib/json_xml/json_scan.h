/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of JSON (RFC 8259), checked before cJSON reads the text, since cJSON accepts more
 * than the grammar allows. The scanner is pure.
 */
#ifndef STS_JSON_XML_JSON_SCAN_H
#define STS_JSON_XML_JSON_SCAN_H

#include "base/text.h"

#define STS_JSON_DEPTH_MAX 16 /* levels of arrays and objects */

/*
 * Scan a document that has no white space at its end.
 *   text  in   UNTRUSTED
 *   at    out  the offset of the byte at which the scan ended
 * Returns NULL when the document is acceptable, else what is wrong at that byte: "a malformed
 * number". The text has static storage.
 */
const char *sts_json_scan(struct sts_slice text, size_t *at);

#endif
