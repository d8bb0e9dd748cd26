/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML of an answer. A text that is taken becomes JSON that the reader of JSON takes too. The
 * message of a refusal has no word of the text. With less room the result is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "json_xml/json.h"
#include "json_xml/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char out[64 * 1024], small[64];

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice xml = {(const char *)data, size};
	struct sts_text json;
	struct sts_error e = {0};
	const struct sts_json *root;

	if (size == 0 || data[0] != '<')
		return 0;
	sts_text_init(&json, out, sizeof(out));
	enum sts_err err = sts_xml_to_json(xml, &json, &e);

	require(err == STS_OK || err == STS_EJSON || err == STS_EHTML || err == STS_ETOOBIG);
	if (err != STS_OK) {
		require(e.code == err && e.msg[0]);
		for (const char *c = e.msg; *c; c++)
			require(*c >= ' ' && *c <= '~');
	} else {
		enum sts_err parsed = sts_json_parse((struct sts_slice){json.data, json.len}, &root,
						     NULL);

		require(parsed == STS_OK || parsed == STS_ETOOBIG);
		require(parsed != STS_OK || (sts_json_kind(root) == STS_JSON_OBJECT &&
					     !sts_json_next(sts_json_first(root))));
		sts_json_close();
	}
	sts_text_init(&json, small, sizeof(small));
	enum sts_err again = sts_xml_to_json(xml, &json, NULL);

	require(again == err || (err == STS_OK && again == STS_ETOOBIG));
	require(strlen(small) < sizeof(small));
	return 0;
}
