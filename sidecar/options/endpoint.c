/* SPDX-License-Identifier: Apache-2.0 */
#include "options/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void sts_endpoint_add(struct sts_text *t, const struct sts_url *url)
{
	char buf[STS_ENDPOINT_TEXT_BYTES];
	struct sts_slice path = url->target;
	struct sts_text text;

	sts_text_init(&text, buf, sizeof(buf));
	sts_text_add_str(&text, url->https ? "https://" : "http://");
	sts_text_add_slice(&text, url->authority);
	sts_text_add_slice(&text, sts_slice_cut(&path, '?'));
	if (text.overflow)
		memcpy(buf + sizeof(buf) - sizeof("..."), "...", sizeof("..."));
	sts_hide_tokens(buf);
	sts_text_add_str(t, buf);
}

/* Returns the field that was given for the first parameter of the URL, or NULL. */
static const struct sts_field *field_of_url(const struct sts_request *r)
{
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++) {
		size_t at = 0;
		const struct sts_field *field =
			sts_request_next(r, sts_parameter_slice(p, STS_PARAMETER_NAME), &at);

		if (p->place == STS_PLACE_URL && field)
			return field;
	}
	return NULL;
}

void sts_endpoint_add_source(struct sts_text *t, const struct sts_options *o,
			     const struct sts_request *r, const char *variable)
{
	const struct sts_field *field = field_of_url(r);

	if (o->url && o->url == getenv("STS_URL"))
		sts_text_addf(t, "the variable STS_URL");
	else if (o->url)
		sts_text_add_str(t, o->command == STS_COMMAND_EXCHANGE ? "the arguments" : "--url");
	else if (*variable)
		sts_text_addf(t, "the variable %s", variable);
	else if (field && field->variable.len > 0)
		sts_text_addf(t, "the variable %.*s", (int)field->variable.len,
			      field->variable.data);
	else if (field)
		sts_text_addf(t, "the parameter %.*s", (int)field->name.len, field->name.data);
	else
		sts_text_addf(t, "protocol %s", o->protocol);
}

uint64_t sts_endpoint_sts_id(const struct sts_url *url)
{
	uint64_t h = sts_hash(STS_HASH_START, url->host, strlen(url->host));

	return sts_hash(h, &url->port, sizeof(url->port));
}
