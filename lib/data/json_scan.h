/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of JSON: the whole of RFC 8259 and nothing more, seen before cJSON (which takes more
 * than that) reads a byte. Pure.
 */
#ifndef STS_DATA_JSON_SCAN_H
#define STS_DATA_JSON_SCAN_H

#include "base/text.h"

#define STS_JSON_DEPTH_MAX 16

/*
 * Scan a document without white space at its end.
 *   text  in   UNTRUSTED
 *   at    out  the byte at which the scan ended
 * Returns NULL when it is JSON that we take, else what stands at that byte: "a malformed number".
 */
const char *sts_json_scan(struct sts_slice text, size_t *at);

#endif
