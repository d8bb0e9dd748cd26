/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A converter of XML 1.0 to JSON. Services that imitate AWS answer in XML, and one reader of
 * answers (protocol/answer.h) reads XML and JSON. An element that holds elements becomes an object,
 * and any other element becomes a string. Attributes, comments, the declaration and the prefixes of
 * namespaces are left out. A CDATA section is a part of the text of its element. Two elements with
 * the same name become the same key twice, which a look-up in json.h refuses.
 *
 * The converter is strict and small. The text must be UTF-8. A document type, a processing
 * instruction, and text beside elements are refused, so the only entities are XML's own five and
 * character references. The depth is bounded as in json.h.
 */
#ifndef STS_JSON_XML_XML_H
#define STS_JSON_XML_XML_H

#include "base/error.h"
#include "base/text.h"

/*
 * Convert a document.
 *   xml   in      UNTRUSTED; begins with '<'; not needed after the call
 *   json  in/out  set up by sts_text_init(); on STS_OK it holds JSON for sts_json_parse(), which
 *                 still checks its own bounds. After STS_EJSON it holds JSON without an end, of
 *                 what stands before the place that is wrong
 * Returns STS_OK; STS_EHTML for a web page; STS_ETOOBIG when the JSON does not fit; else STS_EJSON,
 * with a message that says what is wrong and where. A message holds no byte of the document.
 */
enum sts_err sts_xml_to_json(struct sts_slice xml, struct sts_text *json, struct sts_error *e);

/* Does the text begin as a web page does, and not as other XML? A declaration and comments may
 * stand before it.
 *   text  in  UNTRUSTED; begins with '<' */
bool sts_xml_is_page(struct sts_slice text);

#endif
