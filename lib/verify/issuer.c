/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/issuer.h"

#include <string.h>

#define ISSUER_SHOWN_BYTES 100 /* of an issuer in a message, escaped */

void sts_issuer_add_url(struct sts_text *url, struct sts_slice issuer)
{
	if (issuer.len > 0 && issuer.data[issuer.len - 1] == '/')
		issuer.len--;
	sts_text_add_slice(url, issuer);
	sts_text_add_str(url, "/.well-known/openid-configuration");
}

/* Move the value of a string to the memory of the document's text, which is longer. */
static struct sts_slice keep(char **text, size_t *room, struct sts_slice value)
{
	struct sts_slice kept = {*text, value.len < *room ? value.len : *room};

	memcpy(*text, value.data, kept.len);
	*text += kept.len;
	*room -= kept.len;
	return kept;
}

/* Read a discovery document.
 *   keys_url  out  valid as long as the document is open */
static enum sts_err read_discovery(const struct sts_json *root, struct sts_slice issuer,
				   struct sts_slice *keys_url, struct sts_error *e)
{
	struct sts_slice own;

	if (!sts_json_text_at(root, "/issuer", &own) ||
	    !sts_json_text_at(root, "/jwks_uri", keys_url) || own.len == 0 || keys_url->len == 0)
		return sts_fail(e, STS_EANSWER, 0,
				"this has neither an array of keys, nor issuer and jwks_uri");
	if (!sts_slice_same(own, issuer))
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER,
				"the keys are those of another issuer, \"%s\"",
				sts_shown(own, ISSUER_SHOWN_BYTES));
	return STS_OK;
}

enum sts_err sts_issuer_read(char *text, size_t len, struct sts_slice issuer,
			     struct sts_issuer_document *out, struct sts_error *e)
{
	const struct sts_json *root, *keys;
	struct sts_slice discovery = {NULL, 0}, whole = {text, len}, keys_text, url;
	enum sts_err err = sts_json_parse(whole, &root, e);

	*out = (struct sts_issuer_document){.keys = {NULL, 0}};
	if (err == STS_OK)
		err = sts_json_at(root, "/keys", &keys, e);
	if (err != STS_OK)
		return err;
	if (keys && sts_json_kind(keys) == STS_JSON_ARRAY) {
		out->keys = whole;
		sts_json_close();
		return STS_OK;
	}
	sts_json_text_at(root, "/discovery", &discovery);
	if (discovery.len > 0 && sts_json_string(keys, &keys_text)) {
		discovery = keep(&text, &len, discovery);
		out->keys = keep(&text, &len, keys_text);
		err = sts_json_parse(discovery, &root, e);
	}
	if (err == STS_OK)
		err = read_discovery(root, issuer, &url, e);
	if (err == STS_OK && out->keys.len == 0)
		out->keys_url = keep(&text, &len, url);
	sts_json_close();
	return err;
}
