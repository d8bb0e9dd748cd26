/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML (1.0) of AWS's look-alikes, rewritten as the JSON that it means, so that the one reader of
 * answers serves both: an element with elements in it is an object, any other is a string;
 * attributes, comments and the declaration are left out; elements of one name are the same key
 * twice, which json.h refuses on a path that is read.
 *
 * Strict and small: UTF-8, no document type (so no entities but the five that XML has, and
 * numbers), no CDATA, no processing instructions, no text beside elements, depth bounded as in
 * json.h.
 */
#ifndef STS_DATA_XML_H
#define STS_DATA_XML_H

#include "base/error.h"
#include "base/text.h"

/*
 *   xml   in      UNTRUSTED; begins with '<'; not kept
 *   json  in/out  set up by sts_text_init()
 * Returns STS_OK, and then the text is JSON that sts_json_parse() takes (but for its bounds);
 * STS_EHTML for a web page; STS_ETOOBIG when it does not fit; else STS_EJSON with a message that
 * says why and where, and holds no byte of it.
 */
enum sts_err sts_xml_to_json(struct sts_slice xml, struct sts_text *json, struct sts_error *e);

#endif
